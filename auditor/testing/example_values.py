"""Values of an example, and the error if one is not valid."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from typing import Any

from auditor.errors import UsageError
from auditor.evidence.model import Kind
from auditor.oci.platform import InvalidPlatform, Platform, parse_platform
from auditor.oci.reference import InvalidReference, Reference, parse_reference

Form = Mapping[str, Any]
_UNITS = {"": 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}


class ExampleError(UsageError):
    """An example does not follow the form of `auditor.testing`. The summary names the value, the hint the valid ones."""


def invalid(what: str, value: object, valid: Iterable[str]) -> ExampleError:
    """Return the error that `value` is not valid for `what`, while these forms are."""
    return ExampleError(f"{value!r} is not valid as {what}", f"Use one of: {', '.join(valid)}.")


def form_of(what: str, value: object, keys: Iterable[str], required: Iterable[str] = ()) -> Form:
    """Return `value` if it is a mapping that has only these keys and all required ones. Raises ExampleError otherwise."""
    if not isinstance(value, dict):
        raise invalid(what, value, [f"a mapping with {', '.join(sorted(keys))}"])
    if unknown := value.keys() - set(keys):
        raise ExampleError(f"{what}: unknown key {min(map(str, unknown))!r}", f"Valid keys: {', '.join(sorted(keys))}.")
    if missing := set(required) - value.keys():
        raise ExampleError(f"{what}: no `{min(missing)}`", f"Add the key `{min(missing)}`.")
    return value


def size_in_bytes(text: str | int) -> int:
    """Return `120MB` in bytes. Raises ExampleError if the text is not a size."""
    match = re.fullmatch(r"(-?[0-9]+) ?([kMG]?B)?", str(text))
    if match is None:
        raise invalid("a size", text, ("500B", "1kB", "120MB", "4GB"))
    return int(match[1]) * _UNITS[match[2] or ""]


def day(text: str | datetime.date) -> datetime.date:
    """Return a date, which YAML may have parsed already. Raises ExampleError if the text is not a date."""
    try:
        return text if isinstance(text, datetime.date) else datetime.date.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise invalid("a date", text, ("2026-11-23",)) from error


def reference_of(text: str) -> Reference:
    """Return the image reference. Raises ExampleError if the text is not one."""
    try:
        return parse_reference(text)
    except InvalidReference as error:
        raise ExampleError(f"{text!r} is not an image reference: {error}", "Write it as in an image list.") from error


def platform_of(text: str) -> Platform:
    """Return the platform. Raises ExampleError if the text is not one."""
    try:
        return parse_platform(text)
    except InvalidPlatform as error:
        raise ExampleError(f"{text!r} is not a platform: {error}", "Write it as in `pools` of a plan.") from error


def kind_of(text: str) -> Kind:
    """Return the kind of a failure. Raises ExampleError if the text is not one."""
    try:
        return Kind(text)
    except ValueError as error:
        raise invalid("the kind of a failure", text, [kind.value for kind in Kind]) from error
