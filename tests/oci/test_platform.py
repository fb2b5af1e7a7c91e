"""Three grammars for one platform."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.oci.platform import InvalidPlatform, Platform, normalise, parse_os_version, parse_platform

WIN2022 = Platform("windows", "amd64", os_version="10.0.20348")

GRAMMARS = [
    ("linux/amd64", Platform("linux", "amd64")),
    ("linux/arm64/v8", Platform("linux", "arm64")),
    ("linux/aarch64", Platform("linux", "arm64")),
    ("linux/x86_64", Platform("linux", "amd64")),
    ("linux/amd64/v1", Platform("linux", "amd64")),
    ("linux/amd64/v3", Platform("linux", "amd64", "v3")),
    ("linux/arm", Platform("linux", "arm", "v7")),
    ("linux/armhf", Platform("linux", "arm", "v7")),
    ("linux/arm/v6", Platform("linux", "arm", "v6")),
    ("linux/i386", Platform("linux", "386")),
    (" linux/amd64 ", Platform("linux", "amd64")),
    ("windows/amd64:ltsc2022", WIN2022),
    ("windows/amd64:10.0.20348", WIN2022),
    ("windows/amd64:20348", WIN2022),
    ("windows(10.0.20348)/amd64", WIN2022),
    ("windows(ltsc2022)/amd64", WIN2022),
    ("windows/amd64,osver=10.0.20348", WIN2022),
    ("windows/amd64,osversion=ltsc2022", WIN2022),
    ("windows/amd64:10.0.20348.587", Platform("windows", "amd64", os_version="10.0.20348.587")),
    ("windows(10.0.17763+win32k)/amd64", Platform("windows", "amd64", os_version="10.0.17763", os_features=("win32k",))),
]

NAMES = [
    ("ltsc2016", 14393),
    ("1607", 14393),
    ("1809", 17763),
    ("ltsc2019", 17763),
    ("LTSC2022", 20348),
    ("21H2", 20348),
    ("23h2", 25398),
    ("ltsc2025", 26100),
    ("24H2", 26100),
    ("26200", 26200),
]

REFUSED = [
    "",
    "linux",
    "linux/",
    "/amd64",
    "linux/amd64/v1/x",
    "Linux/amd64",
    "linux/amd 64",
    "windows/amd64:ltsc2024",
    "windows/amd64,arch=x",
    "windows/amd64:10.0",
    "windows/amd64:999",
    "windows(10.0.20348/amd64",
    "windows()amd64",
]


@pytest.mark.parametrize(("text", "platform"), GRAMMARS, ids=[text for text, _ in GRAMMARS])
def test_each_grammar_is_read(text: str, platform: Platform) -> None:
    assert parse_platform(text) == platform


@pytest.mark.parametrize(("name", "build"), NAMES)
def test_windows_release_names_give_a_build(name: str, build: int) -> None:
    assert parse_os_version(name) == f"10.0.{build}"


@pytest.mark.parametrize("text", REFUSED)
def test_invalid_platform_is_rejected(text: str) -> None:
    with pytest.raises(InvalidPlatform):
        parse_platform(text)


def test_written_platform_is_read_back() -> None:
    for _, platform in GRAMMARS:
        if not platform.os_features:
            assert parse_platform(str(platform)) == platform


def test_attestations_have_no_known_platform() -> None:
    assert not normalise("unknown", "unknown").is_known
    assert Platform("linux", "riscv64").is_known


@given(st.one_of(st.text(max_size=40), st.text("winux/amd64():+,osver=10.20348v", max_size=30)))
def test_arbitrary_text_is_a_platform_or_rejected(text: str) -> None:
    try:
        platform = parse_platform(text)
    except InvalidPlatform as error:
        said: tuple[str, ...] = (str(error),)
    else:
        said = (platform.os, platform.architecture)
    assert all(said)
