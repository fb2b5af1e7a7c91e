"""The field types of a plan: what a value may look like in YAML, and what it becomes."""

from __future__ import annotations

import datetime
import ipaddress
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from auditor.oci.platform import Platform
from auditor.plan.areas import REQUIRABLE
from auditor.plan.host_port import split_host_port
from auditor.plan.keys import ValueForm
from auditor.plan.kubernetes_names import MOST_RELEASE, is_label, is_release
from auditor.plan.node_platforms import node_platform
from auditor.plan.parts import ROOT_UPDATES, Program
from auditor.plan.plan_paths import normal
from auditor.plan.secrets import secret_in
from auditor.plan.units import parse_body_size, parse_duration, parse_program, parse_rate, parse_size
from auditor.text import FORBIDDEN, MAX_TEXT, shown

_HOST_GLOB = re.compile(r"[A-Za-z0-9._*?\[\]!-]+")
_PREFIX_PATH = re.compile(r"(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")
_URL_LOGIN = re.compile(r"://[^/\s@:]*+:[^/\s@]*+@")
FILESYSTEMS = ("exfat", "ext4", "fat32", "ntfs", "xfs", "iso9660", "udf")
UNFIT = "unfit_text"  # pydantic's error type for a text that must not be quoted
NOT_TEXT = "not_text"  # pydantic's error type for a number or a switch in place of text


class Misnamed(ValueError):
    """A value that cannot be used as a name, with a hint."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise PydanticCustomError(NOT_TEXT, "expected text")
    if not value.strip():
        raise PydanticCustomError(UNFIT, "it is empty")
    if len(value) > MAX_TEXT:
        raise ValueError(f"{shown(value)} has {len(value):,} characters, which is too long for a plan")
    if FORBIDDEN.search(value):
        raise PydanticCustomError(UNFIT, "control characters are not allowed")
    if _URL_LOGIN.search(value):
        raise PydanticCustomError(
            UNFIT, "a plan may not hold a password in a URL, because evidence and reports include the plan"
        )
    return value


def _options(texts: tuple[str, ...]) -> tuple[str, ...]:
    if secret_in(" ".join(texts).encode()):  # an option and its value may be two items
        raise ValueError(
            "a plan may not hold credentials, because evidence and reports include the plan: log the tool in beforehand"
        )
    return texts


def _date(value: object) -> datetime.date:
    text = _text(value)
    try:
        found = datetime.date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{shown(text)} is not a date: write it as 2027-06-30") from error
    if not 2000 <= found.year <= 2200:
        raise ValueError(f"{shown(text)} is not a year to plan for")
    return found


def _version(value: object) -> int:
    if isinstance(value, bool) or value != 1:
        raise PydanticCustomError("not_version", "is not a known plan version: write version: 1")
    return 1


def _platform(value: object) -> Platform:
    return node_platform(_text(value))


def _host(value: object) -> str:
    text = _text(value)
    split_host_port(text)
    return text


def _prefix(value: object) -> str:
    text = _text(value)
    host, slash, path = text.partition("/")
    split_host_port(text if "://" in text else host)
    if _PREFIX_PATH.fullmatch(slash + path) is None:
        raise ValueError(f"{shown(text)} is not an image prefix: write host/path, such as docker.io or registry.local:5000/hub")
    return text


def _program(value: object) -> Program:
    return parse_program(_text(value))


def _with_unit(value: object) -> object:
    """Return a bare number as text, so that the error message names the missing unit."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _rate(value: object) -> int:
    return parse_rate(_text(_with_unit(value)))


def _duration(value: object) -> int:
    return parse_duration(_text(_with_unit(value)))


def _root_updates(value: object) -> str:
    text = _text(value)
    if text in {"enabled", "disabled"} or text.startswith(("file://", "http://")):
        return text
    raise ValueError(f"{shown(text)} is not valid: write {ROOT_UPDATES}")


def _reachable(value: object) -> str:
    text = _text(value)
    if "://" in text:
        raise ValueError(
            f"{shown(text)} is a URL: write a host pattern such as *.plant7.local, or a network such as 10.0.0.0/8"
        )
    if _HOST_GLOB.fullmatch(text) and not text.startswith("["):
        return text
    try:
        ipaddress.ip_network(text.strip("[]"), strict=False)
    except ValueError as error:
        raise ValueError(
            f"{shown(text)} is neither a network nor a host pattern: write it as 10.0.0.0/8 or *.plant7.local, without a port"
        ) from error
    return text


def _namespace(value: object) -> str:
    text = _text(value)
    if is_label(text):
        return text
    hint = "Use at most 63 lower-case letters, digits and '-', and begin and end with a letter or digit."
    raise Misnamed(f"{shown(text)} is not a valid Kubernetes namespace", hint)


def _release(value: object) -> str:
    text = _text(value)
    if is_release(text):
        return text
    hint = f"Use at most {MOST_RELEASE} lower-case letters, digits, '-' and '.', and begin and end with a letter or digit."
    raise Misnamed(f"{shown(text)} is not a valid Helm release name", hint)


def _filesystem(value: object) -> str:
    text = _text(value).lower()
    if text not in FILESYSTEMS:
        raise ValueError(f"{shown(text)} is not a known filesystem: {', '.join(FILESYSTEMS)}")
    return text


