"""Image lists without a plan: they get a generated plan, which evidence can contain."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import PlanError, UsageError
from auditor.evidence.store import Store
from auditor.needs.resolve import resolve_needs
from auditor.pipeline.bare_plans import plan_for_lists
from auditor.pipeline.cache import path_for
from auditor.pipeline.inputs import plan_in
from auditor.plan.load import load_plan_files
from auditor.readers.carried import carried_files
from tests.plan.made import HEAD

BOTH = ("linux/amd64", "windows/amd64:ltsc2022")


def test_lists_make_a_plan(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("busybox:1\n")
    plan = plan_for_lists([tmp_path / "a.txt"], [*BOTH, "linux/amd64"])
    assert [pool.name for pool in plan.pools] == ["linux-amd64", "windows-amd64-ltsc2022"]
    assert plan.images[0].pools == ("linux-amd64", "windows-amd64-ltsc2022")
    assert plan.name == str(tmp_path / "a.txt")


def test_plan_of_lists_is_stored_in_evidence_with_the_same_meaning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lists").mkdir()
    Path("lists", "b: {c}.txt").write_text("alpine:3\n")
    Path("a.txt").write_text("busybox:1\n")
    plan = plan_for_lists([Path("a.txt"), Path("lists"), Path("./a.txt")], BOTH)
    again = load_plan_files(plan.file, carried_files(plan)[0])
    assert resolve_needs(again) == resolve_needs(plan)
    assert len(resolve_needs(again).lines) == 2
    assert (again.name, again.sha256, again.pools) == (plan.name, plan.sha256, plan.pools)
    assert [line.location.file for line in resolve_needs(again).lines] == ["a.txt", "lists/b: {c}.txt"]


def test_plan_digest_covers_the_content_of_the_lists(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("busybox:1\n")
    before = plan_for_lists([tmp_path / "a.txt"], BOTH).sha256
    assert plan_for_lists([tmp_path / "a.txt"], BOTH).sha256 == before
    (tmp_path / "a.txt").write_text("busybox:2\n")
    assert plan_for_lists([tmp_path / "a.txt"], BOTH).sha256 != before


def test_many_lists_have_a_short_name(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.txt" for number in range(100)]
    for path in paths:
        path.write_text("busybox:1\n")
    assert plan_for_lists(paths, BOTH).name == "100 image lists"


@pytest.mark.parametrize(
    ("platform", "said"),
    [
        ("linux", "not a platform"),
        ("windows/amd64", "has no Windows build"),
        ("darwin/arm64", "linux or windows"),
        ("linux/amd46", "did you mean amd64"),
    ],
)
def test_unsupported_platform_is_a_usage_error(tmp_path: Path, platform: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        plan_for_lists([tmp_path / "a.txt"], [platform])


def test_unreadable_list_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"b\.txt: .*there is no such file"):
        plan_for_lists([tmp_path / "b.txt"], BOTH)
    (tmp_path / "empty").mkdir()
    with pytest.raises(PlanError, match="the folder is empty"):
        plan_for_lists([tmp_path / "empty"], BOTH)
    with pytest.raises(UsageError, match="its name contains characters that a plan cannot hold"):
        plan_for_lists([tmp_path / "a\x1b.txt"], BOTH)


def test_each_set_of_lists_and_platforms_has_a_separate_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("busybox:1\n")
    here, there = Path("a.txt"), tmp_path / "b.txt"
    kept = [path_for(plan_for_lists(lists, BOTH)) for lists in ([here], [there], [here, there])]
    kept.append(path_for(plan_for_lists([here], BOTH[:1])))
    kept.append(path_for(load_plan_files("plan.yaml", {"plan.yaml": HEAD.encode()})))
    assert len(set(kept)) == 5
    assert path_for(plan_for_lists([there, tmp_path / "a.txt"], BOTH[::-1])) == kept[2]


def test_evidence_of_lists_needs_no_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text("busybox:1\n")
    plan = plan_for_lists([Path("a.txt")], BOTH)
    with Store.create(tmp_path / "x.evidence") as store:
        store.replace_files(carried_files(plan)[0])
        store.put_meta("plan.path", plan.file)
    Path("a.txt").unlink()
    assert resolve_needs(plan_in(tmp_path / "x.evidence")) == resolve_needs(plan)
