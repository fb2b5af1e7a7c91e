"""Documents that contain a list of plain references under a known key.

KOTS `airgap.yaml` (`spec.savedImages`, and those of the embedded cluster), troubleshoot specs
(`spec.collectors[].registryImages.images`), and EKS Anywhere bundles (objects with `uri` and `imageDigest`). Formats:
replicatedhq/kotskinds, replicatedhq/troubleshoot, aws/eks-anywhere release/api.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.located import Marked
from auditor.readers.lists.documents import entry, read_documents, says
from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine
from auditor.text import shown


def recognises(data: bytes) -> bool:
    """Detect the format by API group and keys."""
    kots = says(data, "kind", "Airgap") and says(data, "apiVersion", r"kots\.io/")
    troubleshoot = says(data, "apiVersion", r"troubleshoot\.(?:sh|replicated\.com)/") and b"registryImages" in data
    return (
        kots or troubleshoot or (says(data, "kind", "Bundles") and says(data, "apiVersion", r"anywhere\.eks\.amazonaws\.com/"))
    )


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield every reference under one of the keys."""
    return read_documents(source, data, _document)


def _items(value: Marked | None) -> list[Marked]:
    return value.list if value is not None else []


def _document(source: ListSource, document: Marked) -> Iterator[ListLine]:
    match document.text_at("kind"):
        case "Airgap":
            for keys in (("spec", "savedImages"), ("spec", "embeddedClusterArtifacts", "registry", "savedImages")):
                for image in _items(document.get(*keys)):
                    yield entry(source, image, document)
        case "Bundles":
            yield from _bundles(source, document)
        case _:
            for key in ("collectors", "remoteCollectors", "hostCollectors"):
                for collector in _items(document.get("spec", key)):
                    for image in _items(collector.get("registryImages", "images")):
                        yield entry(source, image, collector)


def _bundles(source: ListSource, document: Marked) -> Iterator[ListLine]:
    waiting = _items(document.get("spec", "versionsBundles"))[::-1]
    while waiting:
        here = waiting.pop()
        uri = here.get("uri")
        if uri is not None and here.get("imageDigest") is not None:
            os = here.text_at("os") or "linux"
            if uri.text.startswith("<"):
                why = (
                    f"{shown(uri.text)} is a placeholder that the release build replaces: use the bundle of a published release"
                )
                yield source.unbounded(uri.text, uri.line, uri.column, why)
                continue
            for platform in [f"{os}/{item.text}" for item in _items(here.get("arch"))] or [""]:
                yield entry(source, uri, here, digest=here.text_at("imageDigest"), platform=platform)
            continue
        waiting.extend([*here.mapping.values(), *here.list][::-1])
