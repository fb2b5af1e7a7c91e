"""The field types of the plan's edge: what a value may look like in YAML, and what it becomes."""

from __future__ import annotations

import datetime
import ipaddress
import re
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema

from auditor.oci.platform import InvalidPlatform, Platform, parse_platform
from auditor.plan.model import Program
from auditor.plan.paths import normal
from auditor.plan.units import parse_duration, parse_program, parse_rate, parse_size

_LABELS = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*", re.IGNORECASE)
_HOST_PORT = re.compile(r"(?P<host>\[[0-9a-fA-F:]+\]|[^:\s/]+)(?::(?P<port>\d{1,5}))?")
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")
FILESYSTEMS = ("exfat", "ext4", "fat32", "ntfs", "xfs", "iso9660", "udf")
ROOT_UPDATES = "enabled, disabled, file://server/share or http://mirror"


def split_host_port(text: str) -> tuple[str, int | None]:
    """`host:port` as host (without brackets) and port, None when there is none. Raises ValueError."""
    if "://" in text:
        raise ValueError(f"{text!r} is a URL: write host:port without a scheme")
    match = _HOST_PORT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no host:port")
    host, port = match["host"], match["port"]
    if host.startswith("["):
        host = str(ipaddress.IPv6Address(host[1:-1]))
    elif _LABELS.fullmatch(host) is None:
        raise ValueError(f"{host!r} is no host name")
    if port is not None and not 0 < int(port) < 65536:
        raise ValueError(f"{port} is no port: ports go from 1 to 65535")
    return host, int(port) if port is not None else None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"text is needed, not {value!r}: put it in quotes")  # noqa: TRY004 - as pydantic wants it
    if not value.strip():
        raise ValueError("this is empty")
    if _FORBIDDEN.search(value):
        raise ValueError("control characters do not belong here")
    return value


def _date(value: object) -> datetime.date:
    try:
        found = datetime.date.fromisoformat(_text(value))
    except ValueError as error:
        raise ValueError(f"{value!r} is no date: write it as 2027-06-30") from error
    if not 2000 <= found.year <= 2200:
        raise ValueError(f"{value!r} is no year to plan for")
    return found


def node_platform(text: str) -> Platform:
    """The platform of nodes: Linux, or Windows with a build. Raises ValueError."""
    try:
        platform = parse_platform(text)
    except InvalidPlatform as error:
        raise ValueError(str(error)) from error
    if platform.os not in {"linux", "windows"}:
        raise ValueError(f"{text!r}: Kubernetes nodes run linux or windows, not {platform.os}")
    if platform.os == "windows" and not platform.os_version:
        raise ValueError(f"{text!r} lacks the Windows build: write windows/{platform.architecture}:ltsc2022 or :10.0.20348")
    return platform


def _platform(value: object) -> Platform:
    return node_platform(_text(value))


def _host(value: object) -> str:
    text = _text(value)
    split_host_port(text)
    return text


def _program(value: object) -> Program:
    return parse_program(_text(value))


def _rate(value: object) -> int:
    return parse_rate(_text(value))


def _duration(value: object) -> int:
    return parse_duration(_text(value))


def _root_updates(value: object) -> str:
    text = _text(value)
    if text in {"enabled", "disabled"} or text.startswith(("file://", "http://")):
        return text
    raise ValueError(f"{text!r} is not understood: write {ROOT_UPDATES}")


def _reachable(value: object) -> str:
    text = _text(value)
    if "://" in text:
        raise ValueError(f"{text!r} is a URL: write a host pattern such as *.plant7.local, or a network such as 10.0.0.0/8")
    if "/" in text:
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError as error:
            raise ValueError(f"{text!r} is no network: write it as 10.0.0.0/8") from error
    return text


def _filesystem(value: object) -> str:
    text = _text(value).lower()
    if text not in FILESYSTEMS:
        raise ValueError(f"{text!r} is no filesystem that is known here: {', '.join(FILESYSTEMS)}")
    return text


_STRING = {"type": "string"}

Text = Annotated[str, BeforeValidator(_text), WithJsonSchema(_STRING)]
Size = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["200GB", "64GiB"], "description": "SI or IEC units"}),
]
Rate = Annotated[int, BeforeValidator(_rate), WithJsonSchema({**_STRING, "examples": ["400Mbit/s", "50MB/s"]})]
Duration = Annotated[int, BeforeValidator(_duration), WithJsonSchema({**_STRING, "examples": ["4h", "1h30m"]})]
Date = Annotated[datetime.date, BeforeValidator(_date), WithJsonSchema({**_STRING, "format": "date"})]
PlatformText = Annotated[
    Platform, BeforeValidator(_platform), WithJsonSchema({**_STRING, "examples": ["linux/amd64", "windows/amd64:ltsc2022"]})
]
ProgramText = Annotated[Program, BeforeValidator(_program), WithJsonSchema({**_STRING, "examples": ["containerd 2.1.6"]})]
Host = Annotated[str, BeforeValidator(_host), WithJsonSchema({**_STRING, "examples": ["registry.plant7.local:5000"]})]
RootUpdates = Annotated[str, BeforeValidator(_root_updates), WithJsonSchema({**_STRING, "description": ROOT_UPDATES})]
Reachable = Annotated[str, BeforeValidator(_reachable), WithJsonSchema({**_STRING, "examples": ["*.plant7.local"]})]
Filesystem = Annotated[str, BeforeValidator(_filesystem), WithJsonSchema({**_STRING, "enum": list(FILESYSTEMS)})]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
CheckId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]


def _path(value: object) -> str:
    return normal(_text(value))


FilePath = Annotated[str, BeforeValidator(_path), WithJsonSchema(_STRING)]
Paths = tuple[FilePath, ...]
