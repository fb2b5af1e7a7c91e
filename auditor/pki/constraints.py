"""Name constraints: which names a CA may issue for. Only host names and addresses are judged, as servers have no others."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from auditor.pki.certificate import Certificate
from auditor.pki.names import canonical

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
    """Each name of the leaf that the authority may not issue for."""
    permitted, excluded = authority.extensions.permitted, authority.extensions.excluded
    if not permitted and not excluded:
        return
    names = [("dns", canonical(name).removeprefix("*.")) for name in leaf.extensions.dns_names]
    names += [("ip", address) for address in leaf.extensions.ip_addresses]
    if len(names) * (len(permitted) + len(excluded)) > MAX_COMPARISONS:
        yield "its name constraints are too many to compare"
        return
    limited = {kind for kind, _ in permitted}
    for kind, name in names:
        if _within(kind, name, excluded):
            yield f"its name constraints exclude {name}"
        elif kind in limited and not _within(kind, name, permitted):
            yield f"its name constraints do not permit {name}"
