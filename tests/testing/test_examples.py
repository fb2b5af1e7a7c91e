"""The kit accepts examples that hold, and reports examples that do not hold or are invalid."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from auditor import testing
from auditor.check import Check
from auditor.testing import ExampleError, assert_example, read_examples, run_check, site_from, site_of
from checks import CATALOGUE
from tests.cli.runner import ROOT, environment

UNPINNED = next(check for check in CATALOGUE if check.id == "image-unpinned")
PLAN = "version: 1\npools: {linux: {platform: linux/amd64}}\nimages: [{list: images.txt}]\n"
FAILING = {
    "name": "moving tag",
    "outcome": "failing",
    "severity": "info",
    "plan": PLAN,
    "files": {"images.txt": "busybox:1.37\n"},
    "expect": ["has a tag but no digest"],
}


def test_example_that_holds_returns_its_result() -> None:
    assert len(assert_example(UNPINNED, FAILING).findings) == 1


@pytest.mark.parametrize(
    ("changed", "reported"),
    [
        ({"severity": "warning"}, "expected severity warning, got info."),
        ({"count": 2}, "Expected 2 findings, got 1."),
        ({"expect": ["no such text"]}, "Not reported: 'no such text'."),
        ({"outcome": "passing"}, "Expected no findings, got 1."),
        ({"outcome": "undetermined", "kind": "missing-evidence"}, "Expected 1 undetermined outcomes, got 0."),
        ({"files": {"images.txt": "# nothing\n"}}, "The check does not apply"),
    ],
)
def test_example_that_does_not_hold_shows_difference_and_report(changed: dict[str, Any], reported: str) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_example(UNPINNED, {**FAILING, **changed})
    assert str(caught.value).startswith("image-unpinned: moving tag\n")
    assert reported in str(caught.value)
    assert "The check reported:\n" in str(caught.value)


def test_exception_of_a_check_is_undetermined_as_in_an_audit() -> None:
    def run(_site: object, _today: object) -> Any:
        raise ZeroDivisionError

    broken = Check(
        id="broken", title="Broken", family="images", severity=UNPINNED.severity, page="", run=run, requires=UNPINNED.requires
    )
    (item,) = run_check(broken, site_of(FAILING)).undetermined
    assert item.kind.value == "bug"
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        assert_example(broken, FAILING)


OBSERVED = """
plan: |
  version: 1
  pools: {linux: {platform: linux/amd64}}
  images: [{list: images.txt}]
files: {images.txt: busybox:1}
"""


@pytest.mark.parametrize(
    ("part", "summary", "hint"),
    [
        ("observed: {'busybox:1': {platform: linux/amd64}}", "observation of busybox:1", "platforms"),
        ("observed: {'busybox:1': {single: {layers: []}}}", "no `platform`", "Add the key"),
        ("observed: {'busybox:1': {single: {platform: linux/amd64, layer: []}}}", "unknown key 'layer'", "layers"),
        ("observed: {'busybox:1': {single: {platform: linux/amd64, layers: [{size: 1XB}]}}}", "'1XB'", "120MB"),
        ("observed: {'busybox:1': {single: {platform: linux/amd64, layers: [{blob: present}]}}}", "no `size`", "size"),
        ("observed: {'busybox:1': {single: {platform: linux/amd64, layers: [{size: 1, blob: here}]}}}", "'here'", "present"),
        ("observed: {'busybox:1': {platforms: [{platform: linux/amd64, missing: lost}]}}", "'lost'", "uncollected"),
        ("observed: {'busybox:1': {platforms: [{platform: linux/amd64, served: {hashed: no}}]}}", "`hashed`", "right"),
        ("observed: {'busybox:1': {single: {platform: linux/amd64, missing: absent}}}", "unknown key 'missing'", "config"),
        ("observed: {'busybox:1': {single: {platform: linux/amd64, layers: [{size: 1, unpacked: {a: 1}}]}}}", "'a'", "trailer"),
        ("observed: {'busybox:1': {single: {platform: linux amd64}}}", "is not a platform", "pools"),
        ("observed: {'busy box': {absent: gone}}", "is not an image reference", "image list"),
        ("observed: {'busybox:1': {failed: {kind: weather, detail: x}}}", "'weather'", "denied"),
        ("inside: {}", "unknown key 'inside'", "target"),
        ("archives: {a.tar: {images: [{single: linux/amd64}]}}", "has no name", "names"),
        ("archives: {a.tar: {problems: [{defect: odd, detail: x}]}}", "'odd'", "truncated"),
        ("certificates: {leaf: {issuer: root}}", "called 'root'", "issuers first"),
        ("certificates: {root: {key: dsa}}", "'dsa'", "ed25519"),
        ("certificates: {root: {ends: soon}}", "'soon'", "2026-11-23"),
        ("certificates: {root: {public: My Root}}", "'My Root'", "common name"),
        ("endpoints: {'r:443': {sends: []}}", "observation of an endpoint", "serves"),
        ("endpoints: {'r:443': {serves: [leaf]}}", "called 'leaf'", "issuers first"),
        ("fetched: {'http://r/crl': {pem: a}}", "download", "crl"),
        ("plan: [", "not YAML", "syntax"),
    ],
)
def test_invalid_form_names_the_value_and_the_valid_ones(part: str, summary: str, hint: str) -> None:
    with pytest.raises(ExampleError) as caught:
        site_from(f"{OBSERVED}{part}\n")
    assert summary in caught.value.summary
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("- outcome: passing\n  plan: x\n", "an example has no name"),
        ("- name: a\n  outcome: good\n  plan: x\n", "a: unknown outcome 'good'"),
        ("- name: a\n  outcome: passing\n", "a: no `plan`"),
        ("- name: a\n  outcome: passing\n  plan: x\n  plans: y\n", "a: unknown key 'plans'"),
        ("- name: a\n  outcome: failing\n  plan: x\n  expect: []\n", "a: no `severity`"),
        ("- name: a\n  outcome: passing\n  plan: x\n  kind: denied\n", "a: `kind` has no meaning for a passing example"),
        ("- {name: a, outcome: passing, plan: x}\n- {name: a, outcome: passing, plan: x}\n", "is called 'a'"),
        ("name: a\n", "not a list of examples"),
        ("- [", "not YAML"),
    ],
)
def test_invalid_example_file_names_file_and_example(text: str, summary: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(ExampleError, match=re.escape(f"{tmp_path / 'x.yaml'}: ")) as caught:
        read_examples(tmp_path / "x.yaml")
    assert summary in caught.value.summary
    assert caught.value.hint


def test_missing_example_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ExampleError, match="there is no such file"):
        read_examples(tmp_path / "x.yaml")


def test_public_names_are_documented() -> None:
    page = (ROOT / "docs" / "testing.md").read_text("utf-8")
    assert [name for name in testing.__all__ if f"`{name}" not in page] == []
    assert [name for name in testing.__all__ if not hasattr(testing, name)] == []


def test_kit_needs_no_package_of_the_tests(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "for name in ('pytest', '_pytest', 'hypothesis', 'jsonschema', 'tests'):\n"
        "    sys.modules[name] = None\n"
        "from auditor.testing import assert_example, certificates, run_check, site_from\n"
        "print(site_from('plan: \"{version: 1, pools: {p: {platform: linux/amd64}}}\"').plan.pools[0].name)\n"
        "print(any(name.startswith(('auditor.cli', 'typer', 'rich')) for name in sys.modules))\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.split() == ["p", "False"], done.stderr
