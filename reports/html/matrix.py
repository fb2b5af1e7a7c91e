"""The matrix of images and pools, with the data for filters and groups."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from markupsafe import Markup

from auditor.report import Cell, CellStatus, ImageRow, Report
from auditor.text import format_size, many
from reports import summary
from reports.html import shared
from reports.html.shapes import tone
from reports.standings import ACCEPTED, FOREIGN, FOREIGN_MEANING, MEANINGS

MOST_TITLES = 200  # more groups than this are unreadable
MOST_PULLED = 2_000
NOTHING_WRONG = "no problem"
# What a cell shows, worst first.
WORST_FIRST = (
    CellStatus.ABSENT,
    CellStatus.PLATFORM_ABSENT,
    CellStatus.BUILD_MISMATCH,
    CellStatus.BLOCKED,
    CellStatus.UNDETERMINED,
    CellStatus.FALLBACK,
    FOREIGN,
    CellStatus.OK,
)
_RANKS: Mapping[str, int] = {word: rank for rank, word in enumerate(WORST_FIRST)}
_WORDS: Mapping[str, str] = dict([*MEANINGS.items(), (FOREIGN, FOREIGN_MEANING)])
_LINE = re.compile(r"(?::\d+){1,2}$")
Titled = tuple[str, str]  # the title of a group, and of the wider group to use if there are too many


@dataclass(frozen=True, slots=True)
class Column:
    """A pool of the matrix, and the number of its images with a problem."""

    pool: str
    platform: str
    images: int
    open: int


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """An image with one list of cells per column. The list is empty if the pool does not need the image.

    `needed` and `wrong` are indexes into `Matrix.sources` and `Matrix.troubles`; `findings` counts the findings about the
    image.
    """

    image: ImageRow
    cells: tuple[tuple[Cell, ...], ...]
    needed: tuple[int, ...]
    wrong: tuple[int, ...]
    findings: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """Images by pools, the worst image first. `statuses` counts cells by word, worst first, and `legend` explains the words.

    `sources` (lists and workloads that need the images) and `troubles` are titles of groups.
    """

    columns: tuple[Column, ...]
    rows: tuple[MatrixRow, ...]
    statuses: Mapping[str, int]
    legend: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]
    troubles: tuple[str, ...]


def matrix(report: Report) -> Matrix:
    """Return the matrix, with pools in order of appearance and the images with the worst problems first."""
    images = sorted(report.images, key=_badness)
    cells = [cell for image in report.images for cell in image.platforms]
    counts = Counter((cell.pool, cell.platform) for cell in cells)
    unsettled = Counter((cell.pool, cell.platform) for cell in cells if word(cell) != CellStatus.OK)
    places = {key: place for place, key in enumerate(counts)}
    sources, needed = _numbered([[_source(why) for why in image.why] for image in images])
    troubles, wrong = _numbered([list(_troubles(image)) for image in images])
    found = Counter(item.finding.subject.id.partition(" ")[0] for item in summary.active(report))
    words = Counter(map(word, cells))
    return Matrix(
        columns=tuple(Column(*key, count, unsettled[key]) for key, count in counts.items()),
        rows=tuple(
            MatrixRow(image, _by_column(image, places), needed[place], wrong[place], found[image.reference])
            for place, image in enumerate(images)
        ),
        statuses={one: words[one] for one in sorted(words, key=rank)},
        legend=tuple((one, _WORDS.get(one, one)) for one in sorted(words, key=rank)),
        sources=sources,
        troubles=troubles,
    )


def word(cell: Cell) -> str:
    """Return the word of a cell: its status, or `foreign layers` for an image that runs but has such layers."""
    return FOREIGN if cell.status is CellStatus.OK and cell.foreign_layers else cell.status


def rank(word: str) -> int:
    """Return the place of a cell's word in the order `WORST_FIRST`. An unknown word is as bad as an undetermined cell."""
    return _RANKS.get(word, _RANKS[CellStatus.UNDETERMINED])


