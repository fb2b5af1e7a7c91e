"""The fate of foreign layers: per tool, over several hops, and unknown cases."""

from __future__ import annotations

import itertools

import pytest

from auditor.facts import table
from auditor.transfer.copy_layers import CopyLayers, Fate, carrying, fate_on, fate_over, layer_row
from auditor.transfer.copy_options import Options, options_for, read_options
from auditor.transfer.hops import Hop, Unpredicted

DOCKER = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
DOCKER_PLAIN = "application/vnd.docker.image.rootfs.foreign.diff.tar"
OCI = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
OCI_ZSTD = "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"
ORDINARY = "application/vnd.oci.image.layer.v1.tar+gzip"
LEFT, CARRIED, CONVERTED = (False, True), (True, True), (True, False)


def way(tool: str, *places: str, options: tuple[str, ...] = ()) -> tuple[Hop, ...]:
    name, _, version = tool.partition(" ")
    given = read_options(options)
    return tuple(Hop(name, version, origin, to, given) for origin, to in itertools.pairwise(("registry", *places)))


def comes_to(tool: str, *places: str, layer: str = DOCKER, options: tuple[str, ...] = (), urls: bool = True) -> object:
    fate = fate_on(way(tool, *(places or ("registry",)), options=options), layer, has_urls=urls)
    return fate.said if isinstance(fate, Fate) else fate


@pytest.mark.parametrize(
    ("tool", "options", "expected"),
    [
        ("crane 0.20.6", (), LEFT),
        ("crane 0.20.6", ("--allow-nondistributable-artifacts",), CARRIED),
        ("crane 0.9.0", ("--allow-nondistributable-artifacts",), LEFT),
        ("crane", (), LEFT),
        ("crane", ("--allow-nondistributable-artifacts",), CARRIED),
        ("regctl 0.11.7", ("--include-external",), CARRIED),
        ("regctl 0.4.2", (), LEFT),
        ("regsync 0.8.0", ("includeExternal: true",), CARRIED),
        ("skopeo 1.20.0", ("--all",), LEFT),
        ("podman 5.4.0", (), LEFT),
        ("buildah 1.39.0", (), LEFT),
        ("oc-mirror 4.18.0", (), LEFT),
        ("oras 1.2.0", (), LEFT),
        ("zarf 0.60.0", (), LEFT),
        ("k0s 1.34.1", (), LEFT),
        ("imgpkg 0.43.1", (), LEFT),
        ("imgpkg 0.43.1", ("--include-non-distributable-layers",), CARRIED),
        ("hauler 1.4.2", (), LEFT),
        ("hauler 2.0.3", (), CARRIED),
        ("docker 27.5.1", (), LEFT),
        ("docker 27.5.1", ("--allow-nondistributable-artifacts",), CONVERTED),
        ("docker 27.5.1", ("--feature containerd-snapshotter=true",), CARRIED),
        ("docker 28.5.1", (), CONVERTED),
        ("docker 29.1.0", ("--feature containerd-snapshotter=false",), CONVERTED),
        ("docker 29.1.0", ("--feature containerd-snapshotter=true",), CARRIED),
        ("ctr 1.5.11", (), CARRIED),
        ("ctr 1.7.27", (), LEFT),
        ("ctr 1.7.27", ("--allow-non-distributable-blobs",), CARRIED),
        ("ctr 2.1.6", ("--allow-non-distributable-blobs",), LEFT),
        ("ctr 2.1.6", ("--allow-non-distributable-blobs", "--local"), CARRIED),
        ("nerdctl 2.0.0", ("--allow-nondistributable-artifacts",), CARRIED),
        ("buildkit 0.20.0", (), CONVERTED),
        ("manifest-tool 2.1.0", (), LEFT),
    ],
)
def test_push_to_a_registry_has_the_predicted_fate(tool: str, options: tuple[str, ...], expected: tuple[bool, bool]) -> None:
    assert comes_to(tool, options=options) == expected


@pytest.mark.parametrize(
    ("tool", "layer", "urls", "expected"),
    [
        ("crane 0.20.6", OCI, True, LEFT),
        ("crane 0.20.6", OCI_ZSTD, True, CARRIED),  # for crane it is an ordinary layer
        ("crane 0.20.6", DOCKER_PLAIN, True, CARRIED),
        ("crane 0.20.6", ORDINARY, True, CARRIED),
        ("crane 0.20.6", DOCKER, False, (False, False)),
        ("oras 1.2.0", OCI_ZSTD, True, LEFT),
        ("regctl 0.11.7", ORDINARY, True, LEFT),
        ("regctl 0.11.7", DOCKER, False, (True, False)),  # without urls nothing is foreign to it
        ("skopeo 1.20.0", ORDINARY, True, LEFT),
        ("ctr 2.1.6", DOCKER_PLAIN, True, LEFT),
        ("ctr 2.1.6", ORDINARY, True, CARRIED),
        ("docker 27.5.1", OCI, True, CONVERTED),  # only Docker's own type is foreign to it, and it rewrites manifests
    ],
)
def test_tool_defines_which_layers_are_foreign(tool: str, layer: str, urls: bool, expected: tuple[bool, bool]) -> None:
    assert comes_to(tool, layer=layer, urls=urls) == expected


