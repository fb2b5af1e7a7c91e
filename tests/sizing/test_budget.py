"""Every blob counts once, for any owner and in any order."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.sizing.budget import Budget, BudgetShare
from auditor.sizing.budget import deduplicated as deduplicated_blobs
from auditor.text import format_size

Owned = list[tuple[str, list[tuple[str, int]]]]
OWNED = st.lists(
    st.tuples(
        st.sampled_from(["web", "api", "db"]),
        st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(min_value=0, max_value=10**12)), max_size=6),
    ),
    max_size=8,
)


@dataclass(frozen=True)
class Stored:
    """A blob."""

    digest: str
    size: int


def deduplicated(owned: Owned) -> Budget:
    """The budget of (owner, [(digest, size)])."""
    return deduplicated_blobs((owner, [Stored(*blob) for blob in blobs]) for owner, blobs in owned)


def test_shared_and_exclusive_bytes_are_distinguished() -> None:
    budget = deduplicated([("web", [("base", 100), ("web", 7), ("web", 7)]), ("api", [("base", 100), ("api", 30)])])
    assert budget.bytes == 137
    assert budget.shared == 100
    assert budget.exclusive == (BudgetShare("api", 30), BudgetShare("web", 7))


def test_larger_of_two_conflicting_sizes_counts() -> None:
    assert deduplicated([("web", [("base", 100)]), ("api", [("base", 250)])]).bytes == 250


def test_owner_listed_twice_shares_nothing() -> None:
    budget = deduplicated([("web", [("base", 100)]), ("web", [("base", 100)])])
    assert (budget.shared, budget.exclusive) == (0, (BudgetShare("web", 100),))


def test_negative_size_counts_as_zero() -> None:
    assert deduplicated([("web", [("base", -100), ("web", 7)])]).bytes == 7


def test_empty_input_has_an_empty_budget() -> None:
    assert deduplicated([]).bytes == 0


@given(owned=OWNED, seed=st.randoms(use_true_random=False))
def test_order_does_not_matter_and_parts_sum_to_the_total(owned: Owned, seed: Random) -> None:
    budget = deduplicated(owned)
    assert budget.bytes == budget.shared + sum(share.bytes for share in budget.exclusive)
    largest: dict[str, int] = {}
    for _, blobs in owned:
        for digest, size in blobs:
            largest[digest] = max(size, largest.get(digest, 0))
    assert budget.bytes == sum(largest.values())
    shuffled = [(owner, sorted(blobs, key=lambda _: seed.random())) for owner, blobs in owned]
    seed.shuffle(shuffled)
    assert deduplicated(shuffled) == budget


@given(owned=OWNED, more=OWNED)
def test_additional_image_never_needs_less(owned: Owned, more: Owned) -> None:
    assert deduplicated([*owned, *more]).bytes >= deduplicated(owned).bytes


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2_432_000_000, "2.4 GB"), (10**15, "1.0 PB"), (10**18, "1.0 EB")],
)
def test_sizes_use_decimal_units(count: int, text: str) -> None:
    assert format_size(count) == text
