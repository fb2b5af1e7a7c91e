"""Build the view of images from plan, needs and evidence."""

from __future__ import annotations

from msgspec.structs import replace

from auditor.evidence.model import Absent, Failed, ImageEvidence, Kind, Seen
from auditor.needs.model import Need, Needs, Reason
from auditor.oci.document import Descriptor, Document, Index, MalformedDocument, Manifest, Schema1, parse_config, parse_document
from auditor.oci.media_types import INDEXES, DocumentKind
from auditor.oci.platform import Platform
from auditor.oci.reference import Reference, is_digest
from auditor.oci.select import Choice, PlatformFit, choose_among, fit_platform, flatten, is_clear, platforms_of, unclear
from auditor.oci.windows import WindowsRuntime, build_gap, runtime_rule, runtime_rules
from auditor.plan.model import Plan, Pool
from auditor.site.images import (
    DocumentShape,
    Image,
    Images,
    InternedBlobs,
    Payload,
    Placement,
    Resolution,
    Standing,
    Trouble,
    is_carrier,
    payload_of,
    shape_of,
)

_Platforms = tuple[Platform | None, ...]
_NO_CHOICE = Choice(PlatformFit.PLATFORM_ABSENT)
_BY_RULE = frozenset({PlatformFit.FALLBACK, PlatformFit.BUILD_MISMATCH})  # decided only by a rule of Windows
_NOT_OBSERVED = Trouble(Kind.MISSING_EVIDENCE, "it was not requested")  # one value for 100,000 images
_STANDINGS = {
    PlatformFit.EXACT: Standing.OK,
    PlatformFit.FALLBACK: Standing.FALLBACK,
    PlatformFit.BLANK: Standing.FALLBACK,
    PlatformFit.BUILD_MISMATCH: Standing.BUILD_MISMATCH,
    PlatformFit.PLATFORM_ABSENT: Standing.PLATFORM_ABSENT,
}


def _rule_doubt(pool: Pool) -> Trouble | None:
    """Return why the facts do not say which builds a Windows pool runs: its Windows or its runtime is newer than they are."""
    if not pool.is_windows:
        return None
    gap = build_gap(pool.platform.os_version)
    if gap is None and pool.runtime is not None:
        gap = runtime_rules(pool.runtime.name, pool.runtime.version).gap
    if gap is None or not gap.is_outside:
        return None
    return Trouble(
        Kind.MISSING_EVIDENCE if gap.missing else Kind.UNSUPPORTED,
        f"it is unknown which image builds {pool.name} runs: {gap.why}",
    )


def _flaw(payload: Payload) -> Trouble | None:
    """Return how a manifest contradicts itself, or None. No node can pull such a manifest, on any platform."""
    return Trouble(Kind.MALFORMED, f"{payload.digest}: {payload.flaw}") if payload.flaw else None


def _reasons(needs: list[Need]) -> tuple[Reason, ...]:
    """Return each reason once. Usually all pools need an image for the same reasons."""
    first = needs[0].why
    if all(need.why == first for need in needs):
        return first
    return tuple(dict.fromkeys(reason for need in needs for reason in need.why))


def _shape(document: Document, size: int) -> DocumentShape:
    match document:
        case Manifest():
            return shape_of(size, DocumentKind.MANIFEST, document.media_type)
        case Index():
            return shape_of(size, DocumentKind.INDEX, document.media_type)
        case Schema1():
            return shape_of(size, DocumentKind.SCHEMA1, "")


