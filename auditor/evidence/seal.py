"""The seal of an evidence file: digests that show whether a row was changed, added or removed later.

The table `seal` has one row for each other table: the number of its rows, and the sum of their SHA-256 digests modulo 2^256. A
commit updates the sum with its own rows only, however large the table is. One more row covers all of them, the application id
and the version of the file. The seal is part of each commit, so it also covers the rows of an interrupted run. From version 6
on, the row `bytes` covers the file as a whole (auditor/evidence/file_seal.py).

The seal shows damage. It is not a signature: a program that edits rows on purpose can compute a new seal.
"""

from __future__ import annotations

import hashlib
import io
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec

from auditor.errors import EvidenceError
from auditor.evidence import file_seal

APPLICATION_ID: Final = 0x41474145
TABLE: Final = "CREATE TABLE seal (name TEXT PRIMARY KEY, row_count INTEGER NOT NULL, digest TEXT NOT NULL) WITHOUT ROWID"
FILE_SINCE: Final = 6  # the version from which the row `bytes` exists
PLAN_TABLES: Final = ("meta", "file")
_WHOLE: Final = "evidence"  # the name of the row that covers the others
_MODULUS: Final = 1 << 256
DAMAGED: Final = "The file is damaged. Copy it again and compare checksums, or delete it and collect again."

Sums = dict[str, tuple[int, int]]  # by table: number of rows, and sum of their digests


class Seal:
    """The seal of an open file. `tables` holds the CREATE statements of the covered tables, by name."""

    def __init__(self, connection: sqlite3.Connection, tables: dict[str, str], version: int) -> None:
        """`version` is that of the evidence file."""
        self._connection = connection
        self._tables = tables
        self._version = version
        shapes = {table: connection.execute(f"PRAGMA main.table_info({table})").fetchall() for table in tables}
        self._columns = {table: [str(column[1]) for column in shape] for table, shape in shapes.items()}
        self._key_widths = {table: sum(column[5] > 0 for column in shape) for table, shape in shapes.items()}
        self._is_watching = False
        (self._page,) = connection.execute("SELECT rootpage FROM main.sqlite_schema WHERE name = 'seal'").fetchone()

    def verify(self, name: str, tables: Iterable[str] | None = None) -> None:
        """Compare the rows with the seal: all tables, or some. Raises EvidenceError for the file `name`."""
        stored: dict[str, tuple[object, object]] = {
            table: (rows, digest) for table, rows, digest in self._connection.execute("SELECT * FROM seal LIMIT 100")
        }
        whole = stored.pop(_WHOLE, None)
        of_file = stored.pop(file_seal.NAME, None)
        if stored.keys() != self._tables.keys() or whole != self._whole(stored):
            raise EvidenceError(f"{name}: its seal was changed after it was written", DAMAGED)
        is_whole = self._version < FILE_SINCE or self._is_whole_file(Path(name), of_file)
        for table in (is_whole and tables) or self._tables:  # a changed file is read as a whole, to name the table
            if _written(*self._summed(table)) != stored[table]:
                raise EvidenceError(f"{name}: its table `{table}` was changed after it was written", DAMAGED)
        if not is_whole:
            raise EvidenceError(f"{name}: it was changed after it was written", DAMAGED)

    def _is_whole_file(self, path: Path, row: tuple[object, object] | None) -> bool:
        if row is None or row[0] != 0 or not isinstance(row[1], str):
            return False
        return row[1] == file_seal.OPEN or (len(row[1]) == 64 and file_seal.is_as_sealed(path, self._page, row[1]))

    def close(self, path: Path) -> io.FileIO | None:
        """Seal the bytes of a file that was written. Return the file, which must be closed after SQLite."""
        return file_seal.seal_file(path, self._page) if self._is_watching else None

    def anew(self) -> None:
        """Compute the seal of all tables from their current rows."""
        self._write({table: self._summed(table) for table in self._tables})

    def watch(self) -> None:
        """Record each row that is written from now on, for `update`."""
        widest = max(len(columns) for columns in self._columns.values())
        filler = [f"c{number}" for number in range(widest)]
        # Temporary tables follow the transaction: rows that are rolled back are not recorded. The file contains no trigger.
        statements = ["PRAGMA temp_store=MEMORY", "PRAGMA recursive_triggers=ON"]
        statements.append(f"CREATE TEMP TABLE changed (name, sign, {', '.join(filler)})")
        for table, columns in self._columns.items():
            for event, signs in (("DELETE", {"OLD": -1}), ("INSERT", {"NEW": 1}), ("UPDATE", {"OLD": -1, "NEW": 1})):
                rows = [
                    ", ".join([f"'{table}'", str(sign), *(f"{row}.{column}" for column in columns)])
                    + ", NULL" * (widest - len(columns))
                    for row, sign in signs.items()
                ]
                noted = " ".join(f"INSERT INTO changed VALUES ({row});" for row in rows)  # noqa: S608 - constants
                statements.append(f"CREATE TEMP TRIGGER {table}_{event} AFTER {event} ON main.{table} BEGIN {noted} END")
        # One statement writes the seal and deletes the recorded rows, so no signal can interrupt between the two.
        statements.append(
            f"CREATE TEMP TRIGGER sealed AFTER INSERT ON main.seal WHEN NEW.name = '{_WHOLE}' BEGIN DELETE FROM changed; END"  # noqa: S608
        )
        self._connection.executescript("; ".join(statements))
        self._is_watching = True

    def update(self) -> None:
        """Update the seal with the rows of the open transaction."""
        if not self._is_watching:
            return
        changes: Sums = {}
        for table, sign, *values in self._connection.execute("SELECT * FROM temp.changed"):
            rows, total = changes.get(table, (0, 0))
            changes[table] = (rows + sign, total + sign * _digest_of(values[: len(self._columns[table])]))
        if not changes:
            return
        sums: Sums = {
            table: (rows, int(digest, 16))
            for table, rows, digest in self._connection.execute(
                "SELECT * FROM seal WHERE name NOT IN (?, ?)", (_WHOLE, file_seal.NAME)
            )
        }
        for table, (rows, total) in changes.items():
            before = sums[table]
            sums[table] = (before[0] + rows, before[1] + total)
        self._write(sums)

    def _write(self, sums: Sums) -> None:
        entries = {table: _written(*total) for table, total in sums.items()}
        rows = [(table, *entry) for table, entry in entries.items()]
        rows.append((file_seal.NAME, 0, file_seal.OPEN))
        rows.append((_WHOLE, *self._whole(entries)))  # the last one: a trigger waits for it
        places = ", ".join(["(?, ?, ?)"] * len(rows))
        values = [value for row in rows for value in row]
        self._connection.execute(f"INSERT OR REPLACE INTO seal VALUES {places}", values)  # noqa: S608 - placeholders

    def _whole(self, entries: dict[str, tuple[int, str]] | dict[str, tuple[object, object]]) -> tuple[int, str]:
        parts = (APPLICATION_ID, self._version, sorted((table, *map(str, entry)) for table, entry in entries.items()))
        return len(entries), hashlib.sha256(msgspec.msgpack.encode(parts)).hexdigest()

    def _summed(self, table: str) -> tuple[int, int]:
        """Return the number of rows and the sum of their digests. The number is -1 if an index lookup would miss a row."""
        width = self._key_widths[table]
        if self._tables[table].endswith("WITHOUT ROWID"):  # the table is its own index
            found = self._connection.execute(f"SELECT * FROM main.{table}")  # noqa: S608 - constants
            return _summed(found, width)
        rows = total = marks = 0
        for rowid, *row in self._connection.execute(f"SELECT rowid, * FROM main.{table} NOT INDEXED"):  # noqa: S608
            rows, total, marks = rows + 1, total + _digest_of(row), marks + hash((*row[:width], rowid))
        keys = ", ".join(self._columns[table][:width])
        index = f"SELECT {keys}, rowid FROM main.{table} INDEXED BY sqlite_autoindex_{table}_1 ORDER BY {keys}"  # noqa: S608
        listed = _listed(self._connection.execute(index), width)
        return (rows if listed == (rows, marks) else -1), total


