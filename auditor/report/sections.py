"""The report's sections, from the same views of the site that the checks read: nothing is decided here."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping

from auditor.pki.verdicts import Incomplete
from auditor.report import EgressRow, EvidenceRow, StorageItem, StorageStage, TrustRow, TrustStep
from auditor.report.fetched import fetched_rows
from auditor.site import Site
from auditor.site.layers import LayerEgress
from auditor.site.mirrors import Way
from auditor.site.storage.stage import Stage
from auditor.site.trust.cases import Prospect, TrustCase, needs_windows_update
from auditor.site.trust.dials import CRYPTOAPI_WAIT, Purpose
from auditor.site.trust.picture import Step
from auditor.text import many
from auditor.transfer.network import Dial, dial_of

ITEMS = 10
_PURPOSES: Mapping[Purpose, str] = {
    Purpose.ISSUER: "to find the issuer of a certificate of",
    Purpose.ROOT: "to find the root of",
    Purpose.REVOCATION: "to ask about revocation for",
}


def _layer_rows(site: Site) -> Iterator[EgressRow]:
    """One row per host and pool, with every image that makes it dial."""
    images: dict[tuple[Dial, str], dict[str, None]] = {}
    told: dict[tuple[Dial, str], LayerEgress] = {}
    for egress in site.layer_egress:
        for dial in egress.dials:
            told.setdefault((dial, egress.pool), egress)
            images.setdefault((dial, egress.pool), {}).update(dict.fromkeys(egress.images))
    for (dial, pool), egress in told.items():
        yield EgressRow(
            host=dial.host,
            port=dial.port,
            scheme=dial.scheme,
            who=f"{pool} ({egress.runtime})",
            why=f"layers of {', '.join(images[dial, pool])}",
            when_blocked=egress.rule.when_blocked if egress.rule is not None else "unknown for this runtime",
            check="foreign-layer-egress",
        )


def _trust_dials(site: Site, today: datetime.date) -> Iterator[EgressRow]:
    for case in site.trust(today):
        for one in case.dialled:
            dial = dial_of(one.url)
            if dial is None or one.inside:
                continue
            yield EgressRow(
                host=dial.host,
                port=dial.port,
                scheme=dial.scheme,
                who=f"{case.pool.name} ({case.client})",
                why=f"{_PURPOSES[one.purpose]} {case.endpoint.name}",
                when_blocked=_when_blocked(case, one.purpose),
                check=_dial_check(case, one.purpose),
            )


def _when_blocked(case: TrustCase, purpose: Purpose) -> str:
    if case.prospect is Prospect.VERIFIES:
        asked = "goes on without an answer" if purpose is Purpose.REVOCATION else "then trusts the file that it was given"
        return f"the client waits up to {CRYPTOAPI_WAIT} seconds, and {asked}"
    return case.symptom or "the connection stalls until the client gives up"


def _dial_check(case: TrustCase, purpose: Purpose) -> str:
    match purpose:
        case Purpose.REVOCATION:
            return "revocation-egress"
        case Purpose.ISSUER if isinstance(case.verdict, Incomplete):
            return "chain-incomplete"
        case _:
            return "root-needs-windows-update" if needs_windows_update(case) else "root-not-trusted"


def _mirror_rows(site: Site) -> Iterator[EgressRow]:
    """Registries outside that nodes are told to ask, or ask because they are told of no other."""
    for group in site.mirroring:
        lead = group.first
        fails = lead.way is not Way.FALLS_BACK
        blocked = "the pull fails" if fails else "pulls wait for it whenever the mirror lacks an image, and then fail"
        for one in lead.outside:
            dial = dial_of(one.url)
            if dial is None:
                continue
            yield EgressRow(
                host=dial.host,
                port=dial.port,
                scheme=dial.scheme,
                who=f"{group.pool.name} (container runtime)",
                why=f"images of {group.registry}",
                when_blocked=blocked,
                check="mirror-not-configured",
            )


def egress_rows(site: Site, today: datetime.date) -> tuple[EgressRow, ...]:
    """Every host that something would dial, each (host, port, who, check, why) once, sorted."""
    unique: dict[tuple[str, int, str, str, str], EgressRow] = {}
    for row in (*_layer_rows(site), *_mirror_rows(site), *_trust_dials(site, today), *fetched_rows(site)):
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
    """The stages by name; none where no image is needed."""
    return {stage.name: _stage(stage) for stage in site.storage.stages}


def _step(step: Step) -> TrustStep:
    until = step.until.isoformat() if step.until is not None else ""
    return TrustStep(step.name, step.origin.value, step.key, until, step.sha1, step.flaws)


def trust_rows(site: Site, today: datetime.date) -> tuple[TrustRow, ...]:
    """Each endpoint as each client of each pool would see it."""
    return tuple(
        TrustRow(
            endpoint=case.endpoint.name,
            pool=case.pool.name,
            client=case.client,
            verdict=case.prospect.value,
            path=case.path,
            dials=case.dials,
            symptom=case.reason,
            os=case.pool.platform.os,
            steps=tuple(map(_step, site.trust_path(case))),
        )
        for case in site.trust(today)
    )


def evidence_rows(site: Site) -> tuple[EvidenceRow, ...]:
    """What the evidence holds, by kind and place."""
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
