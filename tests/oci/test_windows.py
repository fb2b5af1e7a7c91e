"""The build rule of containerd/platforms, as a table to compare with the source."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.oci.windows import Match, build_named, match_build, release_of, releases, runtime_rule, split_version

E, F, O, N = Match.EXACT, Match.FALLBACK, Match.OLDER, Match.NEWER  # noqa: E741 - O as in older
IMAGES = (14393, 17763, 20348, 25398, 26100, 26200)
TABLE = {  # host build: how it stands to an image of each build above
    14393: (E, N, N, N, N, N),
    17763: (O, E, N, N, N, N),
    20348: (O, O, E, N, N, N),
    25398: (O, O, F, E, N, N),
    26100: (O, O, F, F, E, N),
    26200: (O, O, O, O, F, E),
}
PAIRS = [(host, image, match) for host, row in TABLE.items() for image, match in zip(IMAGES, row, strict=True)]


@pytest.mark.parametrize(("host", "image", "match"), PAIRS)
def test_build_rule_of_containerd_holds(host: int, image: int, match: Match) -> None:
    assert match_build(f"10.0.{host}", f"10.0.{image}.1787") is match


@pytest.mark.parametrize(("host", "image", "match"), PAIRS)
def test_older_containerd_requires_equal_builds(host: int, image: int, match: Match) -> None:
    expected = O if match is F else match
    assert match_build(f"10.0.{host}.1", f"10.0.{image}", strict=True) is expected


@pytest.mark.parametrize("strict", [False, True])
def test_revisions_do_not_count_and_a_blank_version_matches(strict: bool) -> None:
    assert match_build("10.0.17763.1", "10.0.17763.9999", strict=strict) is E
    assert match_build("10.0.26100", "", strict=strict) is Match.BLANK


@pytest.mark.parametrize(
    "image", ["6.3.9600.1", "10.1.20348", "10.0", "ltsc2022", "10.0.x.1", "10.0.20348.1.1", "\u0661\u0660.0.20348"]
)
def test_other_or_unreadable_version_does_not_run(image: str) -> None:
    assert match_build("10.0.20348", image) is O
    assert not match_build("10.0.20348", image).runs


def test_unreadable_host_version_runs_only_images_without_a_version() -> None:
    assert match_build("nonsense", "10.0.20348") is O
    assert match_build("nonsense", "").runs


BUILD = st.integers(min_value=10000, max_value=29999)


@given(host=BUILD, image=BUILD)
def test_strict_never_runs_more_and_newer_never_runs(host: int, image: int) -> None:
    relaxed = match_build(f"10.0.{host}", f"10.0.{image}")
    strict = match_build(f"10.0.{host}", f"10.0.{image}", strict=True)
    assert relaxed.runs or not strict.runs
    assert strict.runs == (host == image)
    if image > host:
        assert relaxed is N


@pytest.mark.parametrize(
    ("version", "matching", "sorts"),
    [
        ("1.6.22", "strict", False),
        ("1.6.23", "ltsc", False),
        ("1.7.0", "strict", False),
        ("1.7.5", "strict", False),
        ("1.7.6", "ltsc", False),
        ("v1.7.27-k3s1", "ltsc", False),
        ("2.0.4", "ltsc", False),
        ("2.1.5", "ltsc", False),
        ("2.1.6", "ltsc", True),
        ("2.2.0", "ltsc", True),
    ],
)
def test_containerd_version_selects_the_rule(version: str, matching: str, sorts: bool) -> None:
    rule = runtime_rule("containerd", version)
    assert rule is not None
    assert (rule.matching, rule.sorts_os_version) == (matching, sorts)


def test_unknown_runtime_has_no_rule() -> None:
    assert runtime_rule("containerd", "") is None
    assert runtime_rule("containerd", "unknown") is None
    assert runtime_rule("youki", "0.5") is None


def test_releases_are_found_by_build_and_by_every_name() -> None:
    for row in releases():
        assert release_of(row.build) is row
        assert {build_named(name) for name in (row.name, *row.aliases)} == {row.build}
    assert release_of(1) is None
    assert build_named("9999") is None
    assert build_named("\u0662\u0660\u0663\u0664\u0668") is None


def test_release_names_are_unique() -> None:
    names = [name.lower() for row in releases() for name in (row.name, *row.aliases)]
    assert len(names) == len(set(names))


def test_versions_are_parsed_or_rejected() -> None:
    assert split_version("10.0.20348.587") == ("10.0", 20348)
    assert split_version("10.0.20348") == ("10.0", 20348)
    assert split_version("10.0.99999999999999999999") is None
