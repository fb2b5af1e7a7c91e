"""Parts of this checkout in a separate folder, as another user gets them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from tests.cli.runner import ROOT


def copy_parts(parts: Iterable[str], folder: Path) -> None:
    """Copy files and folders by their paths in the repository, without what Python leaves beside its sources."""
    for part in parts:
        source, target = ROOT / part, folder / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, target)
