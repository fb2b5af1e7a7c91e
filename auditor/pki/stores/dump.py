r"""The trust of a Windows machine as JSON: the dump of `windows-trust.ps1`, or `Get-ChildItem Cert:\\… | ConvertTo-Json`.

Only a dump with both `Root` and `AuthRoot` shows that a root is *not* on the machine. Windows also trusts the roots in
`AuthRoot`, which a listing of `Root` may omit.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from types import MappingProxyType
from typing import Any

import msgspec

from auditor.pki.certificate import Certificate, UnreadableCertificate, parse_certificate
from auditor.pki.stores.node_state import NodeState, moment, read_state
from auditor.text import printable

FORMAT = "airgap-auditor windows-trust 1"
ROOT, AUTH_ROOT, INTERMEDIATE, DISALLOWED = "Root", "AuthRoot", "CA", "Disallowed"
_NAMES = {name.lower(): name for name in (ROOT, AUTH_ROOT, INTERMEDIATE, DISALLOWED)}
MAX_ENTRIES = 20_000
MAX_PROBLEMS = 100
_THUMBPRINT = re.compile(r"[0-9a-fA-F]{40}")


@dataclass(frozen=True, slots=True)
class RootUpdates:
    """The root update settings in a machine's registry. `synced` is the last update, or None if never or unknown.

    `setting` uses the values of the plan: `enabled`, `disabled`, or the redirection URL.
    """

    setting: str
    synced: datetime.datetime | None = None


@dataclass(frozen=True, slots=True)
class Dump:
    """The stores of a machine by name, and the problems.

    `updates` is None if the dump does not include the settings, `state` if it is of the first edition.
    """

    stores: Mapping[str, tuple[Certificate, ...]] = field(default_factory=lambda: MappingProxyType({}))
    computer: str = ""
    updates: RootUpdates | None = None
    problems: tuple[str, ...] = ()
    state: NodeState | None = None

    @property
    def proves_absence(self) -> bool:
        """Return whether a root in none of its stores is not on the machine."""
        return {ROOT, AUTH_ROOT} <= set(self.stores) and not self.problems

    def certificates(self, *names: str) -> tuple[Certificate, ...]:
        """Return the certificates of some stores, without duplicates."""
        return tuple(dict.fromkeys(one for name in names for one in self.stores.get(name, ())))


def dump_script() -> str:
    """Return the PowerShell script that writes such a dump."""
    return resources.files(__package__).joinpath("windows-trust.ps1").read_text(encoding="utf-8")


def looks_like_json(data: bytes) -> bool:
    """Return whether the bytes start like a JSON object or list."""
    return data.lstrip()[:1] in {b"{", b"["}


def read_dump(data: bytes, known: Mapping[str, Certificate] = MappingProxyType({})) -> Dump:
    """Parse a dump from UTF-8 JSON. Never raises: unreadable parts are listed in `problems`.

    A certificate given only by thumbprint is taken from `known`, by SHA-1 in lower-case hex.
    """
    try:
        document = msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError, ValueError) as error:
        return Dump(problems=(f"not JSON: {printable(str(error), 200)}",))
    reader = _Reader(known)
    if isinstance(document, dict) and "stores" in document:
        return reader.own(document)
    return reader.listing(document)


class _Reader:
    def __init__(self, known: Mapping[str, Certificate]) -> None:
        self._known = known
        self._problems: list[str] = []
        self._left = MAX_ENTRIES

    def own(self, document: dict[str, Any]) -> Dump:
        if document.get("format") != FORMAT:
            said = printable(str(document.get("format")), 60)
            return Dump(problems=(f"its format is {said}; expected {FORMAT}",))
        stores = document["stores"]
        if not isinstance(stores, dict):
            return Dump(problems=("`stores` is not a mapping",))
        found = {_NAMES[str(name).lower()]: self._all(items) for name, items in stores.items() if str(name).lower() in _NAMES}
        updates = self._updates(document.get("root_updates"))
        state = read_state(document, self._note)
        return self._made(found, printable(str(document.get("computer") or ""), 80), updates, state)

    def listing(self, document: object) -> Dump:
        """Read the output of `Get-ChildItem Cert:\\LocalMachine\\… | ConvertTo-Json`; a certificate without a path counts as
        `Root`.
        """
        found: dict[str, list[Certificate]] = {}
        for entry in _flat(document):
            if not isinstance(entry, dict) or not {"RawData", "Thumbprint"} & set(entry):
                self._note("an entry is not a certificate: RawData or Thumbprint is required")
                continue
            place = str(entry.get("PSParentPath") or "").replace("/", "\\").rpartition("\\")[2].lower()
            if (certificate := self._one(entry)) is not None:
                found.setdefault(_NAMES.get(place, ROOT), []).append(certificate)
        if not found and not self._problems:
            self._note("it contains no certificate")
        return self._made({name: tuple(each) for name, each in found.items()}, "", None)

    def _made(
        self,
        found: dict[str, tuple[Certificate, ...]],
        computer: str,
        updates: RootUpdates | None,
        state: NodeState | None = None,
    ) -> Dump:
        return Dump(MappingProxyType(found), computer, updates, tuple(self._problems), state)

    def _note(self, problem: str) -> None:
        if len(self._problems) < MAX_PROBLEMS:
            self._problems.append(problem)

    def _all(self, items: object) -> tuple[Certificate, ...]:
        return tuple(found for item in _flat(items) if (found := self._one(item)) is not None)

    def _one(self, item: object) -> Certificate | None:
        self._left -= 1
        if self._left < 0:
            if self._left == -1:
                self._note(f"only the first {MAX_ENTRIES:,} certificates were read")
            return None
        try:
            return self._certificate(item)
        except (UnreadableCertificate, binascii.Error, ValueError, TypeError) as error:
            self._note(f"certificate {MAX_ENTRIES - self._left}: {printable(str(error), 200)}")
            return None

    def _certificate(self, item: object) -> Certificate:
        raw = item.get("RawData") if isinstance(item, dict) else item
        if isinstance(raw, str):
            return parse_certificate(base64.b64decode("".join(raw.split()), validate=True))
        if isinstance(raw, list):
            return parse_certificate(bytes(raw))
        thumbprint = item.get("Thumbprint") if isinstance(item, dict) else None
        if isinstance(thumbprint, str) and _THUMBPRINT.fullmatch(thumbprint):
            if thumbprint.lower() in self._known:
                return self._known[thumbprint.lower()]
            raise ValueError(f"it has only the thumbprint {thumbprint}, which is not a public root: RawData is required")
        raise ValueError("it has no RawData")

    def _updates(self, probe: object) -> RootUpdates | None:
        if not isinstance(probe, dict):
            return None
        url = probe.get("RootDirUrl")
        setting = printable(url, 300) if isinstance(url, str) and url else "enabled"
        if probe.get("DisableRootAutoUpdate") == 1:
            setting = "disabled"  # Windows does not contact a mirror either
        return RootUpdates(setting, moment(probe.get("LastSyncTime")))


def _flat(items: object) -> Iterator[object]:
    """Yield the items of a list. PowerShell unwraps lists of one item, so any other value counts as its only item."""
    if isinstance(items, list):
        yield from items
    elif items is not None:
        yield items
