"""Waivers in a separate file, named by the plan or on the command line: their locations and their errors."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from auditor.errors import Location, PlanError
from auditor.plan.load import load_plan, load_plan_files, load_waivers
from auditor.readers.carried import carried_files

PLAN = "version: 1\npools: {one: {platform: linux/amd64}}\nwaivers: waivers.yaml\n"
ONE = "# ours\n- {check: image-absent, subject: busybox, reason: later, owner: platform, expires: 2027-03-31}\n"
WRONG = (
    (ONE.replace("owner: platform, ", ""), "waivers.yaml:2:3: 'owner' is missing"),
    (ONE.replace("owner:", "ower:"), "waivers.yaml:2:58: unknown key 'ower' (did you mean owner?)"),
    (ONE.replace("2027-03-31", "2027-02-31"), "waivers.yaml:2:75: '2027-02-31' is not a date"),
    ("waivers: []\n", "waivers.yaml:1:1: expected a list of waivers"),
    ("- 5\n", "waivers.yaml:1:3: item 1 of waivers: expected a mapping"),
    ("- {check: a, check: b}\n", "waivers.yaml:1:14: the key 'check' occurs twice"),
    ("- [\n", "waivers.yaml:2:1: not YAML"),
    ("", "waivers.yaml: the file is empty"),
)


def plan_in(folder: Path, waivers: str | None, plan: str = PLAN) -> Path:
    (folder / "site").mkdir()
    if waivers is not None:
        (folder / "site" / "waivers.yaml").write_text(waivers)
    path = folder / "site" / "plan.yaml"
    path.write_text(plan)
    return path


def test_waivers_from_a_file_equal_waivers_in_the_plan(tmp_path: Path) -> None:
    path = plan_in(tmp_path, ONE)
    (waiver,) = load_plan(path).waivers
    assert (waiver.check, waiver.subject, waiver.owner) == ("image-absent", "busybox", "platform")
    assert waiver.expires == datetime.date(2027, 3, 31)
    assert waiver.location == Location(str(tmp_path / "site" / "waivers.yaml"), 2, 3)


def test_waiver_file_is_stored_in_evidence_with_the_plan(tmp_path: Path) -> None:
    plan = load_plan(plan_in(tmp_path, ONE))
    files, left_out = carried_files(plan)
    assert left_out == ()
    assert load_plan_files("plan.yaml", files).waivers[0].owner == "platform"


def test_waiver_file_left_out_of_evidence_gives_no_waivers(tmp_path: Path) -> None:
    files, _ = carried_files(load_plan(plan_in(tmp_path, ONE)))
    del files["waivers.yaml"]
    plan = load_plan_files("plan.yaml", files)
    assert plan.waivers == ()
    assert "waivers.yaml" in plan.left_out


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_mistake_is_reported_at_its_location_in_the_waiver_file(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PlanError) as raised:
        load_plan(plan_in(tmp_path, text))
    assert f"{tmp_path}/site/{said}" in str(raised.value)
    with pytest.raises(PlanError) as raised:
        load_waivers(tmp_path / "site" / "waivers.yaml")
    assert f"{tmp_path}/site/{said}" in str(raised.value)


def test_mistakes_in_both_files_are_reported_together(tmp_path: Path) -> None:
    with pytest.raises(PlanError) as raised:
        load_plan(plan_in(tmp_path, WRONG[0][0], PLAN + "nmae: x\n"))
    assert "plan.yaml:4:1: unknown key 'nmae'" in str(raised.value)
    assert "waivers.yaml:2:3: 'owner' is missing" in str(raised.value)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (
            PLAN.replace("waivers.yaml", "waiver.yaml"),
            "plan.yaml:3:1: waiver.yaml: there is no such file",
        ),
        (PLAN.replace("waivers.yaml", "../site"), "plan.yaml:3:1: ../site: it is a folder"),
        (PLAN.replace("waivers.yaml", "''"), "plan.yaml:3:1: waivers: expected a list"),
        (PLAN.replace("waivers.yaml", "5"), "plan.yaml:3:1: waivers: expected a list"),
    ],
)
def test_missing_waiver_file_is_reported_in_the_plan(tmp_path: Path, plan: str, said: str) -> None:
    with pytest.raises(PlanError) as raised:
        load_plan(plan_in(tmp_path, ONE, plan))
    assert said in str(raised.value)


def test_command_line_option_names_a_waiver_file(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(ONE)
    (waiver,) = load_waivers(path)
    assert waiver.location == Location(str(path), 2, 3)
    (tmp_path / "none.yaml").write_text("[]\n")
    assert load_waivers(tmp_path / "none.yaml") == ()


def test_invalid_waiver_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="no such file"):
        load_waivers(tmp_path / "missing.yaml")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").write_text(ONE)
    with pytest.raises(PlanError, match="is a folder"):
        load_waivers(tmp_path / "folder")
