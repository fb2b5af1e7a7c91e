"""The storage checks at their limits: exactly full, one byte over, just enough free, and one byte less."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from auditor.check import Severity
from auditor.site.storage.stage import Stage
from auditor.site.storage.view import Storage
from auditor.sizing.archive_formats import in_tar
from auditor.testing import site_of
from tests.checks.test_image_checks import WEB, findings, fine, said

FAT32 = 4_294_967_295
LAYER = {"size": 1_234_567_891, "unpacked": {"expanded": 3_000_000_001}}
OBSERVED: dict[str, Any] = {WEB: {"single": {"platform": "linux/amd64", "layers": [LAYER]}}}
PLAN = """
version: 1
pools: {{control: {{platform: linux/amd64, runtime: containerd 2.1.6, disk: {node}B}}}}
images: [{{ref: "{image}"}}]
copy: {{tool: crane 0.20.6, media: {{size: {media}B, filesystem: exfat}}, staging: {{disk: {staging}B}}}}
registry: {{host: "registry.plant7.local:5000", disk: {registry}B}}
"""
ROOMY = dict.fromkeys(("node", "media", "staging", "registry"), 10**12)
DISKS: dict[str, tuple[str, int, Callable[[Storage], Stage | None]]] = {
    "registry-disk": ("registry", 85, lambda storage: storage.registry),  # 15 % free
    "media-capacity": ("media", 90, lambda storage: storage.media),
    "staging-disk": ("staging", 90, lambda storage: storage.staging),
    "node-disk": ("node", 85, lambda storage: storage.nodes[0]),  # from there on kubelet removes images
}


def plan(**capacity: int) -> str:
    return PLAN.format(image=WEB, **{**ROOMY, **capacity})


def severity(check: str, capacity: int) -> Severity | None:
    """Of the only finding; None if the subject passed."""
    outcomes = said(check, plan(**{DISKS[check][0]: capacity}), observed=OBSERVED)
    found = [finding.severity for finding in findings(outcomes)]
    assert len(found) + fine(outcomes) == len(outcomes) == 1
    return found[0] if found else None


@pytest.mark.parametrize("check", DISKS)
def test_disk_limits_hold_to_the_byte(check: str) -> None:
    _, percent, stage_of = DISKS[check]
    stage = stage_of(site_of({"plan": plan(), "observed": OBSERVED}).storage)
    assert stage is not None
    needed = stage.bytes
    assert stage.low == stage.high == needed > LAYER["size"]
    assert severity(check, needed - 1) is Severity.ERROR
    assert severity(check, needed) is Severity.WARNING  # it fits, and nothing is free
    enough = -(-needed * 100 // percent)
    assert severity(check, enough - 1) is Severity.WARNING
    assert severity(check, enough) is None


TAR = "{tool: crane 0.20.6, media: {size: 64GB, filesystem: fat32}}"
LAYOUT = "{tool: crane 0.20.6, options: [--format=oci], media: {size: 64GB, filesystem: fat32}}"
STICK = """
version: 1
pools: {{control: {{platform: linux/amd64}}}}
images: [{{ref: "{image}"}}]
copy: {copy}
"""


def too_large(copy: str, size: int) -> bool:
    """Return whether an image of one layer is reported as too large for the medium."""
    observed = {WEB: {"single": {"platform": "linux/amd64", "layers": [{"size": size}]}}}
    outcomes = said("media-file-limit", STICK.format(image=WEB, copy=copy), observed=observed)
    assert len(findings(outcomes)) + fine(outcomes) == len(outcomes) == 1
    return bool(findings(outcomes))


def test_file_at_the_size_limit_fits_and_one_byte_more_does_not() -> None:
    assert not too_large(LAYOUT, FAT32)
    assert too_large(LAYOUT, FAT32 + 1)


def test_layer_fits_but_its_archive_does_not() -> None:
    """An archive has whole blocks: the last that fits ends one block before four gibibytes."""
    observed = {WEB: {"single": {"platform": "linux/amd64", "layers": [{"size": 512}]}}}
    small = site_of({"plan": STICK.format(image=WEB, copy=TAR), "observed": observed})
    assert small.storage.archive_set is not None
    beside = small.storage.archive_set.amount.likely - in_tar(512)
    last = FAT32 + 1 - 512 - beside - 512  # a header, and whole blocks
    assert not too_large(TAR, last)
    assert too_large(TAR, last + 1)
    assert not too_large(LAYOUT, last + 1)
    assert in_tar(last) + beside == FAT32 + 1 - 512


def test_base_layer_of_server_2016_fits_alone() -> None:
    assert not too_large(TAR, 4_069_985_900)
    assert not too_large(LAYOUT, 4_069_985_900)
    assert too_large(TAR, 4_069_985_900 + 225_000_000)


def test_platform_that_no_pool_needs_can_exceed_the_medium() -> None:
    """It comes along with the whole index: proven is nothing, and the remedy says which tools leave it out."""
    entries = [{"platform": "linux/amd64", "layers": [LAYER]}, {"platform": "linux/s390x"}]
    observed: dict[str, Any] = {WEB: {"platforms": entries}}
    outcomes = said("registry-disk", plan(registry=2_000_000_000), observed=observed)
    (finding,) = findings(outcomes)
    assert finding.severity is Severity.WARNING
    assert "platforms that no pool needs 1.2 GB" in finding.message
    assert any("Select the platform in the copy tool" in remedy.text for remedy in finding.remedies)
    assert len(outcomes) == 2  # it is undetermined, too
    doubt = said("registry-disk", plan(registry=3_500_000_000), observed=observed)
    assert (len(findings(doubt)), fine(doubt), len(doubt)) == (0, 0, 1)
    assert fine(said("registry-disk", plan(registry=10**11), observed=observed)) == 1
    assert fine(said("registry-disk", plan(registry=2_000_000_000), observed=OBSERVED)) == 1


def test_size_of_extra_platforms_stays_an_estimate_after_collection() -> None:
    entries = [{"platform": "linux/amd64", "layers": [LAYER]}, {"platform": "linux/s390x"}]
    found = findings(said("size-unproven", plan(), observed={WEB: {"platforms": entries}}))
    (registry,) = [finding for finding in found if finding.subject.id == "registry"]
    assert [remedy.commands for remedy in registry.remedies] == [()]
    assert "(50 %)" in registry.message
