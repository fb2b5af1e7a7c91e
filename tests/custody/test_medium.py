"""Custody lists: what is on a medium is listed, and every change to it is named."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.custody.comparison import FilesCompared, FileState
from auditor.errors import UsageError
from auditor.pipeline.custody import journal as journals
from auditor.pipeline.custody.manifest import manifest_of
from auditor.pipeline.custody.medium import read_list, verify_medium
from tests.collectors.archives.made import docker, gzipped, index_layout, tar
from tests.custody.signed import write_files
from tests.custody.test_signing import TAMPERED, changed_byte
from tests.peers.programs import require

FILES = {"images/app.tar": b"an archive" * 100, "images/empty": b"", "a b": b"x", "charts/new\nline": b"y", "\udcff": b"z"}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AUDITOR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def listed(folder: Path, output: Path | None = None) -> Path:
    """Write files, a link and the list."""
    write_files(folder, FILES.items())
    (folder / "latest").symlink_to("images/app.tar")
    (folder / "outside").symlink_to("/etc/passwd")
    write_list(folder, output)
    return folder


def write_list(folder: Path, output: Path | None = None) -> None:
    made = manifest_of(folder, output, replace=True)
    made.json_path.write_text(made.json)
    made.sums_path.write_bytes(made.sums)


def verify(folder: Path, path: Path | None = None, *, fresh: bool = False) -> FilesCompared:
    return verify_medium(folder, read_list(folder, path), fresh=fresh)


def states(folder: Path) -> dict[str, FileState]:
    return {one.name: one.state for one in verify(folder).differences}


@pytest.mark.peer
def test_unchanged_medium_is_verified_by_both_programs(tmp_path: Path) -> None:
    folder = listed(tmp_path / "usb")
    found = verify(folder)
    assert found.is_proven
    assert found.expected == len(FILES) + 3  # two links and custody.json
    command = [require("sha256sum"), "-c", "--strict", "--quiet", "SHA256SUMS"]
    assert subprocess.run(command, cwd=folder, timeout=60, check=False).returncode == 0


def test_each_of_1000_changes_is_found(tmp_path: Path) -> None:
    folder = listed(tmp_path / "usb")
    chance = random.Random(22)
    paths = [folder / name for name in (*FILES, "custody.json")]
    missed = 0
    for _ in range(TAMPERED):
        path = chance.choice(paths)
        before = path.read_bytes()
        changed_byte(path, chance)
        missed += not verify(folder).is_refuted
        path.write_bytes(before)
    assert missed == 0
    assert verify(folder).is_proven


def test_each_of_1000_changes_of_the_list_is_found_or_changes_nothing(tmp_path: Path) -> None:
    folder = listed(tmp_path / "usb")
    chance, path = random.Random(23), folder / "SHA256SUMS"
    whole, expected = path.read_bytes(), read_list(folder).digests
    for _ in range(TAMPERED):
        changed_byte(path, chance)
        try:
            is_proven = verify(folder).is_proven
            assert not is_proven or read_list(folder).digests == expected
        except UsageError as error:
            assert error.hint
        path.write_bytes(whole)


def _link_for_file(folder: Path) -> None:
    (folder / "a b").unlink()
    (folder / "a b").symlink_to("images/empty")


def _link_for_folder(folder: Path) -> None:
    (folder / "images").rename(folder.parent / "elsewhere")
    (folder / "images").symlink_to(folder.parent / "elsewhere")


def _pipe_for_file(folder: Path) -> None:
    (folder / "a b").unlink()
    os.mkfifo(folder / "a b")


def _folder_for_file(folder: Path) -> None:
    (folder / "a b").unlink()
    (folder / "a b").mkdir()


def _other_target(folder: Path) -> None:
    (folder / "latest").unlink()
    (folder / "latest").symlink_to("/etc/shadow")


CHANGES: dict[str, tuple[Callable[[Path], object], dict[str, FileState]]] = {
    "missing": (lambda folder: (folder / "images/empty").unlink(), {"images/empty": FileState.MISSING}),
    "additional": (lambda folder: (folder / "images/.hidden").touch(), {"images/.hidden": FileState.ADDITIONAL}),
    "in an additional folder": (lambda folder: write_files(folder, [("x/y/z", b"")]), {"x/y/z": FileState.ADDITIONAL}),
    "renamed": (
        lambda folder: (folder / "a b").rename(folder / "a c"),
        {"a b": FileState.MISSING, "a c": FileState.ADDITIONAL},
    ),
    "link for a file": (_link_for_file, {"a b": FileState.OTHER_KIND}),
    "pipe for a file": (_pipe_for_file, {"a b": FileState.OTHER_KIND}),
    "folder for a file": (_folder_for_file, {"a b": FileState.MISSING}),
    "link for a folder": (
        _link_for_folder,
        {"images": FileState.ADDITIONAL, "images/app.tar": FileState.MISSING, "images/empty": FileState.MISSING},
    ),
    "link": (lambda folder: (folder / "l").symlink_to("."), {"l": FileState.ADDITIONAL}),
    "removed link": (lambda folder: (folder / "latest").unlink(), {"latest": FileState.MISSING}),
    "other target": (_other_target, {"latest": FileState.CHANGED}),
    "pipe": (lambda folder: os.mkfifo(folder / "p"), {"p": FileState.ADDITIONAL}),
    "same size and times": (
        lambda folder: (
            (folder / "a b").write_bytes(b"q"),
            os.utime(folder / "a b", ns=((folder / "images/empty").stat().st_mtime_ns,) * 2),
        ),
        {"a b": FileState.CHANGED},
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_change_is_named(name: str, tmp_path: Path) -> None:
    change, expected = CHANGES[name]
    folder = listed(tmp_path / "usb")
    change(folder)
    assert states(folder) == expected


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../../etc/passwd", "a/../../x", "a//b", "./../x", ".", "..", "a/.", "a\0b", "x" * 5000]
)
def test_path_that_leads_outside_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "SHA256SUMS").write_bytes(b"0" * 64 + b"  " + name.encode() + b"\n")
    with pytest.raises(UsageError, match="is invalid"):
        read_list(tmp_path)


def test_list_beside_the_medium(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    folder = listed(tmp_path / "usb", tmp_path / "lists")
    path = tmp_path / "lists" / "SHA256SUMS"
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        {*(name.partition("/")[0] for name in FILES), "latest", "outside"}
    )
    assert verify(folder, path).is_proven
    custody = tmp_path / "lists" / "custody.json"
    custody.write_text(custody.read_text().replace('"list_sha256": "', '"list_sha256": "0'))
    assert {one.name for one in verify(folder, path).differences} == {"latest", "outside"}  # no longer of this list
    (folder / "lists").mkdir()
    with pytest.raises(UsageError, match="it is below"):
        manifest_of(folder, folder / "lists")


def test_existing_list_is_replaced_on_request_only(tmp_path: Path) -> None:
    folder = listed(tmp_path / "usb")
    with pytest.raises(UsageError, match="it exists already"):
        manifest_of(folder)
    (folder / "SHA256SUMS").unlink()
    (folder / "SHA256SUMS").symlink_to(tmp_path / "target")
    for replace in (True, False):
        with pytest.raises(UsageError, match="SHA256SUMS: it "):
            manifest_of(folder, replace=replace)


def test_special_files_are_not_listed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="it cannot be listed: a named pipe"):
        manifest_of(tmp_path)


def test_images_of_archives_are_listed(tmp_path: Path) -> None:
    files = {"a.tar": tar(index_layout()), "b.tar.gz": gzipped(tar(docker("r.example/b:2"))), "c.tar": tar({"x": b"y"})}
    write_files(tmp_path, files.items())
    write_files(tmp_path / "oci", index_layout("r.example/c:3").items())
    write_list(tmp_path)
    document = json.loads((tmp_path / "custody.json").read_text())
    images = {row["path"]: row["images"] for row in (*document["files"], *document["folders"]) if row["images"]}
    assert {path: [one["names"] for one in found] for path, found in images.items()} == {
        "a.tar": [["registry.example.com/app:1"]],
        "b.tar.gz": [["r.example/b:2"]],
        "oci": [["r.example/c:3"]],
    }
    assert all(one["digest"].startswith("sha256:") for found in images.values() for one in found)
    assert document["summary"]["images"] == 3
    assert verify(tmp_path).is_proven


def test_manifest_is_the_same_each_time(tmp_path: Path) -> None:
    folder = listed(tmp_path / "usb")
    first = (folder / "SHA256SUMS").read_bytes(), (folder / "custody.json").read_text()
    write_list(folder)
    assert first == ((folder / "SHA256SUMS").read_bytes(), (folder / "custody.json").read_text())


def test_interrupted_check_continues_and_reads_changed_files_again(tmp_path: Path, own_cache: Path) -> None:
    folder = listed(tmp_path / "usb")
    (folder / "images/empty").unlink()  # so that the run is not proven, and keeps its journal
    assert verify(folder).resumed == 0
    (path,) = own_cache.iterdir()
    again = verify(folder)
    assert (again.resumed, again.bytes) == (len(FILES), 0)
    (folder / "a b").write_bytes(b"q")
    again = verify(folder)
    assert again.resumed == len(FILES) - 1
    assert states(folder) == {"a b": FileState.CHANGED, "images/empty": FileState.MISSING}
    assert verify(folder, fresh=True).resumed == 0
    (folder / "a b").write_bytes(b"x")
    (folder / "images/empty").touch()
    found = verify(folder)
    assert found.is_proven
    assert found.resumed > 0
    assert not path.exists()


@pytest.mark.parametrize("damage", [b"", b"garbage\n", b'{"version": 1}\n', b"\xff" * 100, b"[" * 100_000])
def test_damaged_journal_counts_as_empty(damage: bytes, tmp_path: Path, own_cache: Path) -> None:
    folder = listed(tmp_path / "usb")
    (folder / "images/empty").unlink()
    verify(folder)
    (path,) = own_cache.iterdir()
    path.write_bytes(damage)
    assert verify(folder).resumed == 0
    assert verify(folder).resumed == len(FILES)


def test_old_journal_and_cut_line_do_not_count(tmp_path: Path, own_cache: Path) -> None:
    folder = listed(tmp_path / "usb")
    (folder / "images/empty").unlink()
    verify(folder)
    (path,) = own_cache.iterdir()
    path.write_bytes(path.read_bytes()[:-20])
    assert verify(folder).resumed == len(FILES) - 1
    assert verify(folder).resumed == len(FILES)
    old = path.stat().st_mtime - journals.MAX_AGE - 10
    os.utime(path, (old, old))
    assert verify(folder).resumed == 0


def test_journal_of_another_list_or_folder_does_not_count(tmp_path: Path) -> None:
    folder = listed(tmp_path / "usb")
    (folder / "images/empty").unlink()
    verify(folder)
    shutil.copytree(folder, tmp_path / "copy", symlinks=True)
    assert verify(tmp_path / "copy").resumed == 0
    (folder / "SHA256SUMS").write_bytes((folder / "SHA256SUMS").read_bytes() + b"# more\n")
    assert verify(folder).resumed == 0


def test_cache_that_cannot_be_written_costs_only_the_continuation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("AUDITOR_CACHE", str(tmp_path / "file" / "cache"))
    folder = listed(tmp_path / "usb")
    assert verify(folder).is_proven


def test_list_without_custody_json_is_enough(tmp_path: Path) -> None:
    write_files(tmp_path / "usb", [("a", b"x")])
    command = f"cd {tmp_path}/usb && find . -type f | xargs sha256sum > ../list"
    subprocess.run(["bash", "-c", command], check=True, timeout=60)
    assert verify(tmp_path / "usb", tmp_path / "list").is_proven


@pytest.mark.parametrize("name", ["SHA256SUMS", "custody.json"])
def test_medium_of_a_hostile_person(name: str, tmp_path: Path) -> None:
    folder = listed(tmp_path / "usb")
    (folder / name).unlink()
    (folder / name).symlink_to("/dev/zero")
    try:
        assert verify(folder).is_refuted
    except UsageError as error:
        assert error.hint


def test_json_names_each_file_link_and_size(tmp_path: Path) -> None:
    folder = listed(tmp_path / "usb")
    document = json.loads((folder / "custody.json").read_text())
    assert document["summary"] == {"files": 5, "bytes": 1003, "links": 2, "images": 0}
    assert [row["path"] for row in document["links"]] == ["latest", "outside"]
    row = next(row for row in document["files"] if row["path_base64"])
    assert (row["path"], row["path_base64"]) == ("\\xff", "/w==")