class Survey:
    """Builds the view. Each digest is parsed once, and each image is resolved once per kind of node.

    Pools with equal platform and runtime rule are one kind.
    """

    def __init__(self, plan: Plan, needs: Needs, evidence: ImageEvidence, *, is_strict: bool = False) -> None:
        """A strict survey counts only what each repository itself was observed to have."""
        self._plan = plan
        self._needs = needs
        self._evidence = evidence
        self._payloads: dict[str, Payload] = {}
        self._bare: dict[tuple[str, int], Payload] = {}
        self._blobs = InternedBlobs()
        self._indexes: dict[str, tuple[Index, _Platforms | None]] = {}
        self._platforms: dict[_Platforms, _Platforms] = {}
        self._is_strict = is_strict
        self._shapes: dict[str, DocumentShape] = {}
        self._configs: dict[str, int] = {}
        self._not_observed: dict[WindowsRuntime | None, Resolution] = {}

    def images(self) -> Images:
        """Survey every need."""
        pools = {pool.name: pool for pool in self._plan.pools}
        rules = {name: self._runtime_rule(pool) for name, pool in pools.items()}
        doubts = {name: _rule_doubt(pool) for name, pool in pools.items()}
        alike: dict[tuple[Platform, WindowsRuntime | None, Trouble | None], int] = {}
        kinds = {name: alike.setdefault((pool.platform, rules[name], doubts[name]), len(alike)) for name, pool in pools.items()}
        grouped: dict[Reference, list[Need]] = {}
        last: Reference | None = None
        group: list[Need] = []
        for need in self._needs.needs:  # usually all needs of an image are adjacent and share one reference
            if need.reference is not last:
                last, group = need.reference, grouped.setdefault(need.reference, [])
            group.append(need)
        images: dict[Reference, Image] = {}
        placements: list[Placement] = []
        for reference, needs in grouped.items():
            image = images[reference] = self._observe(reference, _reasons(needs))
            carrier = is_carrier(reference)
            resolved: dict[tuple[int, bool], Resolution] = {}
            for need in needs:
                key = (kinds[need.pool], need.host_process)
                resolution = resolved.get(key)
                if resolution is None:
                    resolution = self._resolve(image, need, rules[need.pool])
                    if (doubt := doubts[need.pool]) is not None and resolution.choice.fit in _BY_RULE:
                        resolution = replace(resolution, standing=Standing.UNDETERMINED, trouble=doubt)
                    resolved[key] = resolution
                placements.append(Placement(need, pools[need.pool], image, resolution, carrier))
        return Images(images, tuple(placements), frozenset(self._blobs.repeated), self._shapes, self._configs)

    @staticmethod
    def _runtime_rule(pool: Pool) -> WindowsRuntime | None:
        if not pool.is_windows or pool.runtime is None:
            return None
        return runtime_rule(pool.runtime.name, pool.runtime.version)

    def _observe(self, reference: Reference, why: tuple[Reason, ...]) -> Image:
        name = str(reference)
        match self._evidence.tag(name):
            case None:
                return Image(reference, name, why, trouble=_NOT_OBSERVED)
            case Failed(kind, detail, _, source) as failed:
                return Image(reference, name, why, trouble=Trouble(kind, detail, failed.faults), source=source)
            case Absent(detail, _, source):
                return Image(reference, name, why, absent=detail or "not found", source=source)
            case Seen(tag, _, source):
                document = self._document(reference.repository, tag.digest, tag.media_type)
                if isinstance(document, Index):
                    document = document.slim()
                elif isinstance(document, Trouble | Absent):
                    trouble = document if isinstance(document, Trouble) else Trouble(Kind.MALFORMED, document.detail)
                    return Image(
                        reference, name, why, tag.digest, tag.size, trouble=trouble, source=source, media_type=tag.media_type
                    )
                return Image(
                    reference, name, why, tag.digest, tag.size, document=document, source=source, media_type=tag.media_type
                )

    def _document(self, repository: str, digest: str, media_type: str = "") -> Document | Trouble | Absent:
        observed = self._evidence.content(repository, digest)
        if isinstance(observed, Seen):
            content = observed.value
            try:
                document = parse_document(content.body, media_type or content.media_type)
            except MalformedDocument as error:
                return Trouble(Kind.MALFORMED, f"{digest}: {error}")
            self._shapes[digest] = _shape(document, len(content.body))
            return document
        if isinstance(observed, Failed):
            return Trouble(observed.kind, observed.detail, observed.faults)
        return observed or Trouble(Kind.MISSING_EVIDENCE, f"{digest} was not collected")

    def _resolve(self, image: Image, need: Need, rule: WindowsRuntime | None) -> Resolution:
        strict = rule is not None and rule.matching == "strict"
        match image.document:
            case Index() as index:
                return self._from_index(image, index, need, rule, strict=strict)
            case Manifest() | Schema1() as document:
                return self._from_manifest(image, document, need, rule, strict=strict)
            case None:
                if image.trouble is _NOT_OBSERVED:
                    return self._not_observed.setdefault(
                        rule, Resolution(Standing.UNDETERMINED, _NO_CHOICE, None, _NOT_OBSERVED, "", rule)
                    )
                standing = Standing.ABSENT if image.absent else Standing.UNDETERMINED
                return Resolution(standing, _NO_CHOICE, trouble=image.trouble, runtime=rule)

    def _from_index(self, image: Image, index: Index, need: Need, rule: WindowsRuntime | None, *, strict: bool) -> Resolution:
        repository = image.reference.repository
        flat, platforms = self._flat(repository, image.digest, index)
        if platforms is None:
            known = self._known_platforms(repository, flat, need.platform)
            if isinstance(known, Trouble):
                return Resolution(Standing.UNDETERMINED, _NO_CHOICE, trouble=known, runtime=rule)
            platforms = platforms_of(flat, known)
        choice = choose_among(flat, platforms, need.platform, strict=strict, any_build=need.host_process)
        standing = _STANDINGS[choice.fit]
        if choice.entry is None or not choice.fit.runs:
            return Resolution(standing, choice, runtime=rule)
        match self._payload(repository, choice.entry):
            case Payload() as payload:
                if payload.flaw:
                    return Resolution(Standing.UNDETERMINED, choice, payload, _flaw(payload), runtime=rule)
                return Resolution(standing, choice, payload, runtime=rule)
            case Absent(detail, _, source):
                return Resolution(Standing.PLATFORM_ABSENT, choice, dropped=f"{source}: {detail}", runtime=rule)
            case Trouble() as unread:
                return Resolution(standing, choice, trouble=unread, runtime=rule)

    def _flat(self, repository: str, digest: str, index: Index) -> tuple[Index, _Platforms | None]:
        """Return the index without nesting, and its platforms if it states them all; once per index."""

        def nested(inner: str) -> Index | None:
            document = self._document(repository, inner)
            return document if isinstance(document, Index) else None

        found = self._indexes.get(digest) or self._indexes.get(f"{repository}@{digest}")
        if found is None:
            is_nested = any(entry.media_type in INDEXES for entry in index.manifests)
            flat = flatten(index, nested) if is_nested else index
            found = (flat, self._platforms_of(flat) if is_clear(flat) else None)
            # Each repository may lack different nested indexes.
            self._indexes[f"{repository}@{digest}" if is_nested else digest] = found
        return found

    def _platforms_of(self, index: Index) -> _Platforms:
        """Return the platforms of an index; indexes that list the same platforms share one value."""
        platforms = platforms_of(index)
        return self._platforms.setdefault(platforms, platforms)

    def _known_platforms(self, repository: str, index: Index, host: Platform) -> dict[str, Platform] | Trouble:
        """Return platforms from configs, for entries whose platform the index does not state.

        Returns the trouble if one config is unread, because the node might select that entry.
        """
        known: dict[str, Platform] = {}
        for entry in unclear(index, host):
            payload = self._payload(repository, entry)
            if isinstance(payload, Trouble):
                return payload
            if isinstance(payload, Payload) and payload.config is not None:
                platform = self._config_platform(repository, payload.config.digest)
                if isinstance(platform, Platform):
                    known[entry.digest] = platform
                elif platform.kind is not Kind.UNSUPPORTED:  # content without a platform is an artifact, which nodes do not run
                    return platform
        return known

    def _from_manifest(
        self, image: Image, document: Manifest | Schema1, need: Need, rule: WindowsRuntime | None, *, strict: bool
    ) -> Resolution:
        payload = self._made(image, document)
        if isinstance(document, Schema1):
            # Schema 1 states only an architecture; it is older than Windows images.
            platform: Platform | Trouble = Platform("linux", document.architecture or "amd64")
        else:
            platform = _flaw(payload) or self._config_platform(image.reference.repository, document.config.digest)
        if isinstance(platform, Trouble):
            return Resolution(Standing.UNDETERMINED, _NO_CHOICE, payload, trouble=platform, runtime=rule)
        fit = fit_platform(platform, need.platform, strict=strict, any_build=need.host_process)
        builds = (platform.os_version,) if platform.os_version and fit is not PlatformFit.PLATFORM_ABSENT else ()
        choice = Choice(fit, None, platform.os_version, builds, int(fit.runs))
        return Resolution(_STANDINGS[fit], choice, payload if fit.runs else None, runtime=rule)

    def _made(self, image: Image, document: Manifest | Schema1) -> Payload:
        """Return the payload of an image without an index, computed once."""
        key = (image.digest, image.size)
        found = self._bare.get(key)
        if found is None:
            found = self._bare[key] = payload_of(image.digest, image.size, document, self._blobs)
        return found

    def _payload(self, repository: str, entry: Descriptor) -> Payload | Trouble | Absent:
        found = self._payloads.get(entry.digest)
        if found is not None and self._is_there(repository, entry.digest):
            return found
        document = self._document(repository, entry.digest, entry.media_type)
        if isinstance(document, Manifest | Schema1):
            # The content of a digest is the same everywhere, but one repository's answer says nothing about another.
            payload = self._payloads[entry.digest] = payload_of(entry.digest, entry.size, document, self._blobs)
            return payload
        if isinstance(document, Index):
            return Trouble(Kind.UNSUPPORTED, f"{entry.digest} is an index nested too deeply")
        if not is_digest(entry.digest):
            return Trouble(Kind.MALFORMED, f"the index lists {entry.digest[:80]!r}, which is not a digest")
        return document

    def _is_there(self, repository: str, digest: str) -> bool:
        """Return whether a known document counts for this repository too."""
        observed = self._evidence.blob(repository, digest)
        if observed is None:
            return not self._is_strict
        shape = self._shapes.get(digest)
        if not isinstance(observed, Seen) or shape is None:
            return False
        return observed.value.size == shape.size and observed.value.hashed in {"", digest}

    def _config_platform(self, repository: str, digest: str) -> Platform | Trouble:
        match self._evidence.content(repository, digest):
            case None:
                return Trouble(Kind.MISSING_EVIDENCE, f"the config {digest[:80]} was not collected")
            case Failed(kind, detail) as failed:
                return Trouble(kind, f"config: {detail}", failed.faults)
            case Absent(detail):
                return Trouble(Kind.MALFORMED, f"the registry does not have the config {digest[:80]}: {detail}")
            case Seen(content):
                self._configs[digest] = len(content.body)
                try:
                    platform = parse_config(content.body).platform
                except MalformedDocument as error:
                    return Trouble(Kind.MALFORMED, f"config {digest}: {error}")
                if not platform.os or not platform.architecture:
                    return Trouble(Kind.UNSUPPORTED, f"the config {digest} names no platform: an artifact, not an image?")
                return platform
