"""The SQLite file of evidence: its schema, and how it is opened without trusting its content.

It uses the rollback journal instead of a write-ahead log. Between two commits the single file is complete, so it can be copied
even after a crash, and a reader needs no second file. The file changes only during a commit.
"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

from auditor.errors import EvidenceError, strerror
from auditor.evidence import seal
from auditor.evidence.seal import APPLICATION_ID, DAMAGED, Seal

VERSION: Final = 7
OLDEST: Final = 2
MAX_VALUE: Final = 64 * 1024 * 1024
_MAGIC: Final = b"SQLite format 3\x00"
_ROLLBACK_JOURNAL: Final = b"\x01\x01"  # header bytes for the journal mode of writers and readers
_LOCK_TIMEOUT: Final = 5.0
_HINT: Final = "Evidence is the file that `auditor collect PLAN -o FILE` writes."

# `outcome` is "seen", "absent" or the kind of a failure, from version 4 on with its cause. Times are ISO 8601 in UTC.
_TABLES: Final = {
    "meta": "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "document": (
        "CREATE TABLE document (digest TEXT PRIMARY KEY, media_type TEXT NOT NULL, body BLOB NOT NULL, "
        "at TEXT NOT NULL, source TEXT NOT NULL)"
    ),
    "missing": (
        "CREATE TABLE missing (repository TEXT NOT NULL, digest TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL, "
        "at TEXT NOT NULL, source TEXT NOT NULL, PRIMARY KEY (repository, digest)) WITHOUT ROWID"
    ),
    "tag": (
        "CREATE TABLE tag (reference TEXT PRIMARY KEY, outcome TEXT NOT NULL, detail TEXT NOT NULL, at TEXT NOT NULL, "
        "source TEXT NOT NULL, digest TEXT NOT NULL, media_type TEXT NOT NULL, size INTEGER NOT NULL) WITHOUT ROWID"
    ),
    "blob": (
        "CREATE TABLE blob (repository TEXT NOT NULL, digest TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL, "
        "at TEXT NOT NULL, source TEXT NOT NULL, size INTEGER NOT NULL, media_type TEXT NOT NULL, hashed TEXT NOT NULL, "
        "PRIMARY KEY (repository, digest)) WITHOUT ROWID"
    ),
    "unpacked": (
        "CREATE TABLE unpacked (digest TEXT PRIMARY KEY, outcome TEXT NOT NULL, detail TEXT NOT NULL, at TEXT NOT NULL, "
        "source TEXT NOT NULL, kind TEXT NOT NULL, value INTEGER NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID"
    ),
    "archive": (
        "CREATE TABLE archive (path TEXT PRIMARY KEY, outcome TEXT NOT NULL, detail TEXT NOT NULL, at TEXT NOT NULL, "
        "source TEXT NOT NULL, body BLOB NOT NULL)"
    ),
    "chain": (
        "CREATE TABLE chain (endpoint TEXT PRIMARY KEY, outcome TEXT NOT NULL, detail TEXT NOT NULL, at TEXT NOT NULL, "
        "source TEXT NOT NULL, protocol TEXT NOT NULL)"
    ),
    "certificate": (
        "CREATE TABLE certificate (endpoint TEXT NOT NULL, position INTEGER NOT NULL, body BLOB NOT NULL, "
        "PRIMARY KEY (endpoint, position))"
    ),
    "offered": (
        "CREATE TABLE offered (endpoint TEXT PRIMARY KEY, outcome TEXT NOT NULL, detail TEXT NOT NULL, at TEXT NOT NULL, "
        "source TEXT NOT NULL, versions TEXT NOT NULL, ciphers TEXT NOT NULL)"
    ),
    "handshakes": "CREATE TABLE handshakes (endpoint TEXT PRIMARY KEY, body TEXT NOT NULL)",
    "fetched": (
        "CREATE TABLE fetched (url TEXT PRIMARY KEY, outcome TEXT NOT NULL, detail TEXT NOT NULL, at TEXT NOT NULL, "
        "source TEXT NOT NULL, body BLOB NOT NULL)"
    ),
    "file": "CREATE TABLE file (path TEXT PRIMARY KEY, body BLOB NOT NULL)",
    # Rows exist only while a collection is unfinished: the requests that have an answer.
    "asked": "CREATE TABLE asked (name TEXT NOT NULL, at TEXT NOT NULL, PRIMARY KEY (name)) WITHOUT ROWID",
    "seal": seal.TABLE,
}
# The tables that each version added. An older file is read as if their subjects were not observed.
_SINCE: Final = {"offered": 3, "fetched": 3, "asked": 4, "seal": 5, "handshakes": 7}


@dataclass(frozen=True, slots=True)
class _Narrow:
    """A table that an older version wrote with fewer columns: last such version, CREATE statement, and its rows with all
    columns."""

    until: int
    made: str
    columns: str


_NARROW: Final = {
    "blob": _Narrow(
        3,
        "CREATE TABLE blob (repository TEXT NOT NULL, digest TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL, "
        "at TEXT NOT NULL, source TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (repository, digest)) WITHOUT ROWID",
        "repository, digest, outcome, detail, at, source, size, '', ''",
    )
}


@dataclass(frozen=True, slots=True)
class Older:
    """What an older file lacks: whole tables, and columns of tables."""

    version: int
    missing: tuple[str, ...] = ()
    narrow: tuple[str, ...] = ()

    @property
    def is_unsealed(self) -> bool:
        """Whether the file has no seal."""
        return "seal" in self.missing


class explained:  # noqa: N801 - reads as a verb, like contextlib's own
    """Turn SQLite errors inside the block into EvidenceError for the file `name`. A class, because it is on the hot path."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(error, UnicodeDecodeError):  # SQLite quoted a damaged schema in its message
            raise EvidenceError(f"{self._name}: its content is not text", DAMAGED) from error
        if isinstance(error, sqlite3.Error):
            raise EvidenceError(f"{self._name}: {error}", _hint(error)) from error


