"""TLS offers and downloads named by certificates are read back from evidence; impossible rows are rejected."""

from __future__ import annotations

import datetime
import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import EvidenceError
from auditor.evidence.model import (
    MAX_FETCHED,
    Absent,
    ClientAuth,
    Failed,
    Fetched,
    Handshakes,
    Kind,
    Observation,
    Seen,
    TagSeen,
    TlsOffered,
)
from auditor.evidence.overlay import Overlaid
from auditor.evidence.sqlite_schema import seal_of
from auditor.evidence.store import Store
from tests.evidence.tampering import forged

AT = datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.UTC)
URL = "http://pki.plant7.local/root.crl"
FAILURES: list[Absent | Failed] = [Absent("404", AT, URL), *(Failed(kind, "why", AT, URL) for kind in Kind)]
NAMES = st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40), max_size=60).map(tuple)


HANDSHAKES = Handshakes(
    old_suites=("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",),
    all_old_suites=True,
    client_auth=ClientAuth.REQUIRED,
    authorities=("CN=Plant 7 Root",),
    refusal="HTTP 400: No required SSL certificate was sent",
    staple=b"\x30\x03\x0a\x01\x06",
    staple_known=True,
)


def offered(versions: tuple[str, ...] = ("TLSv1.2",), ciphers: tuple[str, ...] = ("A", "B")) -> Observation[TlsOffered]:
    return Seen(TlsOffered(versions, ciphers), AT, "tls://h:1")


@settings(deadline=None)
@given(versions=NAMES, ciphers=NAMES, body=st.binary(max_size=2000))
def test_tls_observations_are_read_back(versions: tuple[str, ...], ciphers: tuple[str, ...], body: bytes) -> None:
    with Store.memory() as store:
        store.put_offered("h:1", offered())
        store.put_offered("h:1", offered(versions, ciphers))
        store.put_fetched(URL, Seen(Fetched(b"old"), AT, URL))
        store.put_fetched(URL, Seen(Fetched(body), AT, URL))
        assert store.tls_offered("h:1") == offered(versions, ciphers)
        assert store.fetched(URL) == Seen(Fetched(body), AT, URL)
        assert (store.tls_offered("h:2"), store.fetched("http://other")) == (None, None)


def test_handshakes_are_read_back_and_replaced() -> None:
    with Store.memory() as store:
        store.put_offered("h:1", Seen(TlsOffered(("TLSv1.2",), ("A",), HANDSHAKES), AT, "tls://h:1"))
        found = store.tls_offered("h:1")
        assert isinstance(found, Seen)
        assert found.value.handshakes == HANDSHAKES
        store.put_offered("h:1", offered())
        assert store.tls_offered("h:1") == offered()


@pytest.mark.parametrize("failure", FAILURES, ids=lambda one: getattr(one, "kind", "absent"))
def test_tls_failures_are_read_back(failure: Absent | Failed) -> None:
    with Store.memory() as store:
        store.put_offered("h:1", failure)
        store.put_fetched(URL, failure)
        assert store.tls_offered("h:1") == store.fetched(URL) == failure


def test_new_failures_replace_earlier_observations() -> None:
    lost = Failed(Kind.UNREACHABLE, "no answer", AT, "")
    with Store.memory() as store:
        store.put_offered("h:1", offered())
        store.put_fetched(URL, Seen(Fetched(b"crl"), AT, URL))
        assert Overlaid(store, {"h:1": lost}).tls_offered("h:1") == lost
        assert Overlaid(store, {"h:1": lost}).fetched(URL) == store.fetched(URL)
        assert Overlaid(store, {URL: lost}).fetched(URL) == lost
        assert Overlaid(store, {URL: lost}).tls_offered("h:1") == offered()


@pytest.mark.parametrize(
    "change",
    [
        "offered SET versions = x'00'",
        "offered SET ciphers = 'A  B'",
        "offered SET ciphers = ' A'",
        "offered SET outcome = 'maybe'",
        "fetched SET body = 'text'",
        "fetched SET at = 'once'",
        f"fetched SET body = zeroblob({MAX_FETCHED + 1})",
    ],
)
def test_edited_row_is_rejected(change: str, tmp_path: Path) -> None:
    path = tmp_path / "site.evidence"
    with Store.create(path) as store:
        store.put_offered("h:1", offered())
        store.put_fetched(URL, Seen(Fetched(b"crl"), AT, URL))
    forged(path, f"UPDATE {change}")
    with Store.open(path) as store, pytest.raises(EvidenceError, match="invalid"):
        (store.tls_offered("h:1"), store.fetched(URL))


