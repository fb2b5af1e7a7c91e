"""## What it checks
The configuration of distribution (`registry.config`) is valid and takes effect. Patterns are Go regular expressions, keys are
in the right place, switches have an effect, and the registry accepts a push offline.

## Why it matters
distribution silently ignores a key in the wrong place, and still rejects every manifest with `urls`. A pattern such as
`*.microsoft.com` prevents the registry from starting: `panic: validation.manifests.urls.allow: error parsing regexp`. A
pull-through cache (`proxy`) accepts no push, and does not start if it cannot connect to its remote.

## How to fix
Use the value from the finding. `validation.manifests.urls.allow` is a list of regular expressions. `validation.disabled:
true` disables all validation. Do not set `proxy` on a registry that images are copied to.

## When it is undetermined
The file cannot be read, or is not in the audit's inputs.

## References
distribution docs/content/about/configuration.md, validation, proxy, maintenance; registry/handlers/app.go; each case was
executed on 2.8.2 and 3.0.0.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, ConnectionKind, Finding, Fine, Outcome, Remedy, Severity, Subject, Undetermined, define
from auditor.evidence.model import Kind
from auditor.readers.registry_config import UnreadableConfig
from auditor.readers.registry_lint import RegistrySlip, Slip
from auditor.site import Requirement, Site
from auditor.site.fetches import shown_url
from checks._shared.affected import EVERYTHING

_STOPS = "The registry does not start"


def _said(site: Site, slip: RegistrySlip) -> tuple[Severity, str, str]:
    """Return the severity, the message and the remedy of one slip."""
    match slip.slip:
        case Slip.WRONG_KIND:
            said = f"`{slip.key}` must be {slip.detail}. {_STOPS}: `configuration error: error parsing …: unmarshal errors`."
            return Severity.ERROR, said, f"Write {slip.detail}."
        case Slip.NO_PATTERN:
            said = f"{slip.written} in `{slip.key}` is not a valid Go regular expression. {_STOPS}: "
            said += f'"panic: {slip.key}: error parsing regexp: {slip.detail}".'
            return Severity.ERROR, said, _pattern_remedy(slip.written)
        case Slip.UNKNOWN_KEY:
            where = (
                f"Write it as `{slip.detail}`." if slip.detail else "Use the key name from the documentation of distribution."
            )
            return Severity.WARNING, f"distribution does not have the key `{slip.key}`, and ignores its value.", where
        case Slip.NO_EFFECT:
            said = f"`{slip.key}` has no effect with this value ({slip.written})."
            return Severity.WARNING, said, f"Use {slip.detail} instead."
        case Slip.PROXY:
            remote = shown_url(slip.written)
            outside = site.registry_remote is not None
            said = f"This registry is a pull-through cache of {remote}. Every push fails with HTTP 405 UNSUPPORTED."
            said += f" Offline, it does not start, because it connects to {remote} first." if outside else ""
            severity = Severity.ERROR if outside else Severity.WARNING
            return severity, said, "Remove `proxy`, and copy the images to the registry."
        case Slip.READ_ONLY:
            said = "This registry is read-only. Every push fails with HTTP 405."
            return Severity.WARNING, said, "Remove `storage.maintenance.readonly` before the copy."


def _pattern_remedy(written: str) -> str:
    if written.startswith("*"):
        return "Write a regular expression such as `^https://…`, with `.*` for any text and `\\.` for a dot."
    return "Correct it. Go regular expressions have no look-around and no back references."


def _finding(site: Site, host: str, slip: RegistrySlip) -> Finding:
    severity, message, remedy = _said(site, slip)
    return Finding(
        severity=severity,
        subject=Subject("registry", host),
        message=message,
        case=f"{slip.slip} {slip.key} {shown_url(slip.written)}",
        facts={"key": slip.key, "written": shown_url(slip.written)},
        location=slip.location,
        remedies=(Remedy("edit", remedy),),
        affects=EVERYTHING,
    )


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one finding per slip in the configuration."""
    registry = site.plan.registry
    assert registry is not None  # noqa: S101 - the check requires its configuration
    slips = site.registry_slips
    if isinstance(slips, UnreadableConfig):
        kind = Kind.MISSING_EVIDENCE if slips.missing else Kind.MALFORMED
        yield Undetermined(Subject("registry", registry.host), kind, f"{slips.location}: {slips}", affects=EVERYTHING)
        return
    yield from (_finding(site, registry.host, slip) for slip in slips)
    if not slips:
        yield Fine()


CHECK = define(
    run,
    title="Registry configuration is invalid or has no effect",
    holds="The registry configuration is valid and takes effect",
    area=Area.COPIES,
    severity=Severity.ERROR,
    requires=(Requirement.DISTRIBUTION_CONFIG,),
    connections=(ConnectionKind.CACHED_REGISTRY,),
)
