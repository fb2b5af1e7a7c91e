"""## What it checks
The internal registry accepts every manifest that arrives with `urls`. If it accepts such a manifest without the blob, the
evidence shows whether the blob is there.

## Why it matters
Many registries are based on distribution. With its default configuration it rejects every manifest with `urls` with HTTP 500
and `MANIFEST_BLOB_UNKNOWN`, even if all blobs are there, so the error points to the wrong cause. If URLs are allowed, it
accepts the manifest of a foreign layer without the blob. A successful push then does not prove that the image is complete.

## How to fix
Remove the `urls` during the copy, or allow them in the registry's configuration with `validation.manifests.urls.allow` or
`validation.disabled: true`. Then check the registry for every layer: `auditor audit --via source --via target`.

## When it is undetermined
The facts do not cover the registry, or it is unknown whether the copy keeps the `urls`. Or the configuration or the manifest
of an image to copy could not be read. A manifest that was observed in the internal registry counts as accepted.

## References
facts/registry_urls.yaml; distribution registry/handlers/app.go; configuration.md, validation.manifests.urls.
"""

from __future__ import annotations

import datetime
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.check import Affected, Area, Finding, Fine, Outcome, Remedy, RemedyKind, Severity, Subject, Undetermined, define
from auditor.errors import Location
from auditor.evidence.model import Kind
from auditor.oci.document import Descriptor
from auditor.oci.reference import parse_reference
from auditor.plan.model import Registry
from auditor.readers.node_config.rewriting import NotUnderstood
from auditor.readers.registry_config import UnreadableConfig, UrlRules, url_rules
from auditor.site import Requirement, Site
from auditor.site.layers import foreign_layers
from auditor.text import and_more
from auditor.transfer.copy_layers import Fate
from auditor.transfer.hops import Unpredicted
from auditor.transfer.registries import RegistryUrls, registry_row
from checks._shared.bringing import with_foreign_layers
from checks._shared.copied import to_copy

SHOWN = 10


@dataclass(frozen=True)
class _Arriving:
    """A layer that arrives with `urls` or a foreign type. `urls` is None if it is unknown whether the copy keeps them."""

    image: str
    layer: Descriptor
    urls: tuple[str, ...] | None


def _subject(registry: Registry) -> Subject:
    return Subject("registry", registry.host)


def _arriving(site: Site) -> Iterator[_Arriving]:
    """Yield every such layer that was not observed in the internal registry, once per image and layer."""
    inside = {p.need for p in site.target.placements if p.resolution.payload is not None} if site.target is not None else set()
    fates = {c.placement.need: dict(c.fates) for c in site.carriages}
    said: set[tuple[str, str]] = set()
    for placement in site.to_copy.placements if site.to_copy is not None else ():
        for layer in foreign_layers(placement):
            key = (placement.image.name, layer.digest)
            if key not in said and placement.need not in inside:
                said.add(key)
                yield _Arriving(key[0], layer, _urls(layer, fates.get(placement.need, {}).get(layer)))


def _urls(layer: Descriptor, fate: Fate | Unpredicted | None) -> tuple[str, ...] | None:
    """Return the layer's `urls` after the copy. Without a copy tool in the plan, all of them remain."""
    urls = layer.urls or ()
    if fate is None or not urls:
        return urls
    return None if isinstance(fate, Unpredicted) else urls if fate.urls else ()


def _refuses(row: RegistryUrls, rules: UrlRules | None, arriving: _Arriving) -> bool:
    """Return whether the registry rejects the manifest. Raises NotUnderstood if a pattern cannot be evaluated."""
    if row.urls != "configured" or arriving.urls == ():
        return False
    urls = arriving.urls if arriving.urls is not None else arriving.layer.urls or ()
    return rules is None or any(rules.refuses(url) for url in urls)


def _refused(site: Site, registry: Registry, row: RegistryUrls, rules: UrlRules | None, refused: list[_Arriving]) -> Finding:
    images = tuple(dict.fromkeys(arriving.image for arriving in refused))
    first = refused[0]
    url = (first.layer.urls or ("",))[0]
    how = "with this configuration" if rules is not None else "by default (the plan has no `registry.config`)"
    return Finding(
        severity=Severity.ERROR if row.is_proven else Severity.WARNING,
        subject=_subject(registry),
        message=f"{registry.kind} {how} rejects the manifest of {and_more(images[0], len(images))} with the URL {url}. "
        f"The push fails with HTTP 500 and {row.symptom}, even if every blob is there.",
        case="refuses",
        facts={
            "images": images[:SHOWN],
            "image_count": len(images),
            "url": url,
            "source": row.source,
            "confidence": row.confidence,
            "confirmed": row.confirmed,
        },
        location=_place(site, rules),
        remedy_kind=RemedyKind.REGISTRY_SETTING,
        remedies=tuple(_remedies(site, refused)),
        affects=_affected(refused),
    )


