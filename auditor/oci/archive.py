"""What an archive of images holds, whatever its format: names, root documents, blobs, and what is wrong with it.

A value of this module is what a reader of archives found; nothing here opens a file.
"""

from __future__ import annotations

from typing import Final

import msgspec

from auditor.oci.defects import Defect

__all__ = ["FORMATS", "ArchiveProblem", "ArchivedImage", "Defect", "Inventory"]

FORMATS: Final = ("docker-archive", "oci-layout", "dir")


class ArchiveProblem(msgspec.Struct, frozen=True):
    """One defect. `entry` is the path inside the archive, empty when it is about all of it; `image` the name that suffers."""

    entry: str
    defect: Defect
    detail: str
    image: str = ""


class ArchivedImage(msgspec.Struct, frozen=True):
    """One root of an archive: an index or a manifest, with the names under which the archive offers it.

    `names` are as the archive writes them, in its order; none when the archive gives none. `name_source` says where they
    stand: `RepoTags`, `io.containerd.image.name`, `org.opencontainers.image.ref.name`. A docker-archive keeps no manifest:
    then `derived` is true, and the manifest was made from the config and the layers as they are stored.
    """

    names: tuple[str, ...]
    digest: str
    media_type: str
    size: int
    name_source: str = ""
    derived: bool = False


class Inventory(msgspec.Struct, frozen=True):
    """Everything that one archive holds.

    `format` is one of `FORMATS`, empty when it is none; `compression` is `gzip`, `zstd` or empty. `bytes` is the size of the
    archive as it lies there, compressed; `entries` how many entries it has. `blobs` gives the stored size of every blob by
    digest: bytes that were read and hash to it. The documents among them (indexes, manifests, configs) are kept apart.
    `is_folder` says that it is a folder of files, the largest of which has `largest` bytes.
    """

    format: str
    compression: str
    bytes: int
    entries: int
    images: tuple[ArchivedImage, ...] = ()
    blobs: dict[str, int] = msgspec.field(default_factory=dict)
    problems: tuple[ArchiveProblem, ...] = ()
    is_folder: bool = False
    largest: int = 0
