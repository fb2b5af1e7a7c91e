"""Copies of the YAML form of tests/world.py: what the registry inside has, and what archives hold.

`inside` maps a reference on the registry inside to what `observed` says of one. All its parts were seen there, but for an ENTRY
that is `missing` and a layer whose `blob` is `absent`, `failed` or `uncollected`.

`archives` maps a path of the plan's `copy.archives` to `absent: TEXT`, `failed: {kind: …, detail: …}`, or

    format: oci-layout                                  default: docker-archive
    images: [{names: [NAME, …], platforms: [ENTRY, …]}] what it holds, with `single` and `of` (the image's name) as well
    problems: [{entry: PATH, defect: truncated, detail: TEXT, image: NAME}]
    bytes: 5GB                                          its size; default: that of its blobs
    folder: true                                        a folder of files, the largest of which is the largest blob
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.evidence.model import Absent, ArchiveSeen, BlobSeen, Failed, Kind, Observation, Seen
from auditor.oci.archive import ArchivedImage, ArchiveProblem, Defect, Inventory
from auditor.oci.document import Manifest, parse_document
from auditor.oci.reference import parse_reference
from tests.memory import AT, MemoryEvidence, seen
from tests.world import CONFIG, World, size_in_bytes

Form = Mapping[str, Any]


def put_inside(evidence: MemoryEvidence, forms: Mapping[str, Form]) -> None:
    """What the registry inside has. A document that it lacks may be known from the source all the same."""
    for text, form in forms.items():
        alone = World()
        alone.observe(text, form)
        repository = parse_reference(text).repository
        made = alone.evidence
        evidence.tags.update(made.tags)
        evidence.documents.update(made.documents)
        for (where, digest), answer in made.answers.items():
            evidence.blobs[where, digest] = _as_blob(answer)
        for digest, size in _parts(made, str(parse_reference(text))).items():
            known = made.blobs.get((repository, digest), seen(_whole(made, digest, size)))
            if (repository, digest) not in made.answers:
                evidence.blobs[repository, digest] = known


def _whole(made: MemoryEvidence, digest: str, size: int) -> BlobSeen:
    """A part as it is: documents are read and hashed."""
    document = made.documents.get(digest)
    if document is None:
        return BlobSeen(size)
    return BlobSeen(size, document.media_type if document.media_type != CONFIG else "", digest)


def _as_blob(answer: Observation[Any]) -> Observation[BlobSeen]:
    assert isinstance(answer, Absent | Failed)
    return answer


def _parts(made: MemoryEvidence, reference: str) -> dict[str, int]:
    """Everything that an image is made of, by digest, with its size."""
    tag = made.tags.get(reference)
    if not isinstance(tag, Seen):
        return {}
    parts = {tag.value.digest: tag.value.size}
    for digest, content in made.documents.items():
        parts[digest] = len(content.body)
        if b'"layers"' in content.body and b'"rootfs"' not in content.body:
            document = parse_document(content.body)
            assert isinstance(document, Manifest)
            parts.update({layer.digest: layer.size for layer in document.layers})
    return parts


def put_archives(evidence: MemoryEvidence, forms: Mapping[str, Form]) -> None:
    """What archives hold."""
    for path, form in forms.items():
        match dict(form):
            case {"absent": detail}:
                evidence.read[path] = Absent(detail, AT, path)
            case {"failed": {"kind": kind, "detail": detail}}:
                evidence.read[path] = Failed(Kind(kind), detail, AT, path)
            case _:
                evidence.read[path] = Seen(ArchiveSeen("a seal", _inventory(evidence, form)), AT, path)


def _inventory(evidence: MemoryEvidence, form: Form) -> Inventory:
    images: list[ArchivedImage] = []
    blobs: dict[str, int] = {}
    for image in form.get("images", []):
        names = tuple(image.get("names", ()))
        called = image.get("of") or names[0]
        alone = World()
        alone.observe(called, {key: value for key, value in image.items() if key not in {"names", "of"}})
        made = alone.evidence
        evidence.documents.update(made.documents)
        reference = str(parse_reference(called))
        tag = made.tags[reference]
        assert isinstance(tag, Seen)
        gone = {digest for (_, digest), observed in made.blobs.items() if isinstance(observed, Absent)}
        blobs.update({digest: size for digest, size in _parts(made, reference).items() if digest not in gone})
        images.append(ArchivedImage(names, tag.value.digest, tag.value.media_type, tag.value.size, "RepoTags"))
    problems = tuple(
        ArchiveProblem(problem.get("entry", ""), Defect(problem["defect"]), problem["detail"], problem.get("image", ""))
        for problem in form.get("problems", [])
    )
    size = size_in_bytes(form["bytes"]) if "bytes" in form else sum(blobs.values())
    largest = max(blobs.values(), default=0) if form.get("folder") else 0
    made_as = form.get("format", "docker-archive")
    return Inventory(
        made_as, "", size, len(blobs), tuple(images), blobs, problems, is_folder=form.get("folder", False), largest=largest
    )