def _remedies(site: Site, refused: list[_Arriving]) -> Iterator[Remedy]:
    """Yield the remedies: strip external URLs from the images, and allow the remaining URLs."""
    images = list(dict.fromkeys(parse_reference(one.image) for one in refused))
    if stripped := [image for image in images if image in site.with_outside_urls]:
        yield with_foreign_layers(site, stripped)
    kept = [one for one in refused if parse_reference(one.image) not in site.with_outside_urls]
    if kept:
        begins = dict.fromkeys("/".join(url.split("/", 3)[:3]) + "/" for one in kept for url in one.layer.urls or ())
        patterns = ", ".join(f"'^{begin.replace('.', chr(92) + '.')}'" for begin in begins)
        allow = f"validation: {{manifests: {{urls: {{allow: [{patterns}]}}}}}}"
        yield Remedy("edit", f"Allow the URLs in the registry's configuration, and add the file to `registry.config`: {allow}.")


def _affected(arriving: list[_Arriving]) -> tuple[Affected, ...]:
    """Return all pools: an index is pushed as a whole, so one rejected manifest blocks every platform."""
    return (Affected(tuple(dict.fromkeys(one.image for one in arriving))),)


def _place(site: Site, rules: UrlRules | None) -> Location:
    return rules.location if rules is not None else site.plan.where("registry", "kind")


def _proves_nothing(site: Site, registry: Registry, row: RegistryUrls, rules: UrlRules | None, lax: list[_Arriving]) -> Finding:
    images = tuple(dict.fromkeys(arriving.image for arriving in lax))
    return Finding(
        severity=Severity.WARNING,
        subject=_subject(registry),
        message=f"{registry.kind} accepts the manifest of {and_more(images[0], len(images))} even if a layer is missing "
        f"({lax[0].layer.media_type}). A successful push proves nothing, and the registry was not observed yet.",
        case="proves nothing",
        facts={"images": images[:SHOWN], "image_count": len(images), "source": row.source, "confidence": row.confidence},
        location=_place(site, rules),
        remedies=(
            Remedy(
                "command",
                "Check the registry for every layer after the copy.",
                (_audited(site),),
            ),
        ),
    )


def _audited(site: Site) -> str:
    return shlex.join(["auditor", "audit", "--via", "target", site.plan.path])


def _undetermined(registry: Registry, kind: Kind, detail: str, arriving: list[_Arriving]) -> Undetermined:
    return Undetermined(_subject(registry), kind, detail, affects=_affected(arriving))


def _outcomes(site: Site, registry: Registry, row: RegistryUrls, arriving: list[_Arriving]) -> Iterator[Outcome]:
    try:
        rules = url_rules(site.plan) if row.urls == "configured" else None
        refused = [one for one in arriving if _refuses(row, rules, one)]
    except UnreadableConfig as error:
        kind = Kind.MISSING_EVIDENCE if error.missing else Kind.MALFORMED
        yield _undetermined(registry, kind, f"{error.location}: {error}", arriving)
        return
    except NotUnderstood as error:
        yield _undetermined(registry, Kind.UNSUPPORTED, f"{site.plan.where('registry', 'config')}: {error}", arriving)
        return
    certain = [one for one in refused if one.urls is not None]
    if certain:
        yield _refused(site, registry, row, rules, certain)
        return
    if refused:
        detail = f"it is unknown whether the copy keeps the `urls` of {refused[0].image}; with them, {registry.kind} rejects it"
        yield _undetermined(registry, Kind.MISSING_EVIDENCE, detail, refused)
        return
    lax = [one for one in arriving if one.urls != () and row.takes_without_blob(one.layer.media_type)]
    yield _proves_nothing(site, registry, row, rules, lax) if lax else Fine()


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome for the registry, and one for each manifest that could not be read."""
    registry = site.plan.registry
    assert registry is not None  # noqa: S101 - the check requires a registry kind
    assert registry.kind is not None  # noqa: S101 - as above
    unread = [one for one in to_copy(site) if isinstance(one, Undetermined)]
    yield from unread
    arriving = list(_arriving(site))
    row = registry_row(registry.kind.name, registry.kind.version)
    if not arriving:
        yield from () if unread else (Fine(),)
    elif isinstance(row, Unpredicted):
        yield _undetermined(registry, Kind.UNSUPPORTED, row.why, arriving)
    else:
        found = _outcomes(site, registry, row, arriving)
        yield from (one for one in found if not (unread and isinstance(one, Fine)))


CHECK = define(
    run,
    title="Registry rejects manifests with layer URLs",
    holds="The registry accepts the copied manifests",
    area=Area.FOREIGN_LAYERS,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.REGISTRY_KIND, Requirement.TO_COPY),
)
