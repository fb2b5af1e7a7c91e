"""Microsoft's certificate trust list (authroot.stl): the roots that Windows may download, and their permitted usages.

The file is a PKCS#7 SignedData whose content is the list. A root is identified by its SHA-1; its attributes are CryptoAPI
properties. The list's signature is not verified: the list comes from a package or from the user's disk.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from auditor.pki.der import (
    GENERALIZED_TIME,
    OBJECT_ID,
    OCTETS,
    SEQUENCE,
    SET,
    UTC_TIME,
    Element,
    NotDer,
    dotted,
    elements,
)
from auditor.pki.path_rules import ANY_USAGE, SERVER_AUTH
from auditor.text import printable

MAX_LIST = 8 * 1024 * 1024
MAX_SUBJECTS = 20_000
TRUST_LIST = "1.3.6.1.4.1.311.10.1"
DISALLOWED_LIST = "1.3.6.1.4.1.311.10.3.30"  # szOID_DISALLOWED_LIST
_PROPERTY = "1.3.6.1.4.1.311.10.11."
_EKUS, _NAME, _SHA256, _DISABLED, _DISALLOWED_EKUS, _NOT_BEFORE, _NOT_BEFORE_EKUS = (9, 11, 98, 104, 122, 126, 127)
_EPOCH = datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC)


class NotATrustList(ValueError):
    """The bytes are not a trust list. `str(error)` gives the reason."""


@dataclass(frozen=True, slots=True)
class ListedRoot:
    """A root on the list: hashes in lower-case hex (`sha256` is empty if not stated), and its permitted usages.

    `ekus` None means every usage. From `disabled` on the root is not trusted for any usage. Certificates issued at `not_before`
    or later are not trusted for `not_before_ekus` (None: for all usages).
    """

    sha1: str
    sha256: str = ""
    name: str = ""
    ekus: frozenset[str] | None = None
    disallowed_ekus: frozenset[str] = frozenset()
    disabled: datetime.datetime | None = None
    not_before: datetime.datetime | None = None
    not_before_ekus: frozenset[str] | None = None

    def refusal(self, issued: datetime.datetime, at: datetime.datetime) -> str:
        """Return why Windows rejects this root for a TLS server certificate issued that day, or an empty string."""
        if self.disabled is not None and at >= self.disabled:
            return f"Microsoft disabled it on {self.disabled.date()}"
        if self.ekus is not None and not {SERVER_AUTH, ANY_USAGE} & self.ekus:
            return "Microsoft's list includes it, but not for TLS servers"
        if SERVER_AUTH in self.disallowed_ekus:
            return "Microsoft's list disallows it for TLS servers"
        applies = self.not_before_ekus is None or SERVER_AUTH in self.not_before_ekus
        if self.not_before is not None and applies and issued >= self.not_before:
            return f"Microsoft's list rejects certificates that it issued since {self.not_before.date()}"
        return ""


@dataclass(frozen=True, slots=True)
class TrustList:
    """A list: its entries by identifier (SHA-1 of a root), its creation time, and the problems.

    `is_disallowed`: the entries are certificates that Windows rejects (disallowedcert.stl).
    """

    roots: Mapping[str, ListedRoot]
    made: datetime.datetime | None = None
    problems: tuple[str, ...] = ()
    is_disallowed: bool = False


def is_trust_list(data: bytes) -> bool:
    """Return whether the bytes start like a trust list."""
    return b"\x2b\x06\x01\x04\x01\x82\x37\x0a\x01" in data[:128]


def read_trust_list(data: bytes) -> TrustList:
    """Parse authroot.stl or a similar list. Raises NotATrustList; a bad entry only adds a problem."""
    if len(data) > MAX_LIST:
        raise NotATrustList(f"{len(data):,} bytes, more than {MAX_LIST:,}")
    try:
        fields = list(_content(data).children)
        # Before the roots: version, subjectUsage, listIdentifier, sequenceNumber, thisUpdate, nextUpdate, subjectAlgorithm.
        made = next((field for field in fields if field.tag in {UTC_TIME, GENERALIZED_TIME}), None)
        # usage, algorithm, roots; a list without roots lacks the third
        usage, _algorithm, *rest = [field for field in fields if field.tag == SEQUENCE]
        usages = {dotted(one.only(OBJECT_ID).content) for one in usage.children}
        found = _with_roots(rest[0] if rest else Element(SEQUENCE, b""), _moment(made))
        return replace(found, is_disallowed=DISALLOWED_LIST in usages)
    except ValueError as error:  # NotDer, or too few sequences
        raise NotATrustList(f"not a certificate trust list: {error}") from error


def _content(data: bytes) -> Element:
    outer = _child(_first(data), 1)
    signed = _first(outer.content)
    content = _child(signed, 2)
    parts = list(content.only(SEQUENCE).children)
    if len(parts) != 2 or dotted(parts[0].only(OBJECT_ID).content) != TRUST_LIST:
        raise NotDer("its content has another type")
    return _first(parts[1].content).only(SEQUENCE)


def _first(data: bytes) -> Element:
    found = next(elements(data), None)
    if found is None:
        raise NotDer("it is empty")
    return found


def _child(element: Element, index: int) -> Element:
    for number, child in enumerate(element.only(SEQUENCE).children):
        if number == index:
            return child
    raise NotDer("it is too short")


def _with_roots(subjects: Element, made: datetime.datetime | None) -> TrustList:
    roots: dict[str, ListedRoot] = {}
    problems: list[str] = []
    for number, subject in enumerate(subjects.children, start=1):
        if number > MAX_SUBJECTS:
            problems.append(f"only the first {MAX_SUBJECTS:,} roots were read")
            break
        try:
            listed = _listed(subject)
        except (NotDer, OverflowError) as error:
            problems.append(f"root {number} of the list: {error}")
        else:
            roots[listed.sha1] = listed
    return TrustList(roots, made, tuple(problems[:100]))


def _listed(subject: Element) -> ListedRoot:
    identifier = _child(subject, 0).only(OCTETS).content
    attributes = next((part for part in subject.children if part.tag == SET), Element(SET, b""))
    return limits_of(identifier.hex(), dict(_attributes(attributes)))


def limits_of(sha1: str, given: Mapping[int, bytes]) -> ListedRoot:
    """Return the limits in the CryptoAPI properties of a root, by property id. Raises NotDer or OverflowError."""
    return ListedRoot(
        sha1=sha1,
        sha256=given.get(_SHA256, b"").hex(),
        name=printable(given.get(_NAME, b"").decode("utf-16-le", errors="replace").rstrip("\0")),
        ekus=_usages(given.get(_EKUS)),
        disallowed_ekus=_usages(given.get(_DISALLOWED_EKUS)) or frozenset(),
        disabled=_file_time(given.get(_DISABLED)),
        not_before=_file_time(given.get(_NOT_BEFORE)),
        not_before_ekus=_usages(given.get(_NOT_BEFORE_EKUS)),
    )


def _attributes(attributes: Element) -> Iterator[tuple[int, bytes]]:
    for attribute in attributes.children:
        oid = dotted(_child(attribute, 0).only(OBJECT_ID).content)
        if oid.startswith(_PROPERTY) and (number := oid.removeprefix(_PROPERTY)).isdigit():
            yield int(number), _first(_child(attribute, 1).only(SET).content).only(OCTETS).content


def _usages(value: bytes | None) -> frozenset[str] | None:
    if value is None:
        return None
    return frozenset(dotted(usage.only(OBJECT_ID).content) for usage in _first(value).only(SEQUENCE).children)


def _file_time(value: bytes | None) -> datetime.datetime | None:
    if not value:
        return None  # empty times are common in lists and mean no limit
    if len(value) != 8:
        raise NotDer("a time field has the wrong size")
    return _EPOCH + datetime.timedelta(microseconds=int.from_bytes(value, "little") // 10)


def _moment(element: Element | None) -> datetime.datetime | None:
    if element is None:
        return None
    form = "%y%m%d%H%M%SZ" if element.tag == UTC_TIME else "%Y%m%d%H%M%SZ"
    try:
        return datetime.datetime.strptime(element.content.decode("ascii", errors="replace"), form).replace(tzinfo=datetime.UTC)
    except ValueError:
        return None
