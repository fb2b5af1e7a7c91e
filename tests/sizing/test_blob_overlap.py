"""Which images share bytes, compared with a plain count over all pairs."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from auditor.sizing.blob_overlap import MOST, BlobOverlap, shared_by_each


@dataclass(frozen=True)
class Layer:
    digest: str
    size: int


BASE, OTHER, OWN = Layer("base", 100), Layer("other", 30), Layer("own", 7)


def test_shared_base_is_reported_with_its_sharers() -> None:
    assert shared_by_each([("web", [BASE, OWN]), ("api", [BASE, OTHER]), ("db", [OTHER]), ("alone", [Layer("x", 1)])]) == [
        BlobOverlap(100, ("api",)),
        BlobOverlap(130, ("web", "db")),
        BlobOverlap(30, ("api",)),
        BlobOverlap(0, ()),
    ]


def test_layer_listed_twice_in_one_image_is_not_shared() -> None:
    assert shared_by_each([("web", [OWN, OWN])]) == [BlobOverlap(0, ())]


def test_negative_size_counts_as_zero() -> None:
    assert shared_by_each([("a", [Layer("x", -5)]), ("b", [Layer("x", -5)])])[0] == BlobOverlap(0, ("b",))


@given(st.lists(st.lists(st.integers(0, 8), max_size=6), max_size=12))
def test_shared_bytes_equal_a_count_over_all_pairs(owned: list[list[int]]) -> None:
    images = [(f"image-{n}", [Layer(str(digest), digest + 1) for digest in digests]) for n, digests in enumerate(owned)]
    for number, shared in enumerate(shared_by_each(images)):
        others = {digest for n, digests in enumerate(owned) if n != number for digest in digests}
        assert shared.bytes == sum(digest + 1 for digest in set(owned[number]) & others)
        assert len(shared.partners) <= MOST
        assert bool(shared.partners) == bool(set(owned[number]) & others)
        assert f"image-{number}" not in shared.partners
