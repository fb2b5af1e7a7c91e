"""The contents of an image archive, independent of its format: names, root documents, blobs and problems.

Readers of archives produce these values. This module opens no file.
"""

from __future__ import annotations

from typing import Final

import msgspec

from auditor.oci.defects import Defect

__all__ = ["FORMATS", "ArchiveProblem", "ArchivedImage", "Defect", "Inventory"]

FORMATS: Final = ("docker-archive", "oci-layout", "dir")


class ArchiveProblem(msgspec.Struct, frozen=True):
    """One problem. `entry` is the path inside the archive, or empty for the whole archive. `image` is the affected image."""

    entry: str
    defect: Defect
    detail: str
    image: str = ""


class ArchivedImage(msgspec.Struct, frozen=True):
    """One root of an archive: an index or a manifest, with the names that the archive gives it.

    `names` keeps the archive's spelling and order; it is empty if the archive gives no name. `name_source` is the field that
    holds the names: `RepoTags`, `io.containerd.image.name` or `org.opencontainers.image.ref.name`. A docker-archive stores no
    manifest. The reader then builds one from the config and the stored layers and sets `derived`. `kind` is set for content
    that belongs to an image, such as signatures; `beside` is then the name of that image, if the archive states it.
    """

    names: tuple[str, ...]
    digest: str
    media_type: str
    size: int
    name_source: str = ""
    derived: bool = False
    kind: str = ""
    beside: str = ""


class Inventory(msgspec.Struct, frozen=True):
    """Everything that one archive holds.

    `format` is one of `FORMATS`, or empty if unknown. `compression` is `gzip`, `zstd` or empty. `bytes` is the size of the
    archive file, before decompression. `entries` is the number of entries. `blobs` maps each verified digest to its stored size
    in bytes. Documents (indexes, manifests, configs) are kept separately. `is_folder` is true for a folder of files; `largest`
    is the size of its largest file in bytes.
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
