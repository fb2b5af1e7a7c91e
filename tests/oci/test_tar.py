"""The tar walker against GNU tar and Python's tarfile on generated archives."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.collectors.archives.streams import StreamSource
from auditor.collectors.tar_index import SeekingSource
from auditor.oci.defects import Unusable
from auditor.oci.tar import EntryKind, Member, is_header, walk
from tests.peers.programs import require

FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
KINDS = {
    tarfile.REGTYPE: EntryKind.FILE,
    tarfile.SYMTYPE: EntryKind.SYMLINK,
    tarfile.LNKTYPE: EntryKind.HARDLINK,
    tarfile.DIRTYPE: EntryKind.FOLDER,
    tarfile.CHRTYPE: EntryKind.OTHER,
    tarfile.FIFOTYPE: EntryKind.OTHER,
}
WORD = st.text(st.characters(codec="utf-8", exclude_characters="\0/", exclude_categories=("Cs",)), min_size=1, max_size=60)
NAMES = st.lists(WORD.filter(lambda word: word not in {".", ".."}), min_size=1, max_size=6).map("/".join)
ENTRIES = st.lists(st.tuples(NAMES, st.sampled_from(sorted(KINDS)), st.integers(0, 2000), NAMES), min_size=1, max_size=8)


def in_a_stream(data: bytes, step: int) -> list[Member]:
    chunks = (data[place : place + step] for place in range(0, len(data), step))
    return list(walk(StreamSource(chunks, lambda: None)))


def by_seeking(path: Path) -> list[Member]:
    with io.FileIO(path) as file:
        return list(walk(SeekingSource(file)))


def packed(entries: list[tuple[str, bytes, int, str]], form: int) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        for name, kind, size, target in entries:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.size = size if kind == tarfile.REGTYPE else 0
            info.linkname = target if kind in {tarfile.SYMTYPE, tarfile.LNKTYPE} else ""
            archive.addfile(info, io.BytesIO(b"x" * info.size))
    return made.getvalue()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=ENTRIES, form=st.sampled_from([FORMATS["gnu"], FORMATS["pax"]]), step=st.integers(1, 3000))
def test_walker_reads_the_archives_of_tarfile(
    tmp_path: Path, entries: list[tuple[str, bytes, int, str]], form: int, step: int
) -> None:
    data = packed(entries, form)
    (tmp_path / "x.tar").write_bytes(data)
    found = by_seeking(tmp_path / "x.tar")
    assert in_a_stream(data, step) == found
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        theirs = [(info.name, KINDS[info.type], info.size, info.linkname, info.offset_data) for info in archive]
    ours = [(member.name.rstrip("/"), member.kind, member.size, member.target, member.offset) for member in found]
    assert ours == [(name.rstrip("/"), *rest) for name, *rest in theirs]


@pytest.mark.peer
@pytest.mark.parametrize("form", ["v7", "ustar", "gnu", "pax", "oldgnu"])
def test_walker_reads_the_archives_of_gnu_tar(tmp_path: Path, form: str) -> None:
    folder = tmp_path / "files"
    deep = folder / ("d" * 40) / ("e" * 30)
    deep.mkdir(parents=True)
    (deep / "plain").write_bytes(b"x" * 1000)
    (deep / "short").symlink_to("plain")
    (deep / "hard").hardlink_to(deep / "plain")
    if form not in {"v7", "ustar"}:
        (deep / ("f" * 200)).write_bytes(b"long")
        (deep / "long").symlink_to("g" * 300)
    subprocess.run([require("tar"), f"--format={form}", "-cf", tmp_path / "x.tar", "-C", folder, "."], check=True)
    told = subprocess.run([require("tar"), "-tf", tmp_path / "x.tar"], capture_output=True, text=True, check=True).stdout
    found = by_seeking(tmp_path / "x.tar")
    assert [member.name for member in found] == told.splitlines()
    with tarfile.open(tmp_path / "x.tar") as archive:
        assert [(info.size, info.linkname) for info in archive] == [(member.size, member.target) for member in found]


@pytest.mark.peer
@pytest.mark.parametrize("form", ["gnu", "pax"])
def test_sparse_files_are_recognised_and_skipped(tmp_path: Path, form: str) -> None:
    with (tmp_path / "sparse").open("wb") as file:
        for number in range(40):  # more regions than fit in one header
            file.seek(number << 20)
            file.write(b"data")
        file.truncate(50 << 20)
    (tmp_path / "after").write_bytes(b"after")
    command = [require("tar"), f"--format={form}", "-S", "-cf", tmp_path / "x.tar", "-C", tmp_path, "sparse", "after"]
    subprocess.run(command, check=True)
    found = by_seeking(tmp_path / "x.tar")
    assert [member.kind for member in found] == [EntryKind.OTHER, EntryKind.FILE]
    assert found[0].why == "is stored as a sparse file"
    assert (found[1].name, found[1].size) == ("after", 5)


def header(**fields: bytes) -> bytes:
    """A header of tarfile with some fields replaced and its checksum made right."""
    places = {"size": 124, "type": 156, "name": 0, "magic": 257, "prefix": 345}
    block = bytearray(tarfile.TarInfo("x").tobuf(tarfile.USTAR_FORMAT))
    for field, value in fields.items():
        block[places[field] : places[field] + len(value)] = value
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def pax(body: bytes, kind: bytes = b"x") -> bytes:
    return header(size=b"%011o\0" % len(body), type=kind) + body + bytes(-len(body) % 512)


END = bytes(1024)


@pytest.mark.parametrize(
    ("data", "defect"),
    [
        (header(size=b"\xff" * 12) + END, "malformed"),  # negative
        (header(size=b"\x80" + b"\x7f" * 11) + END, "malformed"),  # 2^87
        (header(size=b"0x7f\0\0\0\0\0\0\0\0") + END, "malformed"),
        (header(size=b"99999999999\0") + END, "malformed"),
        (header()[:-1] + b"!" + END, "malformed"),
        (pax(b"nonsense") + END, "malformed"),
        (pax(b"99 path=x\n") + END, "malformed"),
        (pax(b"0 path=x\n") + END, "malformed"),
        (pax(b"12 size=-12\n") + header() + END, "malformed"),
        (pax(b"9 path=x\n") + END, "malformed"),  # for no entry
        (pax(b"12 path=abc\n", b"g") + header() + END, "malformed"),
        (pax(b"9 path=x\n") * 9 + header() + END, "limit"),
        (header(size=b"77777777777\0", type=b"L") + END, "limit"),
        (header(size=b"%011o\0" % 100) + bytes(512), "truncated"),
        (header(), "truncated"),
        (pax(b"9 path=x\n")[:700], "truncated"),
        (b"", "malformed"),
        (b"text", "malformed"),
    ],
)
def test_impossible_header_is_rejected(data: bytes, defect: str) -> None:
    for step in (512, 100_000):
        with pytest.raises(Unusable) as raised:
            in_a_stream(data, step)
        assert raised.value.defect.value == defect
        assert raised.value.detail


def test_unusual_header_is_read() -> None:
    size = b"\x80" + bytes(10) + b"\x03"
    (member,) = in_a_stream(header(size=size) + b"abc" + bytes(509) + END, 512)
    assert member.size == 3
    (member,) = in_a_stream(pax(b"19 path=\xff" + b"y" * 9 + b"\n") + header() + END, 512)
    assert member.name == "\\xff" + "y" * 9
    (member,) = in_a_stream(header(prefix=b"some/folder") + END, 512)
    assert member.name == "some/folder/x"
    (member,) = in_a_stream(header(name=b"folder/", type=b"\0") + END, 512)
    assert member.kind is EntryKind.FOLDER
    long = b"n" * 5000
    (member,) = in_a_stream(header(size=b"%011o\0" % 5000, type=b"L") + long + bytes(-5000 % 512) + header() + END, 512)
    assert (member.kind, member.defect and member.defect.value) == (EntryKind.OTHER, "limit")
    (member,) = in_a_stream(pax(b"12 comment=x\n"[:0] + b"13 comment=x\n", b"g") + header() + END, 512)
    assert member.name == "x"


def test_header_is_recognised_by_its_checksum() -> None:
    assert is_header(header())
    assert not is_header(header()[:-1] + b"!")
    assert not is_header(bytes(512))
    assert not is_header(b"")


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=2000), flips=st.lists(st.integers(0, 511), max_size=4))
def test_arbitrary_headers_give_members_or_an_archive_error(data: bytes, flips: list[int]) -> None:
    block = bytearray(header())
    for place in flips:
        block[place] ^= 0x55
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    try:
        assert all(member.size >= 0 for member in in_a_stream(bytes(block) + data, 700))
    except Unusable as error:
        assert error.detail
