"""The smaller commands as a user runs them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from auditor import __version__
from checks import CATALOGUE
from tests.cli.runner import EXAMPLE, auditor, environment


def test_version_option_prints_the_version(tmp_path: Path) -> None:
    assert auditor("--version", cwd=tmp_path).stdout == f"auditor {__version__}\n"
    assert auditor("-V", cwd=tmp_path).stdout == f"auditor {__version__}\n"


def test_help_names_every_command(tmp_path: Path) -> None:
    done = auditor("--help", cwd=tmp_path)
    assert done.returncode == 0
    for command in ("audit", "collect", "inspect", "checks", "explain", "init", "schema"):
        assert command in done.stdout


def test_call_without_arguments_prints_help_and_no_verdict(tmp_path: Path) -> None:
    """A gate whose arguments got lost must not be green."""
    done = auditor(cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, auditor("--help", cwd=tmp_path).stdout)


def completed(words: str, folder: Path) -> list[str]:
    """What a shell offers for the last of the words."""
    asked = {"_AUDITOR_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    command = [str(Path(sys.executable).with_name("auditor"))]
    given = {**environment(folder), **asked}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=given, check=False)
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("auditor exp", ["explain"]),
        ("auditor explain windows-build", ["windows-build-fallback", "windows-build-mismatch"]),
        ("auditor audit --only trust", ["trust-split"]),
        ("auditor audit --skip media-", ["media-capacity", "media-file-limit"]),
        ("auditor audit --format git", ["github", "gitlab"]),
        ("auditor audit --require s", ["site", "sources", "storage"]),
    ],
)
def test_shells_complete_commands_checks_and_formats(tmp_path: Path, words: str, offered: list[str]) -> None:
    assert completed(words, tmp_path) == offered


def test_starter_plan_loads_and_is_never_overwritten(tmp_path: Path) -> None:
    assert auditor("init", cwd=tmp_path).returncode == 0
    assert auditor("audit", "plan.yaml", "--offline", cwd=tmp_path).returncode in {1, 3}
    again = auditor("init", cwd=tmp_path)
    assert again.returncode == 2
    assert "plan.yaml exists" in again.stderr
    assert auditor("init", "-", cwd=tmp_path).stdout == (tmp_path / "plan.yaml").read_text()


def test_schemas_are_valid_and_the_example_conforms(tmp_path: Path) -> None:
    for which in ("plan", "report"):
        done = auditor("schema", which, cwd=tmp_path)
        jsonschema.Draft202012Validator.check_schema(json.loads(done.stdout))
    schema = json.loads(auditor("schema", "plan", cwd=tmp_path).stdout)
    plan = yaml.load((EXAMPLE / "plan.yaml").read_text(), Loader=yaml.BaseLoader)  # noqa: S506 - makes text of everything
    jsonschema.validate({**plan, "version": 1, "images": _with_booleans(plan["images"])}, _lenient(schema))


def _with_booleans(images: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{**image, **({"host_process": True} if "host_process" in image else {})} for image in images]


def _lenient(schema: dict[str, object]) -> dict[str, object]:
    """BaseLoader leaves numbers as text: let the schema's integers be text too."""
    text = json.dumps(schema).replace('"type": "integer"', '"type": ["integer", "string"]')
    loaded: dict[str, object] = json.loads(text.replace('"minimum": 1', '"minimum": 1'))
    return loaded


def test_catalogue_lists_every_check(tmp_path: Path) -> None:
    done = auditor("checks", cwd=tmp_path)
    assert done.returncode == 0
    for check in CATALOGUE:
        assert check.id in done.stdout


