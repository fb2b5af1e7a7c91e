"""Builders of the report's sections, from the same views of the site that the checks read."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import TYPE_CHECKING

from auditor.check import Check
from auditor.plan.model import Waiver
from auditor.report import (
    CalendarRow,
    EgressRow,
    EvidenceRow,
    RootListRow,
    StorageItem,
    StorageStage,
    TrustFileRow,
    TrustRow,
    TrustStep,
)
from auditor.site import Site, views
from auditor.text import many

if TYPE_CHECKING:
    from auditor.site.storage.stage import Stage
    from auditor.site.trust.picture import PathStep

ITEMS = 10


def egress_rows(site: Site, today: datetime.date, checks: Iterable[Check]) -> tuple[EgressRow, ...]:
    """Return one row for each host, port, client, check and purpose, sorted by these."""
    reporting = {kind: check.id for check in checks for kind in check.connections}
    unique: dict[tuple[str, int, str, str, str], EgressRow] = {}
    for one in site.connections(today):
        remote = one.remote
        row = EgressRow(
            remote.host, remote.port, remote.scheme, one.who, one.why, one.when_blocked, reporting.get(one.kind, "")
        )
        unique.setdefault((row.host, row.port, row.who, row.check, row.why), row)
    return tuple(unique[key] for key in sorted(unique))


def _stage(stage: Stage) -> StorageStage:
    shares = [StorageItem(share.owner, share.bytes) for share in stage.budget.exclusive[:ITEMS]]
    rest = sum(share.bytes for share in stage.budget.exclusive[ITEMS:])
    if rest:
        shares.append(StorageItem(many(len(stage.budget.exclusive) - ITEMS, "more image"), rest))
    if stage.budget.shared:
        shares.append(StorageItem("shared by several images", stage.budget.shared))
    return StorageStage(
        stage=stage.name,
        bytes=stage.bytes,
        capacity=stage.capacity,
        provenance=stage.provenance,
        items=tuple(shares),
        low=stage.low,
        high=None if stage.unknown else stage.high,
        estimated=stage.estimated,
    )


def storage_stages(site: Site) -> dict[str, StorageStage]:
    """Return the stages by name; empty if no image is needed."""
    return {stage.name: _stage(stage) for stage in site.storage.stages}


def _step(step: PathStep) -> TrustStep:
    until = step.until.isoformat() if step.until is not None else ""
    return TrustStep(step.name, step.origin.value, step.key, until, step.sha1, step.flaws, step.is_gap)


def trust_rows(site: Site, today: datetime.date) -> tuple[TrustRow, ...]:
    """Return the verification of each endpoint by each client of each pool."""
    return tuple(
        TrustRow(
            endpoint=case.endpoint.name,
            pool=case.pool.name,
            client=case.client,
            verdict=case.prospect,
            path=case.path,
            dials=case.requested_urls,
            symptom=case.reason,
            os=case.pool.platform.os,
            steps=tuple(map(_step, site.trust_path(case))),
            reason=views.reason_of(case),
            confidence=views.confidence_of(case),
        )
        for case in site.trust(today)
    )


def trust_file_rows(site: Site) -> tuple[TrustFileRow, ...]:
    """Return the files of the trust that could not be used as a whole; none if no endpoint needs them."""
    if not site.endpoints:
        return ()
    return tuple(
        TrustFileRow(one.file, one.pools, one.problem, one.hint, one.usable, one.reader)
        for one in views.unused_files(site.plan, site.trusts)
    )


def root_list_rows(today: datetime.date) -> tuple[RootListRow, ...]:
    """Return the root programs with their ages on a day."""
    from auditor.pki.stores.root_lists import root_lists  # noqa: PLC0415 - a plain list has no certificates

    return tuple(
        RootListRow(one.name, one.package, one.day, (today - one.day).days if one.day else 0, one.is_stale(today))
        for one in root_lists()
    )


def _has_dates(site: Site, waivers: tuple[Waiver, ...]) -> bool:
    plan = site.plan
    token = plan.registry is not None and plan.registry.token_expires is not None
    is_dated = plan.cluster is not None or token or any(pool.is_windows for pool in plan.pools)
    return bool(is_dated or site.endpoints or plan.workloads or plan.signing_roots or waivers)


def calendar_rows(site: Site, today: datetime.date, waivers: tuple[Waiver, ...]) -> tuple[CalendarRow, ...]:
    """Return everything that ends, by date. `waivers` are all that the audit uses."""
    if not _has_dates(site, waivers):  # the modules of certificates take long to import
        return ()
    horizon = site.plan.horizon_from(today)
    return tuple(
        CalendarRow(
            kind=entry.kind,
            name=entry.name,
            ends=entry.ends,
            days=(entry.ends - today).days,
            standing=entry.standing(today, horizon),
            renewal=entry.renewal,
            basis=entry.basis,
            detail=entry.detail,
        )
        for entry in views.calendar_of(site, today, waivers)
    )


def evidence_rows(site: Site) -> tuple[EvidenceRow, ...]:
    """Return the content of the evidence by kind and place."""
    return tuple(
        EvidenceRow(
            what=tally.what,
            place=tally.place,
            seen=tally.seen,
            absent=tally.absent,
            failed=tally.failed,
            oldest=tally.oldest.isoformat(),
            newest=tally.newest.isoformat(),
        )
        for tally in site.evidence.tallies()
    )
