"""## What it checks
Two limits on requests of the copy. The proxy or ingress in front of the internal registry accepts the largest blob: the check
reads `registry.max_body`, or the Ingress for `registry.host` among the workloads. Docker Hub allows as many pulls in six hours
as the copy needs.

## Why it matters
Most tools send a blob in one request. If it exceeds the limit of the proxy, the push fails with `413 Request Entity Too Large`;
ingress-nginx allows 1 MiB by default. Docker Hub answers `429 Too Many Requests` after 100 pulls in 6 hours without an account,
and after 200 with a free account. It counts one pull per image and architecture.

## How to fix
Set `nginx.ingress.kubernetes.io/proxy-body-size: "0"` on the Ingress of the registry, or `client_max_body_size 0;` in nginx.
Log in to Docker Hub with an account that has a paid subscription, or copy in several periods.

## When it is undetermined
The class of the Ingress is unknown and no annotation states a limit. The size of an image to copy is unknown. Without
`registry.max_body` and without an Ingress for the registry, the body size is not examined.

## References
kubernetes/ingress-nginx docs/user-guide/nginx-configuration/annotations.md; docs.docker.com "Docker Hub pull usage and limits";
zarf-dev/zarf#2081; facts/body_limits.yaml, facts/push_requests.yaml, facts/pull_limits.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Kind, Outcome, Part, Remedy, Role, Severity, Subject, Undetermined, define
from auditor.site import Requirement, Site
from auditor.site.images import Placement
from auditor.site.request_limits import (
    AcceptedBody,
    CountedPulls,
    LargestBlob,
    accepted_bodies,
    counted_pulls,
    largest_blob,
    pull_limits,
    push_row,
)
from auditor.text import format_size, many, short_digest

_HUB = "docker.io"
_ANY_ERROR = "413 Request Entity Too Large"
_UNLIMITED = 0
_TOO_MANY = (
    "toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: "
    "https://www.docker.com/increase-rate-limit"
)


def _to_push(site: Site) -> tuple[Placement, ...]:
    """Return the images that the copy sends: those not observed completely on the internal registry."""
    images = site.to_copy or site.images
    return tuple(one for one in images.placements if one.image.reference not in site.complete_inside)


def _tool(site: Site) -> str:
    return site.transfer.tool.name if site.transfer is not None else ""


def _too_large(site: Site, host: str, body: AcceptedBody, blob: LargestBlob) -> Finding:
    limit, row = body.limit or 0, push_row(_tool(site))
    cause = f"{body.who} limits a request to {host} to {format_size(limit)}, but the largest blob has {format_size(blob.size)}"
    edit = f"Raise the limit above {format_size(blob.size, up=True)}, or switch it off with 0."
    if body.is_default:
        edit = 'Set `nginx.ingress.kubernetes.io/proxy-body-size: "0"` on the Ingress of the registry.'
    return Finding(
        severity=Severity.WARNING if body.is_default else Severity.ERROR,
        subject=Subject("registry", host),
        parts=(
            Part(f"{cause} ({short_digest(blob.digest)} of {blob.image})."),
            Part("The tool sends a blob in one request, so the push fails.", Role.EFFECT),
            Part(f"Error of the tool: `{row.error if row is not None else _ANY_ERROR}`.", Role.SYMPTOM),
        ),
        case="body",
        facts={"limit": limit, "largest": blob.size, "digest": blob.digest, "image": blob.image, "tool": _tool(site)},
        location=body.location,
        remedies=(
            Remedy("edit", edit),
            Remedy("edit", "Or copy with regctl, which repeats a blob in chunks of 1 MiB after a 413."),
        ),
        affects=(),
    )


def _bodies(site: Site) -> Iterator[Outcome]:
    registry = site.plan.registry
    bodies = tuple(accepted_bodies(site.plan, site.served_hosts)) if registry is not None else ()
    if registry is None or not bodies:
        return
    placements, row = _to_push(site), push_row(_tool(site))
    blob = largest_blob(placements)
    unknown = tuple(dict.fromkeys(one.image.name for one in placements if one.resolution.payload is None))
    subject = Subject("registry", registry.host)
    for body in bodies:
        chunk = row.chunk if row is not None else 0
        if body.limit == _UNLIMITED or (body.limit is not None and 0 < chunk <= body.limit):
            yield from () if unknown else (PASSED,)  # no pass without evidence
        elif body.limit is None:
            yield Undetermined(subject, Kind.UNSUPPORTED, body.why_unknown, location=body.location, affects=())
        elif blob is not None and blob.size > body.limit:
            yield _too_large(site, registry.host, body, blob)
        elif unknown:
            why = f"the size of {many(len(unknown), 'image')} is unknown, and {body.who} limits a request to "
            why += format_size(body.limit)
            yield Undetermined(subject, Kind.MISSING_EVIDENCE, why, site.faults_of(unknown), location=body.location, affects=())
        else:
            yield PASSED


def _too_many(site: Site, counted: CountedPulls) -> Finding:
    limits = pull_limits(_HUB)
    shown = f"{counted.least:,}" if counted.least == counted.most else f"{counted.least:,} to {counted.most:,}"
    allowed = " and ".join(f"{limit.pulls} with {limit.account}" for limit in limits)
    periods = -(-counted.least // limits[-1].pulls)
    parts = (
        Part(f"The copy pulls {many(len(counted.images), 'image')} from Docker Hub, which counts {shown} pulls."),
        Part(f"Docker Hub allows in {limits[0].hours} hours: {allowed}. Then it answers 429 and the copy stops.", Role.EFFECT),
        Part(f"Error of the tool: `{_TOO_MANY}`.", Role.SYMPTOM),
    )
    return Finding(
        severity=Severity.WARNING,
        subject=Subject("registry", _HUB),
        parts=parts,
        case="pulls",
        facts={"images": len(counted.images), "at_least": counted.least, "at_most": counted.most, "allowed": limits[0].pulls},
        location=site.plan.where("copy"),
        remedies=(
            Remedy("edit", "Log in to Docker Hub with an account that has a paid subscription before the copy."),
            Remedy("edit", f"Or log in with a free account, and copy in {many(periods, 'period')} of {limits[0].hours} hours."),
        ),
        affects=(),
    )


def _pulls(site: Site) -> Iterator[Outcome]:
    if site.plan.copy is None:
        return
    placements = _to_push(site)
    counted = counted_pulls(placements, _HUB)
    if counted.least > pull_limits(_HUB)[0].pulls:
        yield _too_many(site, counted)
    elif counted.images and all(one.resolution.payload is not None for one in placements):
        yield PASSED


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per limit of the internal registry, and one for the pulls from Docker Hub."""
    yield from _bodies(site)
    yield from _pulls(site)


CHECK = define(
    run,
    title="Copy exceeds a request limit of a registry",
    holds="The copy stays within the limits of registries",
    area=Area.STORAGE,
    severity=Severity.ERROR,
    requires=(Requirement.IMAGES, Requirement.LIMITS),
)
