"""Merging values into a node's file: what the file holds may be anything."""

from __future__ import annotations

import pytest

from auditor.fix.merging.yaml_text import with_values


@pytest.mark.parametrize(
    "text", ["a: !!bool x", "a: !!int ''", "a: !!timestamp x", "? [a]\n: 1", "a: &a [*a]", "a: !!set {b: 1}"]
)
def test_unreadable_file_is_not_changed(text: str) -> None:
    assert with_values(text.encode(), [(("mirrors", "docker.io"), 1)]) in {None, f"{text}\nmirrors:\n  docker.io: 1\n"}
