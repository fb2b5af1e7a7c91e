"""Interpret the entries of an archive: its format, images, documents and problems. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditor.oci.archive import ArchivedImage, ArchiveProblem
from auditor.oci.layouts import directory, docker_archive, oci_layout
from auditor.oci.layouts.blob_lookup import Blobs, StoredDocument
from auditor.oci.layouts.docker_archive import DockerArchive, read_items
from auditor.oci.layouts.document_walk import DocumentWalk
from auditor.oci.layouts.entries import Entry
from auditor.oci.layouts.entry_index import EntryIndex, gather
from auditor.oci.layouts.findings import Findings
from auditor.oci.layouts.joined import join
from auditor.oci.layouts.unknown import explain

__all__ = ["Interpretation", "interpret"]


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What an archive holds. The fields are those of `Inventory`. `documents` maps digests to verified documents."""

    format: str
    images: tuple[ArchivedImage, ...]
    blobs: Mapping[str, int]
    documents: Mapping[str, StoredDocument]
    problems: tuple[ArchiveProblem, ...]


def interpret(entries: Sequence[Entry], before: Sequence[ArchiveProblem] = ()) -> Interpretation:
    """Interpret an archive. `before` are the problems that its reader found; they are listed first."""
    findings = Findings()
    for problem in before:
        findings.add(problem.entry, problem.defect, problem.detail, problem.image)
    contents = gather(entries, findings)
    blobs, images, kind = _read(contents, findings)
    return Interpretation(kind, tuple(images), blobs.sizes, blobs.documents, findings.problems())


def _read(contents: EntryIndex, findings: Findings) -> tuple[Blobs, list[ArchivedImage], str]:
    if oci_layout.is_layout(contents):
        return _layout(contents, findings)
    if directory.is_directory(contents):
        blobs = Blobs(contents, findings, directory.blob_names(contents))
        return blobs, directory.read_directory(contents, blobs, DocumentWalk(blobs, findings), findings), "dir"
    blobs = Blobs(contents, findings, oci_layout.blob_names)
    if contents.has(docker_archive.MANIFEST):
        docker = DockerArchive(contents, blobs, findings)
        derived = [docker.derive(item) for item in read_items(contents, findings)]
        return blobs, [image for image in derived if image], "docker-archive"
    explain(contents, findings)
    return blobs, [], ""


def _layout(contents: EntryIndex, findings: Findings) -> tuple[Blobs, list[ArchivedImage], str]:
    blobs = Blobs(contents, findings, oci_layout.blob_names)
    tree = DocumentWalk(blobs, findings)
    has_items = contents.has(docker_archive.MANIFEST) and not directory.is_directory(contents)
    if has_items and not contents.has(oci_layout.INDEX):
        images = []
        blobs.verify_names("blobs/")
    else:
        images = oci_layout.read_layout(contents, blobs, tree, findings)
    if has_items:
        docker = DockerArchive(contents, blobs, findings)
        joined = join(images, read_items(contents, findings), docker, tree)
        return blobs, joined, "oci-layout" if images or not joined else "docker-archive"
    return blobs, images, "oci-layout"
