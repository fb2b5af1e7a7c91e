"""What the checks of archives share: how sure their format is, and which remedy it allows."""

from __future__ import annotations

from auditor.check import Remedy
from auditor.site import Site
from auditor.text import format_size

WORTH_SAYING = 10_000_000


def is_sure(site: Site) -> bool:
    """Whether errors may rest on the archives' sizes: they were read, or the format is no low-confidence fact."""
    load = site.storage.load
    return load is None or load.is_measured or load.form is None or load.form.confidence != "low"


def other_format(site: Site) -> tuple[Remedy, ...]:
    """That an archive of compressed, shared layers is smaller, where it is."""
    load, packed = site.storage.load, site.storage.download.bytes
    if load is None or load.form is None or load.amount.likely - packed < WORTH_SAYING:
        return ()
    if load.form.layers == "compressed" and load.form.one_for == "all":
        return ()
    form = f"{load.form.name}, {'one for all images' if load.form.one_for == 'all' else 'one for each image'}"
    text = (
        f"{load.form.tool} writes a {form}. One archive for all images with their layers as the registry has them "
        f"(crane pull, an OCI layout) takes {format_size(packed)}."
    )
    return (Remedy("copy", text),)


def spare(site: Site) -> tuple[Remedy, ...]:
    """That the archives hold what no pool needs, where they do."""
    load = site.storage.load
    if load is None or load.spare < WORTH_SAYING:
        return ()
    text = f"{format_size(load.spare)} of it belong to platforms and images that no pool needs: copy only those of the plan."
    return (Remedy("copy", text),)
