"""No code outside checks/ depends on the id of a check, and no renderer or policy compares the value of an enum as text."""

from __future__ import annotations

import ast
import enum
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor import check as checks_model
from auditor import report as report_model
from auditor.evidence import causes, model
from auditor.net import ConnectionKind
from auditor.policy import POLICY_RULES
from checks import CATALOGUE

ROOT = Path(__file__).parent.parent
IDS = frozenset({rule.id for rule in (*CATALOGUE, *POLICY_RULES)})
SOURCES = sorted(path for top in ("auditor", "reports") for path in (ROOT / top).rglob("*.py"))
ALL = [*SOURCES, *sorted((ROOT / "checks").rglob("*.py"))]
TEMPLATES = sorted(path for path in (ROOT / "reports").rglob("*") if path.suffix in {".j2", ".js"})
TABLES_ALLOWED = {
    ("reports/words.py", "undetermined"): "a word of the glossary",
    ("auditor/diff/rendering.py", "undetermined"): "a key of the JSON of a comparison",
    ("reports/github.py", "file"): "a property of an annotation",
    ("reports/oscal.py", "target"): "a key of OSCAL",
}
WRITERS = {
    "reports/json_basis.py",
    "reports/json_v1.py",
    "reports/json_steps.py",
    "reports/json_trust.py",
    "reports/sarif.py",
    "reports/gitlab.py",
    "reports/junit.py",
}
JUDGING = ("reports/", "auditor/policy/", "auditor/report/", "auditor/fix/", "auditor/diff/")

# Where a string may equal the id of a check, and why.
ID_ALLOWED = {
    ("auditor/policy/rules.py", ""): "the rules of the policy define their own ids",
    ("auditor/plan/parts.py", "certificate-expiring"): "an example in the description of a plan key",
    ("auditor/plan/model.py", "image-unpinned"): "an example in the description of a plan key",
    ("auditor/oci/select.py", "platform-absent"): "a value of Fit",
    ("auditor/site/images.py", "platform-absent"): "a value of Standing",
    ("auditor/report/rows.py", "platform-absent"): "a value of CellStatus",
    ("auditor/fix/reported.py", ""): "reports of version 0.1 have no remedy kind, and an id never changes its meaning",
}
# Where a comparison with such a text is not one with the enum, and why.
TEXT_ALLOWED = {
    ("auditor/policy/coverage.py", "registry"): "the kind of a program",
    ("auditor/policy/unexamined.py", "registry"): "a key of the plan",
    ("reports/junit.py", "passed"): "an outcome of a JUnit test case",
    ("reports/junit.py", "error"): "an outcome of a JUnit test case",
}


SEARCHES = {"startswith", "endswith", "removeprefix", "removesuffix", "find", "index", "count"}
# Texts of other programs, which have no structure.
WORDS_ALLOWED = {
    ("auditor/cli/refusals.py", "Value error, "): "pydantic, around an error of ours",
    ("auditor/collectors/registry/ranges.py", "bytes */"): "the header Content-Range",
    ("auditor/evidence/seal.py", "WITHOUT ROWID"): "SQL",
    ("auditor/located/building.py", "maximum nesting depth"): "libyaml",
    ("auditor/site/registry_login.py", "status 401"): "a failure in evidence of older auditors, which has no cause",
    ("auditor/site/trust/symptoms.py", "certificate required"): "an alert of TLS, as OpenSSL writes it",
    ("auditor/site/trust/symptoms.py", "handshake failure"): "an alert of TLS, as OpenSSL writes it",
    ("auditor/site/trust/symptoms.py", "remote error:"): "an alert of TLS, as Go writes it",
}


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


JUDGES = [path for path in SOURCES if named(path).startswith(JUDGING)]


def trees(paths: list[Path]) -> Iterator[tuple[str, ast.AST]]:
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield named(path), node


def texts_in(node: ast.expr) -> Iterator[str]:
    """The strings that a comparison names, by themselves or in a literal collection."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.Set | ast.Tuple | ast.List):
        for item in node.elts:
            yield from texts_in(item)


def compared(node: ast.AST) -> Iterator[str]:
    """The strings that a node compares a value with."""
    match node:
        case ast.Compare(left=left, comparators=others):
            for side in (left, *others):
                yield from texts_in(side)
        case ast.MatchValue(value=value):
            yield from texts_in(value)


def searched(node: ast.AST) -> Iterator[str]:
    """The words that a node looks for in a text: `text.startswith("the facts do not")`, `"too deep" in text`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SEARCHES:
        for argument in node.args:
            yield from texts_in(argument)
    elif isinstance(node, ast.Compare):
        yield from compared(node)


def values() -> set[str]:
    """The values of all enums that a report is made of."""
    modules = (checks_model, report_model, causes, model)
    kinds = {one for module in modules for one in vars(module).values() if isinstance(one, type) and issubclass(one, enum.Enum)}
    return {str(member.value) for kind in kinds | {ConnectionKind} for member in kind if member.value}


def test_no_literal_outside_checks_is_a_check_id() -> None:
    found = {
        (path, node.value)
        for path, node in trees(SOURCES)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in IDS
    }
    assert {one for one in found if one not in ID_ALLOWED and (one[0], "") not in ID_ALLOWED} == set()
    used = found | {(path, "") for path, _ in found}
    assert set(ID_ALLOWED) <= used, "an entry that nothing needs"


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_no_template_contains_a_check_id(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert [one for one in IDS if re.search(rf"(?<![\w-]){one}(?![\w-])", text)] == []


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_no_template_compares_the_value_of_an_enum(path: Path) -> None:
    texts = re.findall(r"""[!=]= *["']([\w -]+)["']""", path.read_text(encoding="utf-8")) if path.suffix == ".j2" else []
    assert [text for text in texts if text in values()] == []


def test_no_renderer_or_policy_compares_the_value_of_an_enum_as_text() -> None:
    known = values()
    found = {(path, text) for path, node in trees(JUDGES) for text in compared(node) if text in known}
    assert found == TEXT_ALLOWED.keys()


def test_no_table_of_a_renderer_is_keyed_by_the_value_of_an_enum() -> None:
    """Tables that map a status or a kind to a colour or advice have the enum as their key. Objects of JSON are no tables."""
    known = values()
    found = {
        (path, key.value)
        for path, node in trees([path for path in JUDGES if named(path) not in WRITERS])
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant) and key.value in known
    }
    assert found == TABLES_ALLOWED.keys()


def test_no_renderer_or_policy_compares_with_text() -> None:
    found = {(path, text) for path, node in trees(JUDGES) for text in compared(node) if " " in text.strip()}
    assert found == set()


def test_no_code_searches_a_message_for_words() -> None:
    found = {(path, text) for path, node in trees(ALL) for text in searched(node) if " " in text.strip()}
    assert found == WORDS_ALLOWED.keys()
