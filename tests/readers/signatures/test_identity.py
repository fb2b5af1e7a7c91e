"""Which names in a signature nodes accept, and what a policy states about it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.oci.reference import parse_reference
from auditor.readers.signatures.identity import SignedIdentity, of_openshift, of_policy_json
from auditor.readers.signatures.reading import signature_policies
from tests.readers.signatures.test_policies import plan_of

DIGEST = f"sha256:{'a' * 64}"
OTHER = f"sha256:{'b' * 64}"
REMAP = {"type": "remapIdentity", "prefix": "r.local:5000/mirror", "signedPrefix": "quay.io"}


@pytest.mark.parametrize(
    ("stated", "image", "signed", "is_accepted"),
    [
        (None, "r.local/web:1", "r.local/web:1", True),
        (None, "r.local/web:1", "quay.io/web:1", False),
        (None, "r.local/web:1", "r.local/web:2", False),
        (None, "r.local/web:1", "r.local/web", False),
        (None, f"r.local/web@{DIGEST}", "r.local/web:9", True),
        (None, f"r.local/web@{DIGEST}", "r.local/web", False),
        (None, f"r.local/web@{DIGEST}", f"r.local/web@{OTHER}", True),
        (None, f"r.local/web:1@{DIGEST}", "r.local/web:9", True),
        (None, "nginx:1", "docker.io/library/nginx:1", True),
        (None, "nginx", "nginx:latest", True),
        (None, "r.local/web:1", "", False),
        (None, "r.local/web:1", "not a name!", False),
        ({"type": "matchExact"}, "r.local/web:1", "r.local/web:1", True),
        ({"type": "matchExact"}, f"r.local/web@{DIGEST}", "r.local/web:1", False),
        ({"type": "matchRepository"}, "r.local/web:1", "r.local/web", True),
        ({"type": "matchRepository"}, "r.local/web:1", "r.local/web/other:1", False),
        ({"type": "exactReference", "dockerReference": "quay.io/web:1"}, "r.local/web:2", "quay.io/web:1", True),
        ({"type": "exactReference", "dockerReference": "quay.io/web:1"}, "r.local/web:1", "quay.io/web:2", False),
        ({"type": "exactRepository", "dockerRepository": "quay.io/web"}, "r.local/web:2", "quay.io/web", True),
        ({"type": "exactRepository", "dockerRepository": "quay.io/web"}, "quay.io/other:2", "quay.io/other:2", False),
        (REMAP, "r.local:5000/mirror/org/web:1", "quay.io/org/web:1", True),
        (REMAP, "r.local:5000/mirror/org/web:1", "quay.io/org/web", False),
        (REMAP, f"r.local:5000/mirror/org/web@{DIGEST}", "quay.io/org/web:7", True),
        (REMAP, "r.local:5000/mirrors/org/web:1", "quay.ios/org/web:1", False),
        (REMAP, "ghcr.io/org/web:1", "ghcr.io/org/web:1", True),
    ],
)
def test_node_accepts_the_names_of_its_rule(stated: object, image: str, signed: str, *, is_accepted: bool) -> None:
    identity = of_policy_json(stated)
    assert not identity.invalid
    assert identity.accepts(parse_reference(image), signed) is is_accepted


@pytest.mark.parametrize(
    "stated",
    [
        [],
        "matchExact",
        {},
        {"type": "matchAny"},
        {"type": ["matchExact"]},
        {"type": "matchExact", "more": 1},
        {"type": "exactReference"},
        {"type": "exactReference", "dockerReference": "quay.io/web"},
        {"type": "exactRepository", "dockerRepository": "quay.io/web:1"},
        {"type": "exactRepository", "dockerRepository": 5},
        {"type": "remapIdentity", "prefix": "a.b"},
    ],
)
def test_invalid_identity_is_undetermined_by_name(stated: object) -> None:
    assert of_policy_json(stated).invalid.startswith(("its signedIdentity", "signedIdentity", "the docker"))
    policy = {"default": [{"type": "sigstoreSigned", "keyPath": "/k", "signedIdentity": stated}], "transports": {}}
    found = signature_policies(plan_of(images='{ref: "a.b/c:1"}', config={"policy.json": json.dumps(policy).encode()}))
    assert any("so the node rejects the whole file" in one.why for one in found.unread)


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({}, SignedIdentity()),
        ({"matchPolicy": "MatchRepoDigestOrExact"}, SignedIdentity()),
        ({"matchPolicy": "MatchRepository"}, SignedIdentity("matchRepository")),
        (
            {"matchPolicy": "ExactRepository", "exactRepository": {"repository": "quay.io/web"}},
            SignedIdentity("exactRepository", ("quay.io/web",)),
        ),
        (
            {"matchPolicy": "RemapIdentity", "remapIdentity": {"prefix": "r.local", "signedPrefix": "quay.io"}},
            SignedIdentity("remapIdentity", ("r.local", "quay.io")),
        ),
    ],
)
def test_openshift_states_its_identity(stated: dict[str, Any], expected: SignedIdentity) -> None:
    spec = {"scopes": ["a.b"], "policy": {"rootOfTrust": {"policyType": "PublicKey"}, "signedIdentity": stated}}
    if not stated:
        del spec["policy"]["signedIdentity"]  # type: ignore[attr-defined]
    document = {
        "apiVersion": "config.openshift.io/v1",
        "kind": "ClusterImagePolicy",
        "metadata": {"name": "shop"},
        "spec": spec,
    }
    (rule,) = signature_policies(plan_of(json.dumps(document))).rules
    assert rule.identities == (expected,)


def test_unknown_match_policy_is_invalid() -> None:
    assert "unknown matchPolicy Any" in of_openshift("Any", "", "", "").invalid
    assert "has no signedPrefix" in of_openshift("RemapIdentity", "", "a.b", "").invalid


def unread_of(*requirements: dict[str, Any]) -> tuple[list[str], tuple[str, ...]]:
    """Return why a default of these requirements is not evaluated, and the forms that it demands."""
    policy = {"default": list(requirements), "transports": {}}
    found = signature_policies(plan_of(images='{ref: "a.b/c:1"}', config={"policy.json": json.dumps(policy).encode()}))
    return [one.why for one in found.unread], tuple(form for rule in found.rules for form in rule.forms)


SIGNED = {"type": "sigstoreSigned", "keyPath": "/k"}


def test_no_requirement_beside_sigstore_is_ignored() -> None:
    assert unread_of(SIGNED) == ([], ("sig",))
    assert unread_of({"type": "sigstoreSigned", "keyPaths": ["/a", "/b"]}) == ([], ("sig",))
    (lookaside,), forms = unread_of(SIGNED, {"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/k"})
    assert "lookaside" in lookaside
    assert forms == ("sig",)
    assert "its requirement signedByAll is unknown" in unread_of(SIGNED, {"type": "signedByAll"})[0][0]
    assert "exactly one of keyPath" in unread_of({"type": "sigstoreSigned"})[0][0]
    assert "exactly one of keyPath" in unread_of({**SIGNED, "fulcio": {}})[0][0]
    assert unread_of({"type": "reject"}, SIGNED) == ([], ())


def test_policy_without_transports_is_a_policy() -> None:
    data = json.dumps({"default": [SIGNED]}).encode()
    (rule,) = signature_policies(plan_of(images='{ref: "a.b/c:1"}', config={"policy.json": data})).rules
    assert rule.forms == ("sig",)


def test_every_identity_of_a_scope_must_hold() -> None:
    policy = {"default": [SIGNED, {**SIGNED, "signedIdentity": {"type": "matchRepository"}}], "transports": {}}
    found = signature_policies(plan_of(images='{ref: "a.b/c:1"}', config={"policy.json": json.dumps(policy).encode()}))
    assert [one.kind for one in found.rules[0].identities] == ["matchRepoDigestOrExact", "matchRepository"]
