"""A complete plan on disk, with every file that it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plan.made import NAMED, WHOLE


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """The plan file."""
    (tmp_path / "plan.yaml").write_text(WHOLE)
    for name in NAMED:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"# {name}\n")
    return tmp_path / "plan.yaml"
