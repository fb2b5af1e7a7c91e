"""The model of what a copy does to digests must say what really happens: tools and a registry are run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.facts import table
from auditor.transfer.copy_digests import CopyDigests, digest_row
from tests.peers.copying import Case, Desk, copied, desk
from tests.peers.digests_copied import CASES, KINDS, STOPS, made_image, observe, predict, push

pytestmark = pytest.mark.peer
PAIRS = [(case, kind) for case in CASES for kind in KINDS]
COPIED = [(case, kind) for case, kind in PAIRS if (str(case), kind) not in STOPS]
STOPPED = [(case, kind) for case, kind in PAIRS if (str(case), kind) in STOPS]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(tmp_path_factory.mktemp("desk")) as made:
        yield made


@pytest.mark.parametrize(("case", "kind"), COPIED, ids=[f"{case}: {kind}" for case, kind in COPIED])
def test_digest_stays_or_changes_as_predicted(made: Desk, tmp_path: Path, case: Case, kind: str) -> None:
    observed = list(observe(made, case, kind, tmp_path))
    assert len(observed) == len(case.way)
    for way, predicted, found in observed:
        assert found == predicted, way


@pytest.mark.parametrize(("case", "kind"), STOPPED, ids=[f"{case}: {kind}" for case, kind in STOPPED])
def test_tool_stops_instead_of_changing_the_digest(made: Desk, tmp_path: Path, case: Case, kind: str) -> None:
    image = made_image(kind)
    push(made, "pinned/stopped", image)
    with pytest.raises(AssertionError, match="level=fatal"):
        list(copied(made, case, f"pinned/stopped@{image.digest}", tmp_path))
    assert not predict(case.hops, image)


def test_row_is_confirmed_if_and_only_if_a_case_runs_it() -> None:
    rows: tuple[CopyDigests, ...] = table("copy_digests", CopyDigests)
    seen = [digest_row(hop) for case in CASES for hop in case.hops]
    run_here = {row.name for row in seen if isinstance(row, CopyDigests)}
    assert {row.name for row in rows if row.confirmed} == run_here
