"""What a reader of archives saw: one entry after the other, files hashed, small documents kept."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.oci.defects import Defect
from auditor.oci.tar import EntryKind
from auditor.oci.unpacked import UnpackedSeen

DOCUMENT_NAMES = frozenset({"manifest.json", "index.json", "oci-layout", "repositories", "version"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry under the name that the archive gives it.

    `digest` is that of the stored bytes, by the algorithm that the name asks for; empty when they could not be read whole.
    `packed` is `gzip` or `zstd` when the bytes begin so; `unpacked` their sha256 digest after decompression, where that was
    worth while. `body` is kept for small files that look like JSON. `defect` and `why` say what kept the reader from more.
    `told` is what the bytes of other files say about their unpacked size.
    """

    name: str
    kind: EntryKind
    size: int = 0
    target: str = ""
    digest: str = ""
    packed: str = ""
    unpacked: str = ""
    body: bytes | None = None
    defect: Defect | None = None
    why: str = ""
    told: UnpackedSeen | None = None

    @property
    def is_link(self) -> bool:
        """Whether another entry, or nothing, stands behind it."""
        return self.kind in {EntryKind.SYMLINK, EntryKind.HARDLINK}


_ALGORITHMS = {64: "sha256", 96: "sha384", 128: "sha512"}
_HEX = frozenset("0123456789abcdef")


def algorithm_for(name: str) -> str:
    """The digest algorithm that a name asks for: `blobs/sha512/<128 hex digits>` wants sha512, most others sha256."""
    last = name.rpartition("/")[2]
    return _ALGORITHMS.get(len(last), "sha256") if _HEX.issuperset(last) else "sha256"


def promised_digest(name: str) -> str:
    """The digest that a file's name promises: blobs by digest, `<hex>.tar.gz`, `<hex>.json`, `sha256:<hex>`; else empty."""
    last = name.rpartition("/")[2].removeprefix("sha256:")
    for ending in (".tar.gz", ".tgz", ".json"):
        last = last.removesuffix(ending)
    algorithm = _ALGORITHMS.get(len(last), "")
    return f"{algorithm}:{last}" if algorithm and _HEX.issuperset(last) else ""


def may_be_document(name: str, start: bytes) -> bool:
    """Whether a small file deserves to be kept: it has a well-known name, or looks like JSON."""
    return name.rpartition("/")[2] in DOCUMENT_NAMES or start.lstrip()[:1] in {b"{", b"["}
