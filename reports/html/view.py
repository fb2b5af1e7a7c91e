"""The shapes that the templates draw: the image matrix, storage bars, and words with a tone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from auditor.check import Fact
from auditor.report import Cell, EgressRow, ImageRow, JudgedFinding, Report, StorageStage, TrustRow
from reports.folding import Question, questions
from reports.html.treemap import Tile, treemap
from reports.quantity import many, size
from reports.ways import Side, sides

# What a status, a severity or a verdict means to the eye: a class that gives it a shape and a colour.
_TONES = {
    **dict.fromkeys(("ok", "passed", "ready", "verifies"), "o"),
    **dict.fromkeys(("error", "failed", "not-ready", "fails", "absent", "platform-absent", "build-mismatch"), "e"),
    **dict.fromkeys(("warning", "fallback"), "w"),
    **dict.fromkeys(("info", "not-applicable"), "i"),
}
_BAR = 1000


def tone(word: str) -> str:
    """The class of a word: `o` in order, `e` wrong, `w` doubtful, `i` neutral, and `u` for whatever is not known."""
    return _TONES.get(word, "u")


def fact(value: Fact) -> str:
    """A fact as users read it."""
    match value:
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ", ".join(value)
        case _:
            return str(value)


@dataclass(frozen=True, slots=True)
class Column:
    """A pool of the matrix, and how many of its images are not in order."""

    pool: str
    platform: str
    images: int
    open: int


@dataclass(frozen=True, slots=True)
class Row:
    """An image with one list of cells for each column; an empty list where the pool does not need it."""

    image: ImageRow
    statuses: str
    cells: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Images by pools. `statuses` counts cells."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    statuses: Mapping[str, int]


def matrix(images: Iterable[ImageRow]) -> Matrix:
    """The matrix: pools in the order in which they appear, images in the order of the report."""
    images = tuple(images)
    cells = [cell for image in images for cell in image.platforms]
    counts = Counter((cell.pool, cell.platform) for cell in cells)
    unsettled = Counter((cell.pool, cell.platform) for cell in cells if cell.status != "ok")
    columns = tuple(Column(*key, count, unsettled[key]) for key, count in counts.items())
    places = {key: place for place, key in enumerate(counts)}
    return Matrix(columns, tuple(_row(image, places) for image in images), Counter(cell.status for cell in cells))


def _row(image: ImageRow, places: Mapping[tuple[str, str], int]) -> Row:
    cells: list[tuple[Cell, ...]] = [()] * len(places)
    for cell in image.platforms:
        cells[places[cell.pool, cell.platform]] += (cell,)
    return Row(image, tokens(cell.status for cell in image.platforms), tuple(cells))


def tokens(words: Iterable[str]) -> str:
    """The different words of one row for the filters in the page: `|ok|absent|`."""
    return f"|{'|'.join(dict.fromkeys(words))}|"


def pools(findings: Iterable[JudgedFinding]) -> tuple[str, ...]:
    """The pools that findings are about, in order of appearance."""
    return tuple(dict.fromkeys(item.finding.subject.pool for item in findings if item.finding.subject.pool))


def cell_tone(cell: Cell) -> str:
    """The tone of a cell. Foreign layers make it doubtful: the platform is there, and yet a node may dial out for it."""
    return "w" if cell.status == "ok" and cell.foreign_layers else tone(cell.status)


def note(cell: Cell) -> str:
    """What stands under the status in a cell: why it is so, the Windows build, the size, foreign layers."""
    parts = (
        "in the copy" if cell.place else "",
        cell.detail,
        cell.os_version,
        "" if cell.bytes is None else size(cell.bytes),
        many(cell.foreign_layers, "foreign layer") if cell.foreign_layers else "",
    )
    return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a storage bar; `start` and `width` in thousandths of the bar."""

    name: str
    bytes: int
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class Bar:
    """A stage of storage drawn to scale: `limit` is where its capacity ends, in thousandths, None when not known."""

    used: int
    limit: int | None
    parts: tuple[Part, ...]

    @property
    def over(self) -> int:
        """How much of the bar lies behind the limit."""
        return 0 if self.limit is None else max(0, self.used - self.limit)


def bar(stage: StorageStage) -> Bar:
    """A stage as a bar; what its items do not add up to stays unnamed."""
    whole = max(stage.bytes, stage.capacity or 0, 1)
    parts, start = [], 0
    for item in stage.items:
        width = min(_BAR - start, item.bytes * _BAR // whole)
        parts.append(Part(item.name, item.bytes, start, width))
        start += width
    limit = None if stage.capacity is None else stage.capacity * _BAR // whole
    return Bar(stage.bytes * _BAR // whole, limit, tuple(parts))


def tiles(stage: StorageStage) -> tuple[Tile, ...]:
    """What fills a stage, as areas."""
    return treemap(stage.items)


def share(stage: StorageStage) -> str:
    """How full a stage gets, in words."""
    if stage.capacity is None:
        return "the plan does not say how much there is"
    used = f", {stage.bytes / stage.capacity:.0%}" if stage.capacity else ""
    over = f": {size(stage.bytes - stage.capacity)} too much" if stage.bytes > stage.capacity else ""
    return f"of {size(stage.capacity)}{used}{over}"


def endpoints(report: Report) -> tuple[tuple[str, tuple[Side, ...]], ...]:
    """What is seen of each endpoint, in the order of the report, Linux beside Windows."""
    seen: dict[str, list[TrustRow]] = {}
    for row in report.trust:
        seen.setdefault(row.endpoint, []).append(row)
    return tuple((endpoint, sides(rows)) for endpoint, rows in seen.items())


def egress(report: Report) -> tuple[tuple[str, EgressRow], ...]:
    """Each host with who dials it; those who dial it for the same and fail alike share a row, which is the first of theirs."""
    alike: dict[EgressRow, list[str]] = {}
    for row in report.egress:
        alike.setdefault(replace(row, who=""), []).append(row.who)
    return tuple((", ".join(dict.fromkeys(who)), row) for row, who in alike.items())


def asked(report: Report) -> tuple[Question, ...]:
    """The undetermineds, each question once for all pools that it is about."""
    return questions(report.undetermined)
