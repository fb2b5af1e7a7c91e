"""The folder of the corpus of real inputs. It is not part of the project: without AUDITOR_CORPUS its tests skip."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def corpus(*parts: str) -> Path:
    """A path inside the corpus; the test skips if there is no corpus."""
    folder = os.environ.get("AUDITOR_CORPUS", "")
    if not folder:
        pytest.skip("AUDITOR_CORPUS is not set")
    return Path(folder, *parts)
