"""Observe the signatures of collected images: cosign's tags, and the referrers from the API or the fallback tag.

Only images that a policy of the plan demands signatures for are requested, or all with `--signatures`. Each digest costs one
request per accepted form, one more to verify a referrer, and one per signature if nodes compare the name in it. A registry
without the referrers API gets such a request once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditor.collectors.answered import Answers
from auditor.collectors.image_walk import Walked, Where
from auditor.collectors.registry.answers import Misfit, VerifiedBytes, now
from auditor.collectors.registry.client import RegistryClient
from auditor.collectors.registry.failures import Unanswered
from auditor.collectors.registry.referrers import JoinedReferrers
from auditor.evidence.model import Absent, Failed, Kind, Observation, Seen, TagSeen
from auditor.evidence.signature_keys import referrers_key, signature_tag, tag_key
from auditor.evidence.store import Store, digest_like
from auditor.needs.signature_demands import SignatureDemands
from auditor.oci.document import Descriptor, MalformedDocument, Manifest, parse_document, parse_subject
from auditor.oci.media_types import OCI_INDEX
from auditor.oci.reference import Reference, is_digest
from auditor.readers.signatures.model import ARTIFACT_TYPES, MAX_PAYLOADS, PAYLOAD

MAX_DIGESTS = 64  # of one image
MAX_PAYLOAD = 64 * 1024
_SUFFIXES = ("sig", "att", "sbom")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to observe of one image: cosign's tags by suffix, and the referrers with these artifact types.

    `names`: also the signed payloads of cosign's signatures, which have the name of the image.
    `top` and `platforms`: the digest of the image, and those of the platform manifests that nodes pull.
    """

    suffixes: frozenset[str] = frozenset()
    types: tuple[str, ...] = ()
    top: bool = False
    platforms: bool = False
    names: bool = False

    def with_other(self, other: Wanted) -> Wanted:
        """Return both together."""
        types = tuple(dict.fromkeys((*self.types, *other.types)))
        top, platforms, names = self.top or other.top, self.platforms or other.platforms, self.names or other.names
        return Wanted(self.suffixes | other.suffixes, types, top, platforms, names)


EVERYTHING = Wanted(frozenset(_SUFFIXES), tuple(ARTIFACT_TYPES.values()), top=True)


def wanted_signatures(
    demands: SignatureDemands, images: Iterable[Reference], *, everything: bool
) -> Mapping[Reference, Wanted]:
    """Return what to observe, by image."""
    found: dict[Reference, Wanted] = dict.fromkeys(images, EVERYTHING) if everything else {}
    for demand in demands.demands:
        rule = demand.rule
        one = Wanted(
            frozenset(form.value for form in rule.forms if form.is_tag),
            tuple(ARTIFACT_TYPES[form] for form in rule.forms if form in ARTIFACT_TYPES),
            top=not rule.per_platform,
            platforms=rule.per_platform,
            names=bool(rule.identities),
        )
        found[demand.reference] = found.get(demand.reference, Wanted()).with_other(one)
    return found


