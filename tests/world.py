"""Sites from a small YAML form: real plan text, and what was observed of each reference in a few words.

`observed` maps a reference as a user writes it to one of

    absent: TEXT                          the registry says that it does not exist
    failed: {kind: denied, detail: TEXT}  no usable answer
    platforms: [ENTRY, …]                 an index
    single: ENTRY                         one manifest without an index
    schema1: true                         a Docker schema 1 manifest
    raw: TEXT                             whatever the registry answered

An ENTRY is a platform (`linux/amd64`) or a mapping:

    platform: windows/amd64:10.0.20348.587
    layers: [{size: 120MB, urls: […], media-type: TYPE, foreign: true, name: base, blob: present|absent,
              unpacked: {trailer: 300MB}}]
    missing: absent | failed | uncollected           the manifest itself
    config: absent | failed | uncollected            its config
    served: SERVED, config-served: SERVED            what the registry states of the manifest and of its config
    listed: windows/amd64 | nothing                  what the index says, where that is less than the config

A layer's `blob` may be a SERVED as well: `{size: 1kB, media-type: TYPE, hashed: other}`, what the registry states instead of
the truth, or `{failed: true}`. `hashed` is `right`, `other` or `nothing`.

`unpacked` is what the layer's bytes say about its unpacked size: `trailer: SIZE` (a gzip trailer, modulo 4 GiB as it is),
`frame: SIZE` (zstd), `plain: SIZE`, `expanded: SIZE`, `unsaid: WHY`, or how an observation is lacking: `absent` or `failed`.

Layers of one name and size are one blob; without a name they are those of all images that end in the same name and tag, so
that a copy equals its source. A reference that is not mentioned was never asked for. `certificates` and `endpoints` are read
by tests/world_chains.py; `inside` and `archives`, the copies, by tests/world_copies.py: giving them, even empty, means that
they were to be looked at.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

import yaml

from auditor.evidence.model import Absent, BlobSeen, Failed, Kind, Observation, Place
from auditor.needs.resolve import resolve_needs
from auditor.oci import media_types
from auditor.oci.platform import Platform, parse_platform
from auditor.oci.reference import Reference, parse_reference
from auditor.oci.unpacked import UnpackedKind, UnpackedSeen
from auditor.plan.load import load_plan_files
from auditor.plan.model import Plan
from auditor.site import Site
from tests.memory import AT, SOURCE, MemoryEvidence, body_of, digest_of, seen
from tests.world_chains import certificates_of, fetched_from, files_of, offered_by, served_by

FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"
PLAN = "plan.yaml"
_UNITS = {"": 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}

Form = Mapping[str, Any]


def size_in_bytes(text: str | int) -> int:
    """`120MB` in bytes."""
    match = re.fullmatch(r"(-?[0-9]+) ?([kMG]?B)?", str(text))
    assert match is not None, f"{text!r} is no size"
    return int(match[1]) * _UNITS[match[2] or ""]


def _lacking(how: str) -> Observation[Any] | None:
    match how:
        case "absent":
            return Absent("MANIFEST_UNKNOWN", AT, SOURCE)
        case "failed":
            return Failed(Kind.UNREACHABLE, "503 Service Unavailable", AT, SOURCE)
        case "uncollected":
            return None
    raise AssertionError(f"{how!r} is no way to lack evidence: absent, failed or uncollected")


def _unpacked(form: str | Form) -> Observation[UnpackedSeen]:
    """What a layer's bytes say about its unpacked size."""
    if isinstance(form, str):
        observed = _lacking(form)
        assert observed is not None, "leave `unpacked` out where nobody looked"
        return observed
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
    raise AssertionError(f"{form} says nothing about an unpacked size")


def _platform_json(platform: Platform) -> dict[str, str]:
    fields = {"os": platform.os, "architecture": platform.architecture}
    if platform.variant:
        fields["variant"] = platform.variant
    if platform.os_version:
        fields["os.version"] = platform.os_version
    return fields


def _name(reference: Reference) -> str:
    """What a reference calls its image, wherever it lies."""
    return f"{reference.path.rpartition('/')[2]}:{reference.tag}"


