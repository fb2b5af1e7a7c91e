r"""## What it checks
Each CA that the container runtime of a Windows pool uses is also in the Windows machine store. The runtime takes CAs from
hosts.toml, from registries.yaml or from a folder of certificates.

## Why it matters
A Go program on Windows first asks Windows to verify the chain. It uses its own CA file only after Windows rejects the chain.
If the CA is not in the machine store, Windows tries to download the root. This takes 15 seconds if the firewall drops
packets. containerd gives up after 10 seconds with `net/http: TLS handshake timeout`. curl.exe and PowerShell never read the
CA file.

## How to fix
Install the CA into `LocalMachine\Root` on every node with `certutil -addstore -f Root ca.cer` or group policy, and add its
file to the pool's `trust`. Alternatively, disable the automatic root update, so that Windows rejects the chain at once.

## When it is undetermined
The CA file is not among the files of the plan, or a file of the node configuration cannot be read.

## References
golang/go src/crypto/x509/root_windows.go, 1.18 release notes; golang/go#63238; openbao/openbao#1510; facts/tls_clients.yaml.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from auditor.check import Area, Finding, Fine, Outcome, Remedy, Severity, Undetermined, define
from auditor.evidence.model import Kind
from auditor.pki.certificate import Certificate
from auditor.plan.model import Pool
from auditor.site import Requirement, Site
from auditor.site.trust.pools import root_updates
from auditor.site.trust.runtime import RuntimeCa
from checks._shared.pools import pool_subject, unread_config


def _finding(pool: Pool, ca: RuntimeCa, certificate: Certificate, dump: str) -> Finding:
    lacks = f"the dump {dump} does not contain it" if dump else "it is not in the pool's `trust`"
    return Finding(
        subject=pool_subject(pool),
        message=f"The runtime of {pool.name} uses {certificate.name} for {ca.setting.host}, but the machine store does not "
        f"have it: {lacks}. Windows verifies first and tries to download the root from an external host. "
        "Error on the node: `net/http: TLS handshake timeout`.",
        case=certificate.sha256,
        facts={"ca": certificate.name, "sha1": certificate.sha1, "host": ca.setting.host, "file": ca.written},
        location=ca.setting.location,
        remedies=(
            Remedy(
                "install",
                f"Install {certificate.name} into LocalMachine\\Root on each node of {pool.name}, and add its file to the "
                "pool's `trust`.",
                ("certutil -addstore -f Root ca.cer",),
            ),
        ),
        root_cause=("root", certificate.name),
    )


def _of_pool(site: Site, pool: Pool, cas: tuple[RuntimeCa, ...]) -> Iterator[Outcome]:
    given = site.trusts.given(pool.trust)
    silent = root_updates(pool, given) == "disabled"
    seen: set[Certificate] = set()
    for ca in cas:
        if not ca.file:
            detail = f"{ca.setting.location} names {ca.written}, which is not among the files of the plan"
            yield Undetermined(pool_subject(pool), Kind.MISSING_EVIDENCE, detail)
        for certificate in ca.certificates if ca.heeded else ():
            if certificate in seen:
                continue
            seen.add(certificate)
            if silent or any(certificate in store for store in site.trusts.of(pool).system):
                yield Fine()
            else:
                yield _finding(pool, ca, certificate, given.proof)


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """Yield one outcome per Windows pool and CA; a pool whose runtime uses no CA file passes."""
    del today
    for pool in site.plan.pools:
        if not pool.is_windows or pool.name not in site.node_configs:
            continue
        cas = site.trusts.runtime.get(pool.name, ())
        unread = tuple(unread_config(pool, site.node_configs[pool.name]))
        yield from unread
        if any(ca.heeded for ca in cas):
            yield from _of_pool(site, pool, cas)
        elif not unread:
            yield Fine()


CHECK = define(
    run,
    title="CA is missing from the Windows machine store",
    holds="The Windows machine store has the CAs",
    area=Area.TRUST,
    severity=Severity.WARNING,
    requires=(Requirement.WINDOWS_POOLS, Requirement.NODE_CONFIG),
)
