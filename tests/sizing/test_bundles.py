"""Lots and groups have the same sum as their single pieces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.sizing.bundles import Bundle, SharedPieces, bundle_of, exact_bundle, sum_bundles
from auditor.sizing.ranged import Piece, exact, sum_up


def piece(key: str, size: int, spread: int) -> Piece:
    return Piece(key, size, max(0, size - spread), size + spread)


GROUPS = [
    SharedPieces((exact("base", 100), piece("runtime", 70, 5))),
    SharedPieces((exact("base", 100),)),
    SharedPieces((exact("base", 120), piece("other", 40, 40))),  # a wrong size of the base
]
OWN = {key: [piece(f"{key}{number}", 10 * number + 1, number % 2) for number in range(3)] for key in "abcd"}
KEYS = st.tuples(st.sampled_from(sorted(OWN)), st.sampled_from([None, 0, 1, 2]))


def lot(key: str, group: int | None) -> Bundle:
    own = bundle_of(f"{key} {group}", OWN[key])
    return Bundle(own.key, own.size, own.low, own.high, own.estimated, None if group is None else GROUPS[group])


@given(owned=st.lists(st.tuples(st.sampled_from(["web", "api", "db"]), KEYS), max_size=8))
def test_lots_sum_to_their_pieces(owned: list[tuple[str, tuple[str, int | None]]]) -> None:
    pieces = [
        (owner, [Piece(f"{key} {group} {one.digest}", one.size, one.low, one.high) for one in OWN[key]])
        for owner, (key, group) in owned
    ]
    pieces += [(owner, GROUPS[group].pieces) for owner, (_, group) in owned if group is not None]
    lots = [(owner, lot(*which)) for owner, which in owned]
    amount = sum_bundles(lots)
    assert amount == sum_up(pieces)
    assert sum_bundles(reversed(lots)) == amount


def test_larger_of_two_lots_with_one_key_counts_for_both_owners() -> None:
    amount = sum_bundles([("web", exact_bundle("x", 7)), ("api", exact_bundle("x", 9)), ("db", exact_bundle("y", -3))])
    assert (amount.likely, amount.low, amount.high, amount.estimated, amount.budget.shared) == (9, 9, 9, 0, 9)


def test_empty_input_sums_to_zero() -> None:
    assert sum_bundles([]) == sum_up([])
