"""Packed charts and other compressed files for the evidence file: without anything that could hold a secret.

Checks read which charts a chart depends on and which it includes. Its values and templates are left out: helm has rendered them
already, and no search for secrets is complete.
"""

from __future__ import annotations

import gzip
import io
import tarfile

from auditor.errors import Location
from auditor.plan.secrets import secret_in, without_keys
from auditor.readers.workloads.blanked import blanked
from auditor.readers.workloads.chart_dependencies import DECLARING, ChartByteLimit, UnreadableChart, is_chart, unpacked

_GZIP = b"\x1f\x8b"
_TAR = bytes(257) + b"ustar"
_COMPRESSED = (b"PK\x03\x04", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf\x27\x1c", b"\x04\x22\x4d\x18", _GZIP)
_HEAD = 10  # bytes, enough to detect the format
_MAX_NESTED = 4


class HoldsSecret(UnreadableChart):
    """A chart whose list of dependencies holds a secret that cannot be replaced."""


def is_packed(data: bytes) -> bool:
    """Return whether a file is an archive or compressed, so that a search of its bytes finds no secret."""
    return data.startswith(_COMPRESSED) or _is_tar(data)


def head_of(data: bytes) -> bytes:
    """Return the beginning of a packed file, which identifies its format."""
    return _TAR if _is_tar(data) else data[:_HEAD]


def reduced(data: bytes) -> bytes:
    """Return a packed chart with only the files that state its dependencies and included charts.

    Raises UnreadableChart for anything else, and HoldsSecret.
    """
    return _reduced(data, 0, ChartByteLimit())


def _is_tar(data: bytes) -> bool:
    return data[257 : len(_TAR)] == b"ustar"


def _reduced(data: bytes, depth: int, allowance: ChartByteLimit) -> bytes:
    if depth > _MAX_NESTED:
        raise UnreadableChart("more charts in charts than are read", Location(""))
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in unpacked(data, Location(""), allowance).items():
            kept = _kept(path, content, depth, allowance)
            if kept is not None:
                member = tarfile.TarInfo(f"chart/{path}")
                member.size = len(kept)
                archive.addfile(member, io.BytesIO(kept))
    return gzip.compress(made.getvalue(), mtime=0)


def _kept(path: str, content: bytes, depth: int, allowance: ChartByteLimit) -> bytes | None:
    """Return the kept part of a file; None if it is left out. An unreadable chart in it is identified by its name."""
    folder, _, below = path.partition("/")
    inside = below.split("/") if folder == "charts" and below else []
    if path not in DECLARING and not (inside and is_chart(inside)):
        return None
    if path.endswith(".tgz"):
        try:
            return _reduced(content, depth + 1, allowance)
        except UnreadableChart:
            return b""
    clean, is_blanked = blanked(without_keys(content))
    if secret_in(clean, is_blanked=is_blanked):
        raise HoldsSecret("it holds credentials", Location(""))
    return clean