@pytest.mark.parametrize(
    ("tool", "places", "options", "expected"),
    [
        ("crane 0.20.6", ("docker-archive",), (), CARRIED),
        ("crane 0.20.6", ("docker-archive", "registry"), (), LEFT),
        ("crane 0.20.6", ("docker-archive", "registry"), ("--allow-nondistributable-artifacts",), CARRIED),
        ("skopeo 1.20.0", ("docker-archive", "registry"), (), CONVERTED),
        ("skopeo 1.20.0", ("dir",), (), CARRIED),
        ("skopeo 1.20.0", ("dir", "registry"), (), LEFT),
        ("skopeo 1.20.0", ("oci-layout", "registry"), (), LEFT),
        ("regctl 0.11.7", ("oci-layout", "registry"), ("export",), LEFT),
        ("docker 27.5.1", ("docker-archive",), (), CARRIED),
        ("docker 27.5.1", ("docker-archive",), ("--feature containerd-snapshotter=true",), LEFT),
        ("ctr 2.1.6", ("oci-layout",), ("--skip-non-distributable",), LEFT),
        ("nerdctl 2.0.0", ("oci-layout",), (), CARRIED),
    ],
)
def test_route_over_archives_has_the_predicted_fate(
    tool: str, places: tuple[str, ...], options: tuple[str, ...], expected: tuple[bool, bool]
) -> None:
    assert comes_to(tool, *places, options=options) == expected


@pytest.mark.parametrize(
    ("tool", "places", "options", "why", "missing"),
    [
        ("carrier-pigeon 1", ("registry",), (), "do not list carrier-pigeon", False),
        ("oras 0.16.0", ("registry",), (), "the facts do not cover oras 0.16.0", False),
        ("docker", ("registry",), (), "the version of docker", True),
        ("docker 29.1.0", ("registry",), (), "depends on --feature containerd-snapshotter=true or", True),
        ("buildx 0.30.0", ("registry",), ("prefer-nondist-layers=true",), "do not cover such layers for buildx 0.30.0", False),
        ("zot 2.1.0", ("oci-layout",), (), "from registry to oci-layout", False),
        ("regctl 0.11.7", ("oci-layout",), (), "depends on --include-external or ocidir or export", True),
    ],
)
def test_unknown_tool_or_version_is_not_predicted(
    tool: str, places: tuple[str, ...], options: tuple[str, ...], why: str, missing: bool
) -> None:
    found = comes_to(tool, *places, options=options)
    assert isinstance(found, Unpredicted)
    assert why in found.why
    assert found.missing is missing


def test_several_routes_give_one_answer_only_if_they_agree() -> None:
    crane = [way("crane 0.20.6", kind, "registry") for kind in ("docker-archive", "oci-layout")]
    fate = fate_over(crane, DOCKER, has_urls=True)
    assert isinstance(fate, Fate)
    assert fate.said == LEFT
    skopeo = [way("skopeo 1.20.0", kind, "registry") for kind in ("docker-archive", "dir")]
    assert isinstance(fate_over(skopeo, DOCKER, has_urls=True), Unpredicted)
    assert isinstance(fate_over([], DOCKER, has_urls=True), Unpredicted)


@pytest.mark.parametrize(
    ("tool", "version", "option"),
    [
        ("crane", "0.20.6", "--allow-nondistributable-artifacts"),
        ("crane", "0.9.0", ""),
        ("regctl", "0.11.7", "--include-external"),
        ("ctr", "1.7.27", "--allow-non-distributable-blobs"),
        ("ctr", "2.1.6", "--allow-non-distributable-blobs and --local"),
        ("docker", "27.5.1", "--allow-nondistributable-artifacts"),
        ("skopeo", "1.20.0", ""),
        ("zarf", "0.60.0", ""),
    ],
)
def test_option_that_copies_foreign_layers_is_known(tool: str, version: str, option: str) -> None:
    assert carrying(tool, version, "registry", "registry") == option


def test_option_improves_the_fate_of_a_layer() -> None:
    rows: tuple[CopyLayers, ...] = table("copy_layers", CopyLayers)
    for tool in {row.tool for row in rows}:
        for version in {row.since or "0" for row in rows if row.tool == tool}:
            if option := carrying(tool, version, "registry", "registry"):
                row = layer_row(Hop(tool, version, "registry", "registry", options_for(option)))
                assert isinstance(row, CopyLayers)
                assert row.does in {"carried", "converted"}


def test_every_row_is_reachable() -> None:
    """Each row decides for its own tool, version, places and options."""
    rows: tuple[CopyLayers, ...] = table("copy_layers", CopyLayers)
    for row in rows:
        places = ("docker-archive", "oci-layout", "dir") if row.to == "archive" else (row.to or "registry",)
        options = options_for(row.given[0]) if row.given else Options()
        hops = [Hop(row.tool, row.since or "0", row.origin or "registry", to, options) for to in places]
        assert any(layer_row(hop) == row for hop in hops), row.name
