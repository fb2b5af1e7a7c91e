"""Image lists with their own platforms: how `LIST=PLATFORM` is parsed, and the plan that it makes."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.needs.resolve import resolve_needs
from auditor.pipeline.bare_plans import ListInput, list_input, plan_for_lists, without_repeated
from auditor.pipeline.cache import path_for
from tests.cli.runner import auditor

LINUX, WINDOWS = "linux/amd64", "windows/amd64:ltsc2022"


@pytest.fixture
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("linux.txt").write_text("alpine:3\nbusybox:1\n")
    Path("windows.txt").write_text("mcr.microsoft.com/windows/nanoserver:ltsc2022\n")
    return tmp_path


@pytest.mark.usefixtures("lists")
@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("linux.txt", ListInput(Path("linux.txt"))),
        (f"linux.txt={LINUX}", ListInput(Path("linux.txt"), (LINUX,))),
        (f"linux.txt={LINUX},linux/arm64", ListInput(Path("linux.txt"), (LINUX, "linux/arm64"))),
        (f"./windows.txt={WINDOWS}", ListInput(Path("windows.txt"), (WINDOWS,))),
        ("missing.txt", ListInput(Path("missing.txt"))),
        (f"missing.txt={LINUX}", ListInput(Path("missing.txt"), (LINUX,))),
        ("missing=2.txt", ListInput(Path("missing=2.txt"))),
    ],
)
def test_argument_is_parsed(argument: str, expected: ListInput) -> None:
    assert list_input(Path(argument)) == expected


@pytest.mark.usefixtures("lists")
def test_existing_file_with_an_equals_sign_in_its_name_is_a_file() -> None:
    Path("a=b.txt").write_text("alpine:3\n")
    assert list_input(Path("a=b.txt")) == ListInput(Path("a=b.txt"))
    assert list_input(Path(f"a=b.txt={LINUX}")) == ListInput(Path("a=b.txt"), (LINUX,))


@pytest.mark.usefixtures("lists")
@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("linux.txt=", "no platform follows"),
        ("linux.txt=linux/amd46", "did you mean amd64"),
        ("linux.txt=windows/amd64", "build"),
    ],
)
def test_invalid_platform_error_names_the_argument(argument: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as refused:
        list_input(Path(argument))
    assert refused.value.summary.startswith("linux.txt=")


@pytest.mark.usefixtures("lists")
def test_each_list_is_needed_on_its_own_platforms_only() -> None:
    plan = plan_for_lists([ListInput(Path("linux.txt"), (LINUX, "linux/arm64")), ListInput(Path("windows.txt"))], [WINDOWS])
    needed = {(need.reference.path.rpartition("/")[2], str(need.platform)) for need in resolve_needs(plan).needs}
    assert needed == {
        ("alpine", LINUX),
        ("alpine", "linux/arm64"),
        ("busybox", LINUX),
        ("busybox", "linux/arm64"),
        ("nanoserver", "windows/amd64:10.0.20348"),
    }


@pytest.mark.usefixtures("lists")
def test_platforms_of_lists_are_part_of_the_cache_key() -> None:
    linux, windows = Path("linux.txt"), Path("windows.txt")
    plans = (
        plan_for_lists([ListInput(linux, (LINUX,)), ListInput(windows, (WINDOWS,))], []),
        plan_for_lists([ListInput(linux, (WINDOWS,)), ListInput(windows, (LINUX,))], []),
        plan_for_lists([linux, windows], [LINUX, WINDOWS]),
    )
    assert len({path_for(plan) for plan in plans}) == 3


@pytest.mark.usefixtures("lists")
def test_list_with_a_platform_replaces_the_same_list_without() -> None:
    assert without_repeated([Path(f"windows.txt={WINDOWS}"), Path("linux.txt"), Path("windows.txt")]) == [
        Path(f"windows.txt={WINDOWS}"),
        Path("linux.txt"),
    ]


def test_mix_of_lists_with_and_without_platform_is_an_error(lists: Path) -> None:
    done = auditor("audit", f"linux.txt={LINUX}", "windows.txt", "--offline", cwd=lists)
    assert done.returncode == 2
    assert "windows.txt: no platform is given for this list" in done.stderr


def test_plan_with_a_platform_is_an_error(lists: Path) -> None:
    (lists / "plan.yaml").write_text("version: 1\npools: {one: {platform: linux/amd64}}\n")
    done = auditor("audit", f"plan.yaml={LINUX}", "--offline", cwd=lists)
    assert done.returncode == 2
    assert "plan.yaml has its own pools" in done.stderr
