"""Questions about workload inputs that need no parsing. The readers are imported only if a plan has workloads."""

from typing import TYPE_CHECKING

from auditor.lazy import names_in

if TYPE_CHECKING:
    from auditor.readers.workloads.folder import CHART_FILE, is_manifest_file, outer_charts
    from auditor.readers.workloads.image_like import loose_reference
    from auditor.readers.workloads.kustomize import is_kustomization
    from auditor.readers.workloads.plan_releases import with_final_releases
    from auditor.readers.workloads.rendered import with_final_charts, without_renderings
else:
    __getattr__ = names_in(
        __name__,
        {
            "auditor.readers.workloads.folder": ("CHART_FILE", "is_manifest_file", "outer_charts"),
            "auditor.readers.workloads.image_like": ("loose_reference",),
            "auditor.readers.workloads.kustomize": ("is_kustomization",),
            "auditor.readers.workloads.plan_releases": ("with_final_releases",),
            "auditor.readers.workloads.rendered": ("with_final_charts", "without_renderings"),
        },
    )

__all__ = [
    "CHART_FILE",
    "is_kustomization",
    "is_manifest_file",
    "loose_reference",
    "outer_charts",
    "with_final_charts",
    "with_final_releases",
    "without_renderings",
]
