"""The one remedy for an image that has to come, or come otherwise: chosen once per image, with its real names.

An image whose layers have `urls` of external hosts is copied without those `urls`: nodes then ask no external host, and every
registry accepts the manifest. Any other image is copied as it is, with its foreign layers.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from auditor.check import Remedy
from auditor.oci.reference import Reference
from auditor.plan.rewrites import placed
from auditor.site import Site

_NO_REGISTRY = "Name the internal registry in the plan (`registry.host`); `auditor fix` then writes a script that copies"
_NOT_ASKED = (
    "The source registries were not asked in this run. On a machine that can connect to them, run `auditor fix` with "
    "`--via source --via target`: it writes a script that copies"
)
_STRIPPED = " without the `urls` of its layers, as `regctl image mod --external-urls-rm` does"
_WHOLE = " with its foreign layers, as `crane copy --allow-nondistributable-artifacts` does"


def target_of(site: Site, image: Reference) -> Reference | None:
    """Where the plan puts an image on the internal registry, by tag if it has one; None without an internal registry."""
    registry = site.plan.registry
    if registry is None:
        return None
    target = placed(registry, image)
    return Reference(target.domain, target.path, target.tag) if target.tag else target


def without_sources(site: Site, image: Reference, how: str = "") -> Remedy | None:
    """What to do if no copy command can be given: the sources were not asked, or no internal registry is named."""
    if site.plan.registry is None:
        return Remedy("copy", f"{_NO_REGISTRY} {image}{how}.")
    if site.source is None:
        return Remedy("copy", f"{_NOT_ASKED} {image}{how}.")
    return None


def observing(site: Site, image: Reference) -> tuple[tuple[str, ...], ...]:
    """The command that reads an image at its source, as the last argument of a remedy; nothing if sources were not asked."""
    return ((shlex.join(["auditor", "inspect", str(image)]),),) if site.source is not None else ()


def copied_again(site: Site, image: Reference, text: str) -> Remedy:
    """Copy an image from its source to its place on the internal registry."""
    target = target_of(site, image)
    instead = without_sources(site, image)
    if instead is not None or target is None:
        return instead or Remedy("copy", text)
    if image in site.with_outside_urls:
        return with_foreign_layers(site, [image])
    command = shlex.join(["crane", "copy", "--allow-nondistributable-artifacts", str(image), str(target)])
    return Remedy("copy", text, (command,))


def with_foreign_layers(site: Site, images: Iterable[Reference], text: str = "") -> Remedy:
    """Bring images with their foreign layers, each on the way that its layers need. `text` is for those without `urls`."""
    named = list(dict.fromkeys(images))
    stripped = [image for image in named if image in site.with_outside_urls]
    if not stripped:
        return _as_they_are(site, named, text)
    if (instead := _instead(site, stripped)) is not None:
        return instead
    commands = [command for image in stripped for command in _stripping(site, image)]
    if rest := [image for image in named if image not in site.with_outside_urls]:
        commands += _as_they_are(site, rest, "").commands
    return Remedy(
        "rewrite",
        "Copy these images without the `urls` of their layers. The internal registry then serves every layer, and the digest "
        "of each image changes. `auditor fix` writes the same steps as a script.",
        tuple(commands),
    )


def _instead(site: Site, images: Sequence[Reference]) -> Remedy | None:
    """The remedy without commands, for images that are not on the internal registry yet."""
    missing = [image for image in images if image not in site.complete_inside]
    return without_sources(site, missing[0], _STRIPPED) if missing else None


def _as_they_are(site: Site, images: Sequence[Reference], text: str) -> Remedy:
    said = text or "Copy these images with their foreign layers."
    if (instead := without_sources(site, images[0], _WHOLE)) is not None:
        return instead
    copy = ("crane", "copy", "--allow-nondistributable-artifacts")
    commands = (shlex.join([*copy, str(image), str(target)]) for image in images if (target := target_of(site, image)))
    return Remedy("copy", said, tuple(commands))


def _stripping(site: Site, image: Reference) -> list[str]:
    """The commands that give the internal registry the image without `urls`: in place, else by way of an OCI layout."""
    target = target_of(site, image)
    if target is None:
        return []
    name = str(Reference(target.domain, target.path, target.tag or f"without-urls-{image.digest[7:19]}"))
    strip = ("--replace", "--external-urls-rm")
    if image in site.complete_inside:
        return [shlex.join(["regctl", "image", "mod", str(target), *strip])]
    layout = f"ocidir://layout/{image.path.replace('/', '-')}:{target.tag or 'copied'}"
    return [
        shlex.join(["regctl", "image", "copy", "--include-external", str(image), layout]),
        shlex.join(["regctl", "image", "mod", layout, *strip]),
        shlex.join(["regctl", "image", "copy", layout, name]),
    ]
