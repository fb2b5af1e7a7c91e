"""Name constraints: the names for which a CA may issue. Checked: host names, addresses and directory names."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from cryptography import x509

from auditor.pki.certificate import Certificate
from auditor.pki.host_names import canonical

MAX_COMPARISONS = 100_000


def _within_name(name: str, tree: str) -> bool:
    base = canonical(tree.removeprefix("."))
    return not base or name == base or name.endswith("." + base)


def _within_range(address: str, tree: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(tree, strict=False)
    except ValueError:
        return False


def _within(kind: str, name: str, trees: tuple[tuple[str, str], ...]) -> bool:
    test = _within_name if kind == "dns" else _within_range
    return any(test(name, tree) for tree_kind, tree in trees if tree_kind == kind)


def violations(authority: Certificate, leaf: Certificate) -> Iterator[str]:
    """Yield each name of the leaf that the authority may not issue for."""
    permitted, excluded = authority.extensions.permitted, authority.extensions.excluded
    if not permitted and not excluded:
        return
    names = [("dns", canonical(name).removeprefix("*.")) for name in leaf.extensions.dns_names]
    names += [("ip", address) for address in leaf.extensions.ip_addresses]
    if len(names) * (len(permitted) + len(excluded)) > MAX_COMPARISONS:
        yield "it has too many name constraints to compare"
        return
    limited = {kind for kind, _ in permitted}
    for kind, name in names:
        if _within(kind, name, excluded):
            yield f"its name constraints exclude {name}"
        elif kind in limited and not _within(kind, name, permitted):
            yield f"its name constraints do not permit {name}"


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
