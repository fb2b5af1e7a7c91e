"""The seal of an evidence file: any changed row is an error, and so is any changed seal."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from auditor.errors import EvidenceError
from auditor.evidence.model import (
    Absent,
    BlobSeen,
    ChainSeen,
    Failed,
    Fetched,
    Kind,
    Seen,
    TagSeen,
    TlsOffered,
)
from auditor.evidence.seal import PLAN_TABLES
from auditor.evidence.sqlite_schema import seal_of
from auditor.evidence.store import Store
from auditor.oci.unpacked import UnpackedKind, UnpackedSeen
from auditor.testing.memory import AT, SOURCE
from tests.evidence.stored import DIGEST, filled
from tests.evidence.tampering import edited
from tests.evidence.test_tls import HANDSHAKES, older

CHANGED = "was changed after it was written"


def full(path: Path) -> Path:
    """Create a file with rows in every table."""
    with Store.create(filled(path)) as store:
        for number in range(3):
            name = f"r.example/app{number}"
            store.put_tag(name, Absent("gone", AT, SOURCE))
            store.put_missing(name, DIGEST, Failed(Kind.DENIED, "no", AT, SOURCE))
            store.put_blob(name, DIGEST, Seen(BlobSeen(number, "m", DIGEST), AT, SOURCE))
            store.put_unpacked(f"sha256:{number}", Seen(UnpackedSeen(UnpackedKind.GZIP_TRAILER, number), AT, SOURCE))
            store.put_archive(name, Absent("gone", AT, SOURCE))
            store.put_chain(f"{name}:443", Seen(ChainSeen((b"leaf", b"issuer"), "TLSv1.3"), AT, SOURCE))
            store.put_offered(f"{name}:443", Seen(TlsOffered(("TLSv1.3",), (), HANDSHAKES), AT, SOURCE))
            store.put_fetched(f"http://{name}", Seen(Fetched(b"crl"), AT, SOURCE))
            store.put_file(name, b"a file")
            store.note_asked(name, AT)
    return path


def sums_by_counting(path: Path) -> list[tuple[object, ...]]:
    """Return the seal computed from all rows of the file."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        seal_of(connection).anew()
        rows = connection.execute("SELECT * FROM seal").fetchall()
        connection.execute("ROLLBACK")
    return [row for row in rows if row[0] != "bytes"]


def sums_stored(path: Path) -> list[tuple[object, ...]]:
    """Return the seal of rows stored in the file."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM seal WHERE name <> 'bytes'").fetchall()


def bytes_stored(path: Path) -> str:
    """Return the seal of bytes stored in the file."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (value,) = connection.execute("SELECT digest FROM seal WHERE name = 'bytes'").fetchone()
    return str(value)


TABLES = [
    "meta", "document", "missing", "tag", "blob", "unpacked", "archive", "chain", "certificate", "offered",
    "handshakes", "fetched", "file",
    "asked",
]  # fmt: skip


def test_every_table_is_sealed(tmp_path: Path) -> None:
    rows = {row[0]: row[1] for row in sums_stored(full(tmp_path / "site.evidence"))}
    assert rows.keys() == {*TABLES, "evidence"}
    assert all(rows.values())


def test_seal_matches_after_rows_are_replaced_and_removed(tmp_path: Path) -> None:
    path = full(tmp_path / "site.evidence")
    with Store.create(path) as store:
        store.put_tag("r.example/app1", Seen(TagSeen(DIGEST, "m", 1), AT, SOURCE))
        store.commit()
        store.put_tag("r.example/app1", Absent("é\0\n", AT, SOURCE))
        store.put_chain("h:1", Seen(ChainSeen((b"other",), ""), AT, SOURCE))
        store.put_chain("h:1", Absent("", AT, SOURCE))
        store.drop_archive("r.example/app0")
        store.replace_files({"plan.yaml": b"new", "empty": b""})
        store.finish_run()
    assert sums_stored(path) == sums_by_counting(path)
    with Store.open(path) as store:
        assert store.is_sealed


def test_seal_covers_committed_rows_after_an_error(tmp_path: Path) -> None:
    path = full(tmp_path / "site.evidence")
    with Store.create(path) as store:
        store.put_tag("a", Absent("", AT, SOURCE))
        with pytest.raises(EvidenceError):
            store._write("INSERT INTO certificate VALUES ('h:1', 0, x'00')")  # the row exists already
        store.put_tag("b", Absent("", AT, SOURCE))
    assert sums_stored(path) == sums_by_counting(path)
    with Store.open(path) as store:
        assert store.tag("a") == store.tag("b") == Absent("", AT, SOURCE)


