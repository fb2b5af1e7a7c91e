"""## What it checks
The nodes of each Windows pool do not look for root certificates outside: the automatic root update is switched off, or
pointed to a place that stays reachable.

## Why it matters
Windows asks `ctldl.windowsupdate.com` for its list of roots about once a week, and for a root whenever a chain leads to one
that it does not have. Where the packets are dropped, it waits 15 seconds; containerd gives a TLS handshake 10 seconds, and
says `net/http: TLS handshake timeout` although nothing is wrong with the certificate. Chains of a CA inside stall as well.

## How to fix
Switch it off by group policy, "Turn off Automatic Root Certificates Update", once the roots that are needed are installed; or
fill a share inside with `certutil -syncWithWU` and point `RootDirUrl` to it. At the firewall, refuse these hosts rather than
dropping their packets.

## When it cannot tell
Never: where neither the plan nor a dump of a node says otherwise, Windows does what it does by default.

## References
Microsoft: configure-trusted-roots-disallowed-certificates; golang/go#63238; facts/root_updates.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Part, Remedy, Role, Severity, define
from auditor.net import Scope
from auditor.pki.clients import client_model, root_update_url
from auditor.plan.model import Pool
from auditor.site import Requirement, Site
from auditor.site.trust.callers import clients_of
from auditor.site.trust.dials import CRYPTOAPI_WAIT
from auditor.site.trust.pools import root_updates
from checks.pools import pool_subject

ID = "root-update-stall"
_POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\SystemCertificates\AuthRoot"


def _who_stalls(pool: Pool) -> tuple[str, ...]:
    """The clients of a pool that wait for Windows to update its roots, and give up before it does."""
    models = (client_model(client, "windows") for client in clients_of(pool))
    return tuple(model.id for model in models if model is not None and model.updates_roots and model.timeout < CRYPTOAPI_WAIT)


def _finding(pool: Pool, setting: str, synced: datetime.datetime | None) -> Finding:
    listed = root_update_url("list")
    asked = listed if setting in {"", "enabled"} else setting
    unsaid = "" if setting else ", as Windows does unless it is told otherwise and the plan does not say"
    clients = _who_stalls(pool)
    first = client_model(clients[0], "windows") if clients else None
    symptom = first.symptom("stall") if first is not None else ""
    waits = f'{", ".join(clients)} would say: "{symptom}".' if symptom else "Its clients wait for it, and then go on."
    return Finding(
        check=ID,
        severity=Severity.WARNING,
        subject=pool_subject(pool),
        parts=(
            Part(f"The nodes of {pool.name} look for roots at {asked}{unsaid}.", names_who=True),
            Part(f"With the cable cut that takes up to {CRYPTOAPI_WAIT} seconds.", Role.EFFECT),
            Part(waits, Role.SYMPTOM if symptom else Role.EFFECT),
        ),
        case=setting or "default",
        facts={
            "root_updates": setting or "not said",
            "last_asked": synced.isoformat() if synced is not None else "not known",
            "dials": (asked,),
            "clients": clients,
            "symptom": symptom,
        },
        location=pool.location,
        remedies=(
            Remedy(
                "command",
                f"Switch it off on each node of {pool.name}, and write `root_updates: disabled` into the plan.",
                (rf"reg add {_POLICY} /v DisableRootAutoUpdate /t REG_DWORD /d 1 /f",),
            ),
            Remedy(
                "copy",
                "Or fill a share inside with Microsoft's roots, and point the nodes to it.",
                (r"certutil -syncWithWU \\server\roots",),
            ),
        ),
    )


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """One outcome per Windows pool."""
    del today
    fine = 0
    for pool in site.plan.pools:
        if not pool.is_windows:
            continue
        given = site.trusts.given(pool.trust)
        setting = root_updates(pool, given)
        if setting == "disabled" or (setting not in {"", "enabled"} and site.reach.of_url(setting) is Scope.INTERNAL):
            fine += 1
        else:
            yield _finding(pool, setting, given.updates.synced if given.updates is not None else None)
    if fine:
        yield Fine(fine)


CHECK = define(
    run,
    id=ID,
    title="Windows looks for roots outside, and stalls",
    family="trust",
    area=Area.CONNECTIONS,
    severity=Severity.WARNING,
    requires=(Requirement.ENDPOINTS, Requirement.WINDOWS_POOLS),
)
