"""Evidence is durable: it is read back unchanged, tampered rows are rejected, and a crash costs little."""

from __future__ import annotations

import datetime
import hashlib
import sqlite3
from pathlib import Path

import pytest

from auditor.errors import EvidenceError, InternalError
from auditor.evidence import store as store_module
from auditor.evidence.model import Absent, BlobSeen, ChainSeen, Content, Failed, Kind, Observation, Seen, TagSeen
from auditor.evidence.store import Store
from tests.evidence.stored import AT, BODY, DIGEST, REPOSITORY, altered, filled, read_all
from tests.evidence.tampering import forged

OBSERVATIONS: list[Observation[TagSeen]] = [
    Seen(TagSeen(DIGEST, "application/json", 20), AT, "http://x"),
    Absent("MANIFEST_UNKNOWN", AT, "http://x"),
    *(Failed(kind, "why", AT, "http://x") for kind in Kind),
]


@pytest.mark.parametrize("observation", OBSERVATIONS, ids=lambda one: type(one).__name__ + getattr(one, "kind", ""))
def test_observations_are_read_back(observation: Observation[TagSeen]) -> None:
    with Store.memory() as store:
        assert store.tag("a") is None
        store.put_tag("a", Failed(Kind.BUG, "to be replaced", AT, ""))
        store.put_tag("a", observation)
        assert store.tag("a") == observation


def test_notes_and_files_are_read_back(tmp_path: Path) -> None:
    path = tmp_path / "site.evidence"
    absent, failed = Absent("gone", AT, "u"), Failed(Kind.DENIED, "no", AT, "u")
    with Store.create(path) as store:
        store.put_document(DIGEST, "application/json", BODY, REPOSITORY, AT, "http://x")
        store.put_missing(REPOSITORY, "sha256:1", absent)
        store.put_missing(REPOSITORY, "sha256:2", failed)
        store.put_blob(REPOSITORY, "sha256:3", Seen(BlobSeen(7), AT, "u"))
        store.put_blob(REPOSITORY, "sha256:4", absent)
        for certificates in ((b"old", b"older", b"oldest"), (b"leaf", b"root")):
            store.put_chain("h:443", Seen(ChainSeen(certificates, "TLSv1.2"), AT, "tls"))
        store.put_chain("g:443", failed)
        store.replace_files({"plan.yaml": b"old", "lost": b""})
        store.replace_files({"plan.yaml": b"new"})
        store.put_meta("plan.name", "plant-7")
    with Store.open(path) as store:
        assert store.content("any", DIGEST) == Seen(Content("application/json", BODY), AT, "http://x")
        assert store.has_document(DIGEST)
        assert store.content(REPOSITORY, "sha256:1") == absent
        assert store.content(REPOSITORY, "sha256:2") == failed
        assert store.content("other/repository", "sha256:1") is None
        assert store.blob(REPOSITORY, "sha256:3") == Seen(BlobSeen(7), AT, "u")
        assert store.blob(REPOSITORY, "sha256:4") == absent
        assert store.blob(REPOSITORY, "sha256:5") is None
        assert store.chain("h:443") == Seen(ChainSeen((b"leaf", b"root"), "TLSv1.2"), AT, "tls")
        assert store.chain("g:443") == failed
        assert store.chain("f:443") is None
        assert store.files() == {"plan.yaml": b"new"}
        assert (store.meta("plan.name"), store.meta("nothing")) == ("plant-7", "")
        assert store.meta("tool.version")


def test_document_replaces_its_missing_record() -> None:
    with Store.memory() as store:
        store.put_missing(REPOSITORY, DIGEST, Failed(Kind.UNREACHABLE, "", AT, ""))
        store.put_document(DIGEST, "", BODY, REPOSITORY, AT, "")
        assert isinstance(store.content(REPOSITORY, DIGEST), Seen)


@pytest.mark.parametrize("digest", [f"sha256:{'0' * 64}", "md5:0", "", "sha256"])
def test_bytes_with_another_digest_are_rejected(digest: str) -> None:
    with Store.memory() as store, pytest.raises(InternalError):
        store.put_document(digest, "", BODY, REPOSITORY, AT, "")


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_all_registered_algorithms(algorithm: str) -> None:
    digest = f"{algorithm}:{hashlib.new(algorithm, BODY).hexdigest()}"
    with Store.memory() as store:
        store.put_document(digest, "", BODY, REPOSITORY, AT, "")
        assert isinstance(store.content("", digest), Seen)


def test_times_are_stored_in_utc() -> None:
    east = AT.astimezone(datetime.timezone(datetime.timedelta(hours=5)))
    with Store.memory() as store:
        store.put_tag("a", Absent("", east, ""))
        found = store.tag("a")
        assert found is not None
        assert (found.at, found.at.tzinfo) == (AT, datetime.UTC)


def test_finished_evidence_is_a_single_file(tmp_path: Path) -> None:
    filled(tmp_path / "site.evidence")
    assert [path.name for path in tmp_path.iterdir()] == ["site.evidence"]