def _hint(error: sqlite3.Error) -> str:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the extended part
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return "Another auditor writes to it. Wait until it ends."
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL}:
        return "Check the folder, its permissions and the free space."
    return DAMAGED


def check_header(path: Path) -> None:
    """Reject a file that is not evidence by its first 100 bytes, before SQLite opens it. Raises EvidenceError."""
    try:
        if not path.is_file() and not path.is_dir():  # opening a named pipe would wait for a writer
            path.stat()
            raise EvidenceError(f"{path}: it is not a regular file", _HINT)
        with path.open("rb") as file:
            head = file.read(100)
    except OSError as error:
        raise EvidenceError(f"{path}: {strerror(error)}", _HINT) from error
    if len(head) < 100 or not head.startswith(_MAGIC):
        raise EvidenceError(f"{path}: it is not an evidence file", _HINT)
    if int.from_bytes(head[68:72], "big") != APPLICATION_ID:
        raise EvidenceError(f"{path}: it is a SQLite file of another program", _HINT)
    version = int.from_bytes(head[60:64], "big")
    if version > VERSION:
        raise EvidenceError(f"{path}: a newer auditor wrote it (evidence version {version})", "Update this auditor.")
    if version < OLDEST:
        raise EvidenceError(f"{path}: an older auditor wrote it (evidence version {version})", "Collect again.")
    if head[18:20] != _ROLLBACK_JOURNAL:
        raise EvidenceError(f"{path}: its header was changed after it was written", DAMAGED)


def connect(path: Path | None, *, read_only: bool) -> sqlite3.Connection:
    """Open a file, or memory, with every SQLite defence against a hostile file."""
    if path is None:
        connection = sqlite3.connect(":memory:", isolation_level=None)
    else:
        # A journal left by a crash must be rolled back before any read. A read-only connection cannot do that.
        recover = path.with_name(f"{path.name}-journal").exists()
        mode = "ro" if read_only and not recover else "rwc"
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_LOCK_TIMEOUT)
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.executescript(
        "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA cache_size=-16384"
    )
    if not read_only:
        # One writer at a time, and no locking for each of its own queries. Deleted rows leave no bytes.
        connection.executescript(
            "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_spill=OFF; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON"
        )
    return connection


