"""Shared by the checks of archives: how certain their format is, and remedies for their size."""

from __future__ import annotations

from auditor.check import Remedy
from auditor.site import Site
from auditor.text import format_size

WORTH_SAYING = 10_000_000


def is_sure(site: Site) -> bool:
    """Whether the archives' sizes are certain enough for an error: they were read, or the format is a confirmed fact."""
    archives = site.storage.archive_set
    return archives is None or archives.is_measured or archives.form is None or archives.form.confidence != "low"


def other_format(site: Site) -> tuple[Remedy, ...]:
    """Return the remedy to write one archive of compressed, shared layers, if this is smaller."""
    archives, packed = site.storage.archive_set, site.storage.download.bytes
    if archives is None or archives.form is None or archives.amount.likely - packed < WORTH_SAYING:
        return ()
    if archives.form.layers == "compressed" and archives.form.one_for == "all":
        return ()
    form = f"{archives.form.name}, {'one for all images' if archives.form.one_for == 'all' else 'one for each image'}"
    text = (
        f"Write one archive of compressed layers for all images (crane pull, an OCI layout). It takes {format_size(packed)}; "
        f"{archives.form.tool} writes a {form}."
    )
    return (Remedy("copy", text),)


def spare(site: Site) -> tuple[Remedy, ...]:
    """Return the remedy to leave out what no pool needs, if the archives contain such content."""
    archives = site.storage.archive_set
    if archives is None or archives.spare < WORTH_SAYING:
        return ()
    text = f"Copy only the platforms and images of the plan: no pool needs {format_size(archives.spare)} of the archives."
    return (Remedy("copy", text),)