def test_explain_prints_a_page_and_suggests_the_nearest_id(tmp_path: Path) -> None:
    done = auditor("explain", "foreign-layer-egress", cwd=tmp_path)
    assert "Why it matters" in done.stdout
    assert "When it is undetermined" in done.stdout
    wrong = auditor("explain", "foreign-layer-egres", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "foreign-layer-egress" in wrong.stderr


def test_inspect_reads_from_evidence(tmp_path: Path) -> None:
    reference = "mongo:4-windowsservercore-1809"
    done = auditor("inspect", reference, "--evidence", EXAMPLE / "plant-7.evidence", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 (2.7 GB)" in done.stdout
    found = json.loads(
        auditor("inspect", reference, "--format", "json", "--evidence", EXAMPLE / "plant-7.evidence", cwd=tmp_path).stdout
    )
    assert [row["foreign_bytes"] for row in found["platforms"]] == [2_686_697_887]


@pytest.mark.parametrize(
    ("reference", "code", "said"),
    [("ghcr.io/plant7/opc-gateway:1.9.0", 2, "does not exist"), ("Not A Reference", 2, "no image reference")],
)
def test_inspect_reports_a_missing_image(tmp_path: Path, reference: str, code: int, said: str) -> None:
    done = auditor("inspect", reference, "--evidence", EXAMPLE / "plant-7.evidence", cwd=tmp_path)
    assert done.returncode == code
    assert said in done.stderr


def test_inspect_without_evidence_of_the_image_is_undetermined(tmp_path: Path) -> None:
    done = auditor("inspect", "example.com/never/asked:1", "--evidence", EXAMPLE / "plant-7.evidence", cwd=tmp_path)
    assert done.returncode == 3
    assert "missing-evidence" in done.stderr


def test_closed_pipe_of_the_reader_changes_no_verdict(tmp_path: Path) -> None:
    audit = f"{sys.executable} -m auditor audit {EXAMPLE / 'plant-7.evidence'} --at 2026-11-23 --format json"
    done = subprocess.run(
        ["bash", "-c", f"{audit} | head -c 10 >/dev/null; echo ${{PIPESTATUS[0]}}"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.strip() == "1"


def test_unexpected_error_exits_4_without_verdict(tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "typer.py").write_text("raise RuntimeError('half installed')\n")
    extra = {"PYTHONPATH": str(tmp_path / "broken")}
    done = auditor("checks", cwd=tmp_path, extra=extra)
    assert done.returncode == 4
    assert "half installed" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Traceback" in auditor("checks", cwd=tmp_path, extra={**extra, "AUDITOR_DEBUG": "1"}).stderr


PLUGIN = '''"""## What it checks
Nothing.

## Why it matters
It shows how.

## How to fix
No need.

## When it is undetermined
Never.

## References
None.
"""
from auditor.check import Fine, Severity, define


def run(site, today):
    yield Fine(3)


CHECK = define(run, id="site-rule", title="A rule of the site", family="images", severity=Severity.INFO)
'''


def _install(folder: Path, entry: str, module: str = "") -> dict[str, str]:
    """A plug-in as pip would leave it: a module, and metadata with an entry point."""
    (folder / "site_rule.py").write_text(module)
    metadata = folder / "site_rule-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: site-rule\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[auditor.checks]\nsite-rule = {entry}\n")
    return {"PYTHONPATH": str(folder)}


def test_plug_in_adds_a_check(tmp_path: Path) -> None:
    extra = _install(tmp_path, "site_rule:CHECK", PLUGIN)
    assert "site-rule" in auditor("checks", cwd=tmp_path, extra=extra).stdout
    evidence = EXAMPLE / "plant-7.evidence"
    done = auditor("audit", evidence, "--only", "site-rule", "--at", "2026-11-23", cwd=tmp_path, extra=extra)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("entry", ["site_rule:MISSING", "no_such_module:CHECK", "site_rule:run"])
def test_plug_in_that_does_not_load_is_reported(tmp_path: Path, entry: str) -> None:
    extra = _install(tmp_path, entry, PLUGIN)
    done = auditor("audit", EXAMPLE / "plant-7.evidence", cwd=tmp_path, extra=extra)
    assert done.returncode == 4
    assert "site-rule" in done.stderr
    assert "Traceback" not in done.stderr
