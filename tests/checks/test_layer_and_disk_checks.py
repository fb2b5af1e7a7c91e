"""The checks of foreign layers and of the registry's disk: cases beyond their examples."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.check import Severity
from auditor.evidence.model import Kind
from tests.checks.test_image_checks import WEB, findings, fine, said, unknowns

PLAN = f"""
version: 1
pools:
  control: {{platform: linux/amd64, runtime: containerd 2.1.6}}
  win2022: {{platform: "windows/amd64:ltsc2022", runtime: containerd 2.1.6}}
  win2025: {{platform: "windows/amd64:ltsc2025", runtime: containerd 2.1.6}}
images: [{{ref: "{WEB}"}}, {{ref: "registry.example.com/shop/api:4.2"}}]
network: {{reachable: ["*.plant7.local"]}}
"""
MCR = "https://mcr.microsoft.com/v2/windows/nanoserver/blobs/sha256:3ab3"
BASE = {"size": "117MB", "name": "nanoserver", "foreign": True}


def both(*layers: dict[str, Any]) -> dict[str, Any]:
    entry = {"platform": "windows/amd64:10.0.20348.524", "layers": list(layers)}
    index = {"platforms": ["linux/amd64", entry]}
    return {WEB: index, "registry.example.com/shop/api:4.2": index}


def test_shared_base_is_one_finding_per_pool_that_names_the_images() -> None:
    outcomes = said("foreign-layer-egress", PLAN, observed=both({**BASE, "urls": [MCR]}))
    found = findings(outcomes)
    assert [item.subject.pool for item in found] == ["win2022", "win2025"]
    assert len({item.subject.id for item in found}) == 1
    assert len({item.fingerprint for item in found}) == 2
    assert all(item.facts["image_count"] == 2 and "and 1 more" in item.message for item in found)
    assert fine(outcomes) == 2  # both images on the Linux pool


def test_only_external_urls_are_named() -> None:
    urls = ["https://mirror.plant7.local/base", MCR, "ftp://old.example/base"]
    (found, _) = findings(said("foreign-layer-egress", PLAN, observed=both({**BASE, "urls": urls})))
    assert found.facts["urls"] == (MCR,)


def test_image_with_internal_urls_only_passes() -> None:
    outcomes = said("foreign-layer-egress", PLAN, observed=both({**BASE, "urls": ["https://mirror.plant7.local/base"]}))
    assert (findings(outcomes), fine(outcomes)) == ([], 6)


@pytest.mark.parametrize("url", ["http://a:99999/x", "http://[::1", "https:///x"])
def test_unreadable_url_does_not_pass(url: str) -> None:
    outcomes = said("foreign-layer-egress", PLAN, observed=both({**BASE, "urls": [url]}))
    assert {item.kind for item in unknowns(outcomes)} == {Kind.MALFORMED}
    assert fine(outcomes) == 2  # both images on the Linux pool


def test_foreign_layer_with_urls_is_not_reported_as_unavailable() -> None:
    outcomes = said("foreign-layer-unavailable", PLAN, observed=both({**BASE, "urls": [MCR]}))
    assert (findings(outcomes), fine(outcomes)) == ([], 6)


@pytest.mark.parametrize("urls", [{}, {"urls": []}])
def test_unavailable_layer_is_one_finding_for_all_images_and_pools(urls: dict[str, Any]) -> None:
    outcomes = said("foreign-layer-unavailable", PLAN, observed=both({**BASE, **urls, "blob": "absent"}))
    (found,) = findings(outcomes)
    assert [(len(one.images), one.pools) for one in found.affects or ()] == [(2, ("win2022", "win2025"))]
    assert fine(outcomes) == 2


@pytest.mark.parametrize("check", ["foreign-layer-egress", "foreign-layer-unavailable"])
def test_missing_evidence_is_reported_once_per_image(check: str) -> None:
    entry = {"platform": "windows/amd64:10.0.20348.524", "missing": "uncollected"}
    outcomes = said(check, PLAN, observed={WEB: {"platforms": ["linux/amd64", entry]}})
    kinds = [(item.subject.id, item.kind) for item in unknowns(outcomes)]
    assert kinds == [(WEB, Kind.MISSING_EVIDENCE), ("registry.example.com/shop/api:4.2", Kind.MISSING_EVIDENCE)]
    assert fine(outcomes) == 1


def disk(capacity: str, *sizes: str, unasked: int = 0) -> list[Any]:
    names = [f"shop/app{number}:1" for number in range(len(sizes) + unasked)]
    refs = "".join(f"  - {{ref: '{name}'}}\n" for name in names)
    registry = f"registry: {{host: 'r.local:5000', disk: {capacity}}}\n"
    plan = "version: 1\npools: {control: {platform: linux/amd64}}\n" + registry + (f"images:\n{refs}" if refs else "")
    observed = {
        name: {"single": {"platform": "linux/amd64", "layers": [{"size": size}]}}
        for name, size in zip(names, sizes, strict=False)
    }
    return said("registry-disk", plan, observed=observed)


def test_largest_images_are_named_as_proof() -> None:
    (found,) = findings(disk("10GB", "8GB", "3GB"))
    assert found.severity is Severity.ERROR
    largest = found.facts["largest"]
    assert isinstance(largest, tuple)
    assert largest[0].startswith("docker.io/shop/app0:1 8.0 GB")
    assert found.facts["needed"] == found.facts["capacity"] + found.facts["missing"]  # type: ignore[operator]
    assert str(found.location).startswith("plan.yaml:3")


def test_suggested_disk_size_leaves_enough_free_space() -> None:
    (found,) = findings(disk("10GB", "9GB"))
    advised = found.remedies[0].text.split("the registry ")[1].split(" or more")[0]
    assert float(advised.removesuffix(" GB")) * 0.85 >= 9.0
    assert disk(advised, "9GB")[0].count == 1


def test_lower_bound_proves_a_disk_too_small_but_not_large_enough() -> None:
    over = disk("10GB", "12GB", unasked=2)
    assert len(findings(over)) == 1
    assert unknowns(over) == []
    assert "at least 12.0 GB" in findings(over)[0].message
    near = disk("10GB", "9GB", unasked=1)
    assert (len(findings(near)), len(unknowns(near))) == (1, 1)
    under = disk("10GB", "1GB", unasked=5)
    (item,) = unknowns(under)
    assert "5 images" in item.detail
    assert "and 2 more" in item.detail


def test_stage_without_needs_is_not_examined() -> None:
    assert disk("10GB") == []
