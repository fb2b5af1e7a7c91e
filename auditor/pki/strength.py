"""How strict a TLS client is."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.pki.constraints import OPENSSL_RULES, ConstraintRules
from auditor.pki.public_keys import Answer, Library


@dataclass(frozen=True, slots=True)
class Strength:
    """What a client accepts.

    `accepts_sha1`: SHA-1 signatures. `minimum_rsa`: in bits. `any_usage`: the extended key usage *any* for a server.
    `odd_constraints`: critical name constraints on names other than host, address, mailbox or URI (Go supports no others).
    `common_name`: a common name if there is no alternative name. `strict`: it rejects certificates that violate RFC 5280
    (X509_V_FLAG_X509_STRICT of OpenSSL). `parses_as_go`: Go's parser must accept each certificate. `counts_self_issued`: a CA
    certificate that a CA issued to itself counts for a path length. `constraints`: how it compares names with name constraints.
    `leaf_usage`: a server's key usage must allow TLS (OpenSSL). `short_wildcards`: wildcards of two labels, such as `*.local`.
    `signing_leaf`: a server's key usage must include digital signatures (Java). `bare_anchors`: of an anchor, only its name,
    its key, its CA flag and its key usage count (Java). `ca_usages`: the extended key usage of a CA limits what it may issue.
    `chain_keys` and `server_keys`: the libraries that verify a chain and a handshake, whose keys are facts.
    `versions` are the possible versions of that library; none if they are unknown.
    """

    accepts_sha1: bool = False
    minimum_rsa: int = 1024
    any_usage: bool = True
    odd_constraints: bool = True
    common_name: bool = False
    strict: bool = False
    parses_as_go: bool = False
    counts_self_issued: bool = False
    constraints: ConstraintRules = OPENSSL_RULES
    leaf_usage: bool = False
    signing_leaf: bool = False
    bare_anchors: bool = False
    ca_usages: bool = True
    short_wildcards: Answer = "accepted"
    chain_keys: Library = "openssl"
    server_keys: Library = "openssl"
    versions: tuple[str, ...] = ()
