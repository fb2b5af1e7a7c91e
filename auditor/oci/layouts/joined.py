"""Archives that are both a docker-archive and an OCI layout, as Docker writes them since version 25."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from auditor.oci.archive import ArchivedImage
from auditor.oci.defects import Defect
from auditor.oci.layouts.docker_archive import DockerArchive, Item
from auditor.oci.layouts.document_walk import DocumentWalk
from auditor.oci.layouts.oci_layout import REF_NAME
from auditor.oci.reference import spelt

MAX_STEPS = 1_000_000  # a thousand images with a hundred platforms each need a tenth of it


def join(
    images: Sequence[ArchivedImage], items: Sequence[Item], docker: DockerArchive, tree: DocumentWalk
) -> list[ArchivedImage]:
    """Return the layout's images with the names of `manifest.json`, then the images that only `manifest.json` lists."""
    found = list(images)
    by_config = _by_config(images, docker, tree)
    known = {number: {spelt(name) for name in image.names} for number, image in enumerate(images)}
    for item in items:
        same = by_config.get(docker.config_digest(item), [])
        if not same:
            derived = docker.derive(item)
            found += [derived] if derived else []
            continue
        docker.check_present(item, tree.foreign)
        fresh = [name for name in item.names if not any(spelt(name) in known[number] for number in same)]
        found[same[0]] = _named(found[same[0]], fresh)
        known[same[0]].update(spelt(name) for name in fresh)
    return found


def _by_config(images: Sequence[ArchivedImage], docker: DockerArchive, tree: DocumentWalk) -> dict[str, list[int]]:
    """Return the positions of the images that hold each config."""
    found: dict[str, list[int]] = {}
    for number, image in enumerate(images):
        if tree.steps > MAX_STEPS:
            docker.findings.add("index.json", Defect.LIMIT, f"more than {MAX_STEPS:,} paths from its images to their configs")
            break
        for config in tree.configs_under(image.digest):
            found.setdefault(config, []).append(number)
    return found


def _named(image: ArchivedImage, names: list[str]) -> ArchivedImage:
    """Add the names of `manifest.json`: after containerd's name, but before a bare `ref.name`, which may be only a tag."""
    if not names:
        return image
    if image.names and image.name_source != REF_NAME:
        return msgspec.structs.replace(image, names=(*image.names, *names))
    kept = [name for name in image.names if not any(full.endswith(f":{name}") for full in names)]
    return msgspec.structs.replace(image, names=(*names, *kept), name_source="RepoTags")
