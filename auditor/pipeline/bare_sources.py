"""A plan that is made from image lists, Kubernetes manifests and charts, for `auditor images`. It has no site."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from auditor.errors import UsageError, strerror
from auditor.pipeline.bare_plans import Entry, plan_lines, refuse_unknown
from auditor.pipeline.input_kinds import kinds_in, read_source
from auditor.plan.files import DiskFiles
from auditor.plan.load import load_plan_text
from auditor.plan.model import PLAN_OF_LISTS, Plan
from auditor.readers.workloads.rendered import without_renderings

# The platforms of a workload if none is given.
ANYWHERE = ("linux/amd64", "linux/arm64", "windows/amd64:ltsc2019", "windows/amd64:ltsc2022", "windows/amd64:ltsc2025")


def plan_for_sources(sources: Sequence[Path], platforms: Sequence[str]) -> Plan:
    """Return a plan that names every source by its kind. Its charts are not rendered yet. Raises UsageError or PlanError."""
    refuse_unknown(platforms, "--platform")
    for source in sources:
        try:
            source.stat()
        except OSError as error:
            raise UsageError(f"{source}: {strerror(error)}", "Name an image list, manifests, a chart or a plan.") from error
    disk = DiskFiles(Path())
    entries = [Entry(kind, path) for source in sources for kind, path in kinds_in(source, read_source(disk, source))]
    lines = plan_lines("sources", tuple(dict.fromkeys(platforms or ANYWHERE)), entries)
    return without_renderings(load_plan_text(PLAN_OF_LISTS, "\n".join(lines) + "\n", disk))