EDITS = [
    "DELETE FROM document",
    "DELETE FROM archive WHERE path LIKE '%app1'",
    "DELETE FROM file WHERE path LIKE '%app1'",
    "DELETE FROM missing WHERE repository LIKE '%app1'",
    "DELETE FROM tag WHERE reference LIKE '%app1'",
    "DELETE FROM blob WHERE repository LIKE '%app1'",
    "DELETE FROM unpacked WHERE value = 1",
    "DELETE FROM chain WHERE endpoint LIKE '%app1%'",
    "DELETE FROM offered WHERE endpoint LIKE '%app1%'",
    "DELETE FROM fetched WHERE url LIKE '%app1'",
    "DELETE FROM certificate WHERE position = 1",
    "DELETE FROM meta WHERE key = 'tool.version'",
    "DELETE FROM asked",
    "INSERT INTO file VALUES ('lists/more.txt', x'61')",
    "INSERT INTO certificate VALUES ('h:1', 7, x'00')",
    "UPDATE certificate SET position = position + 5",
    "UPDATE file SET body = x'00' WHERE path = 'plan.yaml'",
    "UPDATE file SET body = CAST(body AS TEXT)",
    "UPDATE fetched SET body = x'00'",
    "UPDATE offered SET versions = 'TLSv1.2'",
    "UPDATE meta SET value = 'target' WHERE key = 'tool.version'",
    "UPDATE document SET media_type = 'm'",
    "UPDATE blob SET size = 4 WHERE size = 2",
    "UPDATE archive SET path = path || 'x'",
    "DELETE FROM seal",
    "DELETE FROM seal WHERE name = 'file'",
    "DELETE FROM seal WHERE name = 'evidence'",
    "INSERT INTO seal VALUES ('more', 0, '')",
    "UPDATE seal SET name = x'00' WHERE name = 'tag'",
    "UPDATE seal SET row_count = x'00', digest = 1.5 WHERE name = 'tag'",
    "UPDATE seal SET row_count = row_count + 1 WHERE name = 'tag'",
    "UPDATE seal SET digest = x'00' WHERE name = 'evidence'",
    "DELETE FROM chain; INSERT INTO chain SELECT endpoint, outcome, detail, at, source, versions FROM offered",
]


@pytest.mark.parametrize("statement", EDITS)
def test_edited_row_is_rejected(statement: str, tmp_path: Path) -> None:
    path = edited(full(tmp_path / "site.evidence"), statement)
    for open_it in (Store.open, Store.create):
        with pytest.raises(EvidenceError, match=CHANGED) as caught:
            open_it(path)
        assert "Copy it again" in caught.value.hint


@pytest.mark.parametrize("statement", ["UPDATE file SET body = x'00'", "UPDATE meta SET value = ''", "DELETE FROM seal"])
def test_reading_only_the_plan_verifies_its_table(statement: str, tmp_path: Path) -> None:
    path = edited(full(tmp_path / "site.evidence"), statement)
    with pytest.raises(EvidenceError, match=CHANGED):
        Store.open(path, tables=PLAN_TABLES)


@pytest.mark.parametrize(
    "statements",
    [
        ("VACUUM",),
        ("CREATE TABLE filler (a)", "INSERT INTO filler VALUES (zeroblob(9000))", "DROP TABLE filler"),
        ("UPDATE seal SET digest = 'x' WHERE name = 'bytes'",),
        ("UPDATE seal SET digest = x'00' WHERE name = 'bytes'",),
        ("UPDATE seal SET row_count = 1 WHERE name = 'bytes'",),
        ("UPDATE seal SET digest = upper(digest) WHERE name = 'bytes'",),
        ("DELETE FROM seal WHERE name = 'bytes'",),
        ("INSERT INTO seal SELECT 'more', 0, digest FROM seal WHERE name = 'bytes'",),
    ],
)
def test_file_that_another_program_wrote_is_rejected(statements: tuple[str, ...], tmp_path: Path) -> None:
    path = edited(full(tmp_path / "site.evidence"), *statements)
    for tables in (None, PLAN_TABLES):
        with pytest.raises(EvidenceError, match=CHANGED):
            Store.open(path, tables=tables)
    with pytest.raises(EvidenceError, match=CHANGED):
        Store.create(path)


def test_seal_of_bytes_is_that_of_the_file(tmp_path: Path) -> None:
    path = full(tmp_path / "site.evidence")
    value, content = bytes_stored(path), path.read_bytes()
    assert content.count(value.encode()) == 1
    assert hashlib.sha256(content.replace(value.encode(), b"-" * 64)).hexdigest() == value


def test_file_of_a_killed_run_has_only_the_seal_of_rows(tmp_path: Path) -> None:
    path = full(tmp_path / "site.evidence")
    with Store.create(path) as store:
        store.put_tag("first", Absent("", AT, SOURCE))
        store.commit()
        shutil.copy(path, tmp_path / "copy")
        store.put_tag("more", Absent("", AT, SOURCE))
    assert bytes_stored(tmp_path / "copy") == "-" * 64
    with Store.open(tmp_path / "copy") as store:
        assert store.is_sealed
    with Store.open(path) as store:
        assert store.tag("more") == Absent("", AT, SOURCE)


def test_second_writer_waits_until_the_file_is_sealed(tmp_path: Path) -> None:
    path = full(tmp_path / "site.evidence")
    for number in range(5):
        with Store.create(path) as store:
            store.put_tag(f"r.example/{number}", Absent("", AT, SOURCE))
            with pytest.raises(EvidenceError, match="locked"):
                Store.create(path)
    with Store.open(path) as store:
        assert store.is_sealed


def test_file_of_an_older_version_is_sealed_on_the_first_write(tmp_path: Path) -> None:
    path = older(tmp_path / "site.evidence")
    with Store.open(path) as store:
        assert not store.is_sealed
    with Store.create(path):
        pass
    with Store.open(path) as store:
        assert store.is_sealed
    assert bytes_stored(path) != "-" * 64
    assert sums_stored(path) == sums_by_counting(path)


def test_missing_seal_is_found_despite_a_lower_version_number(tmp_path: Path) -> None:
    path = edited(full(tmp_path / "site.evidence"), "PRAGMA user_version=4")
    with pytest.raises(EvidenceError, match="did not create"):
        Store.open(path)
    with pytest.raises(EvidenceError, match="did not create"):
        Store.open(edited(full(tmp_path / "other.evidence"), "DROP TABLE seal"))


def test_other_journal_mode_is_rejected(tmp_path: Path) -> None:
    path = full(tmp_path / "site.evidence")
    content = bytearray(path.read_bytes())
    content[18:20] = b"\x02\x02"
    path.write_bytes(content)
    with pytest.raises(EvidenceError, match="its header"):
        Store.open(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["site.evidence"]
