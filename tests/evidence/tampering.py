"""Evidence files that another program has edited, with or without a matching seal."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from auditor.evidence.sqlite_schema import seal_of


def edited(path: Path, *statements: str) -> Path:
    """Run SQL on the file, like a program that does not know the seal."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript("; ".join(statements))
    return path


def forged(path: Path, *statements: str) -> Path:
    """Run SQL on the file and seal it again, so that only the reader of the rows can notice."""
    edited(path, *statements)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        seal_of(connection).anew()
        connection.execute("COMMIT")
    return path