def _area(value: object) -> str:
    text = _text(value)
    if text not in REQUIRABLE:
        expected = ", ".join(f"'{name}'" for name in REQUIRABLE)
        raise PydanticCustomError("literal_error", "is not an area", {"expected": expected})
    return text


_STRING = {"type": "string"}

Text = Annotated[str, BeforeValidator(_text), WithJsonSchema(_STRING)]
Size = Annotated[
    int,
    BeforeValidator(parse_size),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["200GB", "64GiB"]}),
]
BodySize = Annotated[
    int, BeforeValidator(parse_body_size), WithJsonSchema({"type": ["string", "integer"], "examples": ["1g", "500MB", 0]})
]
Rate = Annotated[int, BeforeValidator(_rate), WithJsonSchema({**_STRING, "examples": ["400Mbit/s", "50MB/s"]})]
Duration = Annotated[int, BeforeValidator(_duration), WithJsonSchema({**_STRING, "examples": ["4h", "1h30m"]})]
Date = Annotated[datetime.date, BeforeValidator(_date), WithJsonSchema({**_STRING, "format": "date"})]
PlatformText = Annotated[
    Platform, BeforeValidator(_platform), WithJsonSchema({**_STRING, "examples": ["linux/amd64", "windows/amd64:ltsc2022"]})
]
ProgramText = Annotated[Program, BeforeValidator(_program), WithJsonSchema({**_STRING, "examples": ["containerd 2.1.6"]})]
Host = Annotated[str, BeforeValidator(_host), WithJsonSchema({**_STRING, "examples": ["registry.plant7.local:5000"]})]
RootUpdates = Annotated[str, BeforeValidator(_root_updates), WithJsonSchema(_STRING)]
Namespace = Annotated[str, BeforeValidator(_namespace), WithJsonSchema(_STRING)]
ReleaseName = Annotated[str, BeforeValidator(_release), WithJsonSchema(_STRING)]
Options = Annotated[tuple[Text, ...], AfterValidator(_options)]
Prefix = Annotated[str, BeforeValidator(_prefix), WithJsonSchema({**_STRING, "examples": ["docker.io"]})]
Version = Annotated[int, BeforeValidator(_version), WithJsonSchema({"const": 1})]
Reachable = Annotated[str, BeforeValidator(_reachable), WithJsonSchema({**_STRING, "examples": ["*.plant7.local"]})]
Filesystem = Annotated[str, BeforeValidator(_filesystem), WithJsonSchema({**_STRING, "enum": list(FILESYSTEMS)})]
AreaName = Annotated[str, BeforeValidator(_area), WithJsonSchema({**_STRING, "enum": list(REQUIRABLE)})]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
CheckId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]


def _path(value: object) -> str:
    return normal(_text(value))


FilePath = Annotated[str, BeforeValidator(_path), WithJsonSchema(_STRING)]
Paths = tuple[FilePath, ...]


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


_ONE_OR_MORE = {"anyOf": [_STRING, {"type": "array", "items": _STRING, "minItems": 1}]}
OneOrMorePaths = Annotated[
    tuple[FilePath, ...], Field(min_length=1), BeforeValidator(_one_or_more), WithJsonSchema(_ONE_OR_MORE)
]

# The type that parses and checks each form.
FORMS: dict[ValueForm, Any] = {
    ValueForm.ARCHIVES: Paths,
    ValueForm.AREAS: tuple[AreaName, ...],
    ValueForm.BODY_SIZE: BodySize,
    ValueForm.COUNT: int,
    ValueForm.DATE: Date,
    ValueForm.DURATION: Duration,
    ValueForm.ENDPOINT_KIND: Literal["registry", "api-server", "web"],
    ValueForm.FILE: FilePath,
    ValueForm.FILE_OR_FOLDER: FilePath,
    ValueForm.FILES: Paths,
    ValueForm.FILESYSTEM: Filesystem,
    ValueForm.FLAG: bool,
    ValueForm.HOST: Host,
    ValueForm.IMAGE_LIST: FilePath,
    ValueForm.IMAGE_LISTS: dict[Text, FilePath],
    ValueForm.RELEASE_LISTS: OneOrMorePaths,
    ValueForm.NAME: Name,
    ValueForm.NAMESPACE: Namespace,
    ValueForm.ONLY_FILES: Paths,
    ValueForm.OPTIONS: Options,
    ValueForm.PLATFORM: PlatformText,
    ValueForm.PREFIXES: dict[Prefix, Prefix],
    ValueForm.PROGRAM: ProgramText,
    ValueForm.RATE: Rate,
    ValueForm.REACHABLE: tuple[Reachable, ...],
    ValueForm.REGISTRY_AUTH: Literal["required", "none"],
    ValueForm.RELEASE: ReleaseName,
    ValueForm.RENEWAL: Literal["automatic", "manual"],
    ValueForm.ROOT_UPDATES: RootUpdates,
    ValueForm.SEVERITIES: dict[CheckId, Literal["error", "warning", "info"]],
    ValueForm.SIZE: Size,
    ValueForm.TEXT: Text,
    ValueForm.TEXTS: tuple[Text, ...],
    ValueForm.VERSION: Version,
}
