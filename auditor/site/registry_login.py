"""Signs that the internal registry needs a login, for plans that do not declare `registry.auth: required`."""

from __future__ import annotations

from auditor.evidence.causes import Cause, Fault
from auditor.located import Marked
from auditor.plan.model import Plan
from auditor.readers.registry_config import UnreadableConfig, config_of, document_of
from auditor.site.images import Images

_AUTH = (("auth",), ("http", "auth"))  # distribution, zot
_OPEN = "anonymousPolicy"  # zot: what requests without a login may do


def login_sign(plan: Plan, target: Images | None) -> str:
    """Return the sign that a pull needs a login, as a clause; empty if the plan declares the login, or if there is no sign."""
    registry = plan.registry
    if registry is None or registry.auth == "required":
        return ""
    declares = "" if not registry.auth else ", although the plan declares `registry.auth: none`"
    for image in target.images.values() if target is not None else ():
        faults = image.trouble.faults if image.trouble is not None else ()
        if any(_is_login(fault) for fault in faults):
            return f"{registry.host} answered 401 to the audit for {image.name}{declares}"
    if registry.auth:
        return ""
    if registry.token_expires is not None:
        return "`registry.token_expires` in the plan states that nodes log in with a token"
    try:
        found = config_of(plan)
        document = document_of(*found) if found is not None else None
    except UnreadableConfig:
        return ""  # other checks report the file
    if document is not None and _demands(document):
        return f"`registry.config` ({registry.config}) sets `auth`"
    return ""


def _is_login(fault: Fault) -> bool:
    """Return whether the answer was 401. Evidence of older auditors has no cause."""
    return fault.cause is Cause.LOGIN or (fault.cause is Cause.UNKNOWN and "status 401" in fault.detail)


def _demands(document: Marked) -> bool:
    if (control := document.get("http", "accessControl")) is not None and _has_key(control, _OPEN):
        return False
    return any((auth := document.get(*path)) is not None and bool(auth.value) for path in _AUTH)


def _has_key(node: Marked, key: str) -> bool:
    """Return whether a mapping, or a mapping inside it, has a key."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if one.get(key) is not None:
            return True
        waiting.extend(value for value in one.mapping.values() if isinstance(value.value, dict))
    return False
