"""The unpacked size of a layer: exact if its bytes are plausible, else an estimate with the reason."""

from __future__ import annotations

import gzip
import random

import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from auditor.oci.document import Descriptor
from auditor.oci.unpacked import UnpackedKind, UnpackedSeen, packed_by, parts_of
from auditor.sizing.piece_size import PieceSize, Provenance
from auditor.sizing.unpacked_estimates import LARGEST, WRAP, ratio_of, resolve_unpacked, trailer_fits

GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
TAR = "application/vnd.oci.image.layer.v1.tar"
DIGEST = "sha256:" + "0" * 64
STARGZ = {"containerd.io/snapshot/stargz/toc.digest": DIGEST}
CHUNKED = {"io.github.containers.zstd-chunked.manifest-position": "1:2:3:1"}
GB = 10**9
MB = 10**6


def layer(size: int, media_type: str = GZIP, notes: dict[str, str] | None = None) -> Descriptor:
    return Descriptor(DIGEST, size, media_type, annotations=notes)


def trailer(value: int) -> UnpackedSeen:
    """What the trailer of a file of so many bytes says."""
    return UnpackedSeen(UnpackedKind.GZIP_TRAILER, value % WRAP)


def frame(value: int) -> UnpackedSeen:
    return UnpackedSeen(UnpackedKind.ZSTD_FRAME, value)


@pytest.mark.parametrize(
    ("size", "os", "unpacked"),
    [
        (122 * MB, "windows", 297 * MB),
        (1_490 * MB, "windows", 5_200 * MB),
        (1_250 * MB, "windows", 3_080 * MB),
        (30 * MB, "linux", 80 * MB),
        (620 * MB, "linux", 1_500 * MB),
        (900 * MB, "linux", 4_500 * MB),
        (200 * MB, "linux", 4 * GB),  # packed unusually well, and no multiple of 4 GiB is likelier
        (32, "linux", 1024),
        (45, "linux", 10_240),
        (70 * MB, "linux", 70 * MB - 20_000),  # what was compressed before grows a little
    ],
)
def test_single_likely_multiple_is_exact(size: int, os: str, unpacked: int) -> None:
    found = resolve_unpacked(layer(size), os, trailer(unpacked))
    assert (found.bytes, found.provenance) == (unpacked, Provenance.DERIVED)
    assert found.how.startswith("gzip trailer")
    assert trailer_fits(size, unpacked % WRAP)


def test_longer_size_within_the_deflate_ratio_is_mentioned() -> None:
    assert resolve_unpacked(layer(4 * MB), "linux", trailer(10 * MB)).how == "gzip trailer"
    assert resolve_unpacked(layer(5 * MB), "linux", trailer(10 * MB)).how.endswith("4 GiB more is unlikely")


@pytest.mark.parametrize(("size", "unpacked", "lengths"), [(3_130 * MB, 9_700 * MB, 3), (4_069_985_900, 10 * GB, 4)])
def test_several_likely_multiples_give_an_estimate_near_the_usual_ratio(size: int, unpacked: int, lengths: int) -> None:
    found = resolve_unpacked(layer(size), "windows", trailer(unpacked))
    assert (found.bytes, found.provenance) == (unpacked, Provenance.ESTIMATED)
    assert f"most likely of {lengths} lengths" in found.how


@pytest.mark.parametrize(
    ("size", "seen", "why"),
    [
        (20 * MB, trailer(1 * MB), "several members"),
        (60 * MB, trailer(1 * MB), "several members"),
        (600 * MB, trailer(0), "several members"),
        (100, trailer(4 * 10**9), "deflate cannot reach"),
        (20 * MB, frame(1 * MB), "it has several frames"),
        (100, frame(4 * GB), "more than zstd can reach"),
        (20 * MB, UnpackedSeen(UnpackedKind.UNSAID, 0, "has no say"), "it has no say"),
        (20 * MB, None, "its bytes were not read"),
    ],
    ids=str,
)
def test_implausible_size_is_an_estimate(size: int, seen: UnpackedSeen | None, why: str) -> None:
    found = resolve_unpacked(layer(size), "windows", seen)
    assert found.provenance is Provenance.ESTIMATED
    assert found.bytes == round(2.8 * size)
    assert found.how.startswith("2.8 times the compressed size")
    assert why in found.how


def test_uncompressed_layer_needs_no_factor() -> None:
    stated = "not compressed according to its media type"
    assert resolve_unpacked(layer(7, TAR), "linux", None) == PieceSize(7, Provenance.DERIVED, stated)
    plain = UnpackedSeen(UnpackedKind.PLAIN, 9)
    assert resolve_unpacked(layer(9), "linux", plain) == PieceSize(9, Provenance.DERIVED, "not compressed")


