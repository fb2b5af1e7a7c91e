"""Treemaps: areas to scale, inside the plane, without overlap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.report import StorageItem
from reports.html.treemap import HEIGHT, WIDTH, Tile, treemap


def items(*amounts: int) -> list[StorageItem]:
    return [StorageItem(f"image-{number}", amount) for number, amount in enumerate(amounts)]


def overlap(one: Tile, other: Tile) -> float:
    """The area that two tiles share."""
    wide = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
    high = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
    return max(0.0, wide) * max(0.0, high)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=25))
def test_areas_are_to_scale_and_fill_the_plane(amounts: list[int]) -> None:
    tiles = treemap(items(*amounts))
    assert len(tiles) == len(amounts)
    for tile in tiles:
        assert tile.width * tile.height == pytest.approx(WIDTH * HEIGHT * tile.bytes / sum(amounts), rel=0.02, abs=25)
        assert -0.02 <= tile.x <= tile.x + tile.width <= WIDTH + 0.02
        assert -0.02 <= tile.y <= tile.y + tile.height <= HEIGHT + 0.02
    assert all(overlap(one, other) < 25 for n, one in enumerate(tiles) for other in tiles[:n])


def test_equal_amounts_are_nearly_square() -> None:
    for tile in treemap(items(*[7] * 12)):
        assert 0.4 < tile.width / tile.height < 2.5


def test_empty_input_draws_nothing() -> None:
    assert treemap([]) == ()
    assert [tile.name for tile in treemap(items(0, 5, 0))] == ["image-1"]


def test_area_too_small_to_see_is_not_drawn() -> None:
    assert [tile.name for tile in treemap(items(1, 9_007_199_254_740_911))] == ["image-1"]


def test_labels_keep_the_end_of_a_name_or_are_omitted() -> None:
    name = "registry.example.com/a/very/long/path/to/an/image/that/is/named:4.2-windowsservercore-ltsc2022"
    large, small = treemap([StorageItem(name, 100), StorageItem(name, 1)])
    assert large.label == name
    assert small.label in {"", name[-len(small.label) + 1 :]}
    middle = treemap([StorageItem(name, 1)] * 8)[0]
    assert middle.label.startswith("…")
    assert middle.label.endswith("ltsc2022")
