"""Facts that the user or a plug-in adds to the tables: read, validated and put into use for one plan.

An overlay is a YAML file. `rows` holds rows by table, in the schema of that table; `source` is required in each row.
`verified-through` holds, by table and program, the newest version that the user checked the existing rows for. The entry-point
group `auditor.facts` names such files too: each entry point is the text or the path of one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from auditor.errors import Location, PlanError, Problem, UsageError
from auditor.facts import EXCLUSIVE, Overlay, header, use
from auditor.facts.versions import Versioned, is_beyond, parse_version
from auditor.located import Marked, NotStructured, TwiceKey, load_marked
from auditor.pipeline.fact_tables import ROW_TYPES, row_type
from auditor.plan.model import Plan
from auditor.plan.plan_paths import normal, shown_path
from auditor.plan.spelling import nearest
from auditor.plugins import FACTS, added
from auditor.text import shown

_KEYS: Final = ("as-of", "source", "rows", "verified-through")
MAX_ROWS: Final = 2_000
_THROUGH_HINT: Final = 'write `verified-through: {TABLE: {PROGRAM: "1.2.3"}}`'


@dataclass(slots=True)
class _Reading:
    """One overlay file while it is read."""

    file: str
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    through: dict[str, dict[str, str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, at: Marked, message: str, hint: str = "") -> None:
        """Add a problem at a value."""
        self.problems.append(Problem(Location(self.file, at.line, at.column), message, hint))


def use_facts(plan: Plan) -> None:
    """Put the facts of a plan and of the plug-ins into use, in place of those of the plan before.

    Raises PlanError with the file, line and hint of every problem.
    """
    found = list(_of_plugins())
    for name in plan.facts:
        content = plan.files.get(normal(name))
        if content is None:
            where = plan.where("facts")
            raise PlanError([Problem(where, f"{shown(name)[1:-1]}: {plan.left_out.get(normal(name), 'it is missing')}")])
        found.append(read_overlay(shown_path(plan.path, normal(name)), content))
    problems = [problem for reading in found for problem in reading.problems]
    problems += [] if problems else [*_overlaps(found)]
    if problems:
        raise PlanError(problems)
    use(Overlay(_merged_rows(found), _merged_through(found), tuple(reading.file for reading in found)))


@contextmanager
def facts_of(plan: Plan) -> Iterator[None]:
    """Use the facts of a plan inside the block. Other threads that need facts of another plan wait for its end."""
    with EXCLUSIVE:
        use_facts(plan)
        yield


def _of_plugins() -> Iterator[_Reading]:
    for name, given in added(FACTS):
        if not isinstance(given, str | Path):
            raise UsageError(
                f"the plug-in {name} of {FACTS} is neither text nor a path, but {type(given).__name__}",
                "Let the entry point name a `pathlib.Path` or a text in the format of an overlay.",
            )
        try:
            content = given.encode() if isinstance(given, str) else given.read_bytes()
        except OSError as error:
            raise UsageError(f"the plug-in {name} of {FACTS}: {error}", "Reinstall the plug-in.") from error
        yield read_overlay(f"plug-in {name}", content)


def _merged_rows(found: Iterable[_Reading]) -> dict[str, tuple[dict[str, Any], ...]]:
    merged: dict[str, tuple[dict[str, Any], ...]] = {}
    for reading in found:
        for table, rows in reading.rows.items():
            merged[table] = (*merged.get(table, ()), *rows)
    return merged


def _merged_through(found: Iterable[_Reading]) -> dict[str, dict[str, str]]:
    merged: dict[str, dict[str, str]] = {}
    for reading in found:
        for table, programs in reading.through.items():
            merged.setdefault(table, {}).update(programs)
    return merged


def read_overlay(file: str, content: bytes) -> _Reading:
    """Return the rows of an overlay, with every problem in it."""
    reading = _Reading(file)
    try:
        documents = load_marked(content)
    except (NotStructured, TwiceKey) as error:
        reading.problems.append(Problem(Location(file, getattr(error, "line", 1), 1), str(error), "write YAML"))
        return reading
    if len(documents) != 1 or not isinstance(documents[0].value, dict):
        hint = "write a mapping with `rows`, `source` and `verified-through`"
        reading.problems.append(Problem(Location(file, 1, 1), "expected one mapping", hint))
        return reading
    (document,) = documents
    for key, value in document.items():
        if key not in _KEYS:
            near = nearest(key, _KEYS)
            reading.wrong(value, f"unknown key {shown(key)}", near or f"the keys are {', '.join(_KEYS)}")
    _read_rows(reading, document)
    _read_through(reading, document)
    return reading


def _read_rows(reading: _Reading, document: Marked) -> None:
    rows = document.get("rows")
    if rows is None:
        return
    if not isinstance(rows.value, dict):
        reading.wrong(rows, "`rows` is not a mapping of tables", "write `rows: {TABLE: [{…}]}`")
        return
    for table, given in rows.items():
        if table not in ROW_TYPES:
            reading.wrong(
                given, f"unknown table {shown(table)}", nearest(table, ROW_TYPES) or "`auditor facts` lists the tables"
            )
            continue
        if not isinstance(given.value, list) or len(given.list) > MAX_ROWS:
            reading.wrong(given, f"expected a list of at most {MAX_ROWS} rows", "write one `- {…}` for each row")
            continue
        for row in given.list:
            _read_row(reading, table, row)


def _read_row(reading: _Reading, table: str, row: Marked) -> None:
    plain = _plain(row)
    if not isinstance(plain, dict):
        reading.wrong(row, "expected a row: a mapping of columns", "copy a row of the table that `auditor facts TABLE` prints")
        return
    if "stated-by" in plain:
        reading.wrong(row, "unknown key 'stated-by'", "the auditor sets it")
        return
    if not str(plain.get("source", "")).strip():
        reading.wrong(row, f"a row of {table} without a source", "write where this was read or observed: `source: …`")
        return
    plain.setdefault("confidence", "medium")
    plain["stated-by"] = f"{reading.file}:{row.line}"
    try:
        msgspec.convert(plain, row_type(table), strict=False)
    except ValueError as error:  # of msgspec, which chains those of the row itself
        is_of_range = isinstance(error.__cause__, ValueError) or not isinstance(error, msgspec.ValidationError)
        hint = "correct `since`, `before`, `fixed-in` and `since-in`" if is_of_range else _hint(table, plain)
        reading.wrong(row, f"a row of {table}: {error}", hint)
        return
    reading.rows.setdefault(table, []).append(plain)


def _hint(table: str, plain: Mapping[str, Any]) -> str:
    columns = [name.replace("_", "-") for name in row_type(table).__struct_fields__ if name != "stated_by"]
    odd = next((key for key in plain if key not in columns and key != "stated-by"), "")
    near = nearest(odd, columns) if odd else ""
    return near or f"the columns of {table} are {', '.join(columns)}"


def _plain(marked: Marked) -> Any:  # noqa: ANN401 - a value of a file
    if isinstance(marked.value, dict):
        return {key: _plain(value) for key, value in marked.items()}
    if isinstance(marked.value, list):
        return [_plain(one) for one in marked.list]
    return marked.text if isinstance(marked.value, float) else marked.value


def _read_through(reading: _Reading, document: Marked) -> None:
    through, source = document.get("verified-through"), document.get("source")
    if through is None:
        return
    if source is None or not source.text.strip():
        reading.wrong(through, "`verified-through` without a source", "write at the top what was checked: `source: …`")
        return
    if not isinstance(through.value, dict):
        reading.wrong(through, "`verified-through` is not a mapping of tables", _THROUGH_HINT)
        return
    for table, programs in through.items():
        if table not in ROW_TYPES or not header(table).verified_through:
            reading.wrong(programs, f"{shown(table)} is no table with versions", nearest(table, ROW_TYPES))
            continue
        if not isinstance(programs.value, dict):
            reading.wrong(programs, f"{table} is not a mapping of programs to versions", _THROUGH_HINT)
            continue
        for program, version in programs.items():
            if program not in header(table).verified_through:
                reading.wrong(
                    version, f"{table} has no rows about {shown(program)}", nearest(program, header(table).verified_through)
                )
            elif parse_version(version.text) is None:
                reading.wrong(version, f"{shown(version.text)} is not a version", "write the newest version that you checked")
            else:
                reading.through.setdefault(table, {})[program] = version.text


def _overlaps(found: Iterable[_Reading]) -> Iterator[Problem]:
    """Yield each row whose range overlaps that of another row about the same thing: one of the user, or of the program."""
    seen: dict[tuple[object, ...], list[Versioned]] = {}
    for reading in found:
        for table, rows in reading.rows.items():
            kind = row_type(table)
            for plain in rows:
                row = msgspec.convert(plain, kind, strict=False)
                if not isinstance(row, Versioned):
                    continue
                key = _identity(table, row)
                if key not in seen:
                    seen[key] = [one for one in _own_rows(table) if _identity(table, one) == key]
                other = next((one for one in seen[key] if _overlap(row, one)), None)
                seen[key].append(row)
                if other is not None:
                    line = int(row.stated_by.rpartition(":")[2])
                    whose = other.stated_by or "a row of the program"
                    yield Problem(
                        Location(reading.file, line, 1),
                        f"a row of {table}: its range of versions overlaps that of {whose}",
                        "give `since` and `before` so that one row holds for each version",
                    )


def _identity(table: str, row: Versioned) -> tuple[object, ...]:
    """Return what a row is about: all columns that choose a row, without the versions."""
    return (table, *(getattr(row, name) for name in ROW_TYPES[table].chosen_by))


def _own_rows(table: str) -> tuple[Versioned, ...]:
    from auditor.facts import own_rows  # noqa: PLC0415 - only with an overlay

    rows = own_rows(table, row_type(table))
    return tuple(row for row in rows if isinstance(row, Versioned))


def _overlap(row: Versioned, other: Versioned) -> bool:
    """Return whether two rows hold for a common version. A row of the program ends at its newest verified version."""
    if other.stated_by or not other.verified_through:
        return row.range.overlaps(other.range)
    return row.range.overlaps(other.range) and not is_beyond(row.since, other.verified_through)
