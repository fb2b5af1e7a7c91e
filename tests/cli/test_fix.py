"""`auditor fix` evaluates as `auditor audit` does: with the same inputs, and with the waivers of a file."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.cli.runner import EXAMPLE, auditor

VISION, BUSYBOX = "ghcr.io/plant7/vision:3.0.0", "docker.io/library/busybox:latest"
WAIVER = "- {{check: {check}, subject: '{subject}', reason: known, owner: ada, expires: {until}}}\n"
NOW = ("--at", "2026-11-23")


def fixed(folder: Path, waivers: str) -> dict[str, str]:
    """What is written of the example with these waivers in a file, by path."""
    (folder / "accepted.yaml").write_text(waivers)
    done = auditor("fix", EXAMPLE / "plant-7.evidence", *NOW, "--waivers", "accepted.yaml", "-o", folder / "fix", cwd=folder)
    assert done.returncode == 0, done.stderr
    root = folder / "fix"
    return {str(path.relative_to(root)): path.read_text() for path in root.rglob("*") if path.is_file()}


def test_finding_accepted_by_a_waiver_file_gets_no_remedy(tmp_path: Path) -> None:
    missing = WAIVER.format(check="image-missing-in-target", subject=VISION, until="2026-12-31")
    twice = WAIVER.format(check="image-duplicate", subject="*", until="2026-12-31")
    files = fixed(tmp_path, missing + twice)
    for tool in ("crane", "regctl", "skopeo"):
        script = files[f"copy/copy-{tool}.sh"]
        assert "plant7/vision" not in script
        assert "library/busybox" in script  # not waived
    assert "Resolves image-duplicate" not in files["lists/images-pinned.txt"]
    assert f"- {VISION}: its findings are waived" in files["README.md"]


@pytest.mark.parametrize(
    ("check", "until"),
    [("image-missing-in-target", "2026-11-22"), ("platform-dropped", "2026-12-31")],
    ids=["over", "of another"],
)
def test_expired_waiver_and_waiver_of_another_check_accept_nothing(tmp_path: Path, check: str, until: str) -> None:
    files = fixed(tmp_path, WAIVER.format(check=check, subject=VISION, until=until))
    assert "plant7/vision" in files["copy/copy-crane.sh"]


def test_invalid_waiver_file_is_an_error_with_its_location(tmp_path: Path) -> None:
    (tmp_path / "accepted.yaml").write_text("- {check: image-duplicate}\n")
    done = auditor("fix", EXAMPLE / "plant-7.evidence", "--waivers", "accepted.yaml", "-o", "fix", cwd=tmp_path)
    assert done.returncode == 2
    assert "accepted.yaml:1" in done.stderr
    assert not (tmp_path / "fix").exists()


def test_lists_are_fixed_without_a_plan(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("busybox:1\n{{ .Values.image }}\n")
    (tmp_path / "b.txt").write_text("docker.io/library/busybox:1\nnginx:2\n")
    done = auditor("fix", "a.txt", "b.txt", "--platform", "linux/amd64", "--offline", "-o", "fix", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "fix/lists/images-pinned.txt").read_text().splitlines()
    images = [line.partition(" ")[0] for line in written if not line.startswith("#")]
    assert images == ["docker.io/library/busybox:1", "docker.io/library/nginx:2"]


@pytest.mark.parametrize("option", [NOW, ("--offline",), ("--waivers", "w.yaml"), ("--evidence", "e"), ("--via", "target")])
def test_report_as_input_rejects_options_that_change_its_settings(tmp_path: Path, option: tuple[str, ...]) -> None:
    (tmp_path / "report.json").write_text('{"version": 1, "tool": {}, "findings": []}')
    done = auditor("fix", "report.json", *option, "-o", "fix", cwd=tmp_path)
    assert done.returncode == 2
    assert "its settings are fixed" in done.stderr
    assert auditor("fix", "report.json", "-o", "fix", cwd=tmp_path).returncode == 0


def test_reports_state_what_fix_resolves_and_its_exact_command(tmp_path: Path) -> None:
    audit = ("audit", EXAMPLE / "plant-7.evidence", *NOW)
    for name in ("json", "text", "html", "markdown"):
        auditor(*audit, "--format", f"{name}=report.{name}", cwd=tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    command = report["fix"]["command"]
    assert command == f"auditor fix {EXAMPLE / 'plant-7.evidence'} --at 2026-11-23 -o fix"
    errors = [finding for finding in report["findings"] if finding["severity"] == "error" and not finding["waived"]]
    fixable = [finding for finding in errors if finding["fixable"]]
    assert report["fix"]["error"] == len(fixable) > 0
    said = f"resolves {len(fixable)} of {len(errors)} errors"
    for name in ("text", "html", "markdown"):
        text = (tmp_path / f"report.{name}").read_text()
        assert said in " ".join(text.replace("</code>", "").split()), name
        assert command in text.replace("\\", ""), name
    done = auditor(*shlex.split(command)[1:], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "fix/README.md").read_text()
    resolved = page.partition("## Findings and the files that resolve them")[2].partition("\n## ")[0]
    assert resolved.count(", error: ") == len(fixable)


def test_report_names_the_options_that_lead_to_the_same_audit(tmp_path: Path) -> None:
    (tmp_path / "a b.txt").write_text("busybox:1\nbusybox:1\n")
    lists = ("a b.txt", "--platform", "linux/amd64")
    done = auditor("audit", *lists, "--offline", "--format", "json", cwd=tmp_path)
    command = json.loads(done.stdout)["fix"]["command"]
    assert command == "auditor fix 'a b.txt' --platform linux/amd64 --offline -o fix"
    assert auditor(*shlex.split(command)[1:], cwd=tmp_path).returncode == 0


def test_no_file_is_written_if_no_file_resolves_a_finding(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("docker.io/library/busybox:1\n")
    given = ("a.txt", "--platform", "linux/amd64", "--offline")
    done = auditor("fix", *given, "-o", "fix", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "nothing was written" in done.stderr
    assert not (tmp_path / "fix").exists()
    assert json.loads(auditor("audit", *given, "--format", "json", cwd=tmp_path).stdout)["fix"] is None


def test_page_lists_manual_steps_by_severity_without_fingerprints(tmp_path: Path) -> None:
    page = fixed(tmp_path, "[]\n")["README.md"]
    left = page.partition("## To fix by hand")[2].partition("\n## ")[0]
    ranks = [["error", "warning"].index(found) for found in re.findall(r"^- \*\*\S+\*\*, (\w+):", left, re.MULTILINE)]
    assert ranks == sorted(ranks)
    assert ranks
    assert "Information only" in left.strip().splitlines()[-1]
    assert not re.search(r"\b[0-9a-f]{32}\b", page)
