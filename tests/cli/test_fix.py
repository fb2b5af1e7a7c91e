"""`auditor fix` judges as `auditor audit` does: with the same inputs, and with the waivers of a file."""

from __future__ import annotations

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


def test_what_a_file_of_waivers_accepts_gets_no_remedy(tmp_path: Path) -> None:
    missing = WAIVER.format(check="image-missing-in-target", subject=VISION, until="2026-12-31")
    twice = WAIVER.format(check="image-duplicate", subject="*", until="2026-12-31")
    files = fixed(tmp_path, missing + twice)
    for tool in ("crane", "regctl", "skopeo"):
        script = files[f"copy/copy-{tool}.sh"]
        assert "plant7/vision" not in script
        assert "library/busybox" in script  # nobody waived that one
    assert "Mends image-duplicate" not in files["lists/images-pinned.txt"]
    assert f"- {VISION}: what is wrong with it is waived" in files["README.md"]


@pytest.mark.parametrize(
    ("check", "until"),
    [("image-missing-in-target", "2026-11-22"), ("platform-dropped", "2026-12-31")],
    ids=["over", "of another"],
)
def test_a_waiver_that_is_over_or_of_another_check_accepts_nothing(tmp_path: Path, check: str, until: str) -> None:
    files = fixed(tmp_path, WAIVER.format(check=check, subject=VISION, until=until))
    assert "plant7/vision" in files["copy/copy-crane.sh"]


def test_a_broken_file_of_waivers_is_an_error_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "accepted.yaml").write_text("- {check: image-duplicate}\n")
    done = auditor("fix", EXAMPLE / "plant-7.evidence", "--waivers", "accepted.yaml", "-o", "fix", cwd=tmp_path)
    assert done.returncode == 2
    assert "accepted.yaml:1" in done.stderr
    assert not (tmp_path / "fix").exists()


def test_lists_are_mended_without_a_plan(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("busybox:1\n{{ .Values.image }}\n")
    (tmp_path / "b.txt").write_text("docker.io/library/busybox:1\nnginx:2\n")
    done = auditor("fix", "a.txt", "b.txt", "--platform", "linux/amd64", "--offline", "-o", "fix", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "fix/lists/images-pinned.txt").read_text().splitlines()
    images = [line.partition(" ")[0] for line in written if not line.startswith("#")]
    assert images == ["docker.io/library/busybox:1", "docker.io/library/nginx:2"]


@pytest.mark.parametrize("option", [NOW, ("--offline",), ("--waivers", "w.yaml"), ("--evidence", "e"), ("--via", "target")])
def test_a_report_is_judged_already(tmp_path: Path, option: tuple[str, ...]) -> None:
    (tmp_path / "report.json").write_text('{"version": 1, "tool": {}, "findings": []}')
    done = auditor("fix", "report.json", *option, "-o", "fix", cwd=tmp_path)
    assert done.returncode == 2
    assert "was judged already" in done.stderr
    assert auditor("fix", "report.json", "-o", "fix", cwd=tmp_path).returncode == 0