def test_a_read_only_file_in_a_read_only_folder(tmp_path: Path) -> None:
    path = filled(tmp_path / "site.evidence")
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        with Store.open(path) as store:
            assert store.files()
            with pytest.raises(EvidenceError, match="readonly"):
                store.put_meta("a", "b")
    finally:
        tmp_path.chmod(0o755)


def test_earlier_file_is_continued(tmp_path: Path) -> None:
    path = filled(tmp_path / "site.evidence")
    with Store.create(path) as store:
        assert store.has_document(DIGEST)
    empty = tmp_path / "empty"
    empty.touch()
    with Store.create(empty) as store:
        assert store.meta("tool.version")


def _text(path: Path) -> None:
    path.write_text("docker.io/library/busybox:1\n" * 20)


def _foreign(path: Path) -> None:
    sqlite3.connect(path).executescript("CREATE TABLE a (b); INSERT INTO a VALUES (1)").connection.close()


def _header(offset: int, data: bytes) -> object:
    def change(path: Path) -> None:
        filled(path)
        content = bytearray(path.read_bytes())
        content[offset : offset + len(data)] = data
        path.write_bytes(content)

    return change


def _truncated(path: Path) -> None:
    filled(path)
    path.write_bytes(path.read_bytes()[:5000])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda _path: None, "there is no such file"),
        (Path.mkdir, "it is a folder"),
        (Path.touch, "not an evidence file"),
        (_text, "not an evidence file"),
        (_foreign, "another program"),
        (_header(60, b"\x00\x00\x00\x63"), "newer auditor"),
        (_header(100, b"\xff" * 3000), "malformed|damaged|disk image"),
        (_truncated, "malformed|damaged|disk image"),
        (lambda path: altered(path, "CREATE TABLE extra (a)"), "did not create"),
        (lambda path: altered(path, "CREATE TRIGGER t AFTER INSERT ON tag BEGIN DELETE FROM document; END"), "did not create"),
        (lambda path: altered(path, "DROP TABLE tag", "CREATE VIEW tag AS SELECT 1 AS reference"), "did not create"),
        (lambda path: altered(path, "DROP TABLE blob"), "did not create"),
    ],
    ids=lambda value: value if isinstance(value, str) else getattr(value, "__name__", "").strip("<>"),
)
def test_file_that_is_not_evidence_is_rejected(make: object, words: str, tmp_path: Path) -> None:
    path = tmp_path / "site.evidence"
    assert callable(make)
    make(path)
    with pytest.raises(EvidenceError, match=words) as caught:
        read_all(path)
    assert str(path) in caught.value.summary
    assert caught.value.hint


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE tag SET outcome = 'nonsense'",
        "UPDATE tag SET at = 'yesterday'",
        "UPDATE tag SET at = '2026-11-23T12:00:00'",
        "UPDATE tag SET at = x'00'",
        "UPDATE tag SET size = -1",
        "UPDATE tag SET size = 'big'",
        "UPDATE tag SET digest = x'00'",
        "UPDATE document SET media_type = x'00'",
        "UPDATE document SET at = 'never'",
        "UPDATE certificate SET body = 'text'",
        "UPDATE file SET body = 'text'",
        "INSERT INTO missing VALUES ('r', 'd', 'seen', '', '2026-11-23T12:00:00+00:00', '')",
    ],
)
def test_impossible_rows_are_rejected(statement: str, tmp_path: Path) -> None:
    path = forged(filled(tmp_path / "site.evidence"), statement)
    with pytest.raises(EvidenceError, match="site.evidence"):
        read_all(path)


def test_column_that_is_not_text_is_rejected(tmp_path: Path) -> None:
    path = altered(tmp_path / "site.evidence", "UPDATE document SET source = CAST(x'ff' AS TEXT)")
    with pytest.raises(EvidenceError, match="site.evidence"):
        Store.open(path)


@pytest.mark.parametrize("statement", ["UPDATE document SET body = x'00'", "UPDATE document SET body = zeroblob(5000000)"])
def test_changed_document_bytes_are_malformed(statement: str, tmp_path: Path) -> None:
    path = forged(filled(tmp_path / "site.evidence"), statement)
    with Store.open(path) as store:
        found = store.content("", DIGEST)
    assert isinstance(found, Failed)
    assert found.kind is Kind.MALFORMED


def test_values_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = forged(filled(tmp_path / "site.evidence"), "UPDATE file SET body = zeroblob(70000000)")
    with pytest.raises(EvidenceError, match="too big|too large"):
        Store.open(path)
    monkeypatch.setattr(store_module, "MAX_FILES", 0)
    with Store.open(filled(tmp_path / "other")) as store, pytest.raises(EvidenceError, match="more files"):
        store.files()


def test_second_writer_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.evidence.sqlite_schema._LOCK_TIMEOUT", 0.05)
    path = filled(tmp_path / "site.evidence")
    with Store.create(path), pytest.raises(EvidenceError) as caught:
        Store.create(path)
    assert "Another auditor" in caught.value.hint


@pytest.mark.parametrize("folder", ["absent", "file"])
def test_unwritable_path_is_an_error(folder: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EvidenceError) as caught:
        Store.create(tmp_path / folder / "site.evidence")
    assert caught.value.hint
