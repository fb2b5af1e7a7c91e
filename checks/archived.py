"""Shared by the checks of archives: how certain their format is, and remedies for their size."""

from __future__ import annotations

from auditor.check import Remedy
from auditor.site import Site
from auditor.text import format_size

WORTH_SAYING = 10_000_000


def is_sure(site: Site) -> bool:
    """Whether the archives' sizes are certain enough for an error: they were read, or the format is a confirmed fact."""
    load = site.storage.load
    return load is None or load.is_measured or load.form is None or load.form.confidence != "low"


def other_format(site: Site) -> tuple[Remedy, ...]:
    """Return the remedy to write one archive of compressed, shared layers, if this is smaller."""
    load, packed = site.storage.load, site.storage.download.bytes
    if load is None or load.form is None or load.amount.likely - packed < WORTH_SAYING:
        return ()
    if load.form.layers == "compressed" and load.form.one_for == "all":
        return ()
    form = f"{load.form.name}, {'one for all images' if load.form.one_for == 'all' else 'one for each image'}"
    text = (
        f"Write one archive of compressed layers for all images (crane pull, an OCI layout). It takes {format_size(packed)}; "
        f"{load.form.tool} writes a {form}."
    )
    return (Remedy("copy", text),)


def spare(site: Site) -> tuple[Remedy, ...]:
    """Return the remedy to leave out what no pool needs, if the archives contain such content."""
    load = site.storage.load
    if load is None or load.spare < WORTH_SAYING:
        return ()
    text = f"Copy only the platforms and images of the plan: no pool needs {format_size(load.spare)} of the archives."
    return (Remedy("copy", text),)
