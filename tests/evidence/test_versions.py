"""Evidence files of version 3: blobs without media types and digests, no record of a run's requests."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from auditor.evidence.model import BlobSeen, Seen
from auditor.evidence.store import Store
from auditor.testing.memory import AT, SOURCE
from tests.evidence.test_tls import AS_VERSION_3

REPOSITORY, DIGEST = "r.example/app", "sha256:" + "1" * 64


def version_3(path: Path) -> Path:
    """A file as version 3 wrote it, with one blob of 200,723 bytes."""
    with Store.create(path):
        pass
    connection = sqlite3.connect(path)
    connection.executescript(f"{AS_VERSION_3}; PRAGMA user_version=3")
    row = (REPOSITORY, DIGEST, "seen", "", AT.isoformat(), SOURCE, 200_723)
    connection.execute("INSERT INTO blob VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    connection.commit()
    connection.close()
    return path


def test_older_blob_row_keeps_its_meaning(tmp_path: Path) -> None:
    path = version_3(tmp_path / "site.evidence")
    before = path.read_bytes()
    with Store.open(path) as store:
        assert store.blob(REPOSITORY, DIGEST) == Seen(BlobSeen(200_723, "", ""), AT, SOURCE)
    assert path.read_bytes() == before, "reading changes nothing"


def test_writing_upgrades_an_older_file(tmp_path: Path) -> None:
    path = version_3(tmp_path / "site.evidence")
    with Store.create(path) as store:
        assert store.blob(REPOSITORY, DIGEST) == Seen(BlobSeen(200_723), AT, SOURCE)
        store.put_blob(REPOSITORY, "sha256:2", Seen(BlobSeen(5, "type", "sha256:2"), AT, SOURCE))
    with Store.open(path) as store:
        assert store.blob(REPOSITORY, DIGEST) == Seen(BlobSeen(200_723), AT, SOURCE)
        assert store.blob(REPOSITORY, "sha256:2") == Seen(BlobSeen(5, "type", "sha256:2"), AT, SOURCE)


@pytest.mark.parametrize("statement", ["CREATE TABLE asked (name TEXT)", "DROP TABLE blob", "CREATE VIEW asked AS SELECT 1"])
def test_older_file_with_other_tables_is_rejected(statement: str, tmp_path: Path) -> None:
    from auditor.errors import EvidenceError

    path = version_3(tmp_path / "site.evidence")
    connection = sqlite3.connect(path)
    connection.executescript(statement)
    connection.close()
    for open_it in (Store.open, Store.create):
        with pytest.raises(EvidenceError, match="did not create"):
            open_it(path)
