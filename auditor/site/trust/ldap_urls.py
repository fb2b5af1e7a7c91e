"""CRLs and issuers in Active Directory (`ldap:///…`), which only members of the domain can read."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.net import Reach, Scope
from auditor.pki.revocation import in_directory, is_ldap
from auditor.pki.stores.node_state import NodeState
from auditor.plan.model import Pool
from auditor.text import short

_MOST = 90


def is_joined(pool: Pool, states: Iterable[NodeState]) -> bool | None:
    """Return whether a pool's nodes are domain members: from the plan, else from the dumps if they agree; None if unknown."""
    if not pool.is_windows:
        return False
    if pool.domain_joined is not None:
        return pool.domain_joined
    told = {state.is_domain_member for state in states}
    return told.pop() if len(told) == 1 else None


def may_be_read(url: str, reach: Reach, joined: bool | None) -> bool:
    """Return whether a node may get an answer at a URL: its host is internal, or it is in the directory of the domain."""
    if not in_directory(url):
        return _scope(url, reach) is Scope.INTERNAL
    return joined is not False


def why_not_known(url: str, joined: bool | None) -> str:
    """Return why the content of a directory entry is unknown to the audit, for a URL that may be read."""
    shown = short(url, _MOST)
    if not in_directory(url):
        return f"{shown} is on an LDAP server, which the auditor does not request"
    if joined is None:
        known = "the plan does not state whether the nodes are members of that domain (`domain_joined` of the pool)"
        return f"{shown} is in Active Directory, and {known}"
    return f"{shown} is in Active Directory. The nodes are members of the domain, but the auditor does not request directories"


def why_not_reached(url: str) -> str:
    """Return why no node of the pool can read a directory entry."""
    shown = short(url, _MOST)
    if not in_directory(url):
        return f"{shown} cannot be reached"
    return f"{shown} is in Active Directory, and the nodes are not members of a domain"


def _scope(url: str, reach: Reach) -> Scope:
    """Return the scope of a URL's host. A directory has the host between the slashes."""
    if not is_ldap(url):
        return reach.of_url(url)
    host = url.partition("://")[2].partition("/")[0].rpartition("@")[2]
    name = host.partition("]")[0].strip("[") if host.startswith("[") else host.partition(":")[0]
    return reach.of(name) if name else Scope.UNKNOWN
