"""The view of storage: the bytes of each stage, each blob counted once, with the provenance of the numbers.

The names here and in auditor/sizing use eight nouns:

- blob: an index, manifest, config or layer as a registry stores it, under its digest
- piece: bytes that count once under a key, with a least, a likely and a greatest size
- bundle: pieces that are summed in advance, plus pieces that other bundles share
- budget: bytes by owner, each blob counted once, and the bytes that several owners share
- amount: a budget with its least and greatest value
- image: one image on one platform
- archive: a file or folder that a copy tool writes
- stage: a place that must hold an amount: download, staging, media, registry, import, node
"""

from typing import TYPE_CHECKING

from auditor.lazy import names_in

if TYPE_CHECKING:
    from auditor.site.storage.archive_measurement import measured_archives as measured_archives
    from auditor.site.storage.archive_prediction import ArchiveWriting as ArchiveWriting
    from auditor.site.storage.archive_prediction import bounded_archives as bounded_archives
    from auditor.site.storage.archive_prediction import predicted_archives as predicted_archives
    from auditor.site.storage.archive_set import combined_archives as combined_archives
    from auditor.site.storage.copy_stages import media_stage as media_stage
    from auditor.site.storage.copy_stages import staging_stage as staging_stage
    from auditor.site.storage.node_disks import import_stage as import_stage
    from auditor.site.storage.node_disks import node_stages as node_stages
    from auditor.site.storage.unpacked_pieces import UnpackedPieces as UnpackedPieces
else:
    __getattr__ = names_in(
        __name__,
        {
            "auditor.site.storage.archive_measurement": ("measured_archives",),
            "auditor.site.storage.archive_set": ("combined_archives",),
            "auditor.site.storage.node_disks": (
                "import_stage",
                "node_stages",
            ),
            "auditor.site.storage.copy_stages": (
                "media_stage",
                "staging_stage",
            ),
            "auditor.site.storage.unpacked_pieces": ("UnpackedPieces",),
            "auditor.site.storage.archive_prediction": (
                "ArchiveWriting",
                "bounded_archives",
                "predicted_archives",
            ),
        },
    )
