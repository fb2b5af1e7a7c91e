"""Sums with estimated pieces: bounds hold, shared pieces count once, and more images never need less."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.oci.document import Descriptor
from auditor.oci.unpacked import AllUnpacked, UnpackedKind, UnpackedSeen
from auditor.sizing.piece_size import PieceSize, Provenance
from auditor.sizing.ranged import (
    Amount,
    AmountFit,
    Piece,
    exact,
    fit,
    known,
    of_layer,
    piece_of,
    sum_up,
    together,
    unpacked_sum,
)
from auditor.sizing.unpacked_estimates import everyday_total, resolve_unpacked

GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
SIZES = st.integers(min_value=0, max_value=10**12)
PIECES = st.builds(
    lambda key, sizes: Piece(key, sizes[1], sizes[0], sizes[2]),
    st.sampled_from("abcdef"),
    st.tuples(SIZES, SIZES, SIZES).map(sorted),
)
OWNED = st.lists(st.tuples(st.sampled_from(["web", "api", "db"]), st.lists(PIECES, max_size=6)), max_size=8)


def bounds(amount: Amount) -> tuple[int, int, int, int]:
    return (amount.low, amount.likely, amount.high, amount.estimated)


def test_estimates_are_distinguished_from_known_sizes() -> None:
    estimate = Piece("b", 250, 99, 600)
    amount = sum_up([("web", [exact("a", 100), estimate]), ("api", [estimate, exact("c", 7)])])
    assert bounds(amount) == (206, 357, 707, 250)
    assert amount.budget.shared == 250
    assert [(share.owner, share.bytes) for share in amount.budget.exclusive] == [("web", 100), ("api", 7)]


@given(owned=OWNED, seed=st.randoms(use_true_random=False))
def test_bounds_enclose_the_likely_sum_and_order_does_not_matter(owned: list[tuple[str, list[Piece]]], seed: Random) -> None:
    amount = sum_up(owned)
    assert 0 <= amount.low <= amount.likely <= amount.high
    assert amount.estimated <= amount.likely
    assert amount.likely == amount.budget.shared + sum(share.bytes for share in amount.budget.exclusive)
    shuffled = [(owner, sorted(pieces, key=lambda _: seed.random())) for owner, pieces in owned]
    seed.shuffle(shuffled)
    assert sum_up(shuffled) == amount


@given(owned=OWNED, more=OWNED)
def test_additional_image_never_needs_less(owned: list[tuple[str, list[Piece]]], more: list[tuple[str, list[Piece]]]) -> None:
    one_size = {piece.digest: piece for _, pieces in (*more, *owned) for piece in pieces}  # a key has one size in earnest

    def settled(given: list[tuple[str, list[Piece]]]) -> list[tuple[str, list[Piece]]]:
        return [(owner, [one_size[piece.digest] for piece in pieces]) for owner, pieces in given]

    before, after = sum_up(settled(owned)), sum_up(settled([*owned, *more]))
    assert after.low >= before.low
    assert after.likely >= before.likely
    assert after.high >= before.high


@given(amounts=st.lists(OWNED.map(sum_up), max_size=4))
def test_amounts_are_added(amounts: list[Amount]) -> None:
    whole = together(*amounts)
    assert bounds(whole) == tuple(sum(bounds(amount)[place] for amount in amounts) for place in range(4))


def test_known_budget_has_no_range() -> None:
    assert bounds(known(sum_up([("web", [exact("a", 5)])]).budget)) == (5, 5, 5, 0)


@pytest.mark.parametrize(
    ("low", "likely", "high", "expected"),
    [
        (9, 10, 10, AmountFit.FITS),
        (9, 10, 11, AmountFit.UNSURE),
        (9, 11, 12, AmountFit.LIKELY_OVER),
        (11, 11, 12, AmountFit.OVER),
    ],
)
def test_exact_fit_is_accepted(low: int, likely: int, high: int, expected: AmountFit) -> None:
    assert fit(low, likely, high, 10) is expected


@given(compressed=st.integers(min_value=0, max_value=10**11), os=st.sampled_from(["linux", "windows"]))
def test_estimate_has_bounds(compressed: int, os: str) -> None:
    piece = of_layer("a", PieceSize(compressed * 5 // 2, Provenance.ESTIMATED, "a factor"), compressed, os)
    assert piece.estimated == piece.size
    assert piece.low < piece.high
    assert piece.low <= piece.size <= piece.high
    assert of_layer("a", PieceSize(compressed, Provenance.DERIVED, "a trailer"), compressed, os) == exact("a", compressed)


@given(
    size=st.integers(min_value=-5, max_value=10**10),
    value=st.integers(min_value=0, max_value=2**32 - 1),
    ratio=st.floats(min_value=0.5, max_value=12),
    kind=st.sampled_from(list(UnpackedKind)),
    os=st.sampled_from(["linux", "windows", "freebsd"]),
)
def test_fast_path_equals_the_full_computation(size: int, value: int, ratio: float, kind: UnpackedKind, os: str) -> None:
    layer = Descriptor(f"sha256:{'a' * 64}", size, GZIP)
    for told in (value, int(abs(size) * ratio) % 2**32):
        seen = UnpackedSeen(kind, told)
        whole = resolve_unpacked(layer, os, seen)
        total, others = everyday_total([layer], os, {layer.digest: told} if kind is UnpackedKind.GZIP_TRAILER else {})
        assert others == [layer] or (whole.bytes, whole.provenance) == (total, Provenance.DERIVED)
        assert piece_of("a", layer, os, seen).size == whole.bytes


@given(size=st.integers(min_value=-5, max_value=10**10), media_type=st.sampled_from([GZIP, "", "x/y.tar", "x/y.tar+zstd"]))
def test_unobserved_layer_has_no_note_and_the_same_size(size: int, media_type: str) -> None:
    layer = Descriptor(f"sha256:{'a' * 64}", size, media_type)
    assert piece_of("a", layer, "linux", None) == of_layer("a", resolve_unpacked(layer, "linux", None), size, "linux")


def test_fast_path_is_used_except_for_marked_layers() -> None:
    layer = Descriptor(f"sha256:{'a' * 64}", 100, GZIP)
    noted = Descriptor(layer.digest, 100, GZIP, annotations={"containerd.io/snapshot/stargz/toc.digest": "sha256:0"})
    assert everyday_total([layer, layer], "linux", {layer.digest: 250}) == (500, [])
    assert everyday_total([noted, layer], "linux", {layer.digest: 250}) == (250, [noted])
    assert everyday_total([layer], "linux", {}) == (0, [layer])


@given(
    sizes=st.lists(st.integers(min_value=0, max_value=10**10), max_size=4),
    told=st.lists(st.one_of(st.none(), st.integers(min_value=0, max_value=2**32 - 1)), min_size=4, max_size=4),
)
def test_layers_sum_to_their_single_sizes(sizes: list[int], told: list[int | None]) -> None:
    layers = [Descriptor(f"sha256:{number:064}", size, GZIP) for number, size in enumerate(sizes)]
    trailers = {layer.digest: value for layer, value in zip(layers, told, strict=False) if value is not None}
    seen = AllUnpacked(trailers, {})
    pieces = [piece_of(layer.digest, layer, "linux", seen.get(layer.digest)) for layer in layers]
    amount = sum_up([("web", pieces)])
    assert unpacked_sum(layers, "linux", seen) == (amount.likely, amount.low, amount.high, amount.estimated)
