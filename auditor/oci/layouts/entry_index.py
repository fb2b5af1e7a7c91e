"""The entries of an archive by name. Links are followed, but never out of the archive."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditor.oci.defects import Defect, Unusable
from auditor.oci.layouts.entries import Entry
from auditor.oci.layouts.findings import Findings
from auditor.oci.tar import MAX_NAME, EntryKind

_MAX_LINKS = 40  # the limit of Linux


def normal(path: str) -> str | None:
    """Return the path without `.`, `..` and double slashes, or None if it is absolute or points outside the archive."""
    if path.startswith("/"):
        return None
    clean = posixpath.normpath(path)
    if clean == ".." or clean.startswith("../"):
        return None
    return "" if clean == "." else clean


def _inside(path: str) -> str:
    """Return the location of a name that points outside, with the leading part removed as some readers do."""
    return posixpath.normpath(f"/{path}").lstrip("/")


@dataclass(frozen=True, slots=True)
class EntryIndex:
    """Entries by normalised name. `outside` maps absolute and escaping names, by normalised form, to the stored name."""

    entries: Mapping[str, Entry]
    outside: Mapping[str, str]
    links: frozenset[str]

    def find(self, path: str) -> Entry:
        """Return the file behind a name. Raises Unusable if it is missing, or if links escape or form a loop."""
        place, left = path, _MAX_LINKS
        while True:
            clean = normal(place)
            if clean is None or len(place) > MAX_NAME:
                raise Unusable(path, Defect.ESCAPES, f"points outside the archive: {place}")
            link = self._link_in(clean)
            if not link:
                return self._file(path, clean)
            if not left:
                raise Unusable(path, Defect.ESCAPES, "links form a loop")
            left -= 1
            place = self._behind(link) + clean[len(link) :]

    def has(self, path: str) -> bool:
        """Return whether an entry of this name exists, usable or not."""
        return path in self.entries

    def body(self, path: str) -> bytes | None:
        """Return the bytes of a small document, or None if it cannot be read."""
        try:
            return self.find(path).body
        except Unusable:
            return None

    def _link_in(self, path: str) -> str:
        """Return the first link on the path: the name itself, or a parent folder."""
        if not self.links:
            return ""
        end = path.find("/")
        while end >= 0:
            if path[:end] in self.links:
                return path[:end]
            end = path.find("/", end + 1)
        return path if path in self.links else ""

    def _behind(self, link: str) -> str:
        entry = self.entries[link]
        if entry.kind is EntryKind.HARDLINK or entry.target.startswith("/"):
            return entry.target
        return posixpath.join(posixpath.dirname(link), entry.target)

    def _file(self, asked: str, name: str) -> Entry:
        entry = self.entries.get(name)
        if entry is None:
            if name in self.outside:
                raise Unusable(
                    asked, Defect.ESCAPES, f"is stored under a name that points outside the archive: {self.outside[name]}"
                )
            via = "" if name == asked else f": {name}"
            raise Unusable(asked, Defect.MISSING, f"is not in the archive{via}")
        if entry.kind is not EntryKind.FILE:
            what = entry.why or f"is a {entry.kind.value}, not a file"
            raise Unusable(asked, entry.defect or Defect.UNSUPPORTED, what)
        if not entry.digest:
            raise Unusable(asked, entry.defect or Defect.TRUNCATED, entry.why or "could not be read completely")
        return entry


def gather(entries: Iterable[Entry], findings: Findings) -> EntryIndex:
    """Index entries by name. The last entry of a name wins, as when a tar is unpacked.

    Two different entries of one name are a problem. Each name or link that points outside is a problem too, even if no image
    needs it: skopeo (`oci-archive:`) and `docker load` reject the whole archive.
    """
    named: dict[str, Entry] = {}
    outside: dict[str, str] = {}
    for entry in entries:
        clean = normal(entry.name)
        if clean is None:
            outside[_inside(entry.name)] = entry.name
            how = "is absolute" if entry.name.startswith("/") else "points outside the archive"
            findings.add(entry.name, Defect.ESCAPES, f"the entry's name {how}")
            continue
        if "\\" in entry.name and (normal(entry.name.replace("\\", "/")) is None or entry.name[1:2] == ":"):
            findings.add(entry.name, Defect.ESCAPES, "the entry's name points outside the archive on Windows")
        before = named.get(clean)
        if before is not None and not _alike(before, entry):
            findings.add(clean, Defect.DUPLICATE, _two(before, entry))
        if clean:
            named[clean] = entry
    links = frozenset(name for name, entry in named.items() if entry.is_link)
    for name in sorted(links):
        _check_link(name, named, findings)
    return EntryIndex(named, outside, links)


def _check_link(name: str, named: Mapping[str, Entry], findings: Findings) -> None:
    """Record a link that cannot be unpacked. A dangling symbolic link can be unpacked."""
    entry = named[name]
    is_hard = entry.kind is EntryKind.HARDLINK
    place = entry.target if is_hard else posixpath.join(posixpath.dirname(name), entry.target)
    target = normal(place)
    if target is None:
        findings.add(name, Defect.ESCAPES, f"is a link that points outside the archive: {entry.target}")
    elif is_hard and target not in named:
        findings.add(name, Defect.MISSING, f"is a hard link to an entry that is not in the archive: {entry.target}")


def _alike(one: Entry, other: Entry) -> bool:
    if EntryKind.FOLDER is one.kind is other.kind:
        return True
    return (one.kind, one.size, one.digest, one.target) == (other.kind, other.size, other.digest, other.target)


def _two(first: Entry, last: Entry) -> str:
    return (
        f"the first is {_described(first)}, the last {_described(last)}. `docker load` and skopeo's `oci-archive:` use the "
        "last, crane and skopeo's `docker-archive:` the first"
    )


def _described(entry: Entry) -> str:
    if entry.kind is not EntryKind.FILE:
        return f"a {entry.kind.value}" + (f" to {entry.target}" if entry.target else "")
    return entry.digest or f"{entry.size:,} bytes that cannot be read completely"
