"""The one rule for versions and ranges: order, branches, pre-releases, distribution revisions, and what is unknown."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version as Reference

from auditor.facts import versions
from auditor.facts.versions import Answer, is_beyond, parse_version, range_of

ROOT = Path(__file__).parent.parent.parent
TABLES = sorted((ROOT / "auditor" / "facts").glob("*.yaml"))
NUMBERS = st.lists(st.integers(min_value=0, max_value=12), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
PRE_RELEASES = st.builds("-{}.{}".format, st.sampled_from(["alpha", "beta", "rc"]), st.integers(0, 12))
STAGES = st.one_of(st.just(""), PRE_RELEASES)
TEXTS = st.builds(str.__add__, NUMBERS, STAGES)


def parsed(text: str) -> versions.Version:
    version = parse_version(text)
    assert version is not None, text
    return version


@given(TEXTS, TEXTS)
def test_order_agrees_with_packaging(one: str, other: str) -> None:
    ours, theirs = (parsed(one), parsed(other)), (Reference(one), Reference(other))
    assert (ours[0] < ours[1], ours[0] == ours[1]) == (theirs[0] < theirs[1], theirs[0] == theirs[1])


@pytest.mark.parametrize(
    "ascending",
    [
        # semver.org, section 11
        (
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
        ),
        ("v1.34.9-rc1+rke2r1", "v1.34.9-rc10+rke2r1", "v1.34.9", "v1.34.9+rke2r1", "v1.34.9+rke2r2", "v1.34.10+rke2r1"),
        ("v1.35.0+k3s1", "v1.35.0+k3s10", "v1.35.1+k3s1"),
        ("v1.36.3+k0s.0", "v1.36.3+k0s.1", "v1.36.10+k0s.0"),
        ("v1.7.27-k3s1", "v1.7.27-k3s2", "v1.7.28-k3s1"),
        ("5:28.5.2-1~ubuntu.22.04~jammy", "5:29.0.0~rc1", "5:29.0.0-1~ubuntu.22.04~jammy"),
        ("1.7.28", "1.7.28-0ubuntu1~24.04.1", "1.7.29"),
        ("2.1.0b1", "2.1.0rc1", "2.1"),
    ],
)
def test_versions_ascend(ascending: tuple[str, ...]) -> None:
    found = [parsed(text) for text in ascending]
    assert all(one < other for one, other in itertools.pairwise(found)), found


SPELLINGS = [("2.1", "v2.1.0"), ("1.0.0-a1", "1.0-alpha.1"), ("v1.34.9+rke2r2", "v1.34.9-rke2r2")]
NO_VERSIONS = ["", "latest", "unknown", "containerd", "k8s1.30", "2abc", "v", "1" * 10, "1." * 3000, "1.2\x00"]


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_spellings_of_one_version_are_equal(one: str, other: str) -> None:
    assert parsed(one) == parsed(other)


@pytest.mark.parametrize("text", NO_VERSIONS)
def test_text_that_is_no_version_is_unknown(text: str) -> None:
    assert parse_version(text) is None
    assert range_of().answer(text) is (Answer.UNREADABLE if text else Answer.UNSTATED)


@given(st.lists(TEXTS, min_size=1, max_size=6, unique_by=versions._bound), TEXTS)
def test_consecutive_ranges_partition_the_versions(bounds: list[str], version: str) -> None:
    ordered = sorted(bounds, key=versions._bound)
    ranges = [range_of(since, before) for since, before in itertools.pairwise(["", *ordered, ""])]
    answers = [one.answer(version) for one in ranges]
    assert all(answer.is_known for answer in answers)
    assert answers.count(Answer.YES) == 1


CUTS = st.dictionaries(st.integers(20, 26), st.integers(0, 9), min_size=1, max_size=4).map(
    lambda cuts: tuple(f"1.{minor}.{patch}" for minor, patch in cuts.items())
)


@given(CUTS, st.integers(18, 28), st.integers(0, 11))
def test_cuts_of_branches_leave_earlier_patches_and_branches(cuts: tuple[str, ...], minor: int, patch: int) -> None:
    by_branch = {int(cut.split(".")[1]): int(cut.split(".")[2]) for cut in cuts}
    expected = patch < by_branch[minor] if minor in by_branch else minor < max(by_branch)
    assert (range_of(fixed_in=cuts).answer(f"1.{minor}.{patch}") is Answer.YES) == expected


def test_cuts_of_branches_as_release_notes_state_them() -> None:
    affected = range_of(since="1.30", fixed_in=("1.33.13", "1.34.10", "1.35.7"))
    inside = ("1.30.0", "1.32.99", "1.33.12+rke2r2", "1.34.0-rc.1", "1.34.9", "1.35.6")
    outside = ("1.29.9", "1.33.13", "1.33.20", "1.34.10+k3s1", "1.35.7", "1.36.0-alpha.1", "1.37.0")
    assert {affected.answer(version) for version in inside} == {Answer.YES}
    assert {affected.answer(version) for version in outside} == {Answer.NO}


def test_short_bound_starts_a_branch_with_its_pre_releases() -> None:
    assert range_of(since="1.34").answer("v1.34.0-rc.1") is Answer.YES
    assert range_of(before="1.34").answer("v1.34.0-alpha.1") is Answer.NO
    assert range_of(since="2.1.6").answer("2.1.6-rc.1") is Answer.NO
    assert range_of(since="2.0").answer("2.0") is Answer.YES


def test_bound_with_a_revision_needs_a_version_with_one() -> None:
    affected = range_of(before="1.34.9+rke2r2")
    assert affected.answer("v1.34.9+rke2r1") is Answer.YES
    assert affected.answer("v1.34.9+rke2r2") is Answer.NO
    assert affected.answer("v1.34.9") is Answer.INCOMPLETE
    assert affected.answer("v1.34.8") is Answer.YES


@pytest.mark.parametrize(
    ("version", "through", "beyond"),
    [
        ("2.2.0", "2.2", False),
        ("2.2.99", "2.2", False),
        ("2.3.0-rc.1", "2.2", True),
        ("29.7.2", "29", False),
        ("30", "29.0", True),
        ("1.36.4", "1.36.3", True),
        ("1.36.3+rke2r2", "1.36.3", False),
        ("", "2.2", False),
        ("9", "", False),
    ],
)
def test_version_beyond_the_verified_ones_is_unknown(version: str, through: str, beyond: bool) -> None:
    assert is_beyond(version, through) == beyond
    if version:
        assert (range_of(verified_through=through).answer(version) is Answer.BEYOND) == beyond


@pytest.mark.parametrize("bound", ["latest", "1.2y", "two"])
def test_bound_that_is_no_version_is_refused(bound: str) -> None:
    with pytest.raises(ValueError, match="not a version"):
        range_of(since=bound)
    with pytest.raises(ValueError, match="not a version"):
        versions.Versioned(source="s", confidence="high", before=bound)


def old_key(version: str) -> tuple[int, ...]:
    """The rule that the tables had before: the first three numbers."""
    return tuple(int(part) for part in re.findall(r"\d+", version.split("-", maxsplit=1)[0].split("+", maxsplit=1)[0])[:3])


def dated_rows() -> list[dict[str, Any]]:
    documents = [list(yaml.safe_load_all(table.read_text(encoding="utf-8")))[1] for table in TABLES]
    dated = [row for rows in documents for row in rows if {"since", "before"} & row.keys()]
    # The old rule knew no revisions of distributions.
    return [row for row in dated if "+" not in f"{row.get('since')}{row.get('before')}"]


def test_tables_answer_for_released_versions_as_before() -> None:
    rows = dated_rows()
    bounds = {str(row[key]) for row in rows for key in ("since", "before") if key in row}
    assert len(rows) > 100
    numbers = {(*old_key(bound), 0, 0)[:3] for bound in bounds}
    near = {(a, b, c + step) for a, b, c in numbers for step in (0, 1, 9)} | {(a, max(0, b - 1), 99) for a, b, _ in numbers}
    for row, number in itertools.product(rows, near):
        since, before = str(row.get("since", "")), str(row.get("before", ""))
        expected = old_key(since or "0") <= number and (not before or number < (*old_key(before), 0, 0)[:3])
        for text in (".".join(map(str, number)), "v" + ".".join(map(str, number)) + "+rke2r1"):
            assert (range_of(since, before).answer(text) is Answer.YES) == expected, (row, text)


SOURCES = sorted(path for top in ("auditor", "checks", "reports") for path in (ROOT / top).rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_other_module_compares_versions(path: Path) -> None:
    if path.name == "versions.py" and path.parent.name == "facts":
        return
    by_hand = r"[\w.]*\.(?:since|before)\)? *[<>]=?|[<>]=? *[\w.(]*\.(?:since|before)\b"
    found = re.findall(by_hand, path.read_text(encoding="utf-8"))
    assert not found, f"{path} compares versions by itself: {found}"