AS_VERSION_3 = (
    "DROP TABLE handshakes; DROP TABLE seal; DROP TABLE asked; DROP TABLE blob; "
    "CREATE TABLE blob (repository TEXT NOT NULL, digest TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL, "
    "at TEXT NOT NULL, source TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (repository, digest)) WITHOUT ROWID"
)


def older(path: Path) -> Path:
    """Return a file of version 2, which had no table for TLS offers."""
    with Store.create(path) as store:
        store.put_tag("a", Seen(TagSeen("sha256:1", "m", 1), AT, ""))
    connection = sqlite3.connect(path)
    connection.executescript(f"DROP TABLE offered; DROP TABLE fetched; {AS_VERSION_3}; PRAGMA user_version=2; VACUUM")
    connection.close()
    return path


def test_older_file_is_read_unchanged(tmp_path: Path) -> None:
    path = older(tmp_path / "site.evidence")
    before = path.read_bytes()
    path.chmod(0o444)
    with Store.open(path) as store:
        assert isinstance(store.tag("a"), Seen)
        assert (store.tls_offered("h:1"), store.fetched(URL)) == (None, None)
    assert path.read_bytes() == before


def test_older_file_is_continued(tmp_path: Path) -> None:
    path = older(tmp_path / "site.evidence")
    with Store.create(path) as store:
        store.put_offered("h:1", offered())
    with Store.open(path) as store:
        assert isinstance(store.tag("a"), Seen)
        assert store.tls_offered("h:1") == offered()


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        ("PRAGMA user_version=1", "older auditor"),
        ("CREATE TABLE offered (endpoint TEXT)", "did not create"),
        ("PRAGMA user_version=3", "did not create"),
        ("PRAGMA user_version=4", "did not create"),
        ("PRAGMA user_version=8", "newer auditor"),
    ],
)
def test_table_of_another_version_is_rejected(statements: str, words: str, tmp_path: Path) -> None:
    path = older(tmp_path / "site.evidence")
    connection = sqlite3.connect(path)
    connection.executescript(statements)
    connection.close()
    shutil.copy(path, tmp_path / "copy")
    for open_it in (Store.open, Store.create):
        with pytest.raises(EvidenceError, match=words):
            open_it(path)
    assert path.read_bytes() == (tmp_path / "copy").read_bytes()


def sealed(path: Path) -> Path:
    """Return a sealed file of version 5, which had no table for handshakes."""
    with Store.create(path) as store:
        store.put_offered("h:1", offered())
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("DROP TABLE handshakes; DELETE FROM seal; PRAGMA user_version=5")
    connection.execute("BEGIN")
    seal_of(connection, 5).anew()
    connection.execute("COMMIT")
    connection.close()
    return path


def test_sealed_file_without_handshakes_is_read_and_continued(tmp_path: Path) -> None:
    path = sealed(tmp_path / "site.evidence")
    with Store.open(path) as store:
        assert store.tls_offered("h:1") == offered()
    with Store.create(path) as store:
        store.put_offered("h:2", Seen(TlsOffered(("TLSv1.2",), (), HANDSHAKES), AT, "tls://h:2"))
    with Store.open(path) as store:
        found = store.tls_offered("h:2")
        assert isinstance(found, Seen)
        assert found.value.handshakes == HANDSHAKES


def test_damaged_older_file_is_not_sealed_anew(tmp_path: Path) -> None:
    path = sealed(tmp_path / "site.evidence")
    connection = sqlite3.connect(path)
    connection.execute("UPDATE offered SET versions = 'TLSv1.3'")
    connection.commit()
    connection.close()
    for open_it in (Store.open, Store.create):
        with pytest.raises(EvidenceError, match="was changed after it was written"):
            open_it(path)
