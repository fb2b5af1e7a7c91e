"""One importer per image-list format, told apart by content, not by name.

An importer is a module with `recognises(data) -> bool` and `read(source, data) -> Iterator[ListLine]`. The first that
recognises a file reads it; the plain list comes last and takes the rest.
"""

from __future__ import annotations

from auditor.plan.lists import (
    aks_components,
    aks_imagebom,
    baseimage,
    chart_annotations,
    ctr_images,
    docker_images,
    foreign,
    hauler,
    hauler_store,
    helm_dt,
    image_lists_in,
    imgpkg,
    oc_mirror,
    oc_mirror_mapping,
    plain,
    raw_manifest,
    regsync,
    skopeo_sync,
    unknown,
    zarf,
)
from auditor.plan.lists.source import ListSource
from auditor.plan.model import ListLine

IMPORTERS = (
    foreign,
    hauler,
    zarf,
    imgpkg,
    helm_dt,
    oc_mirror,
    image_lists_in,
    regsync,
    skopeo_sync,
    chart_annotations,
    ctr_images,
    docker_images,
    hauler_store,
    aks_imagebom,
    aks_components,
    raw_manifest,
    baseimage,
    oc_mirror_mapping,
    unknown,
    plain,
)


def read_list(source: ListSource, data: bytes) -> tuple[ListLine, ...]:
    """Every entry of a list. What is no entry but stands where one should is a line with an error: nothing is lost."""
    importer = next(importer for importer in IMPORTERS if importer.recognises(data))
    found = tuple(importer.read(source, data))
    return found or (source.error(source.file, 1, 1, "the list names no image: is it cut off, or the wrong file?"),)


__all__ = ["IMPORTERS", "ListSource", "read_list"]
