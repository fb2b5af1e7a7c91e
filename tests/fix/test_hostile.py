"""Text of a plan, of evidence or of a report never becomes a command."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import tree_sitter
import tree_sitter_powershell
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.fix.fix_files import Written, file_name, quoted, remark
from auditor.fix.remedies import remedies_by_report
from auditor.report import Report
from reports import render
from tests.fix.made import written
from tests.reports.strategies import NASTY, reports

WORDS = re.compile(r"[A-Za-z0-9./:@_\[\]-]+")
STEPS = {"copy", "blob", "index", "rewrite", "rewrite_in_place", "push", "from_archive", "from_layout"}
NASTIER = (
    *NASTY,
    "$(touch pwned)",
    "`touch pwned`",
    "'; touch pwned; '",
    "a\ntouch pwned\n#",
    "a\r\ntouch pwned",
    "\\",
    "-rf",
    "../..",
)
names = st.one_of(st.sampled_from(NASTIER), st.text(max_size=12))
DIGEST = "sha256:" + "a" * 64
references = st.one_of(names, st.sampled_from(("src.example/a:1", "docker.io/library/busybox:1", f"src.example/b@{DIGEST}")))
digests = st.one_of(names, st.just(DIGEST))


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """JSON reports whose parts may be anything where a script would use them."""
    image = draw(references)
    checks = ("image-missing-in-target", "platform-dropped", "foreign-layer-unavailable", "foreign-layer-egress")
    findings = [
        {
            "check": draw(st.one_of(st.sampled_from(checks), names)),
            "severity": draw(names),
            "subject": {"kind": "image", "id": draw(st.sampled_from((image, draw(names))))},
            "facts": {
                "place": draw(references),
                "image": image,
                "images": [image, draw(names)],
                "at_source": draw(references),
                "blobs": draw(st.lists(digests, max_size=2)),
            },
            "location": {"file": draw(names), "line": draw(st.integers(0, 9))},
            "remedies": [{"text": draw(names), "commands": ["touch pwned"]}],
            "fingerprint": draw(names),
        }
        for _ in range(draw(st.integers(0, 3)))
    ]
    images = [{"reference": image, "digest": draw(digests)}]
    return {"version": 1, "plan": {"name": draw(names)}, "audited_at": draw(names), "findings": findings, "images": images}


def assert_harmless(file: Written) -> None:
    """A script is comments, our own functions, and steps of plain words."""
    lines = file.text.split("\n")
    assert lines[0] == "#!/usr/bin/env bash"
    ours = lines.index("set -Eeuo pipefail")
    assert all(line.startswith("#") for line in lines[:ours])
    start = next(number for number, line in enumerate(lines) if line.startswith("total="))
    for line in lines[start + 1 :]:
        words = shlex.split(line.removesuffix(" \\"), comments=True)
        if words and words[0] in STEPS:
            assert all(WORDS.fullmatch(word) for word in words[1:]), line
        else:
            assert not words or words[0] in {"printf", "exit", ">&2"} or WORDS.fullmatch(words[0]), line


def assert_harmless_all(files: tuple[Written, ...]) -> None:
    for file in files:
        assert not {"..", ""} & set(file.path.split("/"))
        if file.path.endswith(".sh") and file.path.startswith("copy/"):
            assert_harmless(file)


@settings(max_examples=300, deadline=None)
@given(documents())
def test_hostile_report_never_adds_a_command_to_a_script(document: dict[str, Any]) -> None:
    assert_harmless_all(remedies_by_report(document, "0.0"))


@settings(max_examples=50, deadline=None)
@given(reports)
def test_any_valid_report_is_read(report: Report) -> None:
    assert_harmless_all(remedies_by_report(json.loads(render(report, "json")), "0.0"))


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(
        names | st.none() | st.integers(), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3)
    )
)
def test_invalid_report_gives_an_error_without_traceback(anything: object) -> None:
    document = {"findings": anything, "images": anything, "plan": anything}
    assert_harmless_all(remedies_by_report(document, "0.0"))


@given(names)
def test_quoted_word_is_one_word_and_comment_is_one_line(text: str) -> None:
    assert len(shlex.split(quoted(text))) == 1
    assert len(f"# {remark(text)}".splitlines()) == 1
    assert re.fullmatch(r"[A-Za-z0-9._-]+", file_name(text))
    assert file_name(text) not in {".", ".."}


HOSTILE = """
plan: |
  version: 1
  name: "x$(touch pwned)`touch pwned`'; touch pwned; '"
  pools:
    linux: {platform: linux/amd64}
    windows: {platform: "windows/amd64:ltsc2022", runtime: containerd 1.7.27}
  images:
    - {list: "l'$(touch pwned).txt", pools: [linux]}
    - {ref: "src.example/shop/web:1", pools: [linux, windows]}
  registry: {host: "in.example:5000", rewrites: {src.example: "in.example:5000/mirror"}}
files:
  "l'$(touch pwned).txt": |
    $(touch pwned)
    src.example/x:1;touch${IFS}pwned
    `touch pwned`
observed:
  src.example/shop/web:1: {platforms: [linux/amd64, 'windows/amd64:10.0.20348.1']}
target: {}
"""


def test_script_with_hostile_names_has_no_side_effect(tmp_path: Path) -> None:
    """Every script is really run, with tools that do nothing."""
    files = written(HOSTILE)
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("crane", "regctl", "skopeo"):
        (tools / tool).write_text("#!/bin/sh\ncat >/dev/null 2>&1 </dev/null\nexit 0\n")
        (tools / tool).chmod(0o755)
    ran = 0
    for file in files.values():
        (tmp_path / file.path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file.path).write_text(file.text)
    for file in files.values():
        if not file.path.endswith(".sh"):
            continue
        environment = {"PATH": f"{tools}:/usr/bin:/bin", "WORK": str(tmp_path / "work"), "CERTS_D": str(tmp_path / "certs.d")}
        command = ["bash", str(tmp_path / file.path)]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        ran += 1
    assert ran >= 4
    assert not list(tmp_path.rglob("*pwned*"))
    assert (tmp_path / "certs.d/src.example/hosts.toml").is_file()


def test_powershell_script_with_hostile_names_parses() -> None:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
    scripts = [file for path, file in written(HOSTILE).items() if path.endswith(".ps1")]
    assert scripts
    for script in scripts:
        assert not parser.parse(script.text.encode()).root_node.has_error, script.text
