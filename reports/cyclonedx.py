"""The needed images as a CycloneDX 1.6 BOM in JSON: one component for each image, and one below it for each platform.

A component has a package URL only if its digest is known, because the type `oci` requires it. The same report always gives the
same text: the serial number is computed from the content.
"""

from __future__ import annotations

import json
import urllib.parse
import uuid
from collections.abc import Iterable, Iterator

from auditor.report import Cell, ImageRow, Report
from reports.ascii_json import Json, written
from reports.cleaning import clean
from reports.headline import headline, meaning

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:airgap-auditor:cyclonedx")
_ALGORITHMS = {"sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}
_PREFIX = "airgap-auditor"


def render(report: Report) -> str:
    """Return the BOM as ASCII JSON."""
    components = [_image(image) for image in report.images]
    metadata = _metadata(report)
    content = json.dumps([metadata, components], sort_keys=True)
    return (
        written(
            {
                "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
                "bomFormat": "CycloneDX",
                "specVersion": "1.6",
                "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, content)}",
                "version": 1,
                "metadata": metadata,
                "components": components,
            }
        )
        + "\n"
    )


def _metadata(report: Report) -> Json:
    facts = {
        "plan": report.plan_name,
        "verdict": report.verdict.value,
        "headline": headline(report),
        "meaning": meaning(report),
        "evidence-sha256": report.basis.sha256,
    }
    return {
        "timestamp": f"{report.audited_at.isoformat()}T00:00:00Z",
        "tools": {"components": [{"type": "application", "name": "airgap-auditor", "version": report.tool_version}]},
        "component": {"type": "platform", "bom-ref": "site", "name": clean(report.plan_name) or "site"},
        "properties": _properties(facts.items()),
    }


def _properties(facts: Iterable[tuple[str, str]]) -> list[Json]:
    return [{"name": f"{_PREFIX}:{name}", "value": clean(value)} for name, value in facts if value]


def _image(image: ImageRow) -> Json:
    repository, tag, stated = _split(image.reference)
    digest = image.digest or stated
    platforms = [*_platforms(image, repository, tag, digest)]
    facts = [*(("needed-by", why) for why in image.why)]
    facts += [("" if digest else "digest", "" if digest else "unknown")]
    facts += [(f"pool:{cell.pool}", f"{cell.platform}: {cell.status.value}") for cell in image.platforms]
    made = _component(f"image:{image.reference}", repository, tag, digest, "")
    return {**made, "properties": _properties(facts), **({"components": platforms} if platforms else {})}


def _platforms(image: ImageRow, repository: str, tag: str, digest: str) -> Iterator[Json]:
    """Yield a component for each manifest below the index."""
    cells: dict[tuple[str, str], list[Cell]] = {}
    for cell in image.platforms:
        if cell.digest and cell.digest != digest:
            cells.setdefault((cell.platform, cell.digest), []).append(cell)
    for (platform, own), found in cells.items():
        made = _component(f"image:{image.reference}#{platform}@{own}", repository, tag, own, platform)
        size = next((str(cell.bytes) for cell in found if cell.bytes is not None), "")
        yield {
            **made,
            "properties": _properties([("platform", platform), ("bytes", size), ("os-version", found[0].os_version)]),
        }


def _component(ref: str, repository: str, tag: str, digest: str, platform: str) -> Json:
    made: Json = {
        "type": "container",
        "bom-ref": clean(ref),
        "name": clean(repository),
        "version": clean(tag or digest or "latest"),
    }
    algorithm, _, digits = digest.partition(":")
    if algorithm in _ALGORITHMS and _is_hex(digits, algorithm):
        made["hashes"] = [{"alg": _ALGORITHMS[algorithm], "content": digits}]
        made["purl"] = _purl(repository, tag, digest, platform)
    return made


def _is_hex(digits: str, algorithm: str) -> bool:
    return len(digits) == int(algorithm[3:]) // 4 and not set(digits) - set("0123456789abcdef")


def _purl(repository: str, tag: str, digest: str, platform: str) -> str:
    """Return the package URL of type `oci`: the name is the last part of the repository, the version is the digest."""
    parts = platform.partition(":")[0].split("/")  # windows/amd64:10.0.20348
    qualifiers = {"arch": parts[1] if len(parts) > 1 else "", "repository_url": repository, "tag": tag}
    text = "&".join(
        f"{key}={urllib.parse.quote(value, safe='/:.-_~', errors='replace')}" for key, value in qualifiers.items() if value
    )
    name = urllib.parse.quote(repository.rpartition("/")[2].lower(), safe=".-_~", errors="replace")
    return f"pkg:oci/{name}@{digest}?{text}"


def _split(reference: str) -> tuple[str, str, str]:
    """Return repository, tag and digest of a normalised reference; empty where it has none."""
    name, _, digest = reference.partition("@")
    head, colon, tag = name.rpartition(":")
    return (head, tag, digest) if colon and "/" not in tag else (name, "", digest)
