"""Observed images of an example: what a registry answered for each reference.

`observed` maps a reference, as a user writes it, to one of

    absent: TEXT                          the registry answered that it does not exist; TEXT is the error code
    failed: {kind: KIND, detail: TEXT}    no usable answer; KIND is a value of `auditor.evidence.model.Kind`, such as denied
    platforms: [ENTRY, …]                 an index
    single: ENTRY                         one manifest without an index
    schema1: true                         a Docker schema 1 manifest
    raw: TEXT                             a document with exactly this text

An ENTRY is a platform (`linux/amd64`) or a mapping:

    platform: windows/amd64:10.0.20348.587
    layers: [LAYER, …]                    default: one layer of 1 MB
    config: LACKING                       its config was not observed
    config-served: SERVED                 what the registry declares of the config

and, for an ENTRY of an index, also

    missing: LACKING                      the manifest was not observed
    served: SERVED                        what the registry declares of the manifest
    listed: windows/amd64 | nothing       the platform in the index, if it differs from the config

A LAYER is a mapping:

    size: 120MB                           B, kB, MB and GB are powers of 1000
    name: base                            layers of one name and size are one blob
    urls: [URL, …]
    foreign: true                         Docker's media type of foreign layers
    media-type: TYPE
    blob: present | absent | failed | uncollected | SERVED    the answer of the registry for this layer; default: uncollected
    unpacked: UNPACKED                    what the layer's bytes declare about the unpacked size

LACKING is absent, failed or uncollected. SERVED is `{size: 1kB, media-type: TYPE, hashed: right | other | nothing}`: what the
registry declared instead of the true values; or `{failed: true}`. UNPACKED is `{trailer: SIZE}` (gzip; stored modulo 4 GiB),
`{frame: SIZE}` (zstd), `{plain: SIZE}`, `{expanded: SIZE}`, `{unsaid: REASON}`, or absent or failed.

A layer without a name belongs to all images that end in the same name and tag, so that a copy equals its source. A reference
that an example does not mention was not requested.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.evidence.model import Absent, BlobSeen, Failed, Kind, Observation
from auditor.oci import media_types
from auditor.oci.platform import Platform
from auditor.oci.reference import Reference
from auditor.oci.unpacked import UnpackedKind, UnpackedSeen
from auditor.testing.example_values import Form, form_of, invalid, kind_of, platform_of, reference_of, size_in_bytes
from auditor.testing.memory import AT, SOURCE, MemoryEvidence, body_of, digest_of, seen

FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"
_SINGLE_KEYS = ("platform", "layers", "config", "config-served")
_ENTRY_KEYS = (*_SINGLE_KEYS, "missing", "served", "listed")
_LAYER_KEYS = ("size", "name", "urls", "foreign", "media-type", "blob", "unpacked")
_SERVED_KEYS = ("size", "media-type", "hashed", "failed")
_OBSERVATIONS = ("absent", "failed", "platforms", "single", "schema1", "raw")
_HASHED = ("right", "other", "nothing")


def _lacking(how: str) -> Observation[Any] | None:
    match how:
        case "absent":
            return Absent("MANIFEST_UNKNOWN", AT, SOURCE)
        case "failed":
            return Failed(Kind.UNREACHABLE, "503 Service Unavailable", AT, SOURCE)
        case "uncollected":
            return None
    raise invalid("a reason of missing evidence", how, ("absent", "failed", "uncollected"))


def _unpacked(form: str | Form) -> Observation[UnpackedSeen]:
    """Return what a layer's bytes declare about its unpacked size."""
    forms = ("absent", "failed", "{trailer: SIZE}", "{frame: SIZE}", "{plain: SIZE}", "{expanded: SIZE}", "{unsaid: REASON}")
    if isinstance(form, str):
        if (lacking := _lacking(form)) is None:
            raise invalid("an unpacked size", form, forms)
        return lacking
    match dict(form):
        case {"trailer": size}:
            return seen(UnpackedSeen(UnpackedKind.GZIP_TRAILER, size_in_bytes(size) % 2**32))
        case {"frame": size}:
            return seen(UnpackedSeen(UnpackedKind.ZSTD_FRAME, size_in_bytes(size)))
        case {"plain": size}:
            return seen(UnpackedSeen(UnpackedKind.PLAIN, size_in_bytes(size)))
        case {"expanded": size}:
            return seen(UnpackedSeen(UnpackedKind.EXPANDED, size_in_bytes(size)))
        case {"unsaid": why}:
            return seen(UnpackedSeen(UnpackedKind.UNSAID, 0, why))
    raise invalid("an unpacked size", dict(form), forms)


