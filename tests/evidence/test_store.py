"""Evidence is durable: it is read back unchanged, tampered rows are rejected, and a crash costs little."""

from __future__ import annotations

import datetime
import hashlib
import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.errors import EvidenceError, InternalError
from auditor.evidence import database
from auditor.evidence import store as store_module
from auditor.evidence.model import Absent, BlobSeen, ChainSeen, Content, Failed, Kind, Observation, Seen, TagSeen
from auditor.evidence.store import Store
from tests.evidence.tampering import edited, forged

AT = datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.UTC)
BODY = b'{"schemaVersion": 2}'
DIGEST = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
REPOSITORY = "quay.io/team/web"


def filled(path: Path) -> Path:
    with Store.create(path) as store:
        store.put_document(DIGEST, "application/json", BODY, REPOSITORY, AT, "http://x")
        store.put_tag(f"{REPOSITORY}:1", Seen(TagSeen(DIGEST, "application/json", len(BODY)), AT, "http://x"))
        store.put_chain("h:1", Seen(ChainSeen((b"a",), "TLSv1.3"), AT, "tls://h:1"))
        store.put_file("plan.yaml", b"version: 1")
    return path


def altered(path: Path, *statements: str) -> Path:
    """Return the file after another program wrote to it."""
    return edited(filled(path), *statements)


def read_all(path: Path) -> Observation[Content] | None:
    """Read everything from an evidence file. Return the observation of the one document."""
    with Store.open(path) as store:
        store.tag(f"{REPOSITORY}:1")
        store.content("r", "d")
        store.chain("h:1")
        store.files()
        return store.content("", DIGEST)


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


def test_rows_are_committed_before_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BATCH_SECONDS", 0.0)
    path = tmp_path / "site.evidence"
    script = f"""
        import datetime, os, signal
        from pathlib import Path
        from auditor.evidence import database
        from auditor.evidence.model import Absent
        from auditor.evidence.store import Store
        database.BATCH = 10
        evidence = Store.create(Path({str(path)!r}))
        for number in range(1004):
            evidence.put_tag(str(number), Absent("", datetime.datetime.now(datetime.UTC), ""))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False, timeout=30)
    assert done.returncode == -signal.SIGKILL
    with Store.open(path) as store:
        assert isinstance(store.tag("980"), Absent)


def test_crash_during_a_commit_is_rolled_back(tmp_path: Path) -> None:
    path = filled(tmp_path / "site.evidence")
    before = path.read_bytes()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("PRAGMA cache_size=1; BEGIN; UPDATE file SET body = zeroblob(50000)")
    for number in range(200):
        connection.execute("INSERT INTO file VALUES (?, zeroblob(9000))", (str(number),))
    journal = path.with_name(f"{path.name}-journal").read_bytes()
    torn = path.read_bytes()
    connection.execute("ROLLBACK")
    connection.close()
    crashed = tmp_path / "crashed"
    crashed.write_bytes(torn)
    (tmp_path / "crashed-journal").write_bytes(journal)
    assert torn != before
    with Store.open(crashed) as store:
        assert store.files() == {"plan.yaml": b"version: 1"}
    assert crashed.stat().st_size == len(before)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_file_gives_an_error_or_correct_data(data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "site.evidence"
    path.unlink(missing_ok=True)
    content = bytearray(filled(path).read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        found = read_all(path)
    except EvidenceError:
        return
    assert not isinstance(found, Seen) or found.value.body == BODY


CREATE = """
    import resource, signal, sys
    from pathlib import Path
    from auditor.evidence.store import Store
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
    with Store.create(Path(sys.argv[1])) as store:
        store.put_file("plan.yaml", b"version: 1")
"""


@pytest.mark.parametrize("size", [0, 500, 600, 4096, 8192, 30_000, 60_000, 80_000])
def test_next_run_writes_a_file_whose_creation_was_killed(size: int, tmp_path: Path) -> None:
    """The kernel kills the writer at the first byte beyond `size`, during the commit that creates the tables."""
    path = tmp_path / "site.evidence"
    command = [sys.executable, "-c", textwrap.dedent(CREATE), str(path), str(size)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], check=False, timeout=30)
    assert done.returncode == -signal.SIGXFSZ
    with Store.create(path) as store:
        assert store.is_sealed
        store.put_file("plan.yaml", b"version: 1")
    with Store.open(path) as store:
        assert store.files() == {"plan.yaml": b"version: 1"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["site.evidence"]
