"""The corpus's image lists, row by row of its index: real files and their expected images."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from auditor.needs.defaults import plan_defaults
from auditor.needs.listed import ListedReferences
from auditor.readers.lists import ListSource, read_list
from auditor.readers.model import ListLine
from auditor.testing import plan_of
from tests.corpus.folder import corpus


def lines(*parts: str) -> tuple[ListLine, ...]:
    return read_list(ListSource(parts[-1], ("one",)), corpus("image-lists", *parts).read_bytes())


def test_hauler_rancher_full_list_is_read() -> None:
    """701 images, no platform, no digest, one mirrored-pause, no wins; two charts that only rendering tells."""
    found = lines("hauler-rancher-full", "rancher-airgap-rancher.yaml")
    images = [line for line in found if line.reference is not None]
    assert len(images) == 701
    assert not [line for line in images if line.platforms or line.digest or (line.reference and line.reference.digest)]
    names = [line.text for line in images]
    assert [name for name in names if "mirrored-pause" in name] == ["rancher/mirrored-pause:3.6"]
    assert not [name for name in names if "rancher/wins" in name]
    assert len([line for line in found if line.unbounded]) == 2
    assert not [line for line in found if line.error]


def test_hauler_rke2_list_is_read() -> None:
    """64 images without a platform, and nothing for Windows."""
    found = lines("hauler-rke2", "rancher-airgap-rke2.yaml")
    assert len([line for line in found if line.reference is not None]) == len(found) == 64
    assert not [line for line in found if line.platforms or "windows" in line.text]


def test_hauler_rke2_list_covers_linux_and_lacks_the_windows_runtime() -> None:
    """It is the list of v1.33.5+rke2r1: complete for every network plug-in, and useless for a Windows agent."""
    found = ListedReferences(lines("hauler-rke2", "rancher-airgap-rke2.yaml"), None)
    for cni in ("canal", "calico", "cilium", "flannel", "multus,canal"):
        pools = "pools: {control: {platform: linux/amd64}, win: {platform: 'windows/amd64:ltsc2022'}}"
        cluster = f"cluster: {{distribution: rke2, version: v1.33.5+rke2r1, cni: '{cni}'}}"
        defaults = plan_defaults(plan_of(f"version: 1\n{pools}\n{cluster}\n"))
        assert len(defaults.images) > 12
        assert not defaults.unknown
        assert [image.text for image in defaults.images if not found.of(image)] == [
            "docker.io/rancher/rke2-runtime:v1.33.5-rke2r1-windows-amd64"
        ]


@pytest.mark.parametrize(
    ("folder", "name", "tags", "digests"),
    [("aks-ws2025", "26100.33296.260812", 41, 39), ("aks-23h2", "25398.2330.260513", 42, 41)],
)
def test_aks_windows_list_is_read(folder: str, name: str, tags: int, digests: int) -> None:
    """Tags and digests of the table; `id` of the JSON is the index digest for all of them, `repoDigests` for none."""
    table = lines(folder, f"{name}.txt")
    assert len(table) == tags
    assert len({line.digest for line in table}) == digests
    assert all(line.reference is not None and line.platforms for line in table)
    bom = lines(folder, f"{name}-image-list.json")
    assert [line.text for line in bom if line.reference is not None] == [line.text for line in bom]
    assert len(bom) == tags
    assert not [line for line in bom if line.digest], "neither field of this file is a pin"
    by_tag = {line.text: line.digest for line in table}
    written = json.loads(corpus("image-lists", folder, f"{name}-image-list.json").read_bytes())["imageBom"]
    pairs = [(image, tag) for image in written for tag in image["repoTags"]]
    assert all(image["id"] == by_tag[tag] for image, tag in pairs)
    assert not [tag for image, tag in pairs if by_tag[tag] in image["repoDigests"]]


def test_aks_windows_base_list_is_read() -> None:
    """The exact server core of the host is there on 2025, and none on 23H2."""
    found = [line.text for line in lines("aks-ws2025", "26100.33296.260812.txt")]
    assert "mcr.microsoft.com/windows/servercore:10.0.26100.33296" in found
    assert not [line.text for line in lines("aks-23h2", "25398.2330.260513.txt") if "25398" in line.text]


def test_aks_linux_bill_of_materials_is_read() -> None:
    """69 tags of 68 images."""
    found = lines("aks-linux-imagebom", "202608.20.0-image-list.json")
    assert len(found) == 69
    assert all(line.text.startswith("mcr.microsoft.com/") for line in found)


def test_aks_components_list_is_read() -> None:
    """The versions behind the star; what names none is not dropped."""
    found = lines("aks-components", "components.json")
    core = {line.text.rpartition(":")[2] for line in found if line.text.startswith("mcr.microsoft.com/windows/servercore:")}
    assert core == {"10.0.20348.5499", "10.0.20348.5386", "ltsc2022", "10.0.26100.33296", "10.0.26100.33158", "ltsc2025"}
    assert not [line for line in found if "ltsc2019" in line.text]
    assert not [line for line in found if line.error]
    assert [line.text for line in found if line.unbounded]
    (settings,) = lines("aks-components", "windows_settings.json")
    assert "not a known image list" in settings.error


def test_kubernetes_base_image_list_is_read() -> None:
    """Four Linux architectures and two Windows builds with a placeholder; in 2020 nothing for 20348."""
    agnhost = lines("k8s-baseimage", "agnhost", "BASEIMAGE")
    assert Counter(str(line.platforms[0]).split("/")[0] for line in agnhost if line.platforms) == {"linux": 4}
    assert ["REGISTRY" in line.text for line in agnhost if line.error] == [True, True]
    busybox = lines("k8s-baseimage", "busybox", "BASEIMAGE")
    assert [str(line.platforms[0]) for line in busybox] == [
        "windows/amd64:10.0.17763",
        "windows/amd64:10.0.18362",
        "windows/amd64:10.0.18363",
    ]
