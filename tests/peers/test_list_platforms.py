"""Two lists for two systems with a real registry: a platform per list, and the message for the shared option."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.runner import auditor
from tests.peers.images import build_index, real_image
from tests.peers.registry import serve

pytestmark = pytest.mark.peer
LINUX, WINDOWS = "linux/amd64", "windows/amd64:10.0.20348.2700"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Path]:
    with serve(tmp_path / "registry") as registry:
        with registry.uploader() as push:
            for number in range(3):
                push.index(f"linux/app{number}", build_index(real_image(LINUX, label=str(number))), "1")
                push.index(f"windows/app{number}", build_index(real_image(WINDOWS, label=str(number))), "1")
        for name in ("linux", "windows"):
            lines = [f"{registry.host}/{name}/app{number}:1\n" for number in range(3)]
            (tmp_path / f"{name}.txt").write_text("".join(lines))
        yield tmp_path


def errors_of(folder: Path) -> list[str]:
    report = json.loads((folder / "report.json").read_text())
    return [finding["check"] for finding in report["findings"] if finding["severity"] == "error"]


def test_platform_per_list_has_no_false_platform_absent(site: Path) -> None:
    given = (f"linux.txt={LINUX}", "windows.txt=windows/amd64:ltsc2022")
    done = auditor("audit", *given, "--format", "json=report.json", cwd=site)
    assert done.returncode == 0, done.stdout + done.stderr
    assert errors_of(site) == []
    assert "hint" not in done.stderr


def test_shared_option_names_the_lists_that_it_does_not_match(site: Path) -> None:
    given = ("linux.txt", "windows.txt", "--platform", LINUX, "--platform", "windows/amd64:ltsc2022")
    done = auditor("audit", *given, "--format", "json=report.json", cwd=site)
    assert done.returncode == 1
    assert errors_of(site) == ["platform-absent"] * 6
    assert "no image of linux.txt has a manifest for windows/amd64:10.0.20348" in done.stderr
    assert "no image of windows.txt has a manifest for linux/amd64" in done.stderr
    assert "auditor audit linux.txt=linux/amd64 windows.txt=windows/amd64:10.0.20348" in done.stderr
    remedies = [finding["remedies"][0] for finding in json.loads((site / "report.json").read_text())["findings"]]
    assert all("linux.txt=linux/amd64" in remedy["commands"][0] for remedy in remedies if remedy["kind"] == "command")


def test_suggested_command_gives_ready(site: Path) -> None:
    given = ("linux.txt", "windows.txt", "--platform", LINUX, "--platform", "windows/amd64:ltsc2022")
    first = auditor("audit", *given, cwd=site)
    command = first.stderr.rpartition("auditor audit ")[2].split()
    done = auditor("audit", *command, cwd=site)
    assert done.returncode == 0, done.stdout + done.stderr


def test_remedy_for_a_plan_names_the_pool_to_remove(site: Path) -> None:
    (site / "plan.yaml").write_text(
        "version: 1\npools: {control: {platform: linux/amd64}, win: {platform: 'windows/amd64:ltsc2022'}}\n"
        "images: [{list: linux.txt}, {list: windows.txt, pools: [win]}]\n"
    )
    done = auditor("audit", "plan.yaml", "--format", "json=report.json", cwd=site)
    assert done.returncode == 1
    found = [one for one in json.loads((site / "report.json").read_text())["findings"] if one["check"] == "platform-absent"]
    expected = "Remove win from the `pools` of this list in the plan. No image of `linux.txt` has a manifest for"
    assert {one["remedies"][0]["text"] for one in found} == {f"{expected} windows/amd64:10.0.20348."}
