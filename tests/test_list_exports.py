"""Files for copy tools: our importers read the same images from them, and what is left out is stated."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.oci.reference import Reference, parse_reference
from auditor.pipeline.image_list import ListedImage
from auditor.pipeline.list_exports import TOOLS, Export, ExportInputs, export, registry_at
from auditor.readers.lists import format_of
from tests.cli.runner import EXAMPLE, auditor

DIGEST = "sha256:" + "a" * 64
NAMES = (
    "nginx:1.27",
    "quay.io/org/app:v1.0.0_x",
    "localhost:5000/a/b/c/d:2",
    f"registry.k8s.io/pause:3.10@{DIGEST}",
    f"ghcr.io/x/y@{DIGEST}",
    "mcr.microsoft.com/windows/nanoserver:ltsc2022",
    "quay.io/org/app:1.10",  # a YAML float without quotes
    "quay.io/org/app:0x10",
)
FORMATS = {"oc-mirror": "oc mirror", "skopeo": "skopeo sync"}


def listed(*names: str, platforms: tuple[str, ...] = (), digest: str = "") -> tuple[ListedImage, ...]:
    return tuple(ListedImage(parse_reference(name), digest=digest, platforms=list(platforms)) for name in names)


def made(tool: str, images: tuple[ListedImage, ...]) -> Export:
    return export(tool, ExportInputs(images, registry_at("in.example:5000/mirror")))


def read_back(folder: Path, text: str) -> set[str]:
    (folder / "exported.yaml").write_text(text)
    done = auditor("images", "exported.yaml", "--format", "list", cwd=folder)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def as_read(tool: str, reference: Reference) -> str:
    """How the tool's format names an image."""
    if tool == "skopeo" and reference.digest:
        return f"{reference.repository}@{reference.digest}"
    if tool == "imgpkg":  # a lock pins each image, and names it in an annotation
        return f"{reference.repository}@{DIGEST}"
    return str(reference)


@pytest.mark.parametrize("tool", TOOLS)
def test_importer_reads_the_same_images(tool: str, tmp_path: Path) -> None:
    done = made(tool, listed(*NAMES, digest=DIGEST))
    assert format_of(done.text.encode()) == FORMATS.get(tool, tool)
    assert done.left_out == []
    assert read_back(tmp_path, done.text) == {as_read(tool, parse_reference(name)) for name in NAMES}


def test_lock_file_leaves_out_images_without_a_digest() -> None:
    done = made("imgpkg", listed("nginx:1", f"ghcr.io/x/y@{DIGEST}"))
    assert "nginx" not in done.text
    assert done.left_out == ["a lock file needs digests, and these have none; not in the file: docker.io/library/nginx:1"]


def test_zarf_leaves_out_images_for_windows() -> None:
    done = made("zarf", (*listed("nginx:1"), *listed("win:1", platforms=("windows/amd64:10.0.20348",))))
    assert "library/win" not in done.text
    assert done.left_out == ["zarf copies Linux images only; not in the file: docker.io/library/win:1"]


def test_hauler_has_one_entry_for_each_platform() -> None:
    text = made("hauler", listed("nginx:1", platforms=("linux/amd64", "linux/arm64"))).text
    assert text.count('name: "docker.io/library/nginx:1"') == 2
    assert 'platform: "linux/arm64"' in text


def test_regsync_keeps_the_tag_of_a_pinned_image_at_the_target() -> None:
    text = made("regsync", listed(f"registry.k8s.io/pause:3.10@{DIGEST}")).text
    assert f'source: "registry.k8s.io/pause:3.10@{DIGEST}"' in text
    assert 'target: "in.example:5000/mirror/pause:3.10"' in text


def test_skopeo_states_that_a_pinned_tag_is_lost() -> None:
    done = made("skopeo", listed(f"registry.k8s.io/pause:3.10@{DIGEST}"))
    assert done.notes == [f"skopeo copies these by digest and without their tag: registry.k8s.io/pause:3.10@{DIGEST}"]


def test_evidence_gives_the_digests(tmp_path: Path) -> None:
    done = auditor("images", EXAMPLE / "plant-7.evidence", "--format", "imgpkg", cwd=tmp_path)
    assert 'kbld.carvel.dev/id: "ghcr.io/plant7/historian:2.8.1"' in done.stdout
    assert "ghcr.io/plant7/historian@sha256:" in done.stdout


def test_incomplete_file_is_not_a_success(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("nginx:1\n")
    done = auditor("images", "a.txt", "--format", "imgpkg", cwd=tmp_path)
    assert done.returncode == 3
    assert "not in the file: docker.io/library/nginx:1" in done.stderr


@pytest.mark.parametrize("place", ["", "a b", "--x", "host", "UPPER.example/x y", "https://"])
def test_target_that_is_no_registry_is_refused(place: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("nginx:1\n")
    done = auditor("images", "a.txt", "--format", "regsync", f"--to={place}", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "registry" in done.stderr
