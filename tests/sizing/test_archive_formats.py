"""Archive formats of copy tools, limits of filesystems, and content that nodes retain: facts and results."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.facts import table
from auditor.plan.fields import FILESYSTEMS
from auditor.sizing.archive_formats import ArchiveFormat, archive_format, in_tar
from auditor.sizing.filesystems import Filesystem, filesystem, split_plan
from auditor.sizing.node_disk_use import collection_starts, keeps_blobs, scratch

ROWS: tuple[ArchiveFormat, ...] = table("archive_formats", ArchiveFormat)


@pytest.mark.parametrize(
    ("tool", "options", "name"),
    [
        ("crane", (), "docker-archive of compressed layers"),
        ("crane", ("--format=oci",), "OCI layout"),
        ("crane", ("--format", "legacy"), "legacy docker-archive"),
        ("crane", ("--allow-nondistributable-artifacts", "--format=oci"), "OCI layout"),
        ("skopeo", ("--all", "docker-archive:media/x.tar"), "docker-archive of unpacked layers"),
        ("skopeo", ("--all", "--dest", "dir"), "folder of blobs"),
        ("skopeo", ("oci:media/store",), "OCI layout"),
        ("skopeo", ("oci-archive:x.tar",), "OCI layout in a tar"),
    ],
)
def test_arguments_of_a_tool_select_the_format(tool: str, options: tuple[str, ...], name: str) -> None:
    form = archive_format(tool, "", options)
    assert form is not None
    assert form.name == name


@pytest.mark.parametrize(("tool", "options"), [("skopeo", ("--all",)), ("carrier", ()), ("", ())])
def test_format_without_facts_is_not_guessed(tool: str, options: tuple[str, ...]) -> None:
    assert archive_format(tool, "", options) is None


STORE = "--feature containerd-snapshotter"


@pytest.mark.parametrize(
    ("version", "options", "said"),
    [
        ("24.0.9", (), ("plain", 3072)),
        ("27.5.1", (), ("plain", 2048)),  # an OCI layout since 25.0
        ("29.0.0", (), None),  # which store it has depends on what was installed before
        ("29.0.0", (f"{STORE}=false",), ("plain", 2048)),
        ("29.0.0", (f"{STORE}=true",), ("compressed", 0)),
        ("", (), None),  # the versions differ
        ("", (f"{STORE}=true",), ("compressed", 0)),  # those that know the option do not
        ("0.9", ("nothing",), ("plain", 3072)),
    ],
)
def test_version_of_a_tool_selects_the_format(version: str, options: tuple[str, ...], said: tuple[str, int] | None) -> None:
    form = archive_format("docker", version, options)
    assert (form and (form.layers, form.stored_extra)) == said


def test_row_depends_on_tool_version_and_option_only() -> None:
    keys = [(row.tool, row.option, row.since) for row in ROWS]
    assert len(set(keys)) == len(keys)
    for row in ROWS:
        version = row.since or ({"docker": "20.10.7", "crane": "0.20.6"}[row.tool] if row.before else row.verified_through)
        assert archive_format(row.tool, version, tuple(row.option.split())) == row


@given(sizes=st.lists(st.integers(min_value=0, max_value=5000), max_size=20))
def test_tar_overhead_equals_that_of_a_real_tar(sizes: list[int]) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for number, size in enumerate(sizes):
            info = tarfile.TarInfo(f"{number}")
            info.size = size
            archive.addfile(info, io.BytesIO(bytes(size)))
        end = archive.offset  # before the end of the archive, which Python pads to 10 KiB
    assert sum(map(in_tar, sizes)) == end


def test_every_filesystem_of_the_plan_has_a_limit() -> None:
    limits = {row.name: row.max_file for row in table("filesystems", Filesystem)}
    assert set(limits) == set(FILESYSTEMS)
    assert limits["fat32"] == 2**32 - 1
    assert limits["exfat"] > 10**18
    assert filesystem("") is None


@given(size=st.integers(min_value=1, max_value=10**13), limit=st.sampled_from([2**32 - 1, 2**31 - 1, 2**20]))
def test_parts_cover_the_file_and_fit_the_filesystem(size: int, limit: int) -> None:
    cut = split_plan(size, limit)
    assert cut.part <= limit
    assert cut.part == cut.mebibytes * 2**20
    assert (cut.parts - 1) * cut.part < size <= cut.parts * cut.part


def test_fat32_parts_are_below_four_gibibytes() -> None:
    cut = split_plan(5_742_990_848, 2**32 - 1)
    assert (cut.parts, cut.mebibytes) == (2, 4095)  # 4096 MiB would be one byte too many


def test_retained_content_depends_on_the_runtime() -> None:
    assert [keeps_blobs(name) for name in ("containerd", "", "docker", "cri-o", "youki")] == [True, True, False, False, None]
    assert scratch("linux", 40).high == 0
    windows = scratch("windows", 4)
    assert (windows.low, windows.size) == (0, 1_000_000_000)
    assert collection_starts(128_000_000_000).bytes == 108_800_000_000
