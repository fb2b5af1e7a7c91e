"""The matrix shows the copy where that is worse than the source: from there the nodes pull."""

from __future__ import annotations

import pytest

from auditor.policy.sections import image_rows
from tests.world import site_of

REF = "registry.example.com/shop/web:1"
PLAN = """
version: 1
pools: {linux: {platform: linux/amd64}, win: {platform: "windows/amd64:ltsc2022"}}
images: [{ref: "registry.example.com/shop/web:1"}]
registry: {host: "r.local:5000", rewrites: {registry.example.com: "r.local:5000"}}
"""
BOTH = [{"platform": "linux/amd64"}, {"platform": "windows/amd64:10.0.20348.2"}]


@pytest.mark.parametrize(
    ("inside", "cells"),
    [
        ({"platforms": BOTH}, [("ok", ""), ("ok", "")]),
        ({"platforms": BOTH[:1]}, [("ok", ""), ("platform-absent", "r.local:5000/shop/web:1")]),
        ({"absent": "manifest unknown"}, [("absent", "r.local:5000/shop/web:1")] * 2),
        ({"failed": {"kind": "unreachable", "detail": "no route"}}, [("undetermined", "r.local:5000/shop/web:1")] * 2),
    ],
)
def test_the_worse_of_source_and_copy_is_shown(inside: dict[str, object], cells: list[tuple[str, str]]) -> None:
    site = site_of({"plan": PLAN, "observed": {REF: {"platforms": BOTH}}, "inside": {"r.local:5000/shop/web:1": inside}})
    (row,) = image_rows(site)
    assert [(cell.status, cell.place) for cell in row.platforms] == cells
    assert all(cell.detail for cell in row.platforms if cell.status in {"absent", "undetermined"})


def test_what_is_worse_at_the_source_is_shown_of_the_source() -> None:
    site = site_of(
        {"plan": PLAN, "observed": {REF: {"absent": "gone"}}, "inside": {"r.local:5000/shop/web:1": {"platforms": BOTH}}}
    )
    (row,) = image_rows(site)
    assert [(cell.status, cell.place) for cell in row.platforms] == [("absent", ""), ("absent", "")]
