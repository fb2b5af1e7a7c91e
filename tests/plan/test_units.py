"""Sizes, rates, durations and programs in the notation of plans."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.plan.model import Program
from auditor.plan.units import parse_duration, parse_program, parse_rate, parse_size


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("200GB", 200 * 10**9),
        ("200 GB", 200 * 10**9),
        ("64GiB", 64 * 2**30),
        ("1.5TB", 1_500_000_000_000),
        ("0.5 kB", 500),
        ("12MiB", 12 * 2**20),
        ("7B", 7),
        ("4096", 4096),
        (4096, 4096),
    ],
)
def test_sizes(text: str | int, expected: int) -> None:
    assert parse_size(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("200G", "GiB"),
        ("200Gi", "GiB"),
        ("5 parsec", "parsec"),
        ("-3GB", "not a size"),
        ("0", "above 0"),
        (0, "above 0"),
        (True, "200GB"),
        ("", "not a size"),
        ("nan", "not a size"),
        ("9" * 15 + "PB", "larger than any disk"),
    ],
)
def test_invalid_size_error_states_what_to_write(text: str | int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("400Mbit/s", 50_000_000), ("50MB/s", 50_000_000), ("1Gbit/s", 125_000_000), ("100Mbps", 12_500_000), ("8 bit/s", 1)],
)
def test_rates_are_bytes_per_second(text: str, expected: int) -> None:
    assert parse_rate(text) == expected


@pytest.mark.parametrize("text", ["fast", "400M", "400Mbit", "-1MB/s", "0MB/s", "1bit/s"])
def test_invalid_rates_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="rate|above 0"):
        parse_rate(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("4h", 14400), ("90m", 5400), ("1h30m", 5400), ("2d", 172_800), ("45s", 45), ("1d 2h 3min 4s", 93_784)],
)
def test_durations_are_seconds(text: str, expected: int) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "0h", "4", "h", "-4h"])
def test_invalid_durations_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="4h, 90m"):
        parse_duration(text)


def test_programs_have_a_name_and_an_optional_version() -> None:
    assert parse_program("containerd 2.1.6") == Program("containerd", "2.1.6")
    assert parse_program("containerd://1.7.27") == Program("containerd", "1.7.27")
    assert parse_program("Docker") == Program("docker", "")
    assert str(parse_program("Containerd 2.1.6")) == "containerd 2.1.6"
    with pytest.raises(ValueError, match=r"containerd 2\.1\.6"):
        parse_program("one two three")


@given(st.text(max_size=40))
def test_any_text_gives_a_number_or_a_reason(text: str) -> None:
    for parse in (parse_size, parse_rate, parse_duration):
        try:
            assert parse(text) > 0
        except ValueError as error:
            assert str(error)
