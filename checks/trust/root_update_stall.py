"""## What it checks
The nodes of each Windows pool do not request root certificates from external hosts. The automatic root update is disabled, or
it uses an internal URL.

## Why it matters
Windows requests its root list from `ctldl.windowsupdate.com` about once a week. It also requests a root when a chain leads to
one that it does not have. If the firewall drops the packets, Windows waits for 15 seconds. containerd gives up on the
handshake after 10 seconds with `net/http: TLS handshake timeout`, although the certificate is valid. Chains of a private CA
are delayed as well.

## How to fix
Install the roots that the site needs. Then disable the update with the group policy "Turn off Automatic Root Certificates
Update". Alternatively, fill an internal share with `certutil -syncWithWU` and set `RootDirUrl` to it. Let the firewall reject
packets to these hosts instead of dropping them.

## When it is undetermined
Never: if neither the plan nor a dump of a node has the setting, the Windows default applies.

## References
Microsoft: configure-trusted-roots-disallowed-certificates; golang/go#63238; facts/root_updates.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import PASSED, Area, Finding, Outcome, Part, Remedy, Role, Severity, define
from auditor.net import Scope
from auditor.pki.clients import client_model, cryptoapi_wait, root_update_url
from auditor.plan.model import Pool
from auditor.site import Requirement, Site
from auditor.site.trust.callers import clients_of
from auditor.site.trust.pools import root_updates
from checks._shared.pools import pool_subject

_POLICY = r"HKLM\SOFTWARE\Policies\Microsoft\SystemCertificates\AuthRoot"


def _who_stalls(pool: Pool) -> tuple[str, ...]:
    """Return the pool's clients that time out before the root update of Windows does."""
    models = (client_model(client, "windows") for client in clients_of(pool))
    return tuple(model.id for model in models if model is not None and model.updates_roots and model.timeout < cryptoapi_wait())


def _finding(pool: Pool, setting: str, synced: datetime.datetime | None) -> Finding:
    listed = root_update_url("list")
    asked = listed if setting in {"", "enabled"} else setting
    unsaid = "" if setting else " (the Windows default; the plan does not set `root_updates`)"
    clients = _who_stalls(pool)
    first = client_model(clients[0], "windows") if clients else None
    symptom = first.symptom("stall") if first is not None else ""
    waits = f"Error from {', '.join(clients)}: `{symptom}`." if symptom else "Its clients wait, then continue."
    return Finding(
        subject=pool_subject(pool),
        parts=(
            Part(f"The nodes of {pool.name} request roots from {asked}{unsaid}.", names_who=True),
            Part(f"Offline, this request takes up to {cryptoapi_wait()} seconds.", Role.EFFECT),
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
                f"Disable it on each node of {pool.name}, and set `root_updates: disabled` for the pool in the plan.",
                (rf"reg add {_POLICY} /v DisableRootAutoUpdate /t REG_DWORD /d 1 /f",),
            ),
            Remedy(
                "copy",
                "Or fill an internal share with Microsoft's roots, and point the nodes to it.",
                (r"certutil -syncWithWU \\server\roots",),
            ),
        ),
    )


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per Windows pool."""
    del today
    for pool in site.plan.pools:
        if not pool.is_windows:
            continue
        given = site.trusts.given(pool.trust)
        setting = root_updates(pool, given)
        if setting == "disabled" or (setting not in {"", "enabled"} and site.reach.of_url(setting) is Scope.INTERNAL):
            yield PASSED
        else:
            yield _finding(pool, setting, given.updates.synced if given.updates is not None else None)


CHECK = define(
    run,
    title="Automatic root updates delay TLS handshakes on Windows",
    holds="No automatic root update delays TLS handshakes",
    area=Area.CONNECTIONS,
    severity=Severity.WARNING,
    requires=(Requirement.ENDPOINTS, Requirement.WINDOWS_POOLS),
)
