"""An image list as the input file of the tool that copies it: hauler, zarf, oc-mirror, regsync, skopeo and imgpkg.

Each writer returns the text and what its format cannot express. Formats: the importers of `auditor.readers.lists` name the
sources; `tests/peers/test_list_exports.py` reads the files with the real tools.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from auditor.errors import Location, UsageError
from auditor.evidence.model import Seen
from auditor.evidence.store import Store
from auditor.oci.platform import Platform, parse_platform
from auditor.oci.reference import InvalidReference, parse_reference
from auditor.pipeline.image_list import ListedImage
from auditor.pipeline.inputs import is_evidence
from auditor.plan.model import Registry
from auditor.plan.rewrites import placed
from auditor.text import listed, many, shown

_MOST_NAMED = 5
_HINT = "Name it like this: --to registry.example:5000/mirror"


@dataclass(slots=True)
class Export:
    """The text of a file, notes about what it cannot express, and messages about images that it therefore leaves out."""

    text: str
    notes: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ExportInputs:
    """What a writer needs: the images with their known digests, and the internal registry, if any."""

    images: tuple[ListedImage, ...]
    registry: Registry | None = None


def export(tool: str, inputs: ExportInputs) -> Export:
    """Return the file for a tool. Raises KeyError for an unknown tool."""
    return _WRITERS[tool](inputs)


def _quoted(text: object) -> str:
    return json.dumps(str(text), ensure_ascii=False)  # a JSON string is a YAML string


def _head(images: Iterable[object], command: str) -> str:
    count = many(sum(1 for _ in images), "image")
    return f"# {count}, written by `auditor images`. Copy: {command}\n"


def _hauler(inputs: ExportInputs) -> Export:
    head = "apiVersion: content.hauler.cattle.io/v1\nkind: Images\nmetadata:\n  name: images\nspec:\n  images:\n"
    rows: list[str] = []
    for image in inputs.images:
        platforms = _plain_platforms(image)
        for platform in platforms or [""]:
            rows.append(f"    - name: {_quoted(image.reference)}\n")
            rows += [f"      platform: {_quoted(platform)}\n"] if platform else []
    return Export(_head(inputs.images, "hauler store sync -f THIS_FILE") + head + "".join(rows))


def _plain_platforms(image: ListedImage) -> list[str]:
    """Return the platforms that the image is restricted to as `os/architecture`, or none if one names an OS alone."""
    made = (parse_platform(text) if "/" in text else None for text in image.only_for)
    found = [one for one in made if one is not None]
    return list(dict.fromkeys(_without_build(one) for one in found)) if len(found) == len(image.only_for) else []


def _without_build(platform: Platform) -> str:
    return "/".join(filter(None, (platform.os, platform.architecture, platform.variant)))


def _zarf(inputs: ExportInputs) -> Export:
    head = (
        "kind: ZarfPackageConfig\nmetadata:\n  name: images\ncomponents:\n  - name: images\n    required: true\n    images:\n"
    )
    windows = [image for image in inputs.images if any(text.partition("/")[0] == "windows" for text in image.only_for)]
    kept = [image for image in inputs.images if image not in windows]
    rows = "".join(f"      - {_quoted(image.reference)}\n" for image in kept)
    left_out = _note(windows, "zarf copies Linux images only; not in the file")
    return Export(_head(kept, "zarf package create FOLDER_OF_THIS_FILE") + head + rows, left_out=left_out)


def _oc_mirror(inputs: ExportInputs) -> Export:
    head = "apiVersion: mirror.openshift.io/v2alpha1\nkind: ImageSetConfiguration\nmirror:\n  additionalImages:\n"
    rows = "".join(f"    - name: {_quoted(image.reference)}\n" for image in inputs.images)
    return Export(_head(inputs.images, "oc-mirror --v2 -c THIS_FILE file://OUTPUT") + head + rows)


def _regsync(inputs: ExportInputs) -> Export:
    assert inputs.registry is not None  # noqa: S101 - the command refuses an export without one
    rows: list[str] = []
    for image in inputs.images:
        target = placed(inputs.registry, image.reference)
        target = replace(target, digest="") if target.tag else target  # regsync would push by the digest and lose the tag
        rows += [f"  - source: {_quoted(image.reference)}\n", f"    target: {_quoted(target)}\n", "    type: image\n"]
        if len(platforms := _plain_platforms(image)) == 1:
            rows.append(f"    platform: {_quoted(platforms[0])}\n")
    return Export(_head(inputs.images, "regsync once -c THIS_FILE") + "version: 1\nsync:\n" + "".join(rows))


def _skopeo(inputs: ExportInputs) -> Export:
    hosts: dict[str, dict[str, list[str]]] = {}
    untagged = []
    for image in inputs.images:
        reference = image.reference
        versions = hosts.setdefault(reference.domain, {}).setdefault(reference.path, [])
        version = reference.digest or reference.tag
        versions += [] if version in versions else [version]
        untagged += [image] if reference.digest and reference.tag else []
    text = "".join(_skopeo_host(host, repositories) for host, repositories in hosts.items())
    notes = _note(untagged, "skopeo copies these by digest and without their tag")
    return Export(_head(inputs.images, "skopeo sync --all --src yaml --dest docker THIS_FILE HOST[/PATH]") + text, notes)


def _skopeo_host(host: str, repositories: dict[str, list[str]]) -> str:
    rows = [f"{_quoted(host)}:\n  images:\n"]
    for repository, versions in repositories.items():
        rows.append(f"    {_quoted(repository)}:\n")
        rows += [f"      - {_quoted(version)}\n" for version in versions]
    return "".join(rows)


def _imgpkg(inputs: ExportInputs) -> Export:
    rows: list[str] = []
    missing: list[ListedImage] = []
    for image in inputs.images:
        if not (digest := image.reference.digest or image.digest):
            missing.append(image)
            continue
        by_digest = f"{image.reference.repository}@{digest}"
        rows.append(
            f"  - image: {_quoted(by_digest)}\n    annotations:\n      kbld.carvel.dev/id: {_quoted(image.reference)}\n"
        )
    head = "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\n"
    kept = [image for image in inputs.images if image not in missing]
    text = (
        _head(kept, "imgpkg copy --lock THIS_FILE --to-tar OUTPUT")
        + head
        + (f"images:\n{''.join(rows)}" if rows else "images: []\n")
    )
    return Export(text, left_out=_note(missing, "a lock file needs digests, and these have none; not in the file"))


def _note(images: list[ListedImage], what: str) -> list[str]:
    return [f"{what}: {listed([str(image.reference) for image in images], _MOST_NAMED)}"] if images else []


_WRITERS: dict[str, Callable[[ExportInputs], Export]] = {
    "hauler": _hauler,
    "zarf": _zarf,
    "oc-mirror": _oc_mirror,
    "regsync": _regsync,
    "skopeo": _skopeo,
    "imgpkg": _imgpkg,
}
TOOLS = tuple(_WRITERS)


def registry_at(place: str) -> Registry:
    """Return an internal registry at `HOST[/PATH]`. Raises UsageError."""
    host, _, path = place.removeprefix("https://").partition("/")
    try:
        reference = parse_reference(f"{host}/{path}/x" if path else f"{host}/x")
    except InvalidReference as error:
        raise UsageError(f"--to {shown(place)}: {error}", _HINT) from error
    if reference.domain != host:
        raise UsageError(f"--to {shown(place)}: it is not the host of a registry", _HINT)
    return Registry(location=Location("--to"), host=place.removeprefix("https://").rstrip("/"))


def with_observed_digests(images: tuple[ListedImage, ...], source: Path) -> tuple[ListedImage, ...]:
    """Return the images with the digests that an evidence file observed. Another `source` has none."""
    if not is_evidence(source):
        return images
    with Store.open(source, tables=("tag",)) as store:
        for image in images:
            if not image.reference.digest and not image.digest and isinstance(seen := store.tag(str(image.reference)), Seen):
                image.digest = seen.value.digest
    return images
