"""Read the fields that the policies of several engines have in common."""

from __future__ import annotations

from auditor.located import Marked
from auditor.net import remote_of

_KEY_SERVICES = frozenset({"awskms", "gcpkms", "azurekms", "hashivault"})


def is_true(value: Marked | None) -> bool:
    """Return whether a field is set to true, also as text."""
    return value is not None and (value.value is True or value.text.strip().lower() == "true")


def is_false(value: Marked | None) -> bool:
    """Return whether a field is set to false, also as text."""
    return value is not None and (value.value is False or value.text.strip().lower() == "false")


def texts(value: Marked | None) -> tuple[str, ...]:
    """Return the texts of a list, or the one text of a scalar."""
    if value is None:
        return ()
    return tuple(item.text for item in value.list if item.text) or ((value.text,) if value.text else ())


def items(value: Marked | None) -> list[Marked]:
    """Return the items of a list; empty if the field is missing."""
    return value.list if value is not None else []


def kms_flags(text: str) -> tuple[str, ...]:
    """Return the flags of a key in a key service: `awskms://…`, `hashivault://…`. A key in a Secret needs no service."""
    scheme, found, _ = text.strip().partition("://")
    return ("kms", f"kms={scheme}") if found and scheme in _KEY_SERVICES else ()


def host_in(url: str) -> str:
    """Return the host of a URL with its port; empty if the text is not a URL with a host."""
    remote = remote_of(url.strip()) if url.strip() else None
    return remote.host if remote is not None else ""
