"""The site after the files of `auditor fix` are in use, and the findings that the next audit then no longer reports."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import replace

from auditor.check import Finding, Severity
from auditor.engine import evaluate
from auditor.fix.fix_files import Joins, Written
from auditor.fix.reported import Reported
from auditor.needs.resolve import resolve_needs
from auditor.plan.model import ImageSource, Plan, Pool
from auditor.plan.plan_paths import is_inside, normal
from auditor.site import Site
from checks import CATALOGUE


def applied(site: Site, files: Iterable[Written]) -> Site:
    """Return the site with each file in place and named in the plan. Copy scripts are not run.

    Lists replace the whole `images` of the plan.
    """
    used = [file for file in files if file.place]
    if not used:
        return site
    plan = site.plan
    plan = replace(plan, files={**plan.files, **{file.place: file.text.encode() for file in used}})
    for file in used:
        plan = _named(plan, file)
    lists = [file for file in used if file.joins is Joins.LIST]
    if not lists:
        return Site(plan, site.needs, site.evidence, site.places)
    sources = (ImageSource(file.pools, plan.where("images"), list=file.place) for file in lists)
    plan = replace(plan, images=tuple(sources))
    return Site(plan, resolve_needs(plan), site.evidence, site.places)


def _named(plan: Plan, file: Written) -> Plan:
    """Return the plan with the file named in the key of `file.joins`."""
    match file.joins:
        case Joins.CONFIG | Joins.TRUST:
            return replace(plan, pools=tuple(_in_pool(pool, file) if pool.name in file.pools else pool for pool in plan.pools))
        case Joins.COPY if plan.copy is not None:
            return replace(plan, copy=replace(plan.copy, config=_with(plan.copy.config, file.place)))
        case Joins.REGISTRY if plan.registry is not None:
            return replace(plan, registry=replace(plan.registry, config=file.place))
        case _:
            return plan


def _in_pool(pool: Pool, file: Written) -> Pool:
    if file.joins is Joins.CONFIG:
        return replace(pool, config=_with(pool.config, file.place))
    return replace(pool, trust=_with(pool.trust, file.place))


def _with(names: tuple[str, ...], place: str) -> tuple[str, ...]:
    return names if any(is_inside(place, normal(name)) for name in names) else (*names, place)


def confirmed(site: Site, files: Sequence[Written], claims: Iterable[Reported], day: datetime.date) -> frozenset[str]:
    """Return the fingerprints of the claimed findings that an audit with these files resolves.

    A finding does not count as resolved if its check becomes undetermined, or if another finding of the same check and
    subject, at least as severe, replaces it.
    """
    wanted = {claim.fingerprint: claim for claim in claims}
    ids = {claim.check for claim in wanted.values()}
    checks = tuple(check for check in CATALOGUE if check.id in ids)
    old = {one.fingerprint for result in evaluate(site, checks, day).results for one in result.findings}
    results = evaluate(applied(site, files), checks, day).results
    found = {one.fingerprint: one for result in results for one in result.findings}
    new = [one for one in found.values() if one.fingerprint not in old]
    unsure = {(one.check, one.subject) for result in results for one in result.undetermined}
    return frozenset(
        claim.fingerprint
        for claim in wanted.values()
        if claim.fingerprint in old - found.keys()
        and (claim.check, claim.subject) not in unsure
        and not any((one.check, one.subject) == (claim.check, claim.subject) and _is_as_bad(one, claim) for one in new)
    )


def _is_as_bad(finding: Finding, claim: Reported) -> bool:
    return finding.severity.value == claim.severity or finding.severity is Severity.ERROR
