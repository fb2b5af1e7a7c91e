"""Archive entries as a reader produces them: files are hashed and small documents kept."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.oci.defects import Defect
from auditor.oci.tar import EntryKind
from auditor.oci.unpacked import UnpackedSeen

DOCUMENT_NAMES = frozenset({"manifest.json", "index.json", "oci-layout", "repositories", "version"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry under the name in the archive.

    `digest` is the digest of the stored bytes, with the algorithm that the name implies; it is empty if they could not be read
    completely. `packed` is `gzip` or `zstd` if the bytes start so. `unpacked` is the sha256 digest after decompression, if the
    reader decompressed the file. `body` holds small files that look like JSON. `defect` and `why` say why the reader stopped.
    `stated_size` is what the bytes of other files state about their unpacked size.
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
    stated_size: UnpackedSeen | None = None

    @property
    def is_link(self) -> bool:
        """Return whether the entry is a link."""
        return self.kind in {EntryKind.SYMLINK, EntryKind.HARDLINK}


_ALGORITHMS = {64: "sha256", 96: "sha384", 128: "sha512"}
_HEX = frozenset("0123456789abcdef")


def algorithm_for(name: str) -> str:
    """Return the digest algorithm that a name implies: sha512 for `blobs/sha512/<128 hex digits>`, sha256 for most others."""
    last = name.rpartition("/")[2]
    return _ALGORITHMS.get(len(last), "sha256") if _HEX.issuperset(last) else "sha256"


def promised_digest(name: str) -> str:
    """Return the digest in a file name: blobs by digest, `<hex>.tar.gz`, `<hex>.json`, `sha256:<hex>`; otherwise an empty
    string.
    """
    last = name.rpartition("/")[2].removeprefix("sha256:")
    for ending in (".tar.gz", ".tgz", ".json"):
        last = last.removesuffix(ending)
    algorithm = _ALGORITHMS.get(len(last), "")
    return f"{algorithm}:{last}" if algorithm and _HEX.issuperset(last) else ""


def may_be_document(name: str, start: bytes) -> bool:
    """Return whether to keep a small file: it has a well-known name or looks like JSON."""
    return name.rpartition("/")[2] in DOCUMENT_NAMES or start.lstrip()[:1] in {b"{", b"["}
