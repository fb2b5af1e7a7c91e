"""Which images and parts are copied, depending on what was observed in the internal registry."""

from __future__ import annotations

import pytest

from auditor.fix.errands import Stayed, errands
from auditor.fix.steps import CopyBlob, CopyManifest, Rewrite, Step, WriteIndex
from auditor.testing import site_from

PLAN = """
version: 1
pools:
  linux: {platform: linux/amd64}
  windows: {platform: 'windows/amd64:ltsc2022', runtime: containerd 1.7.27}
images:
  - {ref: "src.example/shop/web:1", pools: [linux, windows]}
registry: {host: "in.example:5000"}
"""
FOREIGN = "{platform: 'windows/amd64:10.0.20348.1', layers: [{size: 9MB, name: base, urls: ['https://mcr.example/base']}]}"
BOTH = "[linux/amd64, 'windows/amd64:10.0.20348.1']"
ALL = "[linux/amd64, linux/arm64, 'windows/amd64:10.0.20348.1']"


def steps(observed: str, inside: str | None = None, *, plan: str = PLAN) -> tuple[Step, ...]:
    """The steps for the one image."""
    form = ["plan: |", *(f"  {line}" for line in plan.splitlines()), "observed:", f"  src.example/shop/web:1: {observed}"]
    if inside is not None:
        form += [f"target: {inside}"] if inside == "{}" else ["target:", f"  in.example:5000/shop/web:1: {inside}"]
    carried, stayed = errands(site_from("\n".join(form)))
    assert not stayed
    return carried[0].steps if carried else ()


def kinds(found: tuple[Step, ...]) -> list[type]:
    return [type(step) for step in found]


def test_existing_image_is_not_copied() -> None:
    assert steps(f"{{platforms: {ALL}}}", f"{{platforms: {ALL}}}") == ()


def test_missing_image_is_copied_with_the_platforms_of_the_pools() -> None:
    found = steps(f"{{platforms: {ALL}}}", "{absent: not there}")
    assert kinds(found) == [CopyManifest, CopyManifest, WriteIndex]
    assert isinstance(index := found[-1], WriteIndex)
    assert {step.digest for step in found if isinstance(step, CopyManifest)} == set(index.manifests)
    assert str(index.target) == "in.example:5000/shop/web:1"


def test_index_that_pools_need_completely_keeps_its_digest() -> None:
    found = steps(f"{{platforms: {BOTH}}}", "{absent: not there}")
    assert kinds(found) == [CopyManifest]
    assert isinstance(step := found[0], CopyManifest)
    assert (str(step.target), step.source.digest) == ("in.example:5000/shop/web:1", step.digest)


def test_only_the_missing_platform_is_copied_with_a_new_index() -> None:
    found = steps(f"{{platforms: {ALL}}}", "{platforms: [linux/amd64]}")
    assert kinds(found) == [CopyManifest, WriteIndex]


def test_missing_manifest_of_an_internal_index_is_copied_alone() -> None:
    gone = "{platforms: [linux/amd64, {platform: 'windows/amd64:10.0.20348.1', missing: absent}]}"
    found = steps(f"{{platforms: {BOTH}}}", gone)
    assert kinds(found) == [CopyManifest]
    assert isinstance(step := found[0], CopyManifest)
    assert step.target.digest == step.digest


def test_missing_layer_is_copied_alone() -> None:
    def image(blob: str) -> str:
        linux = f"{{platform: linux/amd64, layers: [{{size: 5MB, name: top{blob}}}]}}"
        return f"{{platforms: [{linux}, 'windows/amd64:10.0.20348.1']}}"

    found = steps(image(""), image(", blob: absent"))
    assert kinds(found) == [CopyBlob]


def test_external_urls_are_removed() -> None:
    found = steps(f"{{platforms: [linux/amd64, {FOREIGN}]}}", "{absent: not there}")
    assert kinds(found) == [Rewrite]
    assert isinstance(step := found[0], Rewrite)
    assert (step.in_place, len(step.manifests)) == (False, 2)


def test_urls_of_existing_images_are_removed_in_place() -> None:
    same = f"{{platforms: [linux/amd64, {FOREIGN}]}}"
    found = steps(same, same)
    assert kinds(found) == [Rewrite]
    assert isinstance(step := found[0], Rewrite)
    assert step.in_place


def test_reachable_urls_are_kept_and_the_layer_is_copied() -> None:
    reachable = PLAN + "network: {reachable: [mcr.example]}\n"
    found = steps(f"{{platforms: [linux/amd64, {FOREIGN}]}}", "{absent: not there}", plan=reachable)
    assert kinds(found) == [CopyManifest]
    assert isinstance(step := found[0], CopyManifest)
    assert step.foreign


def test_without_internal_evidence_every_manifest_is_copied() -> None:
    found = steps(f"{{platforms: {BOTH}}}")
    assert kinds(found) == [CopyManifest, CopyManifest, CopyManifest]


@pytest.mark.parametrize(
    ("observed", "why"),
    [
        ("{absent: no such image}", "its source does not have it: no such image"),
        ("{failed: {kind: denied, detail: log in}}", "its source could not be read: log in"),
        ("{platforms: [linux/s390x]}", "its source has no manifest that is known to run on a pool"),
    ],
)
def test_image_that_cannot_be_copied_is_reported(observed: str, why: str) -> None:
    form = ["plan: |", *(f"  {line}" for line in PLAN.splitlines()), "observed:", f"  src.example/shop/web:1: {observed}"]
    carried, stayed = errands(site_from("\n".join([*form, "target: {}"])))
    assert (carried, [one.why for one in stayed]) == ((), [why])
    assert isinstance(stayed[0], Stayed)
