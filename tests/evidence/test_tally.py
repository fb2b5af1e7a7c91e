"""Counts of observations: each observation is counted once, and the number of places is bounded."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import EvidenceError
from auditor.evidence.model import Absent, BlobSeen, Failed, Kind, Seen, TagSeen
from auditor.evidence.overlay import Overlaid
from auditor.evidence.store import Store
from auditor.evidence.tally import MOST_PLACES, OTHER_PLACES, origin, tallied
from tests.evidence.tampering import forged

AT = datetime.datetime(2026, 11, 23, 12, 0, tzinfo=datetime.UTC)
LATER = AT + datetime.timedelta(days=2)
observations = st.tuples(
    st.booleans(),
    st.booleans(),
    st.datetimes(timezones=st.just(datetime.UTC)),
    st.integers(0, 99).map(lambda number: f"https://host-{number}.example/v2/x/{number}"),
)


@given(st.lists(observations, max_size=200))
def test_every_observation_is_counted_once_and_places_stay_few(
    observed: list[tuple[bool, bool, datetime.datetime, str]],
) -> None:
    tallies = tallied("tags", observed)
    assert sum(tally.all for tally in tallies) == len(observed)
    assert sum(tally.seen for tally in tallies) == sum(seen for seen, *_ in observed)
    assert len(tallies) <= MOST_PLACES + 1
    assert all(tally.all and tally.oldest <= tally.newest for tally in tallies)
    if observed:
        times = [at for _, _, at, _ in observed]
        assert min(tally.oldest for tally in tallies) == min(times)
        assert max(tally.newest for tally in tallies) == max(times)


def test_places_beyond_the_largest_are_merged() -> None:
    places = [f"https://h{number}/" for number in range(MOST_PLACES + 5)]
    tallies = tallied("tags", [(True, False, AT, place) for place in (*places, places[-1])])
    assert tallies[0].place == f"https://h{MOST_PLACES + 4}"
    assert (tallies[-1].place, tallies[-1].seen) == (OTHER_PLACES, 5)


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("https://quay.io/v2/team/web/manifests/1", "https://quay.io"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("media/images.tar", "media/images.tar"),
        ("registry.plant7.local:5000", "registry.plant7.local:5000"),
    ],
)
def test_the_place_of_a_source(source: str, place: str) -> None:
    assert origin(source) == place


def test_tally_counts_seen_absent_and_failed_separately() -> None:
    with Store.memory() as store:
        store.put_tag("a:1", Seen(TagSeen("sha256:0", "", 1), AT, "https://a/v2/1"))
        store.put_tag("a:2", Absent("404", LATER, "https://a/v2/2"))
        store.put_tag("b:1", Failed(Kind.UNREACHABLE, "no route", AT, "https://b/v2/1"))
        store.put_missing("a", "sha256:1", Absent("404", AT, "https://a/v2/x"))
        store.put_blob("a", "sha256:2", Seen(BlobSeen(5), AT, "https://a/v2/y"))
        found = {(tally.what, tally.place): tally for tally in store.tallies()}
    tags = found["tags", "https://a"]
    assert (tags.seen, tags.absent, tags.failed, tags.oldest, tags.newest) == (1, 1, 0, AT, LATER)
    assert found["tags", "https://b"].failed == 1
    assert found["documents", "https://a"].absent == 1
    assert set(found) == {("tags", "https://a"), ("tags", "https://b"), ("documents", "https://a"), ("blobs", "https://a")}


def test_new_failures_are_counted_beside_earlier_observations() -> None:
    with Store.memory() as store:
        store.put_tag("a:1", Seen(TagSeen("sha256:0", "", 1), AT, "https://a/v2/1"))
        overlaid = Overlaid(store, {"a:1": Failed(Kind.UNREACHABLE, "no route", LATER, "https://a/v2/1")})
        again, before = overlaid.tallies()
    assert (again.what, again.failed, again.newest) == ("requested again, without an answer", 1, LATER)
    assert (before.what, before.seen) == ("tags", 1)


def test_invalid_time_is_an_evidence_error(tmp_path: Path) -> None:
    path = tmp_path / "site.evidence"
    with Store.create(path) as store:
        store.put_tag("a:1", Seen(TagSeen("sha256:0", "", 1), AT, "https://a"))
    forged(path, "UPDATE tag SET at = 'yesterday'")
    with Store.open(path) as store, pytest.raises(EvidenceError, match="invalid"):
        store.tallies()
