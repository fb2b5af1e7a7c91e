"""Name constraints: the names for which a CA may issue. Checked: host names, addresses and directory names."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from cryptography import x509

from auditor.pki.certificate import Certificate
from auditor.pki.go_parser import valid_domain
from auditor.pki.host_names import canonical

MAX_COMPARISONS = 100_000
MAX_LABELS = 127  # of a name in DNS


@dataclass(frozen=True, slots=True)
class ConstraintRules:
    """How a client compares names with constraints.

    `wildcards`: an excluded name below a wildcard excludes the wildcard (Go since 1.24.11 and 1.25.5, CVE-2025-61727).
    `self_issued`: names of certificates that a CA issued to itself count too. `strict_names`: a name that is not a DNS name is
    an error (Go). `common_name`: without a dNSName, the common name of a leaf counts as one: if it looks like one (OpenSSL), or
    always (Windows, by the published BetterTLS results of Edge 94). `comparisons`: the limit per certificate (OpenSSL); 0 for
    none. `other_names`: a name of a type that has constraints but cannot be compared is an error (OpenSSL).
    """

    wildcards: bool = True
    self_issued: bool = True
    strict_names: bool = False
    common_name: Literal["never", "if-dns", "always"] = "never"
    comparisons: int = 0
    other_names: bool = False


GO_RULES = ConstraintRules(strict_names=True)
OPENSSL_RULES = ConstraintRules(wildcards=False, self_issued=False, common_name="if-dns", comparisons=1 << 20, other_names=True)
JAVA_RULES = ConstraintRules(wildcards=False, self_issued=False, common_name="always")
WINDOWS_RULES = ConstraintRules(common_name="always")


@dataclass(frozen=True, slots=True)
class _Trees:
    """The DNS names of subtrees, the same names without their first label, and the address ranges."""

    names: frozenset[str]
    parents: frozenset[str]
    ranges: tuple[str, ...]


@lru_cache(maxsize=4_096)
def _trees(constraints: tuple[tuple[str, str], ...]) -> _Trees:
    names = frozenset(canonical(tree) for kind, tree in constraints if kind == "dns")
    parents = frozenset(name.partition(".")[2] for name in names)
    return _Trees(names, parents, tuple(tree for kind, tree in constraints if kind == "ip"))


def _suffixes(name: str) -> Iterator[str]:
    """Yield every constraint that covers a name. One with a leading dot covers only the names below it."""
    yield ""
    yield name
    while "." in name:
        name = name.partition(".")[2]
        yield "." + name
        yield name


def _within_name(name: str, trees: frozenset[str]) -> bool:
    return any(suffix in trees for suffix in _suffixes(name))


def _within_range(address: str, tree: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(tree, strict=False)
    except ValueError:
        return False


def _of_names(names: Iterable[str], authority: Certificate, rules: ConstraintRules) -> Iterator[str]:
    permitted, excluded = _trees(authority.extensions.permitted).names, _trees(authority.extensions.excluded)
    for raw in names:
        name = canonical(raw)
        if name.count(".") >= MAX_LABELS or (rules.strict_names and not valid_domain(raw)):
            yield f"it has name constraints, and {raw} is not a DNS name"
        elif _within_name(name, excluded.names) or (rules.wildcards and name[:2] == "*." and name[2:] in excluded.parents):
            yield f"its name constraints exclude {raw}"
        elif permitted and not _within_name(name, permitted):
            yield f"its name constraints do not permit {raw}"


def _of_addresses(addresses: tuple[str, ...], authority: Certificate) -> Iterator[str]:
    permitted, excluded = _trees(authority.extensions.permitted).ranges, _trees(authority.extensions.excluded).ranges
    if len(addresses) * (len(permitted) + len(excluded)) > MAX_COMPARISONS:
        yield "it has too many name constraints to compare"
        return
    for address in addresses:
        if any(_within_range(address, tree) for tree in excluded):
            yield f"its name constraints exclude {address}"
        elif permitted and not any(_within_range(address, tree) for tree in permitted):
            yield f"its name constraints do not permit {address}"


def _names_of(certificate: Certificate, rules: ConstraintRules, *, is_leaf: bool) -> tuple[str, ...]:
    names, common = certificate.extensions.dns_names, certificate.common_name
    counts = rules.common_name == "always" or (rules.common_name == "if-dns" and "." in common)
    return (common,) if counts and is_leaf and common and not names else names


def violations(authority: Certificate, below: tuple[Certificate, ...], rules: ConstraintRules = OPENSSL_RULES) -> Iterator[str]:
    """Yield each name in the certificates below the authority, leaf first, for which it may not issue."""
    extensions = authority.extensions
    if not (extensions.permitted or extensions.excluded or extensions.permitted_names or extensions.excluded_names):
        return
    for depth, certificate in enumerate(below):
        if depth and not rules.self_issued and certificate.subject_der == certificate.issuer_der:
            continue
        own = certificate.extensions
        names = own.name_count + len(certificate.parsed.subject)
        if rules.comparisons and names * extensions.constraint_count > rules.comparisons:
            yield "it has too many name constraints to compare"
            continue
        if rules.other_names and (kinds := sorted(set(own.other_names) & set(extensions.odd_constraints))):
            yield f"it has name constraints on names that the client cannot compare: {', '.join(kinds)}"
        yield from _of_names(_names_of(certificate, rules, is_leaf=not depth), authority, rules)
        yield from _of_addresses(certificate.extensions.ip_addresses, authority)


_Steps = tuple[frozenset[tuple[str, str]], ...]


def _steps(name: x509.Name) -> _Steps:
    """Return a directory name from its root on, folded as RFC 5280 requires: case, spaces and encoding do not matter."""
    return tuple(frozenset((part.oid.dotted_string, _folded(part.value)) for part in rdn) for rdn in name.rdns)


def _folded(value: str | bytes) -> str:
    return " ".join((value if isinstance(value, str) else value.hex()).casefold().split())


def directory_violations(authority: Certificate, below: tuple[Certificate, ...]) -> Iterator[str]:
    """Yield each subject below the authority, leaf first, for which it may not issue."""
    permitted, excluded = authority.extensions.permitted_names, authority.extensions.excluded_names
    if not permitted and not excluded:
        return
    if len(below) * (len(permitted) + len(excluded)) > MAX_COMPARISONS:
        yield "it has too many name constraints to compare"
        return
    allowed, forbidden = tuple(map(_steps, permitted)), tuple(map(_steps, excluded))
    for depth, certificate in enumerate(below):
        steps = _steps(certificate.parsed.subject)
        if not steps or (depth and certificate.subject_der == certificate.issuer_der):
            continue  # exempt: a CA that issues to itself, for example to change its key
        if any(steps[: len(tree)] == tree for tree in forbidden):
            yield f"its name constraints exclude {certificate.subject}"
        elif allowed and not any(steps[: len(tree)] == tree for tree in allowed):
            yield f"its name constraints do not permit {certificate.subject}"
