"""The remedy for an image that must be copied, or copied differently: chosen once per image, with its real names.

If the layers have external `urls`, the image is copied without them: nodes then request no external host, and every registry
accepts the manifest. Any other image is copied unchanged, with its foreign layers.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

from auditor.check import Remedy
from auditor.oci.reference import Reference
from auditor.plan.rewrites import placed
from auditor.site import Site

_NO_REGISTRY = "Set the internal registry in the plan (`registry.host`). `auditor fix` then writes a script that copies"
_NOT_ASKED = (
    "Run `auditor fix --via source --via target` on a machine that can connect to the source registries, which this run did "
    "not contact. It writes a script that copies"
)
_STRIPPED = " without the `urls` of its layers, as `regctl image mod --external-urls-rm` does"
_WHOLE = " with its foreign layers, as `crane copy --allow-nondistributable-artifacts` does"


def target_of(site: Site, image: Reference) -> Reference | None:
    """Return the image's name on the internal registry, by tag if it has one, or None without an internal registry."""
    registry = site.plan.registry
    if registry is None:
        return None
    target = placed(registry, image)
    return Reference(target.domain, target.path, target.tag) if target.tag else target


def without_sources(site: Site, image: Reference, how: str = "") -> Remedy | None:
    """Return the remedy if no copy command is possible: the sources were not observed, or there is no internal registry."""
    if site.plan.registry is None:
        return Remedy("copy", f"{_NO_REGISTRY} {image}{how}.")
    if site.source is None:
        return Remedy("copy", f"{_NOT_ASKED} {image}{how}.")
    return None


def observing(site: Site, image: Reference) -> tuple[tuple[str, ...], ...]:
    """Return the command that inspects an image at its source, as the last argument of a `Remedy`. Empty without sources."""
    return ((shlex.join(["auditor", "inspect", str(image)]),),) if site.source is not None else ()


def copied_again(site: Site, image: Reference, text: str) -> Remedy:
    """Return the remedy that copies an image from its source to the internal registry."""
    target = target_of(site, image)
    instead = without_sources(site, image)
    if instead is not None or target is None:
        return instead or Remedy("copy", text)
    if image in site.with_outside_urls:
        return with_foreign_layers(site, [image])
    command = shlex.join(["crane", "copy", "--allow-nondistributable-artifacts", str(image), str(target)])
    return Remedy("copy", text, (command,))


def with_foreign_layers(site: Site, images: Iterable[Reference], text: str = "") -> Remedy:
    """Return the remedy that copies images with their foreign layers. `text` is used if no image has external `urls`."""
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
    """Return the remedy without commands, for images that are not on the internal registry yet."""
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
    """Return the commands that remove `urls` from the image on the internal registry, in place or through an OCI layout."""
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
