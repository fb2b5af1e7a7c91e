"""Read the data files of our own packages through the package's loader: from a folder, a wheel or a zip file.

importlib.resources does the same, but importing it takes as long as reading all fact tables of a short run.
"""

from __future__ import annotations

import os
import sys
from typing import Any


def text_in(package: str, name: str) -> str:
    """Return the text of a file in the folder of an imported package. Raises OSError."""
    spec = sys.modules[package].__spec__
    assert spec is not None  # noqa: S101 - an imported package has one
    assert spec.origin is not None  # noqa: S101 - as above
    loader: Any = spec.loader
    path = os.path.join(os.path.dirname(spec.origin), name)  # noqa: PTH118, PTH120 - as the loader takes it
    data: bytes = loader.get_data(path)
    return data.decode("utf-8")
