"""Whether an image keeps its digest on a route."""

from __future__ import annotations

from itertools import pairwise

import pytest

from auditor.facts import table
from auditor.transfer.copy_digests import (
    CopyDigests,
    DigestFate,
    Ending,
    ManifestFormat,
    digest_on,
    digest_over,
    digest_row,
    keeps_digests,
)
from auditor.transfer.copy_layers import CopyLayers
from auditor.transfer.copy_options import read_options
from auditor.transfer.hops import Hop, Unpredicted

OCI, DOCKER = frozenset({ManifestFormat.OCI}), frozenset({ManifestFormat.DOCKER})
MIXED = OCI | DOCKER
FORMATS = {"oci": OCI, "docker": DOCKER, "mixed": MIXED}


def way(tool: str, *places: str, options: str = "") -> tuple[Hop, ...]:
    name, _, version = tool.partition(" ")
    stops = ("registry", *(places or ("registry",)))
    given = read_options([options])
    return tuple(Hop(name, version, origin, to, given) for origin, to in pairwise(stops))


def ending(hops: tuple[Hop, ...], form: str, *, is_index: bool = False) -> str:
    found = digest_on(hops, FORMATS[form], is_index=is_index)
    return found.ending.value if isinstance(found, DigestFate) else "unknown"


@pytest.mark.parametrize(
    ("hops", "oci", "docker", "mixed"),
    [
        (way("crane 0.20.6"), "kept", "kept", "kept"),
        (way("crane 0.20.6", "docker-archive", "registry"), "changed", "changed", "changed"),
        (way("crane 0.20.6", "oci-layout", "registry"), "kept", "kept", "kept"),
        (way("skopeo 1.9.3", "dir", "registry"), "kept", "kept", "kept"),
        (way("skopeo 1.9.3", "oci-layout", "registry"), "kept", "changed", "changed"),
        (way("skopeo 1.9.3", "oci-layout", "registry", options="--preserve-digests"), "kept", "changed", "kept"),
        (way("skopeo 1.9.3", options="--format oci"), "kept", "changed", "changed"),
        (way("skopeo 1.9.3", options="-f v2s2"), "changed", "kept", "changed"),
        (way("skopeo 1.9.3", options="--dest-compress-format zstd"), "changed", "changed", "changed"),
        (way("skopeo 1.9.3", options="--dest-compress-format gzip"), "unknown", "unknown", "unknown"),
        (way("skopeo 1.9.3", options="--preserve-digests --format oci"), "unknown", "unknown", "unknown"),
        (way("docker 24.0.7"), "changed", "unknown", "changed"),
        (way("docker 29.1.0"), "unknown", "unknown", "unknown"),
        (way("docker 29.1.0", options="--feature containerd-snapshotter=true"), "kept", "kept", "kept"),
        (way("zot 2.1.20"), "kept", "changed", "changed"),
        (way("zot 2.1.20", options="preserveDigest: true"), "kept", "kept", "kept"),
        (way("crane"), "kept", "kept", "kept"),
        (way("crane 99.0"), "unknown", "unknown", "unknown"),
        (way("carrier-pigeon 1.0"), "unknown", "unknown", "unknown"),
    ],
)
def test_digest_of_a_manifest(hops: tuple[Hop, ...], oci: str, docker: str, mixed: str) -> None:
    assert [ending(hops, form) for form in FORMATS] == [oci, docker, mixed]


@pytest.mark.parametrize(
    ("hops", "expected"),
    [
        (way("crane 0.20.6"), "kept"),
        (way("crane 0.20.6", options="--platform linux/amd64"), "lost"),
        (way("crane 0.20.6", "docker-archive", "registry"), "lost"),
        (way("skopeo 1.9.3"), "lost"),
        (way("skopeo 1.9.3", options="--all"), "kept"),
        (way("skopeo 1.9.3", options="--multi-arch index-only"), "sparse"),
        (way("ctr 1.7.0"), "sparse"),
        (way("ctr 1.7.0", "oci-layout"), "kept"),  # an archive holds an index without all of its manifests
        (way("nerdctl 2.0.0"), "lost"),
        (way("nerdctl 2.0.0", options="--all-platforms"), "kept"),
        (way("oc-mirror 4.18", options="platforms"), "sparse"),
    ],
)
def test_digest_of_an_index(hops: tuple[Hop, ...], expected: str) -> None:
    assert ending(hops, "oci", is_index=True) == expected


def test_routes_that_differ_are_undetermined() -> None:
    ways = (way("skopeo 1.9.3", "oci-layout", "registry"), way("skopeo 1.9.3", "docker-archive", "registry"))
    found = digest_over(ways, OCI, is_index=False)
    assert isinstance(found, Unpredicted)
    assert found.missing
    both = digest_over(ways, DOCKER, is_index=False)
    assert isinstance(both, DigestFate)
    assert both.ending is Ending.CHANGED
    assert isinstance(digest_over((), OCI, is_index=False), Unpredicted)


def test_digests_stay_only_if_they_stay_for_every_format() -> None:
    assert keeps_digests((way("skopeo 1.9.3", options="--all"),), is_index=True)
    assert not keeps_digests((way("skopeo 1.9.3", options="--all --format oci"),), is_index=True)
    assert not keeps_digests((way("skopeo 1.9.3"),), is_index=True)
    assert not keeps_digests((way("hauler 2.0.3"),), is_index=False)


def test_every_tool_that_copies_layers_has_an_answer() -> None:
    layers: tuple[CopyLayers, ...] = table("copy_layers", CopyLayers)
    digests: tuple[CopyDigests, ...] = table("copy_digests", CopyDigests)
    assert {row.tool for row in layers} - {row.tool for row in digests} == {"manifest-tool"}  # it writes new indexes
    assert all(row.why for row in digests if row.digest != "kept")


def test_row_of_a_hop() -> None:
    row = digest_row(way("skopeo 1.9.3", "docker-archive", "registry", options="--format oci")[0])
    assert isinstance(row, CopyDigests)
    assert (row.to, row.digest) == ("docker-archive", "changed")
