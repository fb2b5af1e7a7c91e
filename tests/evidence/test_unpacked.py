"""Unpacked sizes of layers are read back from evidence; impossible rows are rejected."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from auditor.errors import EvidenceError
from auditor.evidence.model import Absent, Failed, Kind, Observation, Seen
from auditor.evidence.overlay import Overlaid
from auditor.evidence.store import Store
from auditor.oci.unpacked import UnpackedKind, UnpackedSeen
from tests.evidence.tampering import forged

AT = datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.UTC)
OBSERVATIONS: list[Observation[UnpackedSeen]] = [
    *(Seen(UnpackedSeen(kind, 2**63 - 1, "why"), AT, "http://x") for kind in UnpackedKind),
    Absent("BLOB_UNKNOWN", AT, "http://x"),
    Failed(Kind.UNSUPPORTED, "the registry sends whole blobs", AT, "http://x"),
]


@pytest.mark.parametrize("observation", OBSERVATIONS, ids=str)
def test_unpacked_size_is_read_back(observation: Observation[UnpackedSeen], tmp_path: Path) -> None:
    path = tmp_path / "site.evidence"
    with Store.create(path) as store:
        assert store.unpacked("sha256:1") is None
        store.put_unpacked("sha256:1", Failed(Kind.BUG, "to be replaced", AT, ""))
        store.put_unpacked("sha256:1", observation)
    with Store.open(path) as store:
        assert store.unpacked("sha256:1") == observation
        assert Overlaid(store, {}).unpacked("sha256:1") == observation
        assert store.unpacked("sha256:2") is None


@pytest.mark.parametrize("change", ["kind = 'rumour'", "value = -1", "value = 'much'", "kind = x'00'", "outcome = 'maybe'"])
def test_edited_row_is_rejected(change: str, tmp_path: Path) -> None:
    path = tmp_path / "site.evidence"
    with Store.create(path) as store:
        store.put_unpacked("sha256:1", OBSERVATIONS[0])
    forged(path, f"UPDATE unpacked SET {change}")  # noqa: S608 - a test's own words
    with Store.open(path) as store, pytest.raises(EvidenceError, match="invalid"):
        store.unpacked("sha256:1")
