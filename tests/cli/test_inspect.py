"""`auditor inspect`: archives of each format, damaged ones, folders of several, and images of a registry."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.runner import auditor
from tests.collectors.archives.made import (
    INDEX,
    LINUX,
    WINDOWS,
    docker,
    gzipped,
    image_files,
    index_layout,
    inner_tar,
    layout,
    tar,
    written,
    zstded,
)
from tests.peers.images import FOREIGN_LAYER, Blob, build_image, build_index


def inspected(folder: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    """The only archive, as JSON."""
    done = auditor("inspect", *arguments, "--format", "json", cwd=folder)
    assert done.returncode == code, done.stdout + done.stderr
    (archive,) = json.loads(done.stdout)["archives"]
    assert isinstance(archive, dict)
    return archive


@pytest.mark.parametrize("form", ["folder", "tar", "gzip", "zstd"])
def test_layout_shows_every_platform(tmp_path: Path, form: str) -> None:
    files = index_layout()
    packed = {"tar": tar, "gzip": lambda files: gzipped(tar(files)), "zstd": lambda files: zstded(tar(files))}
    written(tmp_path, files if form == "folder" else packed[form](files), "site")
    found = inspected(tmp_path, "site")
    assert (found["format"], found["compression"]) == ("oci-layout", form if form in {"gzip", "zstd"} else "")
    (image,) = found["images"]
    assert (image["names"], image["digest"], image["derived"]) == (["registry.example.com/app:1"], INDEX.digest, False)
    sizes = [sum(len(blob.body) for blob in (built.manifest, built.config, *built.layers)) for built in (LINUX, WINDOWS)]
    rows = [(row["platform"], row["os_version"], row["digest"], row["bytes"]) for row in image["platforms"]]
    assert rows == [
        ("linux/amd64", "", LINUX.digest, sizes[0]),
        ("windows/amd64:10.0.20348.2", "10.0.20348.2", WINDOWS.digest, sizes[1]),
    ]
    unpacked = [(row["unpacked_bytes"], row["unpacked_by"]) for row in image["platforms"]]
    plain = len(inner_tar("linux"))
    assert unpacked == [(plain, "derived")] * 2, "the trailers of gzip"
    assert found["blobs"] == {"count": 7, "bytes": sum(sizes) + len(INDEX.index.body)}
    assert found["problems"] == []


def test_docker_archive_is_shown_as_text(tmp_path: Path) -> None:
    layers = [inner_tar("one"), inner_tar("two, which is longer")]
    written(tmp_path, tar(docker("shop/web:1", "shop/web:latest", plain=layers)), "web.tar")
    done = auditor("inspect", "web.tar", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "format    docker-archive\n" in done.stdout
    assert "\nshop/web:1, shop/web:latest\n" in done.stdout
    assert "(derived: the format keeps no manifest)" in done.stdout
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("linux/amd64")]
    assert row.split()[1:3] == ["2", "-"]


def test_foreign_layer_that_was_not_copied_is_counted(tmp_path: Path) -> None:
    foreign = Blob(b"base of Windows", FOREIGN_LAYER, ("https://go.microsoft.com/fwlink/?linkid=1",), stored=False)
    image = build_image("windows/amd64:10.0.17763.1", foreign, Blob(b"application", FOREIGN_LAYER.replace("foreign.", "")))
    written(tmp_path, tar(layout((image.manifest, {}), files=image_files(image))), "win.tar")
    (row,) = inspected(tmp_path, "win.tar")["images"][0]["platforms"]
    assert (row["layers"], row["foreign_layers"], row["foreign_bytes"], row["absent_layers"]) == (2, 1, len(foreign.body), 1)
    done = auditor("inspect", "win.tar", cwd=tmp_path)
    assert "2, 1 missing" in done.stdout
    assert "\n(no name)\n" in done.stdout


def test_platform_that_was_not_copied_is_reported(tmp_path: Path) -> None:
    sparse = layout((INDEX.index, {}), files=image_files(LINUX))
    written(tmp_path, tar(sparse), "sparse.tar")
    rows = inspected(tmp_path, "sparse.tar")["images"][0]["platforms"]
    assert [(row["platform"], row["bytes"] is None) for row in rows] == [
        ("linux/amd64", False),
        ("windows/amd64:10.0.20348.2", True),
    ]
    assert "it is missing in the archive" in rows[1]["detail"]


def test_nested_indexes_are_read(tmp_path: Path) -> None:
    outer = build_index(entries=(INDEX.index.descriptor(),))
    files = {**layout((outer.index, {}), files=index_layout())}
    files["index.json"] = layout((outer.index, {}))["index.json"]
    written(tmp_path, tar(files), "nested.tar")
    rows = inspected(tmp_path, "nested.tar")["images"][0]["platforms"]
    assert [row["platform"] for row in rows] == ["linux/amd64", "windows/amd64:10.0.20348.2"]


def test_damaged_archive_is_reported_and_exits_1(tmp_path: Path) -> None:
    files = index_layout()
    gone = f"blobs/sha256/{LINUX.layers[0].digest.partition(':')[2]}"
    del files[gone]
    written(tmp_path, tar(files), "site.tar")
    found = inspected(tmp_path, "site.tar", code=1)
    assert [(problem["entry"], problem["defect"]) for problem in found["problems"]] == [(gone, "missing")]
    done = auditor("inspect", "site.tar", cwd=tmp_path)
    assert f"problem   {gone}: missing: " in done.stdout


def test_problem_for_strict_readers_only_is_shown_and_exits_0(tmp_path: Path) -> None:
    files = index_layout()
    del files["oci-layout"]
    written(tmp_path, files, "site")
    assert [problem["defect"] for problem in inspected(tmp_path, "site")["problems"]] == ["lax"]


def test_folder_of_archives_shows_each_archive(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    written(tmp_path / "media", tar(docker("a:1")), "a.tar")
    written(tmp_path / "media", tar(docker("b:1")), "b.tar")
    (tmp_path / "media" / "notes.txt").write_text("not an archive")
    done = auditor("inspect", "media", "--format", "json", cwd=tmp_path)
    archives = json.loads(done.stdout)["archives"]
    assert [(Path(one["archive"]).name, one["images"][0]["names"]) for one in archives] == [
        ("a.tar", ["a:1"]),
        ("b.tar", ["b:1"]),
    ]


@pytest.mark.parametrize(
    ("subject", "code", "said"),
    [
        ("./nowhere.tar", 2, "nowhere.tar"),
        ("empty", 2, "without archives"),
        ("notes.txt", 1, ""),
        ("/dev/null", 2, "/dev/null"),
    ],
)
def test_file_that_is_not_an_archive_is_an_error(tmp_path: Path, subject: str, code: int, said: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("a list, perhaps\n")
    done = auditor("inspect", subject, cwd=tmp_path)
    assert done.returncode == code, done.stdout + done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    if code == 1:
        assert "problem   " in done.stdout


def test_evidence_option_is_for_references_only(tmp_path: Path) -> None:
    written(tmp_path, tar(docker("a:1")), "a.tar")
    (tmp_path / "site.evidence").write_bytes(b"")
    done = auditor("inspect", "a.tar", "--evidence", "site.evidence", cwd=tmp_path)
    assert (done.returncode, "--evidence is for image references" in done.stderr) == (2, True)


def test_control_characters_of_an_archive_are_not_printed(tmp_path: Path) -> None:
    written(tmp_path, tar(docker("evil\x1b[31m:1")), "a.tar")
    assert "\x1b" not in auditor("inspect", "a.tar", cwd=tmp_path).stdout


def test_shared_bytes_are_reported_with_the_images_that_share_them(tmp_path: Path) -> None:
    base = inner_tar("a base that both have" * 50)
    one, other = docker("a:1", plain=[base, inner_tar("a")]), docker("b:1", plain=[base, inner_tar("b")])
    listed = [item for files in (one, other) for item in json.loads(files["manifest.json"])]
    for item in listed:  # one layer file for both, as docker save writes them
        item["Layers"][0] = "base/layer.tar"
    files = {name: body for files in (one, other) for name, body in files.items() if name.endswith(".json")}
    tops = {
        f"{item['RepoTags'][0][0]}/layer.tar": body for item, body in zip(listed, (inner_tar("a"), inner_tar("b")), strict=True)
    }
    for item in listed:
        item["Layers"][1] = f"{item['RepoTags'][0][0]}/layer.tar"
    files = {**files, **tops, "base/layer.tar": base, "manifest.json": json.dumps(listed).encode()}
    written(tmp_path, tar(files), "both.tar")
    rows = [image["platforms"][0] for image in inspected(tmp_path, "both.tar")["images"]]
    assert [(row["shared_bytes"], row["shared_with"]) for row in rows] == [
        (len(base), ["b:1 linux/amd64"]),
        (len(base), ["a:1 linux/amd64"]),
    ]
