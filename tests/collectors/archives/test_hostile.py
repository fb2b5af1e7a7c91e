"""Damaged or hostile archives: a problem with a reason, bounded time and memory, and the intact part is still reported."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.collectors.archives import UnreadableArchive, archives_in, read_archive, seal_of
from tests.collectors.archives.made import (
    INDEX,
    LINUX,
    MARKER,
    WINDOWS,
    defects,
    docker,
    gzipped,
    image_files,
    index_layout,
    inner_tar,
    layout,
    read,
    sha256_hex,
    tar,
    written,
    zstded,
)
from tests.peers.images import Blob, build_image

LAYER = f"blobs/sha256/{LINUX.layers[0].digest[7:]}"
PLAIN = tar(index_layout())
SAMPLES = {"plain": PLAIN, "gzip": gzipped(PLAIN), "zstd": zstded(PLAIN), "docker": tar(docker("a:1"))}


def without(files: dict[str, bytes], *names: str) -> dict[str, bytes]:
    return {name: body for name, body in files.items() if name not in names}


def test_missing_short_and_wrong_blobs(tmp_path: Path) -> None:
    files = index_layout()
    assert defects(read(tmp_path, tar(without(files, LAYER)))) == {(LAYER, "missing")}
    wrong = read(tmp_path, tar({**files, LAYER: files[LAYER][:-1] + b"!"}))
    assert defects(wrong) == {(LAYER, "digest")}
    assert LINUX.layers[0].digest not in wrong.inventory.blobs
    assert wrong.inventory.problems[0].image == ""  # found among the blobs, before any image was looked at
    lying = build_image("linux/amd64", *LINUX.layers)
    told = json.loads(lying.manifest.body)
    told["layers"][0]["size"] += 1
    manifest = Blob(json.dumps(told).encode(), lying.manifest.media_type)
    sized = read(tmp_path, tar(layout((manifest, {}), files=image_files(LINUX))))
    assert defects(sized) == {(LAYER, "size")}
    assert LINUX.layers[0].digest in sized.inventory.blobs


def test_complete_unreferenced_blobs_are_not_problems(tmp_path: Path) -> None:
    extra = {f"blobs/sha256/{sha256_hex(b'x')}": b"x", "README": b"hello"}
    assert read(tmp_path, tar({**index_layout(), **extra})).inventory.problems == ()
    bad = f"blobs/sha256/{sha256_hex(b'x')}"
    assert defects(read(tmp_path, tar({**index_layout(), bad: b"y"}))) == {(bad, "digest")}


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"manifest.json": b"null"}, ("manifest.json", "malformed")),
        ({"manifest.json": b"[]"}, ("manifest.json", "malformed")),
        ({"manifest.json": b"[{]"}, ("manifest.json", "malformed")),
        ({"manifest.json": b""}, ("manifest.json", "malformed")),
        ({"manifest.json": b"{}", "version": b""}, ("manifest.json", "malformed")),
        ({"manifest.json": b'{"layers":[],"manifests":[]}'}, ("manifest.json", "malformed")),
        ({"manifest.json": b"[" * 100_000}, ("manifest.json", "malformed")),
        ({"manifest.json": b"[" + b" " * (5 << 20) + b"]"}, ("manifest.json", "limit")),
        ({"manifest.json": b'[{"Config":"c.json","Layers":["l"]}]'}, ("c.json", "missing")),
        ({"manifest.json": b'[{"Config":"../c.json"}]'}, ("../c.json", "escapes")),
        ({"manifest.json": b'[{"Config":"/etc/passwd"}]'}, ("/etc/passwd", "escapes")),
        ({"manifest.json": b'[{"Config":""}]'}, ("", "missing")),
        ({"index.json": b"nonsense", "oci-layout": MARKER}, ("index.json", "malformed")),
        ({"index.json": b'{"manifests":[{"digest":"md5:../x","size":1}]}', "oci-layout": MARKER}, ("index.json", "malformed")),
        ({"oci-layout": MARKER}, ("index.json", "missing")),
        ({"repositories": b"{}"}, ("repositories", "unsupported")),
        ({"images/all.tar.gz": b"x", "images/sums.txt": b""}, ("images/all.tar.gz", "unsupported")),
        ({"store/index.json": b"{}", "store/oci-layout": MARKER}, ("store/index.json", "unsupported")),
        ({"bin/rke2": b"x"}, ("", "unsupported")),
    ],
)  # fmt: skip
def test_archives_without_a_usable_list_of_images(tmp_path: Path, files: dict[str, bytes], problem: tuple[str, str]) -> None:
    found = read(tmp_path, tar(files))
    assert defects(found) == {problem}
    assert found.inventory.images == ()


def test_a_folder_without_the_marker_is_lax(tmp_path: Path) -> None:
    for files in (without(index_layout(), "oci-layout"), {**index_layout(), "oci-layout": b"{}"}):
        found = read(tmp_path, tar(files))
        assert defects(found) == {("oci-layout", "lax")}
        assert [image.digest for image in found.inventory.images] == [INDEX.digest]


@pytest.mark.parametrize(
    ("kind", "target", "defect"),
    [
        (tarfile.SYMTYPE, "../../etc/passwd", "escapes"),
        (tarfile.SYMTYPE, "/etc/passwd", "escapes"),
        (tarfile.LNKTYPE, "../outside", "escapes"),
        (tarfile.SYMTYPE, "layer.tar", "escapes"),  # itself
        (tarfile.SYMTYPE, "gone.tar", "missing"),
        (tarfile.CHRTYPE, "", "unsupported"),
        (tarfile.FIFOTYPE, "", "unsupported"),
        (tarfile.DIRTYPE, "", "unsupported"),
    ],
)
def test_unsafe_links_are_problems(tmp_path: Path, kind: bytes, target: str, defect: str) -> None:
    files = docker("a:1", stored={"x/layer.tar": b""})
    del files["x/layer.tar"]
    found = read(tmp_path, tar(files, {"x/layer.tar": (kind, target)}))
    assert ("x/layer.tar", defect) in defects(found)


@pytest.mark.parametrize(
    ("kind", "target", "defect"),
    [
        (tarfile.SYMTYPE, "../../etc/passwd", "escapes"),
        (tarfile.SYMTYPE, "/etc/passwd", "escapes"),
        (tarfile.SYMTYPE, "sub/../../up", "escapes"),
        (tarfile.LNKTYPE, "../outside", "escapes"),
        (tarfile.LNKTYPE, "/etc/passwd", "escapes"),
        (tarfile.LNKTYPE, "gone", "missing"),  # a hard link to nothing cannot be unpacked
        (tarfile.SYMTYPE, "gone", ""),
        (tarfile.SYMTYPE, "manifest.json", ""),
        (tarfile.LNKTYPE, "manifest.json", ""),
        (tarfile.CHRTYPE, "", ""),
    ],
)
def test_unneeded_links_are_not_problems(tmp_path: Path, kind: bytes, target: str, defect: str) -> None:
    unused = read(tmp_path, tar(docker("a:1"), {"unused": (kind, target)}))
    assert defects(unused) == ({("unused", defect)} if defect else set())


@pytest.mark.parametrize("name", ["../x", "../../etc/cron.d/x", "/etc/passwd", "blobs/../../x", "..\\x", "C:\\x"])
def test_names_outside_the_archive_are_a_problem_of_the_archive(tmp_path: Path, name: str) -> None:
    for files in (index_layout(), docker("a:1")):
        found = read(tmp_path, tar({**files, name: b"x"}))
        assert defects(found) == {(name, "escapes")}
        assert len(found.inventory.images) == 1


def test_a_needed_blob_under_an_absolute_name(tmp_path: Path) -> None:
    moved = {f"/{name}" if name == LAYER else name: body for name, body in index_layout().items()}
    assert defects(read(tmp_path, tar(moved))) == {(LAYER, "escapes"), (f"/{LAYER}", "escapes")}


def test_circular_links_end(tmp_path: Path) -> None:
    links = {f"l{n}": (tarfile.SYMTYPE, f"l{(n + 1) % 50}") for n in range(50)}
    files = {"manifest.json": b'[{"Config":"l0","Layers":[]}]'}
    assert defects(read(tmp_path, tar(files, links))) == {("l0", "escapes")}


def test_links_of_a_folder_are_followed_inside_only(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(index_layout()[LAYER])
    folder = written(tmp_path, without(index_layout(), LAYER), "store")
    (folder / LAYER).symlink_to(tmp_path / "secret")
    assert defects(read_archive(folder)) == {(LAYER, "escapes")}
    (folder / LAYER).unlink()
    (folder / "kept").write_bytes(index_layout()[LAYER])
    (folder / LAYER).symlink_to("../../kept")
    assert read_archive(folder).inventory.problems == ()
    (folder / LAYER).unlink()
    os.mkfifo(folder / LAYER)
    assert defects(read_archive(folder)) == {(LAYER, "unsupported")}


def test_differing_duplicates_are_problems(tmp_path: Path) -> None:
    twice = tar({**index_layout(), f"./{LAYER}": index_layout()[LAYER]})
    assert read(tmp_path, twice).inventory.problems == ()
    differ = tar({**index_layout(), "./index.json": b'{"manifests":[]}'})
    found = read(tmp_path, differ)
    assert ("index.json", "duplicate") in defects(found)
    detail = next(one.detail for one in found.inventory.problems if one.defect.value == "duplicate")
    assert detail.count("sha256:") == 2  # both entries are named


@pytest.mark.parametrize("name", SAMPLES)
def test_every_truncation_is_detected(tmp_path: Path, name: str) -> None:
    data = SAMPLES[name]
    # In a plain tar, the bytes after the first zero block are padding.
    end = len(data) if name in {"gzip", "zstd"} else len(data.rstrip(b"\0")) // 512 * 512 + 512
    for cut in sorted({0, 1, 3, 100, 511, 512, 700, *range(1024, end, 512), *range(7, end, 997), end - 1}):
        if cut < end:
            found = read(tmp_path, data[:cut])
            assert found.inventory.problems, f"cut to {cut} of {len(data)}"
            assert all(problem.detail for problem in found.inventory.problems)


def test_readable_part_of_a_truncated_archive_is_reported(tmp_path: Path) -> None:
    files = index_layout()
    order = {name: files[name] for name in sorted(files, key=lambda name: name == LAYER)}
    data = tar(order)
    for cut in (data[: data.index(files[LAYER]) + 20], gzipped(data)[:-30]):
        found = read(tmp_path, cut)
        assert ("", "truncated") in defects(found)
    assert [image.digest for image in found.inventory.images] == [INDEX.digest]
    assert WINDOWS.layers[0].digest in found.inventory.blobs


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(SAMPLES)), data=st.data())
def test_every_flipped_content_bit_is_detected_without_a_crash(tmp_path: Path, name: str, data: st.DataObject) -> None:
    sample = SAMPLES[name]
    place = data.draw(st.integers(0, len(sample) - 1))
    flipped = sample[:place] + bytes([sample[place] ^ (1 << data.draw(st.integers(0, 7)))]) + sample[place + 1 :]
    found = read(tmp_path, flipped)
    before = read(tmp_path, sample)
    # Nothing vouches for a name in index.json or manifest.json: one flipped letter makes another name.
    digests = [[image.digest for image in one.inventory.images] for one in (found, before)]
    same = digests[0] == digests[1] and found.inventory.blobs == before.inventory.blobs
    assert found.inventory.problems or same


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.sampled_from(
        [b"", b"\x1f\x8b\x08\0", b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18", b"BZh9", PLAIN[:512], PLAIN[:1536]]
    ),
    rest=st.binary(max_size=3000),
)
def test_arbitrary_bytes_give_problems_and_never_raise(tmp_path: Path, start: bytes, rest: bytes) -> None:
    found = read(tmp_path, start + rest)
    assert found.inventory.images or found.inventory.problems


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.dictionaries(
    st.sampled_from(["manifest.json", "index.json", "oci-layout", "repositories", "version", "a/b", "../x", "c.json"]),
    st.one_of(st.binary(max_size=200), st.recursive(
        st.none() | st.integers() | st.sampled_from(["c.json", "a/b", "sha256:" + "0" * 64]),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Config", "Layers", "RepoTags", "manifests", "digest", "size", "config", "layers",
                                           "rootfs", "diff_ids", "annotations"]), inner, max_size=4),
        max_leaves=12).map(lambda value: json.dumps(value).encode())), max_size=5))  # fmt: skip
def test_arbitrary_documents_never_raise(tmp_path: Path, files: dict[str, bytes]) -> None:
    found = read(tmp_path, tar(files))
    assert found.inventory.images or found.inventory.problems or b"manifests" in files.get("index.json", b"")


def test_control_characters_of_an_archive_do_not_get_into_problems(tmp_path: Path) -> None:
    files = {"manifest.json": json.dumps([{"Config": "\x1b[31mred\n", "RepoTags": ["\x1b[0m"]}]).encode()}
    (problem,) = read(tmp_path, tar(files)).inventory.problems
    assert (problem.entry + problem.image + problem.detail).isprintable()


@pytest.mark.parametrize("magic", [b"\xfd7zXZ\0\0\0", b"BZh91AY", b"PK\x03\x04"])
def test_other_compressions_are_named(tmp_path: Path, magic: bytes) -> None:
    (problem,) = read(tmp_path, magic + bytes(600)).inventory.problems
    assert problem.defect.value == "unsupported"


def test_operating_system_errors_are_reported(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "absent.tar", tmp_path / "pipe"):
        with pytest.raises(UnreadableArchive):
            read_archive(path)
    for ask in (archives_in, seal_of):
        with pytest.raises(UnreadableArchive, match="there is no such file"):
            ask(tmp_path / "absent.tar")


def test_a_seal_changes_with_the_archive(tmp_path: Path) -> None:
    folder = written(tmp_path, index_layout(), "store")
    path = written(tmp_path, b"one")
    for archive, touched in ((path, path), (folder, folder / LAYER)):
        before = seal_of(archive)
        assert seal_of(archive) == before
        os.utime(touched, ns=(1, 1))
        assert seal_of(archive) != before
    before = seal_of(folder)
    (folder / "new").write_bytes(b"")
    assert seal_of(folder) != before


def test_damaged_gzip_checksum_is_detected(tmp_path: Path) -> None:
    data = bytearray(gzipped(PLAIN))
    data[-5] ^= 1  # in the trailer: the tar is whole
    assert ("", "malformed") in defects(read(tmp_path, bytes(data)))


def test_inner_layers_that_are_cut_off(tmp_path: Path) -> None:
    plain = inner_tar("one" * 1000)
    for packed in (gzipped(plain)[:-9], zstded(plain)[:-9]):
        files = docker("a:1", stored={"x/layer.tar": packed}, plain=[plain])
        assert defects(read(tmp_path, tar(files))) == {("x/layer.tar", "truncated")}


def test_a_seal_changes_with_a_replacement_that_keeps_size_and_time(tmp_path: Path) -> None:
    archive = tmp_path / "images.tar"
    archive.write_bytes(b"a" * 1024)
    info, before = archive.stat(), seal_of(archive)
    (tmp_path / "other.tar").write_bytes(b"b" * 1024)
    os.utime(tmp_path / "other.tar", ns=(info.st_atime_ns, info.st_mtime_ns))
    (tmp_path / "other.tar").replace(archive)
    assert archive.stat().st_mtime_ns == info.st_mtime_ns
    assert seal_of(archive) != before