def _badness(image: ImageRow) -> tuple[int, int]:
    """Return a sort key: the worst cell first, then the number of cells with a problem."""
    ranks = [rank(word(cell)) for cell in image.platforms]
    return min(ranks, default=rank(CellStatus.OK)), -sum(one < rank(CellStatus.OK) for one in ranks)


def _by_column(image: ImageRow, places: Mapping[tuple[str, str], int]) -> tuple[tuple[Cell, ...], ...]:
    cells: list[tuple[Cell, ...]] = [()] * len(places)
    for cell in image.platforms:
        cells[places[cell.pool, cell.platform]] += (cell,)
    return tuple(cells)


def _source(why: str) -> Titled:
    """Return the file that needs an image, without the line: `list lists/windows.txt`."""
    return _LINE.sub("", why), why.partition(" ")[0]


def _troubles(image: ImageRow) -> Iterator[Titled]:
    open_cells = [cell for cell in image.platforms if cell.status is not CellStatus.OK]
    for cell in open_cells:
        detail = cell.detail.replace(image.reference, "…")
        yield f"{cell.status}: {detail}" if detail else cell.status, cell.status
    if any(cell.foreign_layers for cell in image.platforms):
        yield FOREIGN, FOREIGN
    elif not open_cells:
        yield NOTHING_WRONG, NOTHING_WRONG


def _numbered(rows: Sequence[Iterable[Titled]]) -> tuple[tuple[str, ...], list[tuple[int, ...]]]:
    """Return the titles of all groups, and for each row the indexes of its titles. Rare titles are merged into wider ones."""
    counts = Counter(title for titles in rows for title in titles)
    kept = counts if len(counts) <= MOST_TITLES else dict(counts.most_common(MOST_TITLES))
    numbers: dict[str, int] = {}
    found = []
    for titles in rows:
        names = dict.fromkeys(title if (title, wider) in kept else f"{wider}, other" for title, wider in titles)
        found.append(tuple(numbers.setdefault(name, len(numbers)) for name in names))
    return tuple(numbers), found


def cell_tone(cell: Cell) -> str:
    """Return the tone of a cell. Foreign layers make it a warning: the node may connect to an external host for them."""
    return word_tone(word(cell))


def word_tone(word: str) -> str:
    """Return the tone of a cell's word."""
    return "w" if word == FOREIGN else tone(word)


def cell_class(cell: Cell) -> Markup:
    """Return the class attribute of a cell. A cell without a problem has none, because nearly all cells are such."""
    tone = cell_tone(cell)
    return Markup("") if tone == "o" else Markup(" class={}").format(tone)


def note(cell: Cell, short: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return the text under the status: Windows build, reason, checks, size, foreign layers. `short` has names of builds."""
    parts = (
        shared.build(cell, short),
        "in the copy" if cell.place else "",
        cell.detail,
        ", ".join(cell.checks),
        ACCEPTED if cell.is_accepted else "",
        "" if cell.bytes is None else format_size(cell.bytes),
        many(cell.foreign_layers, "foreign layer") if cell.foreign_layers else "",
    )
    return shared.told_apart(", ".join(part for part in parts if part), cell, short)


@dataclass(frozen=True, slots=True)
class PulledImage:
    """The manifest that pools of one platform pull for an image."""

    reference: str
    platform: str
    digest: str
    pools: tuple[str, ...]


def pulled(report: Report) -> tuple[PulledImage, ...]:
    """Return the manifests by image, or an empty list if there are more than `MOST_PULLED`."""
    pools: dict[tuple[str, str, str], list[str]] = {}
    for image in report.images:
        for cell in image.platforms:
            if cell.digest:
                pools.setdefault((image.reference, cell.platform, cell.digest), []).append(cell.pool)
    if len(pools) > MOST_PULLED:
        return ()
    return tuple(PulledImage(*key, tuple(names)) for key, names in pools.items())
