"""The entries of an archive by name, and the way from a name to the bytes behind it: through links, never out."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditor.oci.defects import Defect, Unusable
from auditor.oci.layouts.entries import Entry
from auditor.oci.layouts.findings import Findings
from auditor.oci.tar import MAX_NAME, EntryKind

_MAX_LINKS = 40  # as Linux allows


def normal(path: str) -> str | None:
    """The path without `.`, `..` and double slashes; None when it is absolute or leads out."""
    if path.startswith("/"):
        return None
    clean = posixpath.normpath(path)
    if clean == ".." or clean.startswith("../"):
        return None
    return "" if clean == "." else clean


def _inside(path: str) -> str:
    """Where a name that leads out would lie if its beginning were cut off, as some readers do."""
    return posixpath.normpath(f"/{path}").lstrip("/")


@dataclass(frozen=True, slots=True)
class Contents:
    """Entries by normal name. `outside` holds the names that are absolute or lead out, by where they would be put."""

    entries: Mapping[str, Entry]
    outside: Mapping[str, str]
    links: frozenset[str]

    def find(self, path: str) -> Entry:
        """The file behind a name. Raises Unusable when there is none, or links lead out or in a circle."""
        place, left = path, _MAX_LINKS
        while True:
            clean = normal(place)
            if clean is None or len(place) > MAX_NAME:
                raise Unusable(path, Defect.ESCAPES, f"leads out of the archive: {place}")
            link = self._link_in(clean)
            if not link:
                return self._file(path, clean)
            if not left:
                raise Unusable(path, Defect.ESCAPES, "links lead in a circle")
            left -= 1
            place = self._behind(link) + clean[len(link) :]

    def has(self, path: str) -> bool:
        """Whether there is an entry of this name, usable or not."""
        return path in self.entries

    def body(self, path: str) -> bytes | None:
        """The bytes of a small document; None when it cannot be had."""
        try:
            return self.find(path).body
        except Unusable:
            return None

    def _link_in(self, path: str) -> str:
        """The first link on the way: the name itself, or a folder before it."""
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
                raise Unusable(asked, Defect.ESCAPES, f"is stored under a name that leads out: {self.outside[name]}")
            via = "" if name == asked else f": {name}"
            raise Unusable(asked, Defect.MISSING, f"is not in the archive{via}")
        if entry.kind is not EntryKind.FILE:
            what = entry.why or f"is a {entry.kind.value}, not a file"
            raise Unusable(asked, entry.defect or Defect.UNSUPPORTED, what)
        if not entry.digest:
            raise Unusable(asked, entry.defect or Defect.TRUNCATED, entry.why or "could not be read whole")
        return entry


def gather(entries: Iterable[Entry], findings: Findings) -> Contents:
    """Put entries under their names. The last of a name counts, as when the archive is unpacked.

    Two different entries of one name are a problem, and so is every name or link that leads out, whether or not an image
    needs it: skopeo (`oci-archive:`) and `docker load` refuse such an archive as a whole.
    """
    named: dict[str, Entry] = {}
    outside: dict[str, str] = {}
    for entry in entries:
        clean = normal(entry.name)
        if clean is None:
            outside[_inside(entry.name)] = entry.name
            how = "is absolute" if entry.name.startswith("/") else "leads out of the archive"
            findings.add(entry.name, Defect.ESCAPES, f"the entry's name {how}")
            continue
        if "\\" in entry.name and (normal(entry.name.replace("\\", "/")) is None or entry.name[1:2] == ":"):
            findings.add(entry.name, Defect.ESCAPES, "the entry's name leads out of the archive on Windows")
        before = named.get(clean)
        if before is not None and not _alike(before, entry):
            findings.add(clean, Defect.DUPLICATE, _two(before, entry))
        if clean:
            named[clean] = entry
    links = frozenset(name for name, entry in named.items() if entry.is_link)
    for name in sorted(links):
        _check_link(name, named, findings)
    return Contents(named, outside, links)


def _check_link(name: str, named: Mapping[str, Entry], findings: Findings) -> None:
    """Note a link that cannot be unpacked. A symbolic link to nothing can be."""
    entry = named[name]
    is_hard = entry.kind is EntryKind.HARDLINK
    place = entry.target if is_hard else posixpath.join(posixpath.dirname(name), entry.target)
    target = normal(place)
    if target is None:
        findings.add(name, Defect.ESCAPES, f"is a link that leads out of the archive: {entry.target}")
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
    return entry.digest or f"{entry.size:,} bytes that cannot be read whole"