def _summed(found: Iterable[tuple[Any, ...]], width: int) -> tuple[int, int]:
    """Return the number of rows and the sum of their digests. The number is -1 if a binary search would miss a key."""
    rows = total = 0
    previous: tuple[Any, ...] = ()
    encode, sha256, number = msgspec.msgpack.Encoder().encode, hashlib.sha256, int.from_bytes  # there may be a million rows
    try:
        for row in found:
            if not previous < row[:width]:
                return -1, 0
            previous = row[:width]
            rows += 1
            total += number(sha256(encode(row)).digest())
    except TypeError:  # damaged keys have other types
        return -1, 0
    return rows, total


def _listed(found: Iterable[tuple[Any, ...]], width: int) -> tuple[int, int]:
    """Return the number of index entries and the sum of their hashes. The number is -1 if a binary search would miss a key."""
    entries = marks = 0
    previous: tuple[Any, ...] = ()
    try:
        for entry in found:
            if not previous < entry[:width]:
                return -1, 0
            entries, marks, previous = entries + 1, marks + hash(entry), entry[:width]
    except TypeError:
        return -1, 0
    return entries, marks


def _digest_of(row: object) -> int:
    return int.from_bytes(hashlib.sha256(msgspec.msgpack.encode(row)).digest())


def _written(rows: int, total: int) -> tuple[int, str]:
    return rows, f"{total % _MODULUS:064x}"
