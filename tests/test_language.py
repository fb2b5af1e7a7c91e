"""Phrases that must not return: they made readers stop. docs, docstrings, comments and string literals are searched.

The rules behind them: name the actor, one idea a sentence, the field's word. Add a phrase when a review finds one.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Rooms whose texts were rewritten. Every file below them is searched.
ROOMS: tuple[str, ...] = (
    "CONTRIBUTING.md",
    "README.md",
    "auditor/__main__.py",
    "auditor/api.py",
    "auditor/check.py",
    "auditor/cli",
    "auditor/collectors",
    "auditor/connection_kinds.py",
    "auditor/custody",
    "auditor/diff",
    "auditor/engine.py",
    "auditor/errors.py",
    "auditor/evidence",
    "auditor/facts",
    "auditor/fix",
    "auditor/formats.py",
    "auditor/lazy.py",
    "auditor/located",
    "auditor/needs",
    "auditor/net.py",
    "auditor/oci",
    "auditor/outcomes.py",
    "auditor/own_files.py",
    "auditor/pipeline",
    "auditor/pki",
    "auditor/plan",
    "auditor/plugins.py",
    "auditor/policy",
    "auditor/readers",
    "auditor/redaction.py",
    "auditor/report",
    "auditor/secret_forms.py",
    "auditor/site",
    "auditor/sizing",
    "auditor/testing",
    "auditor/text.py",
    "auditor/transfer",
    "bench",
    "checks",
    "docs/README.md",
    "docs/api.md",
    "docs/architecture.md",
    "docs/checks.md",
    "docs/ci.md",
    "docs/cli.md",
    "docs/controls.md",
    "docs/custody.md",
    "docs/decisions.md",
    "docs/evidence.md",
    "docs/facts",
    "docs/generate.py",
    "docs/manual.py",
    "docs/network.md",
    "docs/scope.md",
    "docs/severity.md",
    "docs/signing.md",
    "docs/tutorial.md",
    "docs/windows-nodes.md",
    "examples",
    "reports",
    "tests/checks",
    "tests/cli",
    "tests/collectors",
    "tests/corpus",
    "tests/diff",
    "tests/evidence",
    "tests/fix",
    "tests/fuzz",
    "tests/gates",
    "tests/needs",
    "tests/oci",
    "tests/peers",
    "tests/pipeline",
    "tests/pki",
    "tests/plan",
    "tests/policy",
    "tests/readers",
    "tests/reports",
    "tests/site",
    "tests/sizing",
    "tests/test_located.py",
    "tests/test_plugins.py",
    "tests/transfer",
    "tools",
)

# Phrase (a word or several, matched as whole words, any case) and what to write instead.
PHRASES = {
    "nobody": "the actor, or 'not found', 'unknown'",
    "somebody": "the actor",
    "whoever": "the actor",
    "whatever it is": "the subject",
    "is none": "is missing, is not one, does not exist",
    "are none": "are missing",
    "there is none": "it is missing",
    "from nowhere": "is not available from any registry",
    "is told": "knows, receives, reports",
    "are told": "know, receive, report",
    "be told": "be reported, be distinguished",
    "was told": "received, was configured with",
    "nobody can tell": "cannot be determined",
    "mend": "fix",
    "mends": "fixes",
    "mended": "fixed",
    "registry inside": "internal registry",
    "the one inside": "the internal registry",
    "cable cut": "offline",
    "cable is cut": "offline",
    "come to": "result in, add up to",
    "comes to": "results in, adds up to",
    "of which": "two sentences",
    "as it stands": "unchanged",
    "as they stand": "unchanged",
    "nodes alike": "node pool, nodes of the same kind",
    "dials": "connects to",
    "dialled": "connected to",
    "in vain": "without effect",
    "is fine": "passed, is valid",
    "take along": "copy",
    "brought along": "copied",
    "unseen": "not observed",
    "as it is meant": "as planned",
    "is meant to": "shall, is planned to",
    "wants to hear": "expects",
    "want to hear": "expect",
    "believes": "accepts, verifies",
    "is believed": "is accepted",
    "by heart": "memorised",
    "given in vain": "ignored",
    "says nothing of": "does not state",
    "what there is": "name the thing",
    "for nothing": "without effect",
    "goes without": "does not have",
    "gone by": "past",
    "had better": "should",
    "whether or no": "whether",
    "the like of": "similar",
    "be had": "be obtained, is available",
    "is had": "is available",
    "can be had": "is available",
    "cannot be had": "is not available",
    "a node would say": "Error on the node",
    "it would say": "Error on the node",
    "would dial": "connects to",
    "left behind": "not copied",
    "leave behind": "do not copy, skip",
    "leaves behind": "does not copy, skips",
    "anew": "again",
    "take a tag": "use a tag",
    "all the same": "anyway",
    "of one's own": "private, own",
    "what is none": "invalid, missing",
    "which is none": "invalid, missing",
    "carried here": "contained in the evidence",
    "stands here again": "occurs twice",
    "is asked for": "is requested",
    "are asked for": "are requested",
    "asked anew": "requested again",
    "fetched anew": "fetched again",
    "gone on with": "continued",
    "goes on with": "continues with",
    "go on with": "continue with",
    "told apart": "distinguished",
    "tells apart": "distinguishes",
    "as people write": "in common notation",
    "lies beside": "is next to",
    "means harm": "is hostile",
    "mean harm": "are hostile",
    "looked into": "read, inspected",
    "is too odd": "is invalid",
    "is said": "is reported, is stated",
    "are said": "are reported, are stated",
    "cannot tell": "is undetermined",
    "could not tell": "could not decide",
    "may have said": "stated",
    "is asked by": "requests",
    "dialled outside": "external connections",
    "goes on from there": "continues",
    "brings out of": "pushes from",
    "urls out of": "remove urls from",
    "the inside": "the offline side",
    "what it mends": "what it resolves",
    "lies inside": "is on an internal host",
    "carry it inside": "copy it to the offline side",
    "carried inside": "copied to the offline side",
    "behind the gap": "offline",
    "gate again": "count again",
    "not in order": "has a problem",
}
# Where a phrase is right: (file, phrase) and the reason.
ALLOWED: dict[tuple[str, str], str] = {
    ("auditor/diff/rendering.py", "unseen"): "a field of the report of differences",
    ("auditor/site/mirrors.py", "nobody"): "the value is part of fingerprints",
    ("auditor/report/rebuilt.py", "dials"): "a field of the report",
    ("checks/_shared/endpoints.py", "dials"): "a field of the report",
    ("checks/_shared/refusals.py", "dials"): "a field of the report",
    ("checks/trust/root_update_stall.py", "dials"): "a field of the report",
    ("reports/html/templates/tables.html.j2", "dials"): "a field of the report",
    ("reports/json_trust.py", "dials"): "a field of the report",
    ("reports/report_v1.schema.json", "dials"): "a field of the report",
    ("tests/checks/trust/test_trust_checks.py", "dials"): "a field of the report",
    ("tests/cli/test_chain.py", "dials"): "a field of the report",
    ("tests/corpus/test_chains.py", "dials"): "a field of the report",
    ("tests/reports/test_json_v1.py", "dials"): "a field of the report",
    ("tests/test_language.py", "*"): "the list itself",
}
_LONGEST_FIRST = "|".join(sorted(map(re.escape, PHRASES), key=len, reverse=True))
_PATTERN = re.compile(rf"(?<![\w-])(?:{_LONGEST_FIRST})(?![\w-])", re.IGNORECASE)
_SUFFIXES = {".py", ".md", ".yaml", ".html", ".j2", ".json", ".css", ".js"}


def files_of(room: str) -> Iterator[Path]:
    """Every text file of a room, which is a file or a folder."""
    path = ROOT / room
    found = [path] if path.is_file() else sorted(path.rglob("*"))
    yield from (one for one in found if one.suffix in _SUFFIXES and "__pycache__" not in one.parts)


def texts_of(path: Path) -> Iterator[tuple[int, str]]:
    """The texts of a file with their first line: of Python its comments, docstrings and literals, else each line."""
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        yield from enumerate(source.splitlines(), start=1)
        return
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def hits(path: Path) -> Iterator[str]:
    """`file:line: phrase` for each phrase that must not be there."""
    name = path.relative_to(ROOT).as_posix()
    for line, text in texts_of(path):
        for match in _PATTERN.finditer(" ".join(text.split())):
            phrase = match[0].lower()
            if "None" not in match[0] and (name, phrase) not in ALLOWED and (name, "*") not in ALLOWED:
                yield f"{name}:{line}: {match[0]!r}: write {PHRASES[phrase]}"


@pytest.mark.parametrize("room", ROOMS)
def test_no_phrase_returns(room: str) -> None:
    found = [hit for path in files_of(room) for hit in hits(path)]
    assert not found, "\n".join(found)


def test_the_search_finds_a_phrase_over_a_line_break(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    (tmp_path / "a.py").write_text('"""Text that had from\n    nowhere."""\nX = 1  # Nobody knows\nY = "recommend"\n')
    (tmp_path / "b.md").write_text("With the cable cut.\nCommend.\n")
    found = [hit.split(":")[0:2] for path in sorted(tmp_path.iterdir()) for hit in hits(path)]
    assert found == [["a.py", "3"], ["a.py", "1"], ["b.md", "1"]]


def test_every_exception_is_needed() -> None:
    """A file that is gone, or a phrase that is not in it, needs no exception."""
    for name, phrase in ALLOWED:
        text = " ".join((ROOT / name).read_text(encoding="utf-8").split()).lower()
        assert phrase == "*" or phrase in text, (name, phrase)
