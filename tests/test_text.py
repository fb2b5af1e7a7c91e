"""Formatted values: one format for the whole program."""

from __future__ import annotations

import ast
import datetime
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor import text

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path for top in ("auditor", "checks", "reports") for path in (ROOT / top).rglob("*.py"))
DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (11_812_000_000, "11.8 GB"),
        (10**18, "1.0 EB"),
        (10**21, "1000.0 EB"),
        (-1_500, "-1.5 kB"),
    ],
)
def test_size_has_one_digit_after_the_point(count: int, expected: str) -> None:
    assert text.format_size(count) == expected


@given(st.integers(min_value=0, max_value=10**22))
def test_size_rounded_up_is_enough_and_close(count: int) -> None:
    number, unit = text.format_size(count, up=True).split()
    factor = 1000 ** ("B", "kB", "MB", "GB", "TB", "PB", "EB").index(unit)
    shown = int(number.replace(".", "")) * factor // (10 if "." in number else 1)
    assert 0 <= shown - count < max(1, factor // 10)


def test_count_takes_singular_and_plural() -> None:
    assert [text.many(count, "error") for count in (0, 1, 2, 1000)] == ["0 errors", "1 error", "2 errors", "1,000 errors"]
    assert text.many(2, "finding or question", "findings and questions") == "2 findings and questions"


@pytest.mark.parametrize(
    ("items", "most", "expected"),
    [
        ([], None, ""),
        (["a"], None, "a"),
        (["a", "b"], None, "a and b"),
        (["a", "b", "c"], None, "a, b and c"),
        (["a", "b", "c"], 3, "a, b and c"),
        (["a", "b", "c", "d"], 2, "a, b and 2 more"),
        ([str(number) for number in range(1002)], 1, "0 and 1,001 more"),
    ],
)
def test_list_names_the_first_and_counts_the_rest(items: list[str], most: int | None, expected: str) -> None:
    assert text.listed(items, most) == expected


def test_cut_list_keeps_whole_items() -> None:
    assert text.first_of(["a", "b", "c"], 2) == ("a", "b", "and 1 more")
    assert text.first_of(["a", "b"], 2) == ("a", "b")


def test_list_of_choices_ends_with_or() -> None:
    assert text.listed(["text", "json", "html"], last="or") == "text, json or html"


def test_first_item_stands_for_several() -> None:
    assert (text.and_more("a", 1), text.and_more("a", 1002)) == ("a", "a and 1,001 more")
    assert (text.in_brackets(1), text.in_brackets(3)) == ("", " (and 2 more)")


@given(st.text(max_size=200), st.integers(min_value=1, max_value=100))
def test_shortened_text_respects_the_limit_and_marks_the_cut(value: str, most: int) -> None:
    cut = text.short(value, most)
    assert len(cut) <= most
    assert cut == value or (cut.endswith("…") and value.startswith(cut[:-1]))


def test_digest_has_twelve_digits() -> None:
    assert text.short_digest(DIGEST) == "sha256:0123456789ab…"
    assert text.short_digests(f"{DIGEST} in {DIGEST}.") == "sha256:0123456789ab… in sha256:0123456789ab…."


@given(st.text(max_size=300))
def test_text_that_is_no_digest_is_cut_and_clean(value: str) -> None:
    assert len(text.short_digest(value)) <= 6 * text.LONGEST
    assert not text.FORBIDDEN.search(text.short_digest(value))


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "0 s"),
        (3.21, "3.2 s"),
        (42, "42 s"),
        (60, "1 min"),
        (61.5, "1 min 2 s"),
        (3599.5, "1 h"),
        (18_720, "5 h 12 min"),
        (18_721, "5 h 13 min"),
        (43_200, "12 h"),
        (86_400, "1 day"),
        (2_592_000, "30 days"),
        (90_001, "1 day 2 h"),
    ],
)
def test_duration_has_two_units_and_rounds_up(seconds: float, expected: str) -> None:
    assert text.duration(seconds) == expected


def test_times_are_utc() -> None:
    at = datetime.datetime(2026, 11, 23, 10, 15, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))
    assert text.moment(at) == "2026-11-23 08:15 UTC"
    assert text.days(at, at) == "2026-11-23"
    assert text.days(at, at + datetime.timedelta(days=2)) == "2026-11-23 to 2026-11-25"


def test_share_above_zero_never_shows_as_zero() -> None:
    assert [text.percent(part, 1000) for part in (0, 1, 9, 10, 995)] == [
        "0 %",
        "less than 1 %",
        "less than 1 %",
        "1 %",
        "100 %",
    ]


# Signs of a second formatter: a hand-made plural, count of omitted items, shortened digest or unit of bytes.
BY_HAND = re.compile(r"""['"]s['"] (?:if|\*)|else ['"]s['"]|\[:(?:12|19)\]|['"](?:kB|GB|TB)['"],""")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_text_module_formats_values(path: Path) -> None:
    if path == ROOT / "auditor" / "text.py":
        return
    source = path.read_text(encoding="utf-8")
    # A tag made from a digest, a parser of units, and the first bytes of a file.
    allowed = {"auditor/fix/steps.py", "auditor/plan/units.py", "auditor/pki/stores/store_reader.py"}
    found = [] if str(path.relative_to(ROOT)) in allowed else BY_HAND.findall(source)
    assert not found, f"{path} formats by hand: {found}"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            values = [part.value for part in node.values if isinstance(part, ast.Constant)]
            counts = [part for part in node.values if isinstance(part, ast.FormattedValue) and "len(" in ast.unparse(part)]
            by_hand = counts and [value for value in values if isinstance(value, str) and value.endswith(" more")]
            assert not by_hand, f"{path}:{node.lineno} counts what is left out by hand: {ast.unparse(node)}"
