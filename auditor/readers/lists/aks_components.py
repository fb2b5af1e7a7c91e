"""`components.json` of the AKS node images: `downloadURL` ends in `*`, and lists of versions replace it.

`windowsVersions` are for Windows, `amd64OnlyVersions` for amd64, `multiArchVersionsV2` for every Linux architecture.
`windowsSkuMatch` selects the Windows node image that caches a version. It does not restrict platforms, so it is ignored.
Format: Azure/AgentBaker, parts/common/components.json.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.located import Marked, head_matches
from auditor.readers.lists.documents import entry, read_documents
from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine

_GROUPS = ("ContainerImages", "GPUContainerImages")
_VERSIONS = (
    ("amd64OnlyVersions", "linux/amd64"),
    ("multiArchVersionsV2", ""),
    ("windowsVersions", "windows/amd64"),
)


def recognises(data: bytes) -> bool:
    """Detect the format by its keys."""
    return data.lstrip().startswith(b"{") and head_matches(data, b'"ContainerImages"', b'"downloadURL"')


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield every version of every image, once."""
    return read_documents(source, data, _document)


def _document(source: ListSource, document: Marked) -> Iterator[ListLine]:
    for group in _GROUPS:
        images = document.get(group)
        for image in images.list if images is not None else []:
            yield from _image(source, image.get("gpuVersion") or image, image.text_at("downloadURL"), image)


def _image(source: ListSource, versioned: Marked, url: str, image: Marked) -> Iterator[ListLine]:
    if not url.endswith(":*"):
        yield entry(source, image.get("downloadURL"), image)
        return
    seen: set[tuple[str, str]] = set()
    for key, platform in _VERSIONS:
        versions = image.get(key)
        for version in versions.list if versions is not None else []:
            for at in (version.get("latestVersion"), version.get("previousLatestVersion"), version):
                tag = at.text if at is not None else ""
                if at is None or not tag or (tag, platform) in seen:
                    continue
                seen.add((tag, platform))
                yield entry(source, at, version, platform=platform, text=f"{url[:-1]}{tag}")
    single = versioned.get("latestVersion")
    if single is not None and single.text and not seen:
        seen.add((single.text, ""))
        yield entry(source, single, versioned, text=f"{url[:-1]}{single.text}")
    if not seen:
        yield source.unbounded(url, image.line, image.column, f"the file names no version of {url}")