class World:
    """Builds evidence from the form."""

    def __init__(self, evidence: MemoryEvidence | None = None) -> None:
        self.evidence = evidence or MemoryEvidence()

    def observe(self, text: str, form: Form) -> None:
        """Take in what was observed of one reference."""
        reference = parse_reference(text)
        match dict(form):
            case {"absent": detail}:
                self.evidence.tags[str(reference)] = Absent(detail, AT, SOURCE)
            case {"failed": {"kind": kind, "detail": detail}}:
                self.evidence.tags[str(reference)] = Failed(Kind(kind), detail, AT, SOURCE)
            case {"platforms": entries}:
                listed = [self._entry(reference, _as_form(entry)) for entry in entries]
                body = body_of({"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": listed})
                self.evidence.point(str(reference), body, media_types.OCI_INDEX)
                self._there(reference, body, media_types.OCI_INDEX)
            case {"single": entry}:
                body = self._manifest(reference, _as_form(entry))
                self.evidence.point(str(reference), body, media_types.OCI_MANIFEST)
                self._there(reference, body, media_types.OCI_MANIFEST)
            case {"schema1": True}:
                layers = [{"blobSum": digest_of(b"schema 1 layer")}]
                body = body_of({"schemaVersion": 1, "architecture": "amd64", "fsLayers": layers})
                self.evidence.point(str(reference), body, media_types.DOCKER_SCHEMA1_SIGNED)
            case {"raw": raw}:
                self.evidence.point(str(reference), raw.encode())
            case _:
                raise AssertionError(f"{text}: {sorted(form)} is no observation")

    def _entry(self, reference: Reference, form: Form) -> dict[str, Any]:
        """An index entry; its manifest is stored unless the form says that it is missing."""
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
        return entry if listed == "nothing" else {**entry, "platform": _platform_json(parse_platform(listed))}

    def _manifest(self, reference: Reference, form: Form) -> bytes:
        platform = parse_platform(form["platform"])
        forms = form.get("layers", [{"size": "1MB", "name": f"{_name(reference)} on {platform}"}])
        layers = [self._layer(reference, layer) for layer in forms]
        # Which layers an image has is all that tells its config from that of another image on the platform.
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
        size = size_in_bytes(form["size"])
        digest = digest_of(f"{form.get('name', _name(reference))} {size}".encode())
        media_type = form.get("media-type", FOREIGN if form.get("foreign") else LAYER)
        self._blob(reference, digest, size, form.get("blob"))
        if "unpacked" in form:
            self.evidence.unpacked_seen[digest] = _unpacked(form["unpacked"])
        urls = {"urls": form["urls"]} if "urls" in form else {}
        return {"mediaType": media_type, "digest": digest, "size": size, **urls}

    def _there(self, reference: Reference, body: bytes, media_type: str) -> None:
        """A document that its repository was observed to have."""
        truth = BlobSeen(len(body), media_type, digest_of(body))
        self.evidence.blobs.setdefault((reference.repository, digest_of(body)), seen(truth))

    def _serve(self, reference: Reference, digest: str, truth: BlobSeen, form: Form) -> None:
        """What a registry states of a part, where that is not the truth."""
        key = (reference.repository, digest)
        if form.get("failed"):
            self.evidence.blobs[key] = Failed(Kind.UNREACHABLE, "503 Service Unavailable", AT, SOURCE)
            return
        hashed = {"right": digest, "other": digest_of(b"other bytes"), "nothing": ""}[form.get("hashed", "right")]
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

    def _lack(self, reference: Reference, digest: str, how: str) -> None:
        if (answer := _lacking(how)) is not None:
            self.evidence.answers[reference.repository, digest] = answer


def _as_form(entry: str | Form) -> Form:
    return {"platform": entry} if isinstance(entry, str) else entry


def evidence_of(observed: Mapping[str, Form]) -> MemoryEvidence:
    """Evidence from the `observed` part of the form."""
    world = World()
    for reference, form in observed.items():
        world.observe(reference, form)
    return world.evidence


def plan_of(text: str, files: Mapping[str, bytes] | None = None) -> Plan:
    """The plan of a plan text and the files that it names."""
    return load_plan_files(PLAN, {PLAN: text.encode(), **(files or {})})


def site_of(form: Form) -> Site:
    """The site of a form with `plan`, `files` and what was observed."""
    from tests.world_copies import put_archives, put_inside  # it builds on this module

    made = certificates_of(form.get("certificates", {}))
    plan = plan_of(form["plan"], files_of(form.get("files", {}), made))
    evidence = evidence_of(form.get("observed", {}))
    for endpoint, observed in form.get("endpoints", {}).items():
        evidence.chains[endpoint] = served_by(observed, made)
        if "offers" in observed:
            evidence.offers[endpoint] = offered_by(observed)
    for url, found in form.get("fetched", {}).items():
        evidence.fetches[url] = fetched_from(found, made)
    put_inside(evidence, form.get("inside", {}))
    put_archives(evidence, form.get("archives", {}))
    return Site(plan, resolve_needs(plan), evidence, places_of(form))


def places_of(form: Form) -> frozenset[Place]:
    """Where images were to be looked for: the sources if anything is said of them, or of no place at all."""
    copies = {Place.TARGET} if "inside" in form else set()
    copies |= {Place.ARCHIVES} if "archives" in form else set()
    return frozenset(copies | {Place.SOURCE} if "observed" in form or not copies else copies)


def site_from(text: str) -> Site:
    """The site of a form in YAML."""
    return site_of(yaml.safe_load(text))


def day(text: str | datetime.date) -> datetime.date:
    """A date of the form, which YAML may have read already."""
    return text if isinstance(text, datetime.date) else datetime.date.fromisoformat(text)
