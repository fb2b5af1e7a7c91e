"""One SQLite file as a thing to ask and to write: opened without trust, committed often, closed whole."""

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

# What a killed run loses at most: so many rows, or what was written in so many seconds.
BATCH: Final = 1024
BATCH_SECONDS: Final = 0.25


class Database:
    """The file under a store. Use it in a `with`, from one thread; every error of SQLite becomes EvidenceError."""

    def __init__(self, connection: sqlite3.Connection, name: str, *, is_finished: bool = False) -> None:
        """Use `create`, `open` or `memory`."""
        self._connection = connection
        self._name = name
        self._explained = explained(name)  # one for all questions: it keeps no state, and there may be 100,000
        self._is_finished = is_finished
        self._seal: Seal | None = None
        self._pending = 0
        self._committed = time.monotonic()

    @classmethod
    def create(cls, path: Path) -> Self:
        """A file to write to: a new one, or the one that an earlier run left, to go on with. Raises EvidenceError."""
        roll_back(path)
        if path.exists() and (not path.is_file() or path.stat().st_size):
            return cls.open(path, read_only=False)
        if not path.absolute().parent.is_dir():
            raise EvidenceError(f"{path}: cannot write: its folder does not exist", "Make the folder, or name another file.")
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
        """A file that exists; its rows are compared with its seal. `tables` names those that are read, if it is not all.

        Raises EvidenceError for what is no evidence, damaged, foreign, too old or too new.
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
                    # One long read transaction: SQLite would otherwise lock and unlock the file for every question.
                    connection.executescript("PRAGMA query_only=ON; BEGIN")
                else:
                    upgrade(connection, older)
                seal = None if read_only and older.is_unsealed else seal_of(connection)
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
        """An empty store that vanishes."""
        connection = connect(None, read_only=False)
        create_tables(connection)
        return cls(connection, "evidence in memory")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Commit and close. What was written stays, also when the block ended by an error."""
        try:
            self.commit()
        finally:
            self._connection.close()

    def commit(self) -> None:
        """Make everything written so far survive."""
        if self._connection.in_transaction:
            with self._explained:
                if self._seal is not None:
                    self._seal.update()
                self._connection.execute("COMMIT")
        self._pending, self._committed = 0, time.monotonic()

    def meta(self, key: str) -> str:
        """What was noted under `key` (`plan.path`, `plan.name`, `tool.version`); empty when nothing was."""
        row = self._row("SELECT value FROM meta WHERE key = ?", key)
        return row[0] if row is not None and isinstance(row[0], str) else ""

    def files_at(self) -> datetime.datetime | None:
        """When the plan and its files were put in; None if an older version did that."""
        noted = self.meta("files.at")
        try:
            at = datetime.datetime.fromisoformat(noted) if noted else None
        except ValueError as error:
            raise EvidenceError(f"{self._name}: {noted!r:.80} is no time", DAMAGED) from error
        return at if at is None or at.tzinfo is not None else at.replace(tzinfo=datetime.UTC)

    def put_meta(self, key: str, value: str) -> None:
        """Note something about the evidence as a whole."""
        self._write("INSERT OR REPLACE INTO meta VALUES (?, ?)", key, value)

    @property
    def is_sealed(self) -> bool:
        """Whether the file has a seal, so that damage to its rows would have been found when it was opened."""
        return self._seal is not None

    @property
    def name(self) -> str:
        """What messages call the file."""
        return self._name

    def rows(self, statement: str, *values: str | int) -> Iterator[tuple[object, ...]]:
        """The rows of a constant SELECT with its values. Raises EvidenceError."""
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