class SignatureCollector:
    """Requests the signatures of images, each digest of a repository once. Failures become evidence."""

    def __init__(self, client: RegistryClient, store: Store, answers: Answers) -> None:
        self._client = client
        self._store = store
        self._answers = answers
        self._without_api: set[str] = set()  # domains that answered 404 for the referrers API

    async def of(self, where: Where, walked: Walked, wanted: Wanted) -> None:
        """Observe the signatures of one image in the repository where it was walked."""
        tag = self._store.tag(str(where.reference))
        top = tag.value.digest if isinstance(tag, Seen) else ""
        # A single manifest is the manifest that nodes pull. Of an index, the walk has stored those that the pools choose.
        entries = [entry.digest for entry in walked.entries if not entry.is_attestation]
        chosen = [digest for digest in entries if self._store.has_document(digest)]
        digests = [top] if wanted.top or not chosen else []
        digests += chosen if wanted.platforms else []
        valid = [digest for digest in dict.fromkeys(digests) if is_digest(digest)]
        await asyncio.gather(*(self._digest(where, digest, wanted) for digest in valid[:MAX_DIGESTS]))

    async def _digest(self, where: Where, digest: str, wanted: Wanted) -> None:
        asked = [self._tag(where, digest, suffix, wanted) for suffix in sorted(wanted.suffixes)]
        if wanted.types and self._answers.claim(referrers_key(where.repository, digest)):
            asked.append(self._referrers(where, digest, wanted.types))
        await asyncio.gather(*asked)

    async def _tag(self, where: Where, digest: str, suffix: str, wanted: Wanted) -> None:
        key, tag = tag_key(where.repository, digest, suffix), signature_tag(digest, suffix)
        if not self._answers.claim(key):
            return
        source = self._client.source(*where.route, "manifests", tag)
        found = await self._client.manifest(*where.route, tag)
        kept = self._manifest(found, where, source)
        if wanted.names and suffix == "sig" and isinstance(kept, Seen) and isinstance(found, VerifiedBytes):
            await self._payloads(where, found)
        self._answers.keep_tag(key, kept)

    async def _payloads(self, where: Where, manifest: VerifiedBytes) -> None:
        """Store the signed payloads of a signature. Without one, the name in the signature stays unknown."""
        document = parse_document(manifest.body, manifest.media_type)
        layers = document.layers if isinstance(document, Manifest) else ()
        wanted = [one for one in layers if one.media_type == PAYLOAD and one.size <= MAX_PAYLOAD and is_digest(one.digest)]
        for layer in wanted[:MAX_PAYLOADS]:
            found = await self._client.config(*where.route, layer.digest)
            if isinstance(found, VerifiedBytes) and len(found.body) <= MAX_PAYLOAD:
                source = self._client.source(*where.route, "blobs", layer.digest)
                self._store.put_document(layer.digest, PAYLOAD, found.body, where.repository, now(), source)

    def _manifest(self, found: VerifiedBytes | Misfit | Absent | Failed, where: Where, source: str) -> Observation[TagSeen]:
        """Return the observation of a signature's manifest, and store it. One without a layer holds no signature."""
        if isinstance(found, Absent | Failed):
            return found
        if isinstance(found, Misfit):
            return Failed(Kind.MALFORMED, found.detail, now(), source)
        try:
            document = parse_document(found.body, found.media_type)
        except MalformedDocument as error:
            return Failed(Kind.MALFORMED, str(error)[:300], now(), source)
        if not isinstance(document, Manifest) or not document.layers:
            return Failed(Kind.MALFORMED, "it is not a manifest with a signature", now(), source)
        self._store.put_document(found.digest, found.media_type, found.body, where.repository, now(), source)
        return Seen(TagSeen(found.digest, found.media_type, len(found.body)), now(), source)

    async def _referrers(self, where: Where, digest: str, types: tuple[str, ...]) -> None:
        key = referrers_key(where.repository, digest)
        source = self._client.source(*where.route, "referrers", digest)
        listed: bytes | Absent | Failed = Absent("", now(), source)
        if where.route[0] not in self._without_api:
            listed = await self._client.referrers(*where.route, digest)
        if isinstance(listed, Absent):
            self._without_api.add(where.route[0])
            source = self._client.source(*where.route, "manifests", signature_tag(digest))
            listed = await self._fallback(where, digest, source)
        if isinstance(listed, bytes):
            listed = await self._proven(where, digest, listed, types)
        if isinstance(listed, Absent | Failed):
            self._answers.keep_tag(key, listed)
            return
        own = digest_like("sha256:", listed)
        self._store.put_document(own, OCI_INDEX, listed, where.repository, now(), source)
        self._answers.keep_tag(key, Seen(TagSeen(own, OCI_INDEX, len(listed)), now(), source))

    async def _fallback(self, where: Where, digest: str, source: str) -> bytes | Absent | Failed:
        found = await self._client.manifest(*where.route, signature_tag(digest))
        if isinstance(found, Absent | Failed):
            return found
        if isinstance(found, Misfit):
            return Failed(Kind.MALFORMED, found.detail, now(), source)
        joined = JoinedReferrers()
        try:
            joined.add_index(found.body)
        except Unanswered as error:
            return Failed(error.kind, error.detail, now(), source)
        return joined.document()

    async def _proven(self, where: Where, digest: str, listed: bytes, types: tuple[str, ...]) -> bytes | Failed:
        """Verify the first referrer of each wanted type: a list may name manifests that do not exist, or of another image."""
        document = parse_document(listed, OCI_INDEX)
        entries: list[Descriptor] = list(getattr(document, "manifests", ()))
        for entry in entries:
            if not any((entry.artifact_type or "").startswith(kind) for kind in types):
                continue
            source = self._client.source(*where.route, "manifests", entry.digest)
            found = await self._client.manifest(*where.route, entry.digest, entry.digest)
            if isinstance(found, Failed):
                return found
            if not isinstance(found, VerifiedBytes) or parse_subject(found.body) != digest:
                why = f"the list of referrers names {entry.digest}, which the registry does not have for this image"
                return Failed(Kind.MALFORMED, why, now(), source)
            self._store.put_document(found.digest, found.media_type, found.body, where.repository, now(), source)
        return listed
