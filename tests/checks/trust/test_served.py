"""End to end: real servers, the real collector, the checks, and the errors of real clients for the same server."""

from __future__ import annotations

import datetime
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.check import Finding
from auditor.collectors.tls import observe_chain
from auditor.errors import Location
from auditor.needs.model import Needs
from auditor.plan.model import Endpoint, Plan
from auditor.site import Site
from auditor.testing.certificates import AIA, CA, SERVER, Hierarchy, Shape, hierarchy, make
from checks.trust import certificate_name_mismatch, chain_incomplete, root_not_trusted
from tests.checks.trust.sites import ChainsOnly, examined, findings, outcomes, pool, windows
from tests.peers.programs import require
from tests.peers.tls import python_server

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
TODAY = NOW.date()
DAY = datetime.timedelta(days=1)
LEAF = replace(SERVER, dns=("localhost",), start=NOW - 10 * DAY, end=NOW + 30 * DAY, aia=(AIA,), key_kind="rsa")
AUTHORITY = replace(CA, start=NOW - 20 * DAY, end=NOW + 900 * DAY)


def made(leaf: Shape = LEAF) -> Hierarchy:
    return hierarchy(leaf=leaf, issuing=AUTHORITY, root=AUTHORITY, name="localhost")


def audited(chain: Hierarchy, port: int, *, trusted: bool = True) -> Site:
    """The site of one linux and one windows pool, with what the collector saw."""
    endpoint = Endpoint("localhost", port, Location("plan.yaml", 1))
    trust = ("root.pem",) if trusted else ()
    clients = ("containerd", "curl")
    plan = Plan(
        "plan.yaml",
        "0" * 64,
        "served",
        (pool(clients=clients, trust=trust), windows(trust=trust)),
        endpoints=(endpoint,),
        files={"root.pem": chain.root.pem},
    )
    return Site(plan, Needs(), ChainsOnly({endpoint.name: observe_chain("localhost", port)}))


def curl(folder: Path, root: bytes, port: int) -> str:
    (folder / "root.pem").write_bytes(root)
    command = [require("curl"), "-sS", "--noproxy", "*", "--cacert", folder / "root.pem", f"https://localhost:{port}/"]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=30).stderr


def go(folder: Path, root: bytes, port: int) -> str:
    """What a Go program says that trusts `root` alone."""
    (folder / "go-root.pem").write_bytes(root)
    environment = {**os.environ, "SSL_CERT_FILE": str(folder / "go-root.pem"), "SSL_CERT_DIR": "/nonexistent", "NO_PROXY": "*"}
    command = [require("crane"), "manifest", f"localhost:{port}/shop/web:1"]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, env=environment)
    return done.stderr


def symptoms(found: list[Finding]) -> dict[str, str]:
    (finding,) = found
    told = finding.facts["symptoms"]
    assert isinstance(told, tuple)
    return {line.partition(": ")[0].replace(" on ", " "): line.partition(": ")[2] for line in told}


@pytest.mark.peer
def test_complete_chain_verifies_as_in_real_clients(tmp_path: Path) -> None:
    chain = made()
    with python_server(tmp_path, chain.leaf.pem + chain.issuing.pem, chain.leaf.key_pem) as port:
        site = audited(chain, port)
        assert {case.prospect for case in site.trust(TODAY)} == {"verifies"}
        assert examined(outcomes(root_not_trusted.CHECK, site, TODAY)) == 3
        assert "SSL" not in curl(tmp_path, chain.root.pem, port)
        assert "x509" not in go(tmp_path, chain.root.pem, port)


@pytest.mark.peer
def test_missing_intermediate_quotes_the_error_of_real_clients(tmp_path: Path) -> None:
    chain = made()
    with python_server(tmp_path, chain.leaf.pem, chain.leaf.key_pem) as port:
        found = findings(outcomes(chain_incomplete.CHECK, audited(chain, port), TODAY))
        said = symptoms(found)
        assert said["curl control"] in curl(tmp_path, chain.root.pem, port)
        assert said["containerd control"] in go(tmp_path, chain.root.pem, port)
    assert AIA in found[0].message


@pytest.mark.peer
def test_unknown_root_quotes_the_error_of_real_clients(tmp_path: Path) -> None:
    chain = made()
    bare = hierarchy(leaf=replace(LEAF, aia=()), issuing=AUTHORITY, root=AUTHORITY, name="localhost")
    with python_server(tmp_path, bare.leaf.pem + bare.issuing.pem, bare.leaf.key_pem) as port:
        said = symptoms(findings(outcomes(root_not_trusted.CHECK, audited(chain, port, trusted=False), TODAY)))
        stranger = make("Stranger", None, AUTHORITY).pem
        assert said["containerd control"] in go(tmp_path, stranger, port)
        assert said["curl control"] in curl(tmp_path, stranger, port)


@pytest.mark.peer
@pytest.mark.parametrize("start", [NOW - 9 * DAY, NOW + 9 * DAY], ids=["expired", "not yet valid"])
def test_date_faults_quote_the_error_of_real_clients(tmp_path: Path, start: datetime.datetime) -> None:
    chain = made(replace(LEAF, start=start, end=start + DAY))
    with python_server(tmp_path, chain.leaf.pem + chain.issuing.pem, chain.leaf.key_pem) as port:
        said = {f"{case.client} {case.pool.name}": case.symptom for case in audited(chain, port).trust(TODAY)}
        assert said["curl control"] in curl(tmp_path, chain.root.pem, port)
        assert said["containerd control"] in go(tmp_path, chain.root.pem, port)


@pytest.mark.peer
@pytest.mark.parametrize("names", [("other.example", "more.example"), None], ids=["other names", "common name only"])
def test_name_faults_quote_the_error_of_real_clients(tmp_path: Path, names: tuple[str, ...] | None) -> None:
    chain = made(replace(LEAF, dns=names))
    with python_server(tmp_path, chain.leaf.pem + chain.issuing.pem, chain.leaf.key_pem) as port:
        site = audited(chain, port)
        assert len(findings(outcomes(certificate_name_mismatch.CHECK, site, TODAY))) == 1
        said = {f"{case.client} {case.pool.name}": case.symptom for case in site.trust(TODAY)}
        assert said["containerd control"] in go(tmp_path, chain.root.pem, port)
        if names is not None:  # curl still reads a common name where there is no alternative name
            assert said["curl control"] in curl(tmp_path, chain.root.pem, port)
