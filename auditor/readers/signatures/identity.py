"""The `signedIdentity` of node policies: which name in a signature a node accepts for an image.

Rules: containers/image signature/policy_reference_match.go and policy_config.go at v5.36.1; openshift/api
config/v1/types_image_policy.go (PolicyIdentity).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditor.oci.reference import InvalidReference, Reference, parse_reference

DEFAULT = "matchRepoDigestOrExact"
_BARE = frozenset({"matchExact", DEFAULT, "matchRepository"})
# The fields of each kind in `policy.json`. An unknown field makes the node reject the whole file.
_FIELDS = {
    "exactReference": ("dockerReference",),
    "exactRepository": ("dockerRepository",),
    "remapIdentity": ("prefix", "signedPrefix"),
}


@dataclass(frozen=True, slots=True)
class SignedIdentity:
    """One requirement on the name in a signature. `values` are the fields of its kind, in the order of the documentation.

    `invalid` states why the node cannot use it; empty if it is valid.
    """

    kind: str = DEFAULT
    values: tuple[str, ...] = ()
    invalid: str = ""

    def accepts(self, image: Reference, signed: str) -> bool:
        """Return whether a node that pulls `image` accepts a signature with the name `signed`."""
        wanted, name = _spelling(image), _parsed(signed)
        if name is None:
            return False
        match self.kind:
            case "matchRepository":
                return name.repository == wanted.repository
            case "exactRepository":
                other = _parsed(self.values[0])
                return other is not None and name.repository == other.repository
            case "exactReference":
                other = _parsed(self.values[0])
                return other is not None and other.is_full and name.is_full and other.text == name.text
            case "matchExact":
                return name.is_full and wanted.text == name.text
            case "remapIdentity":
                return _by_digest_or_exact(wanted.remapped(*self.values), name)
        return _by_digest_or_exact(wanted, name)

    def accepts_repository(self, image: Reference, repository: str) -> bool:
        """Return whether a signature with a name in `repository` can be accepted, whatever its tag."""
        wanted = _spelling(image)
        if self.kind in {"exactReference", "exactRepository"}:
            other = _parsed(self.values[0])
            return other is not None and other.repository == repository
        if self.kind == "remapIdentity":
            wanted = wanted.remapped(*self.values)
        return wanted.repository == repository

    @property
    def ignores_tags(self) -> bool:
        """Return whether the repository alone decides."""
        return self.kind in {"matchRepository", "exactRepository"}


@dataclass(frozen=True, slots=True)
class _Name:
    """A name as containers/image compares it: repository, and the rest with `:` or `@`; the rest is empty for a name only."""

    repository: str
    rest: str

    @property
    def text(self) -> str:
        return f"{self.repository}{self.rest}"

    @property
    def is_full(self) -> bool:
        return bool(self.rest)

    def remapped(self, prefix: str, signed_prefix: str) -> _Name:
        if self.repository != prefix and not self.repository.startswith(f"{prefix}/"):
            return self
        return _Name(signed_prefix + self.repository[len(prefix) :], self.rest)


def _by_digest_or_exact(wanted: _Name, name: _Name) -> bool:
    if not name.is_full:
        return False
    return wanted.repository == name.repository if wanted.rest.startswith("@") else wanted.text == name.text


def _spelling(image: Reference) -> _Name:
    """Return the image as the node names it. CRI-O and podman drop the tag of a name with a tag and a digest."""
    return _Name(image.repository, f"@{image.digest}" if image.digest else f":{image.tag}")


def _parsed(text: str) -> _Name | None:
    try:
        found = parse_reference(text)
    except InvalidReference:
        return None
    tag = f":{found.tag}" if found.tag and found.explicit_tag else ""
    return _Name(found.repository, f"{tag}@{found.digest}" if found.digest else tag)


def of_policy_json(stated: object) -> SignedIdentity:
    """Return the `signedIdentity` of a requirement in `policy.json`. `stated` is a JSON value; None for a missing field."""
    if stated is None:
        return SignedIdentity()
    if not isinstance(stated, dict):
        return SignedIdentity(invalid="signedIdentity is not an object")
    kind = stated.get("type")
    if not isinstance(kind, str) or kind not in _BARE | _FIELDS.keys():
        return SignedIdentity(invalid=f"its signedIdentity has the unknown type {kind!s:.40}")
    extra = sorted(set(stated) - {"type", *_FIELDS.get(kind, ())})
    if extra:
        return SignedIdentity(invalid=f"its signedIdentity has the unknown field {extra[0]:.40}")
    return _checked(kind, stated, _FIELDS.get(kind, ()))


def of_openshift(policy: str, exact: str, prefix: str, signed_prefix: str) -> SignedIdentity:
    """Return the identity of an OpenShift `matchPolicy` with its fields. An empty `policy` is the default."""
    match policy:
        case "" | "MatchRepoDigestOrExact":
            return SignedIdentity()
        case "MatchRepository":
            return SignedIdentity("matchRepository")
        case "ExactRepository":
            return _checked("exactRepository", {"dockerRepository": exact}, _FIELDS["exactRepository"])
        case "RemapIdentity":
            return _checked("remapIdentity", {"prefix": prefix, "signedPrefix": signed_prefix}, _FIELDS["remapIdentity"])
    return SignedIdentity(invalid=f"its signedIdentity has the unknown matchPolicy {policy:.40}")


def _checked(kind: str, stated: Mapping[str, object], fields: tuple[str, ...]) -> SignedIdentity:
    values: list[str] = []
    for field in fields:
        value = stated.get(field)
        if not isinstance(value, str) or not value:
            return SignedIdentity(kind, invalid=f"its signedIdentity {kind} has no {field}")
        if field in {"dockerReference", "dockerRepository"}:
            name = _parsed(value)
            if name is None or name.is_full is not (field == "dockerReference"):
                wanted = "a name with a tag or digest" if field == "dockerReference" else "a repository without a tag"
                return SignedIdentity(kind, invalid=f"the {field} {value:.80} of its signedIdentity is not {wanted}")
        values.append(value)
    return SignedIdentity(kind, tuple(values))
