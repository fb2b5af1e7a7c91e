"""What endpoints offer and what certificates point at comes back from evidence, and nothing that cannot be is believed."""

from __future__ import annotations

import datetime
import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import EvidenceError
from auditor.evidence.model import MAX_FETCHED, Absent, Failed, Fetched, Kind, Observation, Seen, TagSeen, TlsOffered
from auditor.evidence.overlay import Overlaid
from auditor.evidence.store import Store
from tests.evidence.tampering import forged

AT = datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.UTC)
URL = "http://pki.plant7.local/root.crl"
FAILURES: list[Absent | Failed] = [Absent("404", AT, URL), *(Failed(kind, "why", AT, URL) for kind in Kind)]
NAMES = st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40), max_size=60).map(tuple)


def offered(versions: tuple[str, ...] = ("TLSv1.2",), ciphers: tuple[str, ...] = ("A", "B")) -> Observation[TlsOffered]:
    return Seen(TlsOffered(versions, ciphers), AT, "tls://h:1")


@settings(deadline=None)
@given(versions=NAMES, ciphers=NAMES, body=st.binary(max_size=2000))
def test_whatever_goes_in_comes_out(versions: tuple[str, ...], ciphers: tuple[str, ...], body: bytes) -> None:
    with Store.memory() as store:
        store.put_offered("h:1", offered())
        store.put_offered("h:1", offered(versions, ciphers))
        store.put_fetched(URL, Seen(Fetched(b"old"), AT, URL))
        store.put_fetched(URL, Seen(Fetched(body), AT, URL))
        assert store.tls_offered("h:1") == offered(versions, ciphers)
        assert store.fetched(URL) == Seen(Fetched(body), AT, URL)
        assert (store.tls_offered("h:2"), store.fetched("http://other")) == (None, None)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda one: getattr(one, "kind", "absent"))
def test_failures_come_back(failure: Absent | Failed) -> None:
    with Store.memory() as store:
        store.put_offered("h:1", failure)
        store.put_fetched(URL, failure)
        assert store.tls_offered("h:1") == store.fetched(URL) == failure


def test_fresh_failures_stand_in_front() -> None:
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
def test_what_was_tampered_with_is_refused(change: str, tmp_path: Path) -> None:
    path = tmp_path / "site.evidence"
    with Store.create(path) as store:
        store.put_offered("h:1", offered())
        store.put_fetched(URL, Seen(Fetched(b"crl"), AT, URL))
    forged(path, f"UPDATE {change}")
    with Store.open(path) as store, pytest.raises(EvidenceError, match="cannot be"):
        (store.tls_offered("h:1"), store.fetched(URL))


AS_VERSION_3 = (
    "DROP TABLE seal; DROP TABLE asked; DROP TABLE blob; "
    "CREATE TABLE blob (repository TEXT NOT NULL, digest TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL, "
    "at TEXT NOT NULL, source TEXT NOT NULL, size INTEGER NOT NULL, PRIMARY KEY (repository, digest)) WITHOUT ROWID"
)


def older(path: Path) -> Path:
    """A file as version 2 wrote it, which had no table for what endpoints offer."""
    with Store.create(path) as store:
        store.put_tag("a", Seen(TagSeen("sha256:1", "m", 1), AT, ""))
    connection = sqlite3.connect(path)
    connection.executescript(f"DROP TABLE offered; DROP TABLE fetched; {AS_VERSION_3}; PRAGMA user_version=2; VACUUM")
    connection.close()
    return path


def test_an_older_file_is_read_as_it_is(tmp_path: Path) -> None:
    path = older(tmp_path / "site.evidence")
    before = path.read_bytes()
    path.chmod(0o444)
    with Store.open(path) as store:
        assert isinstance(store.tag("a"), Seen)
        assert (store.tls_offered("h:1"), store.fetched(URL)) == (None, None)
    assert path.read_bytes() == before


def test_an_older_file_is_gone_on_with(tmp_path: Path) -> None:
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
        ("CREATE TABLE offered (endpoint TEXT)", "did not make"),
        ("PRAGMA user_version=3", "did not make"),
        ("PRAGMA user_version=4", "did not make"),
        ("PRAGMA user_version=6", "newer auditor"),
    ],
)
def test_a_version_has_its_own_tables_and_no_others(statements: str, words: str, tmp_path: Path) -> None:
    path = older(tmp_path / "site.evidence")
    connection = sqlite3.connect(path)
    connection.executescript(statements)
    connection.close()
    shutil.copy(path, tmp_path / "copy")
    for open_it in (Store.open, Store.create):
        with pytest.raises(EvidenceError, match=words):
            open_it(path)
    assert path.read_bytes() == (tmp_path / "copy").read_bytes()