def _platform_json(platform: Platform) -> dict[str, str]:
    fields = {"os": platform.os, "architecture": platform.architecture}
    if platform.variant:
        fields["variant"] = platform.variant
    if platform.os_version:
        fields["os.version"] = platform.os_version
    return fields


def _name(reference: Reference) -> str:
    """Return last path component and tag, which a copy shares with its source."""
    return f"{reference.path.rpartition('/')[2]}:{reference.tag}"


class ImageRecorder:
    """Writes observed images into evidence: documents, tags and blobs."""

    def __init__(self, evidence: MemoryEvidence | None = None) -> None:
        self.evidence = evidence or MemoryEvidence()

    def observe(self, text: str, form: Form) -> None:
        """Record what was observed of the reference `text`. Raises ExampleError if `form` is not valid."""
        reference = reference_of(text)
        match dict(form):
            case {"absent": detail}:
                self.evidence.tags[str(reference)] = Absent(detail, AT, SOURCE)
            case {"failed": {"kind": kind, "detail": detail}}:
                self.evidence.tags[str(reference)] = Failed(kind_of(kind), detail, AT, SOURCE)
            case {"platforms": entries}:
                listed = [self._entry(reference, _as_form(entry)) for entry in entries]
                body = body_of({"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": listed})
                self.evidence.point(str(reference), body, media_types.OCI_INDEX)
                self._there(reference, body, media_types.OCI_INDEX)
            case {"single": entry}:
                body = self._manifest(reference, _as_form(entry, _SINGLE_KEYS))
                self.evidence.point(str(reference), body, media_types.OCI_MANIFEST)
                self._there(reference, body, media_types.OCI_MANIFEST)
            case {"schema1": True}:
                layers = [{"blobSum": digest_of(b"schema 1 layer")}]
                body = body_of({"schemaVersion": 1, "architecture": "amd64", "fsLayers": layers})
                self.evidence.point(str(reference), body, media_types.DOCKER_SCHEMA1_SIGNED)
            case {"raw": raw}:
                self.evidence.point(str(reference), raw.encode())
            case _:
                raise invalid(f"an observation of {text}", sorted(form), _OBSERVATIONS)

    def _entry(self, reference: Reference, form: Form) -> dict[str, Any]:
        """Return an index entry. Its manifest is stored unless `form` says that it is missing."""
        body = self._manifest(reference, form)
        digest = digest_of(body)
        if "served" in form:
            self._serve(reference, digest, BlobSeen(len(body), media_types.OCI_MANIFEST, digest), form["served"])
        if how := form.get("missing"):
            self._lack(reference, digest, how)
        else:
            self._there(reference, body, media_types.OCI_MANIFEST)
            self.evidence.store(body, media_types.OCI_MANIFEST)
        entry: dict[str, Any] = {"mediaType": media_types.OCI_MANIFEST, "digest": digest, "size": len(body)}
        listed = form.get("listed", form["platform"])
        return entry if listed == "nothing" else {**entry, "platform": _platform_json(platform_of(listed))}

    def _manifest(self, reference: Reference, form: Form) -> bytes:
        platform = platform_of(form["platform"])
        forms = form.get("layers", [{"size": "1MB", "name": f"{_name(reference)} on {platform}"}])
        layers = [self._layer(reference, layer) for layer in forms]
        # The layers alone distinguish the configs of two images on one platform.
        rootfs = {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]}
        config = body_of({**_platform_json(platform), "rootfs": rootfs})
        if "config-served" in form:
            self._serve(reference, digest_of(config), BlobSeen(len(config), "", digest_of(config)), form["config-served"])
        if how := form.get("config"):
            self._lack(reference, digest_of(config), how)
        else:
            self.evidence.store(config, CONFIG)
        return body_of(
            {
                "schemaVersion": 2,
                "mediaType": media_types.OCI_MANIFEST,
                "config": {"mediaType": CONFIG, "digest": digest_of(config), "size": len(config)},
                "layers": layers,
            }
        )

    def _layer(self, reference: Reference, form: Form) -> dict[str, Any]:
        form_of(f"a layer of {reference}", form, _LAYER_KEYS, ["size"])
        size = size_in_bytes(form["size"])
        digest = digest_of(f"{form.get('name', _name(reference))} {size}".encode())
        media_type = form.get("media-type", FOREIGN if form.get("foreign") else LAYER)
        self._blob(reference, digest, size, form.get("blob"))
        if "unpacked" in form:
            self.evidence.unpacked_seen[digest] = _unpacked(form["unpacked"])
        urls = {"urls": form["urls"]} if "urls" in form else {}
        return {"mediaType": media_type, "digest": digest, "size": size, **urls}

    def _there(self, reference: Reference, body: bytes, media_type: str) -> None:
        """Record that the repository has a document."""
        truth = BlobSeen(len(body), media_type, digest_of(body))
        self.evidence.blobs.setdefault((reference.repository, digest_of(body)), seen(truth))

    def _serve(self, reference: Reference, digest: str, truth: BlobSeen, form: Form) -> None:
        """Record what a registry declares of a blob instead of the true values."""
        form_of(f"what the registry declares of a blob of {reference}", form, _SERVED_KEYS)
        key = (reference.repository, digest)
        if form.get("failed"):
            self.evidence.blobs[key] = Failed(Kind.UNREACHABLE, "503 Service Unavailable", AT, SOURCE)
            return
        how = form.get("hashed", "right")
        if how not in _HASHED:
            raise invalid("`hashed`", how, _HASHED)
        hashed = {"right": digest, "other": digest_of(b"other bytes"), "nothing": ""}[how]
        size = size_in_bytes(form.get("size", truth.size))
        self.evidence.blobs[key] = seen(BlobSeen(size, form.get("media-type", truth.media_type), hashed))

    def _blob(self, reference: Reference, digest: str, size: int, how: str | Form | None) -> None:
        match how:
            case dict():
                self._serve(reference, digest, BlobSeen(size), {"hashed": "nothing", **how})
            case "present":
                self.evidence.blobs[reference.repository, digest] = seen(BlobSeen(size))
            case "absent":
                self.evidence.blobs[reference.repository, digest] = Absent("BLOB_UNKNOWN", AT, SOURCE)
            case "failed":
                self.evidence.blobs[reference.repository, digest] = Failed(Kind.UNREACHABLE, "503", AT, SOURCE)
            case None | "uncollected":
                pass
            case _:
                raise invalid("`blob`", how, ("present", "absent", "failed", "uncollected", "a mapping"))

    def _lack(self, reference: Reference, digest: str, how: str) -> None:
        if (answer := _lacking(how)) is not None:
            self.evidence.answers[reference.repository, digest] = answer


def _as_form(entry: str | Form, keys: tuple[str, ...] = _ENTRY_KEYS) -> Form:
    return {"platform": entry} if isinstance(entry, str) else form_of("an image", entry, keys, ["platform"])


def evidence_of(observed: Mapping[str, Form]) -> MemoryEvidence:
    """Return evidence of the images in `observed`, by reference. Raises ExampleError if one is not valid."""
    recorder = ImageRecorder()
    for reference, form in observed.items():
        recorder.observe(reference, form)
    return recorder.evidence
