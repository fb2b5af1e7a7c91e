"""The plan's image lists with a digest at each reference. Everything else in the files stays: comments, order, line ends.

A list is written only if its importer reads the same entries from it, each with the observed digest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from auditor.fix.errands import errands
from auditor.fix.fix_files import Written, file_name
from auditor.fix.lists import pins_of
from auditor.needs.resolve import resolve_needs
from auditor.oci.reference import Reference
from auditor.plan.plan_paths import is_inside, normal, shown_path
from auditor.readers.model import ListLine
from auditor.site import Site
from auditor.text import many

_BOM = "\ufeff"
_LINE_END = re.compile(r"(\r\n|\n|\r)")

NOT_OBSERVED = "its digest was not observed at the source"
COPY_CHANGES = "the planned copy can give it another digest"
NOT_IN_ONE_PIECE = "the list does not state the reference in one piece"
REREAD = "with a digest, the list would not be read as before"
NOT_TEXT = "the list is not UTF-8 text"


@dataclass(frozen=True, slots=True)
class Unpinned:
    """A list line that stays as it is, and the reason."""

    line: ListLine
    reason: str


@dataclass(frozen=True, slots=True)
class Pinning:
    """The new lists, and the lines that stay without a digest."""

    files: tuple[Written, ...]
    left: tuple[Unpinned, ...]


def pinned_lists(site: Site) -> Pinning:
    """Return each list file that can get at least one digest."""
    by_file: dict[str, list[ListLine]] = {}
    for line in site.needs.lines:
        if line.reference is not None and not line.reference.digest and not line.digest:
            by_file.setdefault(line.location.file, []).append(line)
    carried = errands(site)[0] if site.plan.registry is not None else ()
    wanted = (line.reference for lines in by_file.values() for line in lines if line.reference is not None)
    pins = pins_of(site, dict.fromkeys(wanted), {one.reference: one for one in carried})
    files: list[Written] = []
    left: list[Unpinned] = []
    for name, path in _list_files(site):
        lines = by_file.get(name, [])
        text, kept = _pinned(site, path, lines, pins)
        kept = [replace(one, reason=COPY_CHANGES) if _is_observed(site, one) else one for one in kept]
        left += kept
        if text is not None:
            what = f"{len(lines) - len(kept)} of {many(len(lines), 'unpinned reference')} of {name} pinned"
            files.append(Written(_free_path(path, files), text, what, place=path))
    return Pinning(tuple(files), tuple(left))


def _is_observed(site: Site, one: Unpinned) -> bool:
    """Whether a digest that was not observed for the copy was observed at the source."""
    image = site.source.images.get(one.line.reference) if site.source is not None and one.line.reference is not None else None
    return one.reason == NOT_OBSERVED and image is not None and bool(image.digest)


def _list_files(site: Site) -> Iterator[tuple[str, str]]:
    """Yield the list files of the plan: the name in locations, and the key in `plan.files`."""
    named = [normal(source.list) for source in site.plan.images if source.list]
    for path in site.plan.files:
        if any(is_inside(path, name) for name in named):
            yield shown_path(site.plan.path, path), path


def _pinned(site: Site, path: str, lines: list[ListLine], pins: Mapping[Reference, str]) -> tuple[str | None, list[Unpinned]]:
    """Return the new text of one list, or None without a change, and the lines that stay."""
    try:
        old = site.plan.files[path].decode("utf-8")
    except UnicodeDecodeError:
        return None, [Unpinned(line, NOT_TEXT) for line in lines]
    text, kept = _edited(old, lines, pins)
    if text == old:
        return None, kept
    if not _reads_alike(site, path, text, {id(one.line) for one in kept}, pins):
        return None, [*kept, *(Unpinned(line, REREAD) for line in lines if all(line is not one.line for one in kept))]
    return text, kept


def _edited(text: str, lines: Iterable[ListLine], pins: Mapping[Reference, str]) -> tuple[str, list[Unpinned]]:
    mark = _BOM if text.startswith(_BOM) else ""
    parts = _LINE_END.split(text.removeprefix(_BOM))  # a line and its end alternate
    kept: list[Unpinned] = []
    # From the right, so that the columns of the other references in a line stay valid.
    for line in sorted(lines, key=lambda one: (one.location.line, one.location.column), reverse=True):
        digest = pins.get(line.reference) if line.reference is not None else None
        at = 2 * (line.location.line - 1)
        place = _place(parts[at], line) if line.location.line and at < len(parts) else -1
        if not digest or place < 0:
            kept.append(Unpinned(line, NOT_IN_ONE_PIECE if digest else NOT_OBSERVED))
            continue
        end = place + len(line.text)
        parts[at] = f"{parts[at][:end]}@{digest}{parts[at][end:]}"
    return mark + "".join(parts), kept[::-1]


def _place(row: str, line: ListLine) -> int:
    """Return the offset of the reference in its row, or -1 if it is not there as one word."""
    begin = line.location.column - 1
    for offset in range(max(begin, 0), min(max(begin, 0) + 3, len(row))):  # the column may be that of a quote or a dash
        end = offset + len(line.text)
        if row.startswith(line.text, offset) and row[end : end + 1] in {"", " ", "\t", '"', "'", ",", "]", "}", "#"}:
            return offset
    return -1


def _reads_alike(site: Site, path: str, text: str, kept: set[int], pins: Mapping[Reference, str]) -> bool:
    """Whether the importer reads the same entries from the new text, each with its digest."""
    plan = replace(site.plan, files={**site.plan.files, path: text.encode()})
    name = shown_path(site.plan.path, path)
    before = [line for line in site.needs.lines if line.location.file == name]
    after = [line for line in resolve_needs(plan).lines if line.location.file == name]
    return [_names(line.reference) for line in after] == [_names(_expected(line, kept, pins)) for line in before]


def _expected(line: ListLine, kept: set[int], pins: Mapping[Reference, str]) -> Reference | None:
    if line.reference is None or line.reference.digest or line.digest or id(line) in kept:
        return line.reference
    return replace(line.reference, digest=pins[line.reference])


def _names(reference: Reference | None) -> tuple[str, str, str] | None:
    """Return repository, written tag and digest. A reference with a digest has no implied `latest`."""
    if reference is None:
        return None
    return reference.repository, reference.tag if reference.explicit_tag else "", reference.digest


def _free_path(path: str, files: Iterable[Written]) -> str:
    """Return the list's relative path for the output folder, with safe characters and unlike those of other lists."""
    parts = [file_name(part) for part in PurePosixPath(path).parts if part not in {"/", "..", "."} and not part.endswith(":")]
    safe = PurePosixPath(*parts) if parts else PurePosixPath("list")
    taken = {file.path for file in files}
    number, found = 1, safe
    while str(found) in taken:
        number += 1
        found = safe.with_name(f"{safe.stem}-{number}{safe.suffix}")
    return str(found)
