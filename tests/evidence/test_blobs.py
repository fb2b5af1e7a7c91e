"""The blobs of a repository are read together. Each observation is the same as if it were read alone."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from auditor.errors import EvidenceError
from auditor.evidence.model import Absent, BlobSeen, Failed, Kind, Observation, Seen
from auditor.evidence.overlay import Overlaid
from auditor.evidence.store import Store
from tests.evidence.tampering import forged

AT = datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.UTC)
FAILED = Failed(Kind.UNREACHABLE, "no answer", AT, "u")


def observed(number: int) -> Observation[BlobSeen]:
    match number % 3:
        case 0:
            return Seen(BlobSeen(number, "type", f"sha256:{number}"), AT, "u")
        case 1:
            return Absent("404", AT, "u")
        case _:
            return FAILED


def filled(path: Path, rows: dict[str, int]) -> Path:
    """Create evidence with this number of blobs in each repository."""
    with Store.create(path) as store:
        for repository, count in rows.items():
            for number in range(count):
                store.put_blob(repository, f"sha256:{number}", observed(number))
    return path


@pytest.mark.parametrize("count", [1, 512, 513, 700])
def test_blobs_are_found_in_repositories_of_any_size(tmp_path: Path, count: int) -> None:
    path = filled(tmp_path / "site.evidence", {"a/b": count, "a/c": 1})
    for is_finished in (True, False):
        with Store.open(path, read_only=is_finished) as store:
            assert set(store.observed_blobs("a/b")) == {f"sha256:{number}" for number in range(count)}
            assert [store.blob("a/b", f"sha256:{number}") for number in range(count)] == [*map(observed, range(count))]
            assert store.blob("a/b", f"sha256:{count}") is None
            assert set(store.observed_blobs("a/c")) == {"sha256:0"}
            assert not store.observed_blobs("a/d")
            assert store.blob("a/d", "sha256:0") is None


def test_alternating_repositories_return_their_own_blobs(tmp_path: Path) -> None:
    path = filled(tmp_path / "site.evidence", {f"a/{number}": number for number in range(1, 100)})
    with Store.open(path) as store:
        for _ in range(2):
            for number in range(1, 100):
                assert store.blob(f"a/{number}", f"sha256:{number - 1}") == observed(number - 1)
                assert store.blob(f"a/{number}", f"sha256:{number}") is None


def test_added_blobs_are_found_in_an_empty_store(tmp_path: Path) -> None:
    with Store.create(tmp_path / "site.evidence") as store:
        assert store.blob("a/b", "sha256:0") is None
        store.put_blob("a/b", "sha256:0", observed(0))
        assert store.blob("a/b", "sha256:0") == observed(0)
        assert set(store.observed_blobs("a/b")) == {"sha256:0"}


IMPOSSIBLE = (
    "size = -1",
    "size = 'many'",
    "media_type = x'00'",
    "hashed = x'00'",
    "source = x'00'",
    "at = 'yesterday'",
    "at = '2026-11-23T12:00:00'",
)


@pytest.mark.parametrize("change", IMPOSSIBLE)
def test_impossible_blob_row_is_rejected(tmp_path: Path, change: str) -> None:
    path = forged(filled(tmp_path / "site.evidence", {"a/b": 2}), f"UPDATE blob SET {change}")  # noqa: S608 - constants
    with Store.open(path) as store, pytest.raises(EvidenceError, match="invalid"):
        store.blob("a/b", "sha256:0")


def test_failures_of_this_run_are_observed_blobs_too(tmp_path: Path) -> None:
    with Store.open(filled(tmp_path / "site.evidence", {"a/b": 1})) as store:
        evidence = Overlaid(store, {("a/b", "sha256:9"): FAILED, ("a/c", "sha256:0"): FAILED, "a/b:1": FAILED})
        assert evidence.observed_blobs("a/b") == {"sha256:0", "sha256:9"}
        assert evidence.observed_blobs("a/c") == {"sha256:0"}
        assert evidence.blob("a/b", "sha256:9") == FAILED
