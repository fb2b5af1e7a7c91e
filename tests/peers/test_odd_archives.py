"""Archives that contradict themselves have a problem wherever skopeo and regctl fail or differ."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from auditor.collectors.archives import read_archive
from tests.collectors.archives.made import (
    LINUX,
    REF_NAME,
    blob_files,
    defects,
    docker,
    image_files,
    inner_tar,
    layer,
    layout,
    tar,
    written,
)
from tests.peers.images import Blob, build_image
from tests.peers.programs import require

pytestmark = pytest.mark.peer

OTHER = build_image("linux/amd64", layer("another"))
WHOLE = layout((LINUX.manifest, {REF_NAME: "1"}), files=image_files(LINUX, OTHER))


def entries(*files: dict[str, bytes]) -> bytes:
    """A tar in which a name may occur twice."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, body in (pair for each in files for pair in each.items()):
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return made.getvalue()


def config(*words: str) -> str:
    """The config digest of the image that a tool sees; its error message when it fails."""
    done = subprocess.run([require(words[0]), *words[1:]], capture_output=True, text=True, timeout=60, check=False)
    return str(json.loads(done.stdout)["config"]["digest"]) if done.returncode == 0 else done.stderr


def skopeo(image: str) -> str:
    return config("skopeo", "inspect", "--raw", image)


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (entries(WHOLE, {"../x": b"x"}), "is outside of"),
        (tar(WHOLE, {"unused": (tarfile.SYMTYPE, "../../etc/x")}), "invalid symlink"),
        (tar(WHOLE, {"unused": (tarfile.LNKTYPE, "../x")}), "invalid hardlink"),
        (tar(WHOLE, {"unused": (tarfile.LNKTYPE, "gone")}), "no such file or directory"),
    ],
)
def test_archive_that_skopeo_rejects_has_a_problem(tmp_path: Path, extra: bytes, said: str) -> None:
    path = written(tmp_path, extra, "x.tar")
    assert said in skopeo(f"oci-archive:{path}:1")
    assert len(defects(read_archive(path))) == 1


def test_repeated_entry_is_a_problem_because_readers_differ(tmp_path: Path) -> None:
    last = layout((OTHER.manifest, {REF_NAME: "1"}))["index.json"]
    path = written(tmp_path, entries(WHOLE, {"index.json": last}), "layout.tar")
    assert skopeo(f"oci-archive:{path}:1") == OTHER.config.digest
    assert ("index.json", "duplicate") in defects(read_archive(path))
    one, two = (
        docker("reg.local/app:1", stored={f"{name}/layer.tar": inner_tar(name)}, plain=[inner_tar(name)]) for name in "ab"
    )
    path = written(tmp_path, entries(one, two), "docker.tar")
    assert skopeo(f"docker-archive:{path}")[7:] + ".json" in one
    assert ("manifest.json", "duplicate") in defects(read_archive(path))


def test_tools_take_the_first_of_two_images_with_one_name(tmp_path: Path) -> None:
    roots = [(image.manifest, {REF_NAME: "1"}) for image in (LINUX, OTHER)]
    folder = written(tmp_path, layout(*roots, files=image_files(LINUX, OTHER)), "store")
    assert skopeo(f"oci:{folder}:1") == LINUX.config.digest
    assert config("regctl", "manifest", "get", "--format", "raw-body", f"ocidir://{folder}:1") == LINUX.config.digest
    assert [image.names for image in read_archive(folder).inventory.images] == [("1",), ("1",)]


def test_regctl_rejects_a_contradicting_media_type(tmp_path: Path) -> None:
    body = {**json.loads(LINUX.manifest.body), "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}
    root = Blob(json.dumps(body).encode(), LINUX.manifest.media_type)
    files = layout((root, {REF_NAME: "1"}), files={**image_files(LINUX), **blob_files(root)})
    folder = written(tmp_path, files, "store")
    assert "unexpected media type" in config("regctl", "manifest", "get", "--format", "raw-body", f"ocidir://{folder}:1")
    assert {defect for _, defect in defects(read_archive(folder))} == {"media-type"}
