"""Names, links and digests of archive entries, without an archive."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.oci.defects import Defect, Unusable
from auditor.oci.document import Descriptor
from auditor.oci.layouts.entries import Entry, algorithm_for, may_be_document, promised_digest
from auditor.oci.layouts.entry_index import gather, normal
from auditor.oci.layouts.findings import Findings, legible
from auditor.oci.layouts.oci_layout import CONTAINERD_NAME, REF_NAME, name_of
from auditor.oci.tar import EntryKind

HEX = "0123456789abcdef" * 4
PARTS = st.lists(st.sampled_from(["a", "b", "..", ".", ""]), max_size=6).map("/".join)


def file(name: str, digest: str = "sha256:" + HEX) -> Entry:
    return Entry(name, EntryKind.FILE, 1, digest=digest)


def link(name: str, target: str) -> Entry:
    return Entry(name, EntryKind.SYMLINK, target=target)


@pytest.mark.parametrize(
    ("path", "clean"),
    [
        ("./a//b/", "a/b"),
        ("a/../b", "b"),
        ("a/../../b", None),
        ("..", None),
        ("/a", None),
        ("//a", None),
        (".", ""),
        ("", ""),
        ("..a/b", "..a/b"),
    ],
)
def test_names_are_normalised_or_rejected(path: str, clean: str | None) -> None:
    assert normal(path) == clean


@given(entries=st.lists(st.tuples(PARTS, st.booleans(), PARTS), max_size=8), asked=PARTS)
def test_resolved_path_never_leaves_the_archive(entries: list[tuple[str, bool, str]], asked: str) -> None:
    """For any links, the result is an entry of the archive whose own name does not leave it."""
    contents = gather([link(name, target) if linked else file(name) for name, linked, target in entries], Findings())
    try:
        found = contents.find(asked)
    except Unusable as error:
        assert error.defect in {Defect.MISSING, Defect.ESCAPES, Defect.UNSUPPORTED}
        return
    assert normal(found.name)
    assert found in {entry for entry in contents.entries.values() if entry.kind is EntryKind.FILE}
    assert not posixpath.normpath(found.name).startswith(("/", ".."))


def test_links_through_links_and_folders_are_resolved() -> None:
    contents = gather([file("x/real"), link("y", "x"), link("z", "y/real"), link("x/up", "../z")], Findings())
    for path in ("x/real", "y/real", "z", "x/up", "y/up"):
        assert contents.find(path).name == "x/real"


def test_last_of_two_entries_counts() -> None:
    findings = Findings()
    contents = gather([file("a", "sha256:1"), file("./a", "sha256:2"), file("b"), file("b")], findings)
    assert contents.find("a").digest == "sha256:2"
    assert [(problem.entry, problem.defect) for problem in findings.problems()] == [("a", Defect.DUPLICATE)]


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        (f"blobs/sha256/{HEX}", f"sha256:{HEX}"),
        (f"blobs/sha512/{HEX * 2}", f"sha512:{HEX * 2}"),
        (f"{HEX}.tar.gz", f"sha256:{HEX}"),
        (f"{HEX}.json", f"sha256:{HEX}"),
        (f"sha256:{HEX}", f"sha256:{HEX}"),
        (f"{HEX}.tar", ""),  # a diff id, where skopeo writes it
        (f"{HEX}/layer.tar", ""),
        (HEX.upper(), ""),
        ("manifest.json", ""),
    ],
)
def test_digest_is_read_from_a_blob_name(name: str, digest: str) -> None:
    assert promised_digest(name) == digest
    assert algorithm_for(name) == (digest.partition(":")[0] or "sha256")


def test_small_files_may_be_documents() -> None:
    assert may_be_document("a/manifest.json", b"null")
    assert may_be_document("blobs/sha256/x", b" \n{}")
    assert not may_be_document("blobs/sha256/x", b"\x1f\x8b")


@pytest.mark.parametrize(
    ("notes", "name"),
    [
        ({CONTAINERD_NAME: "docker.io/library/a:1", REF_NAME: "1"}, ("docker.io/library/a:1", CONTAINERD_NAME)),
        ({CONTAINERD_NAME: "", REF_NAME: "1"}, ("1", REF_NAME)),
        ({"kind": "dev.hauler/sigs", REF_NAME: "a:1"}, ("", "")),
        ({"kind": "dev.cosignproject.cosign/atts/0a", REF_NAME: "a:1"}, ("", "")),
        ({"kind": "dev.hauler/sigsX", REF_NAME: "a:1"}, ("a:1", REF_NAME)),
        ({"kind": "dev.hauler/image", REF_NAME: "a:1"}, ("a:1", REF_NAME)),
        (None, ("", "")),
    ],
)
def test_image_name_is_read_from_annotations(notes: dict[str, str] | None, name: tuple[str, str]) -> None:
    assert name_of(Descriptor("sha256:" + HEX, 1, annotations=notes)) == name


def test_shown_text_is_short_and_printable() -> None:
    assert legible("a\x1b[31m\n\u202e") == "a\ufffd[31m\ufffd\ufffd"
    assert len(legible("x" * 100_000)) == 300
