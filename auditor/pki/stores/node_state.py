"""What one Windows node knows: the limits in its stores, its lists of roots, and its settings, from the dump of the node.

A node that lost its connection in 2024 has Microsoft's lists of 2024. It cannot know a distrust date of 2025, so its own lists
decide, not the newest ones. Dumps of the first edition hold none of this; then the packaged list decides.
"""

from __future__ import annotations

import base64
import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from auditor.pki.certificate import Certificate
from auditor.pki.stores.serialized import properties
from auditor.pki.stores.trust_list import MAX_LIST, ListedRoot, NotATrustList, TrustList, limits_of, read_trust_list
from auditor.text import printable

MAX_BLOBS = 20_000
MAX_NAMES = 1_000
_MAX_BLOB = 2 * 1024 * 1024
Note = Callable[[str], None]
Setting = str | int | bool


@dataclass(frozen=True, slots=True)
class NodeState:
    """The state of a node. `limits` are store properties by SHA-1; a list is None if the node has none, or it is unknown.

    `is_domain_member` is None if unknown. `protocols` maps `TLS 1.3\\Client` to whether the registry enables it; a protocol
    without an entry has the default of the build.
    """

    windows: str = ""
    taken: datetime.datetime | None = None
    limits: Mapping[str, ListedRoot] = field(default_factory=lambda: MappingProxyType({}))
    trusted: TrustList | None = None
    disallowed: TrustList | None = None
    is_domain_member: bool | None = None
    chain_engine: Mapping[str, Setting] = field(default_factory=lambda: MappingProxyType({}))
    protocols: Mapping[str, bool] = field(default_factory=lambda: MappingProxyType({}))
    suites: tuple[str, ...] = ()
    curves: tuple[str, ...] = ()

    def refusal(self, anchor: Certificate, issued: datetime.datetime, at: datetime.datetime, newest: TrustList) -> str:
        """Return why this node rejects a root for a TLS server certificate issued that day, or an empty string.

        `newest` is the packaged list, for a node whose own list is unknown.
        """
        own = self.limits.get(anchor.sha1)
        if own is not None and (why := own.refusal(issued, at)):
            return f"{why}, by the properties of the node's store"
        listed = (self.trusted or newest).roots.get(anchor.sha1)
        if listed is None or listed.sha256 not in {"", anchor.sha256}:
            return ""
        why = listed.refusal(issued, at)
        return f"{why}, by the node's list of {_day(self.trusted)}" if why and self.trusted is not None else why

    def rejects(self, certificate: Certificate) -> str:
        """Return why the node's list of disallowed certificates rejects a certificate, or an empty string."""
        if self.disallowed is None or not set(_identifiers(certificate)) & set(self.disallowed.roots):
            return ""
        return f"it is on the node's list of disallowed certificates of {_day(self.disallowed)}"


def _day(found: TrustList | None) -> str:
    return found.made.date().isoformat() if found is not None and found.made is not None else "an unknown date"


def _identifiers(certificate: Certificate) -> Iterator[str]:
    """Yield the hashes by which a list may name a certificate: of the certificate, its signed part and its key."""
    yield from (certificate.sha1, certificate.sha256, certificate.key_digest.hex())


def read_state(document: Mapping[str, object], note: Note) -> NodeState | None:
    """Return the state in a dump, or None if the dump is of the first edition. `note` receives each problem."""
    if not isinstance(document.get("state"), dict):
        return None
    state = document["state"]
    assert isinstance(state, dict)  # noqa: S101 - for the type checker
    return NodeState(
        windows=_text(document.get("windows"), 40),
        taken=moment(document.get("taken")),
        limits=MappingProxyType(dict(_limits(state.get("properties"), note))),
        trusted=_list(state.get("EncodedCtl"), "EncodedCtl", note),
        disallowed=_list(state.get("DisallowedCertEncodedCtl"), "DisallowedCertEncodedCtl", note),
        is_domain_member=_flag(state.get("domain_member")),
        chain_engine=MappingProxyType(dict(_settings(state.get("chain_engine")))),
        protocols=MappingProxyType({name: bool(on) for name, on in _settings(state.get("protocols"))}),
        suites=_names(state.get("cipher_suites")),
        curves=_names(state.get("curves")),
    )


def _limits(blobs: object, note: Note) -> Iterator[tuple[str, ListedRoot]]:
    """Yield the limits of each certificate with any, from the registry values `Blob` by SHA-1."""
    for number, (sha1, blob) in enumerate(blobs.items() if isinstance(blobs, dict) else ()):
        if number >= MAX_BLOBS:
            note(f"only the properties of the first {MAX_BLOBS:,} certificates were read")
            return
        try:
            found = limits_of(str(sha1).lower(), properties(_decoded(blob, _MAX_BLOB)))
        except (ValueError, OverflowError) as error:
            note(f"properties of {printable(str(sha1), 40)}: {printable(str(error), 200)}")
            continue
        if found != ListedRoot(found.sha1, found.sha256, found.name):
            yield found.sha1, found


def _list(encoded: object, name: str, note: Note) -> TrustList | None:
    if encoded is None:
        return None
    try:
        found = read_trust_list(_decoded(encoded, MAX_LIST))
    except (NotATrustList, ValueError) as error:
        note(f"{name}: {printable(str(error), 200)}")
        return None
    for problem in found.problems[:1]:
        note(f"{name}: {problem}")
    return found


def _decoded(value: object, most: int) -> bytes:
    if not isinstance(value, str):
        raise ValueError("not base64 text")  # noqa: TRY004 - a problem of the file, like the others
    if len(value) > most * 2:
        raise ValueError(f"more than {most:,} bytes")
    return base64.b64decode(value, validate=True)


def _settings(found: object) -> Iterator[tuple[str, Setting]]:
    for number, (name, value) in enumerate(found.items() if isinstance(found, dict) else ()):
        if number >= MAX_NAMES:
            return
        if isinstance(value, str | int | bool):
            yield _text(name, 200), _text(value, 300) if isinstance(value, str) else value


def _names(found: object) -> tuple[str, ...]:
    names = found if isinstance(found, list) else [found]
    return tuple(_text(name, 100) for name in names[:MAX_NAMES] if isinstance(name, str))


def _text(value: object, most: int) -> str:
    return printable(value, most) if isinstance(value, str) else ""


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def moment(text: object) -> datetime.datetime | None:
    """Return the time that .NET writes in the format `o`, or None. Python accepts six of its seven fractional digits."""
    if not isinstance(text, str):
        return None
    head, dot, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    try:
        found = datetime.datetime.fromisoformat(f"{head}{dot}{digits[:6]}{rest[len(digits) :]}")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)
