"""Platforms in three syntaxes, and the Windows release names that stand for a build.

linux/arm64/v8                  containerd, crane, regctl
windows/amd64:10.0.20348.587    crane; also windows/amd64:ltsc2022
windows(10.0.20348)/amd64       containerd, with features as windows(10.0.17763+win32k)/amd64
windows/amd64,osver=10.0.20348  regctl; also osversion=
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

import msgspec

from auditor.oci.windows import build_named

_CONTAINERD = re.compile(r"(?P<os>[a-z0-9]+)\((?P<version>[^()+]*)(?P<features>(?:\+[^()+]+)*)\)/(?P<rest>.+)")
_WORD = re.compile(r"[a-z0-9_.-]+")
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+){2,3}")
_ARCHITECTURES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "armhf": "arm", "i386": "386"}
_DEFAULT_VARIANTS = {("arm64", "v8"): "", ("amd64", "v1"): "", ("arm", ""): "v7"}


class InvalidPlatform(ValueError):
    """The text is not a platform. `str(error)` gives the reason."""


class Platform(msgspec.Struct, frozen=True, order=True):
    """An operating system, an architecture and, for Windows, a version `major.minor.build[.revision]`."""

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""
    os_features: tuple[str, ...] = ()

    def __str__(self) -> str:
        variant = f"/{self.variant}" if self.variant else ""
        version = f":{self.os_version}" if self.os_version else ""
        return f"{self.os}/{self.architecture}{variant}{version}"

    @property
    def is_known(self) -> bool:
        """Return False for the `unknown/unknown` entries under which attestations are stored."""
        return self.os != "unknown" and self.architecture != "unknown"


@lru_cache(maxsize=4096)
def normalise(os: str, architecture: str, variant: str = "", os_version: str = "", features: tuple[str, ...] = ()) -> Platform:
    """Return a platform with common aliases resolved: `aarch64` is `arm64`, `arm64/v8` is `arm64`, `arm` is `arm/v7`."""
    arch = _ARCHITECTURES.get(architecture.lower(), architecture.lower())
    if architecture.lower() == "armhf":
        variant = "v7"
    return Platform(os.lower(), arch, _DEFAULT_VARIANTS.get((arch, variant), variant), os_version, features)


def parse_os_version(text: str) -> str:
    """Return `ltsc2022`, `23H2`, `20348`, `10.0.20348` or `10.0.20348.587` as `10.0.BUILD[.REVISION]`.

    Raises InvalidPlatform for a name that is not in the facts.
    """
    if _VERSION.fullmatch(text):
        return text
    build = build_named(text)
    if build is None:
        raise InvalidPlatform(
            f"{text!r} is not a Windows release: write ltsc2022, 23H2, ltsc2025 or a build such as 10.0.20348"
        )
    return f"10.0.{build}"


@cache
def parse_platform(text: str) -> Platform:
    """Parse any of the three syntaxes. Raises InvalidPlatform with the reason."""
    version, rest = "", text.strip()
    features: tuple[str, ...] = ()
    if match := _CONTAINERD.fullmatch(rest):
        version, rest = match["version"], f"{match['os']}/{match['rest']}"
        features = tuple(part for part in match["features"].split("+") if part)
    elif "," in rest:
        rest, _, option = rest.partition(",")
        key, _, version = option.partition("=")
        if key not in {"osver", "osversion"}:
            raise InvalidPlatform(f"{option!r} is not a platform option: only osver=VERSION is supported")
    elif ":" in rest:
        rest, _, version = rest.partition(":")
    parts = rest.split("/")
    if len(parts) not in {2, 3} or not all(_WORD.fullmatch(part) for part in parts):
        raise InvalidPlatform(
            f"{text!r} is not a platform: write os/architecture, such as linux/amd64 or windows/amd64:ltsc2022"
        )
    if version and parts[0] == "windows":
        version = parse_os_version(version)
    return normalise(parts[0], parts[1], parts[2] if len(parts) == 3 else "", version, features)