def test_counted_size_has_priority() -> None:
    counted = UnpackedSeen(UnpackedKind.EXPANDED, 5)
    found = resolve_unpacked(layer(1000, GZIP, STARGZ), "linux", counted)
    assert found == PieceSize(5, Provenance.MEASURED, "counted while decompressing")


@pytest.mark.parametrize(("notes", "maker"), [(STARGZ, "eStargz"), (CHUNKED, "zstd:chunked")], ids=["estargz", "zstd-chunked"])
def test_layer_with_many_members_is_estimated(notes: dict[str, str], maker: str) -> None:
    for seen in (trailer(300 * MB), frame(300 * MB), None):
        found = resolve_unpacked(layer(100 * MB, notes=notes), "linux", seen)
        assert (found.bytes, found.provenance) == (250 * MB, Provenance.ESTIMATED)
        assert maker in found.how


@pytest.mark.parametrize("note", ["81402368", "-1", "0", "many", "\uff19", "9" * 30, str(2**62)])
def test_annotated_size_is_declared(note: str) -> None:
    notes = {**STARGZ, "io.containers.estargz.uncompressed-size": note}
    found = resolve_unpacked(layer(32_513_000, notes=notes), "linux", None)
    if note == "81402368":
        assert found == PieceSize(81_402_368, Provenance.DECLARED, "stated by eStargz")
    else:
        assert found.provenance is Provenance.ESTIMATED


@pytest.mark.parametrize(
    ("media_type", "packed"),
    [
        (GZIP, "gzip"),
        (ZSTD, "zstd"),
        (TAR, ""),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", "gzip"),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "gzip"),
        ("application/vnd.docker.image.rootfs.diff.tar", ""),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", "zstd"),
        ("application/vnd.oci.image.layer.v1.tar+gzip+encrypted", None),
        ("application/octet-stream", None),
        ("", None),
    ],
)
def test_media_type_gives_the_compression(media_type: str, packed: str | None) -> None:
    assert packed_by(media_type) == packed


def test_unknown_annotations_are_ignored() -> None:
    assert parts_of(layer(1, notes={"org.example": "x"})) is None


CONTENT = st.one_of(
    st.binary(max_size=3000),
    st.builds(lambda piece, times: piece * times, st.binary(min_size=1, max_size=50), st.integers(1, 4000)),
    st.builds(lambda seed, size: random.Random(seed).randbytes(size), st.integers(0, 9), st.integers(0, 300_000)),
)


@given(CONTENT, st.integers(0, 9), st.sampled_from(["linux", "windows"]))
def test_size_of_a_real_gzip_is_its_length(content: bytes, level: int, os: str) -> None:
    packed = gzip.compress(content, level, mtime=0)
    found = resolve_unpacked(layer(len(packed)), os, trailer(int.from_bytes(packed[-4:], "little")))
    assert (found.bytes, found.provenance) == (len(content), Provenance.DERIVED)


@given(CONTENT, st.integers(1, 19))
def test_size_of_a_real_zstd_is_its_length(content: bytes, level: int) -> None:
    packed = zstandard.ZstdCompressor(level=level).compress(content)
    told = zstandard.get_frame_parameters(packed).content_size
    found = resolve_unpacked(layer(len(packed), ZSTD), "linux", frame(told))
    assert (found.bytes, found.provenance) == (len(content), Provenance.DERIVED)


@given(st.integers(1, 60 * GB), st.floats(1.0, 4.9), st.sampled_from(["linux", "windows"]))
@example(1_490 * MB, 3.3, "windows")
def test_wrapped_lengths_are_resolved_or_estimated(size: int, ratio: float, os: str) -> None:
    truth = int(size * ratio)
    found = resolve_unpacked(layer(size), os, trailer(truth))
    if found.provenance is Provenance.DERIVED:
        assert found.bytes == truth
    else:
        assert found.bytes % WRAP == truth % WRAP, "an estimate among the multiples, not by the factor"
        assert abs(found.bytes / size - ratio_of(os).factor) <= abs(truth / size - ratio_of(os).factor) + WRAP / size


SEEN = st.none() | st.builds(UnpackedSeen, st.sampled_from(UnpackedKind), st.integers(0, LARGEST), st.text(max_size=20))
LAYERS = st.builds(
    layer,
    st.integers() | st.integers(0, 10**13) | st.just(10**400),
    st.sampled_from([GZIP, ZSTD, TAR, "", "x+gzip"]),
    st.none() | st.sampled_from([STARGZ, CHUNKED]) | st.dictionaries(st.text(), st.text(), max_size=2),
)


@given(LAYERS, st.text(max_size=9) | st.sampled_from(["linux", "windows"]), SEEN)
def test_any_statement_gives_a_size(made: Descriptor, os: str, seen: UnpackedSeen | None) -> None:
    found = resolve_unpacked(made, os, seen)
    assert found.bytes >= 0
    assert found.how
