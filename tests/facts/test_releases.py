"""The generated tables of releases: their shape, their size, and that no hand-written row contradicts them."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from importlib import resources

import pytest

from auditor.facts import table
from auditor.facts.release_images import NAMES, Releases, releases_of
from auditor.facts.versions import Answer
from auditor.needs.default_facts import DefaultRow, RuntimePause, distribution_named
from auditor.readers.node_config.containerd_toml import ConfigPlace

LEAST = {"rke2": 60, "k3s": 60, "k0s": 20, "kubeadm": 12, "containerd": 100, "rancher": 60}
PARTS = {"containerd": {"pause"}, "rancher": {"the server", "the agent of every cluster"}}
BYTES_IN_THE_WHEEL = 2_000_000


def releases(name: str) -> Releases:
    found = releases_of(name)
    assert found is not None
    return found


def folder() -> dict[str, int]:
    found = resources.files("auditor.facts").joinpath("releases")
    return {path.name.removesuffix(".json"): len(path.read_bytes()) for path in found.iterdir() if path.name.endswith(".json")}


def test_each_table_has_a_name_and_all_fit_the_wheel() -> None:
    assert sorted(folder()) == sorted(NAMES) == list(NAMES)
    assert sum(folder().values()) < BYTES_IN_THE_WHEEL
    assert releases_of("openshift") is None


@pytest.mark.parametrize("name", NAMES)
def test_enough_releases_were_read_and_each_has_images_and_a_commit(name: str) -> None:
    found = releases(name)
    assert len(found.releases) >= LEAST[name]
    assert found.verified_through == list(found.releases)[-1]
    assert name == "containerd" or distribution_named(name) is not None
    for release, commit in found.releases.items():
        assert len(commit) == 40 or commit.startswith("h1:"), release
        images = found.images_of(release)
        assert PARTS.get(name, {"pause", "cluster DNS"}) <= {image.part for image, _ in images if image.os == "linux"}, release
        assert not [tag for _, tag in images if "{" in tag or "$" in tag]
        keys = [(image.image, image.os, image.cni, image.arch, tag) for image, tag in images]
        assert len(set(keys)) == len(keys), release


@pytest.mark.parametrize("name", NAMES)
def test_each_image_has_one_tag_in_a_release_unless_the_source_lists_several(name: str) -> None:
    found = releases(name)
    for release in found.releases:
        pulled = [(image.image, image.os, image.cni) for image, _ in found.images_of(release) if image.use == "pulled"]
        assert len(set(pulled)) == len(pulled), release


def contradictions(rows: Iterable[DefaultRow], found: Releases) -> list[str]:
    """Return the releases that a row holds for and whose images it does not match. An OS that was not read does not count."""
    systems = {image.os for image in found.images}
    counted = [row for row in rows if row.distribution == found.distribution and row.os in systems]
    wrong = []
    for release in found.releases:
        texts = {f"{image.image}:{tag}" for image, tag in found.images_of(release)}
        kubernetes, _, revision = release.removeprefix("v").partition("+")
        words = {"kubernetes": kubernetes, "revision": revision}
        for row in counted:
            patterns = [text.format_map(words) for text in (row.image, *row.also)]
            if row.covers(release) is Answer.YES and not any(fnmatchcase(text, one) for text in texts for one in patterns):
                wrong.append(f"{release}: {row.image} ({row.source})")
    return wrong


@pytest.mark.parametrize("name", NAMES)
def test_no_hand_written_row_contradicts_a_release_that_was_read(name: str) -> None:
    assert contradictions(table("default_images", DefaultRow), releases(name)) == []


def test_a_hand_written_range_that_starts_at_the_wrong_revision_is_found() -> None:
    """RKE2 moved to pause 3.10.2 in v1.33.13+rke2r2, not in r1. This row was in the table of 2026-11-23."""
    wrong = DefaultRow(
        distribution="rke2",
        since="1.33.13",
        before="1.34",
        os="linux",
        image="docker.io/rancher/mirrored-pause:3.10.2",
        part="pause",
        source="rancher/rke2 scripts/version.sh",
        confidence="high",
    )
    (found,) = contradictions([wrong], releases("rke2"))
    assert found == "v1.33.13+rke2r1: docker.io/rancher/mirrored-pause:3.10.2 (rancher/rke2 scripts/version.sh)"


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("rke2", "v1.33.13+rke2r1", ("v1.33.13+rke2r1",)),
        ("rke2", "1.33.13+rke2r2", ("v1.33.13+rke2r2",)),
        ("rke2", "v1.33.13", ("v1.33.13+rke2r1", "v1.33.13+rke2r2")),
        ("rke2", "v1.33.13+rke2r9", ()),
        ("rke2", "v1.36.3-rc1+rke2r1", ()),
        ("rke2", "v1.99.0+rke2r1", ()),
        ("k0s", "v1.36.3+k0s.1", ("v1.36.3+k0s.1",)),
        ("kubeadm", "v1.36.0", ("v1.36.0",)),
        ("kubeadm", "latest", ()),
    ],
)
def test_a_version_names_the_releases_that_it_can_mean(name: str, version: str, expected: tuple[str, ...]) -> None:
    assert releases(name).named(version) == expected


def test_the_pause_image_of_each_containerd_is_that_of_its_source() -> None:
    """The hand-written ranges of pause_images.yaml, at every release."""
    found = releases("containerd")
    for release in found.releases:
        (row,) = [row for row in table("pause_images", RuntimePause) if row.covers(release) is Answer.YES]
        texts = {f"{image.image}:{tag}" for image, tag in found.images_of(release)}
        assert texts == {row.image}, release


def test_no_containerd_knows_a_version_of_its_configuration_too_early() -> None:
    """containerd_config.yaml has a row for each configuration version from the first release that writes it."""
    found = releases("containerd")
    rows = table("containerd_config", ConfigPlace)
    for release in found.releases:
        newest = int(found.setting("config-version", release))
        known = [row.version for row in rows if row.covers(release) is Answer.YES]
        assert max(known) == newest, release


@pytest.mark.parametrize(("name", "version"), [("rke2", "v1.35.3+k3s1"), ("k3s", "v1.35.3+rke2r1"), ("k0s", "v1.34.5+k3s1")])
def test_revision_of_another_distribution_names_no_release(name: str, version: str) -> None:
    assert releases(name).named(version) == ()
