"""containerd: the pause image that the CRI plug-in pulls without a configuration, and the version of `config.toml`."""

from __future__ import annotations

import re
from typing import Final

from tools.facts.model import Image, ReadError
from tools.facts.sources import Source

REPOSITORY: Final = "containerd/containerd"
_UNIX, _WINDOWS = "pkg/cri/config/config_unix.go", "pkg/cri/config/config_windows.go"
_COMMON, _VERSION = "internal/cri/config/config.go", "version/version.go"
_OLD_VERSION: Final = "services/server/config/config.go"
PATHS: Final = (_UNIX, _WINDOWS, _COMMON, _VERSION)
RELEASES: Final = re.compile(r"v(?:1\.[5-9]|[2-9]\.\d+)\.\d+", re.ASCII)

_SANDBOX = re.compile(r'(?:SandboxImage:\s*|DefaultSandboxImage\s*=\s*)"([\w./-]+):([\w.-]+)"')
_CONFIG = re.compile(r"^const ConfigVersion = (\d+)$", re.MULTILINE)


def read(source: Source, tag: str) -> tuple[Image, ...]:
    """Return the pause image for Linux and Windows. Raises ReadError if a release does not state it."""
    common = source.text(tag, _COMMON)
    texts = {"linux": common or source.text(tag, _UNIX), "windows": common or source.text(tag, _WINDOWS)}
    return tuple(_pause(text, os) for os, text in texts.items())


def _pause(text: str | None, os: str) -> Image:
    match = _SANDBOX.search(text or "")
    if match is None:
        raise ReadError(f"{_UNIX}, {_COMMON}: no sandbox image for {os}")
    return Image(match[1], match[2], "pause", "pulled", os)


def settings(source: Source, tag: str) -> dict[str, str]:
    """Return the newest version of `config.toml` that a release reads: 2 before `version.ConfigVersion` came."""
    match = _CONFIG.search(source.text(tag, _VERSION) or "")
    return {"config-version": match[1] if match is not None else "2"}