def lock(connection: sqlite3.Connection) -> None:
    """Block other writers until the connection is closed. Not for an empty file: this would write its first page."""
    connection.executescript("BEGIN IMMEDIATE; COMMIT")


def roll_back(path: Path) -> None:
    """Roll back the unfinished commit of a killed writer before anything is read. Raises EvidenceError."""
    try:
        if not path.with_name(f"{path.name}-journal").is_file() or not path.is_file():
            return
        with path.open("rb") as file:
            if file.read(len(_MAGIC)) not in {b"", _MAGIC}:  # never apply a journal to another kind of file
                return
    except OSError:
        return  # `check_header` reports the reason
    uri = f"{path.absolute().as_uri()}?mode=rw"
    with explained(str(path)), contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_LOCK_TIMEOUT)) as connection:
        try:
            connection.execute("SELECT count(*) FROM sqlite_schema")
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            return  # not a database: `check_header` and `check_tables` report the reason


def create_tables(connection: sqlite3.Connection) -> None:
    """Create the whole schema in an empty database, in the first transaction of the file."""
    connection.execute("BEGIN IMMEDIATE")
    for statement in (*_TABLES.values(), f"PRAGMA application_id={APPLICATION_ID}", f"PRAGMA user_version={VERSION}"):
        connection.execute(statement)
    seal_of(connection).anew()
    connection.execute("COMMIT")


def seal_of(connection: sqlite3.Connection, version: int = VERSION) -> Seal:
    """Return the seal of a file of a version that has one. It covers the tables of that version."""
    covered = {table: made for table, made in _TABLES.items() if table != "seal" and _SINCE.get(table, 0) <= version}
    return Seal(connection, covered, version)


def check_tables(connection: sqlite3.Connection, name: str) -> Older:
    """Reject a schema that this program did not write: a trigger or a view could run code. Raises EvidenceError.

    Return what the file's version lacks.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    missing = tuple(table for table, since in _SINCE.items() if since > version)
    narrow = tuple(table for table, older in _NARROW.items() if version <= older.until)
    expected = {table: statement for table, statement in _TABLES.items() if table not in missing}
    expected |= {table: _NARROW[table].made for table in narrow}
    rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL LIMIT 100").fetchall()
    if dict(rows) != expected:
        raise EvidenceError(f"{name}: it has tables that the auditor did not create", DAMAGED)
    return Older(version, missing, narrow)


def stand_in(connection: sqlite3.Connection, older: Older) -> None:
    """Create tables in memory for those that an older file lacks, or has with fewer columns. SQLite reads them first."""
    made = [_TABLES[table].replace("CREATE TABLE", "CREATE TEMP TABLE") for table in (*older.missing, *older.narrow)]
    filled = [f"INSERT INTO temp.{table} SELECT {_NARROW[table].columns} FROM main.{table}" for table in older.narrow]  # noqa: S608 - constants
    if made:
        connection.executescript(f"PRAGMA temp_store=MEMORY; {'; '.join((*made, *filled))}")


def upgrade(connection: sqlite3.Connection, older: Older, name: str) -> None:
    """Upgrade an older file to this version in one transaction. Raises EvidenceError if its seal is broken."""
    statements = [_TABLES[table] for table in older.missing]
    for table in older.narrow:
        statements += [
            f"CREATE TEMP TABLE before AS SELECT {_NARROW[table].columns} FROM main.{table}",  # noqa: S608 - constants
            f"DROP TABLE main.{table}",
            _TABLES[table],
            f"INSERT INTO main.{table} SELECT * FROM temp.before",  # noqa: S608 - constants
            "DROP TABLE temp.before",
        ]
    if older.version < VERSION:
        if not older.is_unsealed:
            seal_of(connection, older.version).verify(name)
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("BEGIN IMMEDIATE")
        for statement in (*statements, f"PRAGMA user_version={VERSION}"):
            connection.execute(statement)
        seal_of(connection).anew()
        connection.execute("COMMIT")
