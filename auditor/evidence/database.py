"""One SQLite file that can be queried and written: opened without trust, committed often, closed in a complete state."""

from __future__ import annotations

import datetime
import sqlite3
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from auditor import __version__
from auditor.errors import EvidenceError
from auditor.evidence.seal import DAMAGED, Seal
from auditor.evidence.sqlite_schema import (
    VERSION,
    check_header,
    check_tables,
    connect,
    create_tables,
    explained,
    lock,
    roll_back,
    seal_of,
    stand_in,
    upgrade,
)

# A killed run loses at most this many rows, or the rows of this many seconds.
BATCH: Final = 1024
BATCH_SECONDS: Final = 0.25


class Database:
    """The file of a store. Use it in a `with`, from one thread. Every SQLite error becomes EvidenceError."""

    def __init__(self, connection: sqlite3.Connection, name: str, *, is_finished: bool = False) -> None:
        """Use `create`, `open` or `memory`."""
        self._connection = connection
        self._name = name
        self._explained = explained(name)  # one object for all queries: it keeps no state, and there may be 100,000 queries
        self._is_finished = is_finished
        self._seal: Seal | None = None
        self._pending = 0
        self._committed = time.monotonic()

    @classmethod
    def create(cls, path: Path) -> Self:
        """Open a file for writing: a new one, or that of an earlier run, to continue it. Raises EvidenceError."""
        roll_back(path)
        if path.exists() and (not path.is_file() or path.stat().st_size):
            return cls.open(path, read_only=False)
        if not path.absolute().parent.is_dir():
            raise EvidenceError(f"{path}: cannot write: its folder does not exist", "Create the folder, or name another file.")
        with explained(str(path)):
            connection = connect(path, read_only=False)
            try:
                create_tables(connection)
                seal = seal_of(connection)
                seal.watch()
            except BaseException:
                connection.close()
                raise
        store = cls(connection, str(path))
        store._seal = seal
        store.put_meta("tool.version", __version__)
        return store

    @classmethod
    def open(cls, path: Path, read_only: bool = True, tables: Iterable[str] | None = None) -> Self:
        """Open an existing file and compare its rows with its seal. `tables` names the tables that are read, if not all.

        Raises EvidenceError for a file that is not evidence, damaged, foreign, too old or too new.
        """
        roll_back(path)
        check_header(path)
        with explained(str(path)):
            connection = connect(path, read_only=read_only)
            try:
                if not read_only:
                    lock(connection)
                older = check_tables(connection, str(path))
                if read_only:
                    stand_in(connection, older)
                    # One long read transaction: otherwise SQLite would lock and unlock the file for every query.
                    connection.executescript("PRAGMA query_only=ON; BEGIN")
                else:
                    upgrade(connection, older, str(path))
                seal = None if read_only and older.is_unsealed else seal_of(connection, older.version if read_only else VERSION)
                if seal is not None:
                    seal.verify(str(path), tables)
                if seal is not None and not read_only:
                    seal.watch()
                store = cls(connection, str(path), is_finished=read_only)
            except BaseException:
                connection.close()
                raise
        store._seal = seal
        return store

    @classmethod
    def memory(cls) -> Self:
        """Return an empty store in memory."""
        connection = connect(None, read_only=False)
        create_tables(connection)
        return cls(connection, "evidence in memory")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Commit, seal and close. Written rows stay, even if the block ended with an error."""
        file = None
        try:
            self.commit()
            file = self._seal.close(Path(self._name)) if self._seal is not None else None
        finally:
            self._connection.close()
            if file is not None:
                file.close()

    def commit(self) -> None:
        """Commit everything written so far."""
        if self._connection.in_transaction:
            with self._explained:
                if self._seal is not None:
                    self._seal.update()
                self._connection.execute("COMMIT")
        self._pending, self._committed = 0, time.monotonic()

    def meta(self, key: str) -> str:
        """Return the note under `key` (`plan.path`, `plan.name`, `tool.version`), or an empty string."""
        row = self._row("SELECT value FROM meta WHERE key = ?", key)
        return row[0] if row is not None and isinstance(row[0], str) else ""

    def files_at(self) -> datetime.datetime | None:
        """Return when the plan and its files were stored; None if an older version did that."""
        noted = self.meta("files.at")
        try:
            at = datetime.datetime.fromisoformat(noted) if noted else None
        except ValueError as error:
            raise EvidenceError(f"{self._name}: {noted!r:.80} is not a time", DAMAGED) from error
        return at if at is None or at.tzinfo is not None else at.replace(tzinfo=datetime.UTC)

    def put_meta(self, key: str, value: str) -> None:
        """Store a note about the evidence as a whole."""
        self._write("INSERT OR REPLACE INTO meta VALUES (?, ?)", key, value)

    @property
    def is_sealed(self) -> bool:
        """Whether the file has a seal, so that opening it would have found damaged rows."""
        return self._seal is not None

    @property
    def name(self) -> str:
        """The name of the file in messages."""
        return self._name

    def rows(self, statement: str, *values: str | int) -> Iterator[tuple[object, ...]]:
        """Yield the rows of a constant SELECT with its values. Raises EvidenceError."""
        yield from self._rows(statement, *values)

    def _row(self, statement: str, *values: str | int) -> tuple[object, ...] | None:
        with self._explained:
            row: tuple[object, ...] | None = self._connection.execute(statement, values).fetchone()
            return row

    def _rows(self, statement: str, *values: str | int) -> Iterator[tuple[object, ...]]:
        with self._explained:
            yield from self._connection.execute(statement, values)

    def _write(self, statement: str, *values: str | int | bytes) -> None:
        with self._explained:
            if not self._connection.in_transaction:
                self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(statement, values)
        self._pending += 1
        if self._pending >= BATCH or time.monotonic() - self._committed > BATCH_SECONDS:
            self.commit()
