"""## What it checks
The configuration of distribution (`registry.config`) says nothing that it cannot do: patterns are regular expressions of Go,
keys stand where they are read, switches have an effect, and the registry can be pushed to with the cable cut.

## Why it matters
A key in the wrong place is ignored without a word, and every manifest with `urls` is refused as before. A pattern such as
`*.microsoft.com` keeps the registry from starting: `panic: validation.manifests.urls.allow: error parsing regexp`. One that is
a pull-through cache (`proxy`) takes no push, and does not start at all where it cannot reach its remote.

## How to fix
Write what the finding gives: `validation.manifests.urls.allow` is a list of regular expressions, `validation.disabled: true`
turns all of it off; leave `proxy` out of a registry that is filled by copying.

## When it cannot tell
The file cannot be read, or was not carried here.

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
from checks.affected import EVERYTHING

ID = "registry-config"
_STOPS = "the registry does not start"


def _said(site: Site, slip: RegistrySlip) -> tuple[Severity, str, str]:
    """Severity, message and remedy."""
    match slip.slip:
        case Slip.WRONG_KIND:
            said = (
                f'`{slip.key}` must be {slip.detail}, and {_STOPS}: "configuration error: error parsing …: unmarshal errors".'
            )
            return Severity.ERROR, said, f"Write {slip.detail}."
        case Slip.NO_PATTERN:
            said = f"{slip.written} in `{slip.key}` is no regular expression of Go: {_STOPS}, with "
            said += f'"panic: {slip.key}: error parsing regexp: {slip.detail}".'
            return Severity.ERROR, said, _pattern_remedy(slip.written)
        case Slip.UNKNOWN_KEY:
            where = (
                f"Write it as `{slip.detail}`." if slip.detail else "Look for its name in the documentation of distribution."
            )
            return Severity.WARNING, f"distribution knows no `{slip.key}`, and ignores what is written there.", where
        case Slip.NO_EFFECT:
            said = f"`{slip.key}` has no effect as it stands here ({slip.written})."
            return Severity.WARNING, said, f"What works is {slip.detail}."
        case Slip.PROXY:
            remote = shown_url(slip.written)
            outside = site.registry_remote is not None
            said = f"This registry is a pull-through cache of {remote}: every push ends with HTTP 405 UNSUPPORTED"
            said += f", and with the cable cut it does not start, as it asks {remote} first." if outside else "."
            return (Severity.ERROR if outside else Severity.WARNING), said, "Leave `proxy` out, and copy the images into it."
        case Slip.READ_ONLY:
            said = "This registry is read-only: every push ends with HTTP 405."
            return Severity.WARNING, said, "Take `storage.maintenance.readonly` out before the copy."


def _pattern_remedy(written: str) -> str:
    if written.startswith("*"):
        return "It looks like a pattern for file names: write `^https://…` with `.*` for any text and `\\.` for a dot."
    return "Mend it; Go knows no look-around and no back references."


def _finding(site: Site, host: str, slip: RegistrySlip) -> Finding:
    severity, message, remedy = _said(site, slip)
    return Finding(
        check=ID,
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
    """One finding per slip."""
    registry = site.plan.registry
    assert registry is not None  # noqa: S101 - the check requires its configuration
    slips = site.registry_slips
    if isinstance(slips, UnreadableConfig):
        kind = Kind.MISSING_EVIDENCE if slips.missing else Kind.MALFORMED
        yield Undetermined(ID, Subject("registry", registry.host), kind, f"{slips.location}: {slips}", affects=EVERYTHING)
        return
    yield from (_finding(site, registry.host, slip) for slip in slips)
    if not slips:
        yield Fine()


CHECK = define(
    run,
    id=ID,
    title="The registry's configuration cannot do what it says",
    family="transfer",
    area=Area.COPIES,
    severity=Severity.ERROR,
    requires=(Requirement.DISTRIBUTION_CONFIG,),
    connections=(ConnectionKind.CACHED_REGISTRY,),
)
