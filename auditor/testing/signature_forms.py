"""Observed signatures of an example: what a repository has of the signatures of an image.

`signatures` maps a reference, as `observed` or `target` has it, to a mapping with these keys. A key that is left out was not
collected.

    sig: HOW                cosign's signature, the tag `sha256-<hex>.sig`: present, proven, absent or failed
    att: HOW                cosign's attestation, the tag `sha256-<hex>.att`
    referrers: [TYPE, …]    the artifact types of the referrers; or absent, failed
    names: [NAME, …]        the names in the cosign signatures (`critical.identity.docker-reference`), one per signature
    platforms: true         the signatures belong to each manifest of the index, instead of the index

`proven` is a signature that carries the proof of a transparency log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from auditor.evidence.model import Absent, Failed, Kind, Seen, TagSeen
from auditor.evidence.signature_keys import referrers_key, tag_key
from auditor.oci.document import Index, parse_document
from auditor.oci.media_types import OCI_INDEX, OCI_MANIFEST
from auditor.readers.signatures.model import PAYLOAD
from auditor.testing.example_values import ExampleError, Form, form_of, invalid, reference_of
from auditor.testing.memory import AT, SOURCE, MemoryEvidence, body_of, digest_of, seen

_KEYS = frozenset({"sig", "att", "referrers", "platforms", "names"})
_HOW = ("present", "proven", "absent", "failed")


def put_signatures(evidence: MemoryEvidence, signatures: Mapping[str, Form]) -> None:
    """Record the signatures of images that are already recorded. Raises ExampleError if one is not valid."""
    for text, form in signatures.items():
        reference = reference_of(text)
        form_of(f"the signatures of {text}", form, _KEYS)
        tag = evidence.tag(str(reference))
        if not isinstance(tag, Seen):
            raise ExampleError(f"{text}: the image was not observed", "Add it to `observed` or to `target`.")
        for digest in _digests(evidence, tag.value.digest, of_platforms=bool(form.get("platforms"))):
            for suffix in ("sig", "att"):
                if suffix in form:
                    _tag(evidence, tag_key(reference.repository, digest, suffix), form[suffix], form.get("names", ()))
            if "referrers" in form:
                _referrers(evidence, referrers_key(reference.repository, digest), form["referrers"])


def _digests(evidence: MemoryEvidence, digest: str, *, of_platforms: bool) -> Iterator[str]:
    content = evidence.documents.get(digest)
    document = parse_document(content.body, content.media_type) if of_platforms and content is not None else None
    if isinstance(document, Index):
        yield from (entry.digest for entry in document.manifests)
    else:
        yield digest


def _tag(evidence: MemoryEvidence, key: str, how: str, names: Sequence[str]) -> None:
    if how in {"present", "proven"}:
        notes = {"dev.sigstore.cosign/bundle": "{}"} if how == "proven" else {}
        signed = [evidence.store(body_of(_payload(name)), PAYLOAD) for name in names] or [digest_of(key.encode())]
        layers = [{"mediaType": PAYLOAD, "digest": digest, "size": 1, "annotations": notes} for digest in signed]
        config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest_of(b"{}"), "size": 2}
        evidence.point(key, body_of({"schemaVersion": 2, "config": config, "layers": layers}), OCI_MANIFEST)
    else:
        evidence.tags[key] = _lacking(how)


def _payload(name: str) -> dict[str, Any]:
    return {"critical": {"identity": {"docker-reference": name}, "type": "cosign container image signature"}}


def _referrers(evidence: MemoryEvidence, key: str, how: str | list[str]) -> None:
    if isinstance(how, str):
        evidence.tags[key] = _lacking(how)
        return
    manifests: list[dict[str, Any]] = [
        {"mediaType": OCI_MANIFEST, "digest": digest_of(kind.encode()), "size": 1, "artifactType": kind} for kind in how
    ]
    body = body_of({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests})
    evidence.tags[key] = seen(TagSeen(evidence.store(body, OCI_INDEX), OCI_INDEX, len(body)))


def _lacking(how: str) -> Absent | Failed:
    if how == "absent":
        return Absent("MANIFEST_UNKNOWN: manifest unknown", AT, SOURCE)
    if how == "failed":
        return Failed(Kind.UNREACHABLE, "503 Service Unavailable", AT, SOURCE)
    raise invalid("a signature", how, _HOW)
