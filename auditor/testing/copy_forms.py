"""Copies of images in an example: what the internal registry has, and what archives contain.

`target` maps a reference on the internal registry to an observation as in `auditor.testing.image_forms`. All parts were found
there, except an ENTRY that is `missing` and a layer whose `blob` is `absent`, `failed` or `uncollected`.

`archives` maps a path of the plan's `copy.archives` to `absent: TEXT`, `failed: {kind: KIND, detail: TEXT}`, or

    format: oci-layout                                  default: docker-archive
    images: [{names: [NAME, …], platforms: [ENTRY, …]}] its images; `single: ENTRY` replaces `platforms`, `of` is the reference
    problems: [{entry: PATH, defect: truncated, detail: TEXT, image: NAME}]
    bytes: 5GB                                          its size; default: the sum of its blobs
    folder: true                                        a folder of files, not one file
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from auditor.evidence.model import Absent, ArchiveSeen, BlobSeen, Failed, Observation, Seen
from auditor.oci.archive import ArchivedImage, ArchiveProblem, Defect, Inventory
from auditor.oci.document import Manifest, parse_document
from auditor.testing.example_values import ExampleError, Form, form_of, invalid, kind_of, reference_of, size_in_bytes
from auditor.testing.image_forms import CONFIG, ImageRecorder
from auditor.testing.memory import AT, MemoryEvidence, seen

_ARCHIVE_KEYS = ("format", "images", "problems", "bytes", "folder")
_PROBLEM_KEYS = ("entry", "defect", "detail", "image")


def put_target(evidence: MemoryEvidence, forms: Mapping[str, Form]) -> None:
    """Record what the internal registry has. A document that it lacks may still be known from the source."""
    for text, form in forms.items():
        alone = ImageRecorder()
        alone.observe(text, form)
        repository = reference_of(text).repository
        made = alone.evidence
        evidence.tags.update(made.tags)
        evidence.documents.update(made.documents)
        for (where, digest), answer in made.answers.items():
            evidence.blobs[where, digest] = _as_blob(answer)
        for digest, size in _parts(made, str(reference_of(text))).items():
            known = made.blobs.get((repository, digest), seen(_whole(made, digest, size)))
            if (repository, digest) not in made.answers:
                evidence.blobs[repository, digest] = known


def _whole(made: MemoryEvidence, digest: str, size: int) -> BlobSeen:
    """Return a blob with its true values. Documents are read and hashed; layers only have a size."""
    document = made.documents.get(digest)
    if document is None:
        return BlobSeen(size)
    return BlobSeen(size, document.media_type if document.media_type != CONFIG else "", digest)


def _as_blob(answer: Observation[Any]) -> Observation[BlobSeen]:
    return cast("Absent | Failed", answer)  # an answer without a document is one of these


def _parts(made: MemoryEvidence, reference: str) -> dict[str, int]:
    """Return all documents and layers of an image: digest to size in bytes."""
    tag = made.tags.get(reference)
    if not isinstance(tag, Seen):
        return {}
    parts = {tag.value.digest: tag.value.size}
    for digest, content in made.documents.items():
        parts[digest] = len(content.body)
        if b'"layers"' in content.body and b'"rootfs"' not in content.body:
            document = cast("Manifest", parse_document(content.body))
            parts.update({layer.digest: layer.size for layer in document.layers})
    return parts


def put_archives(evidence: MemoryEvidence, forms: Mapping[str, Form]) -> None:
    """Record what archives contain, by path. Raises ExampleError if a form is not valid."""
    for path, form in forms.items():
        match dict(form):
            case {"absent": detail}:
                evidence.read[path] = Absent(detail, AT, path)
            case {"failed": {"kind": kind, "detail": detail}}:
                evidence.read[path] = Failed(kind_of(kind), detail, AT, path)
            case _:
                evidence.read[path] = Seen(ArchiveSeen("a seal", _inventory(evidence, form)), AT, path)


def _inventory(evidence: MemoryEvidence, form: Form) -> Inventory:
    form_of("an archive", form, _ARCHIVE_KEYS)
    images: list[ArchivedImage] = []
    blobs: dict[str, int] = {}
    for image in form.get("images", []):
        names = tuple(image.get("names", ()))
        called = image.get("of") or (names[0] if names else "")
        if not called:
            raise ExampleError("an image of an archive has no name", "Add `names: [NAME]`, or `of: REFERENCE` if it has none.")
        alone = ImageRecorder()
        alone.observe(called, {key: value for key, value in image.items() if key not in {"names", "of"}})
        made = alone.evidence
        evidence.documents.update(made.documents)
        reference = str(reference_of(called))
        tag = made.tags[reference]
        if not isinstance(tag, Seen):
            raise invalid(f"the image {called} of an archive", sorted(image), ("platforms", "single", "schema1", "raw"))
        gone = {digest for (_, digest), observed in made.blobs.items() if isinstance(observed, Absent)}
        blobs.update({digest: size for digest, size in _parts(made, reference).items() if digest not in gone})
        images.append(ArchivedImage(names, tag.value.digest, tag.value.media_type, tag.value.size, "RepoTags"))
    problems = tuple(map(_problem, form.get("problems", [])))
    size = size_in_bytes(form["bytes"]) if "bytes" in form else sum(blobs.values())
    largest = max(blobs.values(), default=0) if form.get("folder") else 0
    made_as = form.get("format", "docker-archive")
    return Inventory(
        made_as, "", size, len(blobs), tuple(images), blobs, problems, is_folder=form.get("folder", False), largest=largest
    )


def _problem(form: Form) -> ArchiveProblem:
    form_of("a problem of an archive", form, _PROBLEM_KEYS, ["defect", "detail"])
    defects = [defect.value for defect in Defect]
    if form["defect"] not in defects:
        raise invalid("a defect of an archive", form["defect"], defects)
    return ArchiveProblem(form.get("entry", ""), Defect(form["defect"]), form["detail"], form.get("image", ""))
