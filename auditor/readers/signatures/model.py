"""Signature policies as values, independent of the engine that enforces them."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from auditor.errors import Location
from auditor.oci.reference import Reference
from auditor.readers.signatures.identity import SignedIdentity


class SignatureForm(enum.StrEnum):
    """A form in which a registry stores a signature or an attestation."""

    SIG = "sig"  # cosign's tag `sha256-<hex>.sig`
    ATT = "att"  # cosign's tag `sha256-<hex>.att`
    NOTATION = "notation"  # a referrer with Notation's artifact type
    BUNDLE = "bundle"  # a referrer that is a Sigstore bundle
    COSIGN = "cosign-referrer"  # a referrer with cosign's artifact type (experimental OCI 1.1 mode)

    @property
    def is_tag(self) -> bool:
        """Return whether cosign stores it under a tag of its own."""
        return self in {SignatureForm.SIG, SignatureForm.ATT}


PAYLOAD = "application/vnd.dev.cosign.simplesigning.v1+json"  # the layer of a `.sig` tag that cosign signs
MAX_PAYLOADS = 16  # of one digest

# How the `artifactType` of a referrer begins, by form.
ARTIFACT_TYPES = {
    SignatureForm.NOTATION: "application/vnd.cncf.notary.signature",
    SignatureForm.BUNDLE: "application/vnd.dev.sigstore.bundle",
    SignatureForm.COSIGN: "application/vnd.dev.cosign.artifact.",
}


@dataclass(frozen=True, slots=True)
class Attestor:
    """One accepted signer. `name` is its path in the policy, as error messages quote it.

    `flags` are the settings that decide what verification contacts, as in facts/signature_contacts.yaml. `hosts` maps a service
    (`tuf`, `rekor`, `kms`, `notary`) to the host that the policy names instead of the public one.
    """

    name: str
    flags: frozenset[str]
    hosts: dict[str, str] = field(default_factory=dict, hash=False)
    location: Location | None = field(default=None, hash=False, compare=False)


@dataclass(frozen=True, slots=True)
class SignatureRule:
    """One demand of a policy: images that match need a signature in one of `forms`.

    `engine` is the program that enforces it, as facts name it. `owner` is `ClusterPolicy require-signed`, `rule` its part,
    such as `rule check`. `patterns` and `excluded` are spelt as in the policy. `namespaces` are patterns of the namespaces
    whose pods it covers; empty for all. `is_enforced` is False if the engine only reports. `doubt` states why it is unknown
    whether the rule applies. `per_platform`: the node verifies the manifest of its platform, not the index. `denies`: it
    rejects every image that matches. `any_attestor`: one valid attestor is enough. `pools` are the pools whose nodes enforce
    it; empty for an admission controller. `repository` is where the signatures are, if not beside the image. `names` are for
    the engine's error message, such as the authority. `identities` state which names in a signature nodes accept: all
    must hold. It is empty if the engine does not compare names.
    """

    engine: str
    owner: str
    location: Location
    patterns: tuple[str, ...]
    forms: tuple[SignatureForm, ...]
    rule: str = ""
    excluded: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    excluded_namespaces: tuple[str, ...] = ()
    is_enforced: bool = True
    is_attestation: bool = False
    attestors: tuple[Attestor, ...] = ()
    repository: str = ""
    doubt: str = ""
    per_platform: bool = False
    pools: tuple[str, ...] = ()
    denies: bool = False
    any_attestor: bool = False
    names: tuple[str, ...] = ()
    identities: tuple[SignedIdentity, ...] = ()

    @property
    def is_of_nodes(self) -> bool:
        """Return whether the nodes enforce it when they pull."""
        return bool(self.pools)

    @property
    def title(self) -> str:
        """Return the policy with its rule."""
        return f"{self.owner}, {self.rule}" if self.rule else self.owner


@dataclass(frozen=True, slots=True)
class UnreadPolicy:
    """A policy about signatures, or a part of one, that is not evaluated, with the reason."""

    owner: str
    location: Location
    why: str
    is_unsupported: bool = True


@dataclass(frozen=True, slots=True)
class NamedImage:
    """An image as a pod names it, with the pod's namespace. `text` is spelt as in the manifest."""

    text: str
    namespace: str
    reference: Reference
    location: Location = field(hash=False, compare=False)


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine among the workloads: its version (the tag of its image) and the arguments of its container."""

    name: str
    version: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SignaturePolicies:
    """All policies of a plan. `labelled` are the namespaces with the label that a policy engine needs, by label."""

    rules: tuple[SignatureRule, ...] = ()
    unread: tuple[UnreadPolicy, ...] = ()
    pods: tuple[NamedImage, ...] = ()
    engines: tuple[Engine, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Return whether the plan has no policy about signatures."""
        return not (self.rules or self.unread)
