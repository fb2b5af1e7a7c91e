r"""## What it checks
A CA that the runtime of a Windows pool is given, by hosts.toml, registries.yaml or a folder of certificates, is in the
machine's own store as well.

## Why it matters
A Go program on Windows asks Windows first and looks into its own file only when Windows has said no. Without the CA in its
store, Windows looks for the root outside before it says so: 15 seconds where packets are dropped, and containerd gives up
after 10 with `net/http: TLS handshake timeout`. curl.exe and PowerShell on the same node never see the file at all.

## How to fix
Put the CA into `LocalMachine\Root` on every node, by `certutil -addstore -f Root ca.cer` or group policy, and its file into
the pool's `trust`; or switch the automatic root update off, so that Windows says no at once.

## When it cannot tell
The CA file is not among the files that the plan names, or a file of the node configuration cannot be read.

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
from checks.pools import pool_subject, unread_config

ID = "ca-not-in-machine-store"


def _finding(pool: Pool, ca: RuntimeCa, certificate: Certificate, dump: str) -> Finding:
    lacks = f"the dump {dump} does not have it" if dump else "the pool's `trust` does not name it"
    return Finding(
        check=ID,
        severity=Severity.WARNING,
        subject=pool_subject(pool),
        message=f"The runtime of {pool.name} is given {certificate.name} for {ca.setting.host}, and Windows is not: {lacks}. "
        'Windows is asked first, looks for the root outside, and the runtime says: "net/http: TLS handshake timeout".',
        case=certificate.sha256,
        facts={"ca": certificate.name, "sha1": certificate.sha1, "host": ca.setting.host, "file": ca.written},
        location=ca.setting.location,
        remedies=(
            Remedy(
                "install",
                f"On each node of {pool.name} put {certificate.name} into LocalMachine\\Root as well, and its file into the "
                "pool's `trust`.",
                ("certutil -addstore -f Root ca.cer",),
            ),
        ),
    )


def _of_pool(site: Site, pool: Pool, cas: tuple[RuntimeCa, ...]) -> Iterator[Outcome]:
    given = site.trusts.given(pool.trust)
    silent = root_updates(pool, given) == "disabled"
    seen: set[Certificate] = set()
    for ca in cas:
        if not ca.file:
            detail = f"{ca.setting.location} names {ca.written}, which is not among the files of the plan"
            yield Undetermined(ID, pool_subject(pool), Kind.MISSING_EVIDENCE, detail)
        for certificate in ca.certificates if ca.heeded else ():
            if certificate in seen:
                continue
            seen.add(certificate)
            if silent or any(certificate in store for store in site.trusts.of(pool).system):
                yield Fine()
            else:
                yield _finding(pool, ca, certificate, given.proof)


def run(site: Site, today: datetime.date) -> Iterator[Outcome]:
    """One outcome per Windows pool and CA; a pool whose runtime is given none is in order."""
    del today
    for pool in site.plan.pools:
        if not pool.is_windows or pool.name not in site.node_configs:
            continue
        cas = site.trusts.runtime.get(pool.name, ())
        unread = tuple(unread_config(ID, pool, site.node_configs[pool.name]))
        yield from unread
        if any(ca.heeded for ca in cas):
            yield from _of_pool(site, pool, cas)
        elif not unread:
            yield Fine()


CHECK = define(
    run,
    id=ID,
    title="A CA is given to the runtime, and not to Windows",
    family="trust",
    area=Area.TRUST,
    severity=Severity.WARNING,
    requires=(Requirement.WINDOWS_POOLS, Requirement.NODE_CONFIG),
)
