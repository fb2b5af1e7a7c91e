"""Versions of charts against the constraints of Helm."""

import pytest

from auditor.readers.workloads.chart_versions import is_exact, precedence, satisfies


@pytest.mark.parametrize(
    ("constraint", "accepted", "refused"),
    [
        ("6.5.4", ["6.5.4", "v6.5.4", "6.5.4+build"], ["6.5.5", "6.5.4-rc.1"]),
        ("6.5.x", ["6.5.0", "6.5.99"], ["6.6.0", "6.5.1-rc.1"]),
        ("6.x", ["6.0.0", "6.15.0"], ["7.0.0"]),
        ("*", ["0.1.0"], ["1.0.0-rc.1"]),
        ("", ["0.1.0"], ["not-a-version"]),
        ("~1.2", ["1.2.0", "1.2.9"], ["1.3.0"]),
        ("~1", ["1.9.0"], ["2.0.0"]),
        ("^1.2.3", ["1.2.3", "1.9.0"], ["1.2.2", "2.0.0"]),
        ("^0.2.3", ["0.2.9"], ["0.3.0"]),
        (">=1.0.0 <2.0.0", ["1.0.0", "1.9.9"], ["2.0.0", "0.9.0"]),
        (">= 1.0, < 2", ["1.5.0"], ["2.0.0"]),
        (">1.2", ["1.3.0"], ["1.2.9"]),
        ("<=1.2", ["1.2.9"], ["1.3.0"]),
        ("!=1.2.3", ["1.2.4"], ["1.2.3"]),
        ("1.2 - 1.4", ["1.2.0", "1.4.9"], ["1.5.0"]),
        ("1.x || 3.x", ["1.1.0", "3.0.0"], ["2.0.0"]),
        (">=1.0.0-0", ["1.0.0-rc.1", "1.1.0-rc.1"], ["0.9.0"]),
        ("main", ["main"], ["1.0.0"]),
        ("{{ version }}", [], ["1.0.0"]),
        ("1" * 5000, [], ["1.0.0"]),
    ],
)
def test_a_version_satisfies_what_helm_accepts(constraint: str, accepted: list[str], refused: list[str]) -> None:
    assert [version for version in accepted if not satisfies(constraint, version)] == []
    assert [version for version in refused if satisfies(constraint, version)] == []


def test_only_three_numbers_are_exact() -> None:
    assert [text for text in ("1.2.3", "v1.2.3", "1.2", "1.2.x", ">1.2.3", "") if is_exact(text)] == ["1.2.3", "v1.2.3"]


def test_versions_sort_as_helm_sorts_them() -> None:
    ordered = ["main", "0.9.0", "1.0.0-alpha.9", "1.0.0-rc.2", "1.0.0-rc.10", "1.0.0", "v1.0.1+build", "1.10"]
    by_text = sorted(ordered)
    assert sorted(by_text, key=precedence) == ordered != by_text
