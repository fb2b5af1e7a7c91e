"""The view of storage: the bytes of each stage, each blob counted once, with the provenance of the numbers."""

from typing import TYPE_CHECKING

from auditor.lazy import names_in

if TYPE_CHECKING:
    from auditor.site.storage.archives import measured as measured
    from auditor.site.storage.load import both as both
    from auditor.site.storage.nodes import import_stage as import_stage
    from auditor.site.storage.nodes import node_stages as node_stages
    from auditor.site.storage.staging import media_stage as media_stage
    from auditor.site.storage.staging import staging_stage as staging_stage
    from auditor.site.storage.unpacked import Unpacked as Unpacked
    from auditor.site.storage.written import Writing as Writing
    from auditor.site.storage.written import bounded as bounded
    from auditor.site.storage.written import derived as derived
else:
    __getattr__ = names_in(
        __name__,
        {
            "auditor.site.storage.archives": ("measured",),
            "auditor.site.storage.load": ("both",),
            "auditor.site.storage.nodes": (
                "import_stage",
                "node_stages",
            ),
            "auditor.site.storage.staging": (
                "media_stage",
                "staging_stage",
            ),
            "auditor.site.storage.unpacked": ("Unpacked",),
            "auditor.site.storage.written": (
                "Writing",
                "bounded",
                "derived",
            ),
        },
    )
