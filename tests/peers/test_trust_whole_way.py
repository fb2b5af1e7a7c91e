"""An endpoint without its intermediate, end to end: served by nginx, collected, audited, and requested by a real client."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from auditor.testing.certificates import SERVER, Hierarchy, hierarchy, make_crl
from tests.cli.runner import auditor
from tests.peers.gateway import Gateway, Sent, serve_gateway
from tests.peers.pki.judges import Go, Question
from tests.peers.programs import require
from tests.peers.tls import nginx_server

pytestmark = pytest.mark.peer
PLAN = """\
version: 1
pools:
  linux: {platform: linux/amd64, runtime: containerd 2.1.6, trust: [root.pem]}
  windows:
    platform: windows/amd64:ltsc2022
    runtime: containerd 1.7.27
    trust: [root.pem]
    root_updates: disabled
    clients: [containerd, curl]
"""
REFUSED = "tls: failed to verify certificate: x509: certificate signed by unknown authority"


@dataclass(frozen=True)
class Site:
    """A folder with a plan, and the server of issuers and CRLs that its certificates name."""

    folder: Path
    made: Hierarchy
    publisher: Gateway

    @property
    def aia(self) -> str:
        return f"http://{self.publisher.host}/issuing.cer"

    @property
    def crl(self) -> str:
        return f"http://{self.publisher.host}/issuing.crl"

    def asked(self) -> list[str]:
        return sorted(one.path for one in self.publisher.log)

    @contextmanager
    def serving(self, chain: bytes) -> Iterator[int]:
        """The endpoint, over TLS 1.2 and 1.3."""
        folder = self.folder / "nginx"
        folder.mkdir(exist_ok=True)
        with nginx_server(require("nginx"), folder, chain, self.made.leaf.key_pem, "TLSv1.2 TLSv1.3") as port:
            yield port

    def audited(self, port: int, reachable: str = "") -> dict[str, Any]:
        """Collected while the endpoint is up, and audited from the evidence alone."""
        network = f"network: {{reachable: [{reachable}]}}\n" if reachable else ""
        (self.folder / "plan.yaml").write_text(f"{PLAN}endpoints: [{{host: 'localhost:{port}', kind: registry}}]\n{network}")
        done = auditor("collect", "plan.yaml", "-o", "site.evidence", cwd=self.folder)
        assert done.returncode == 0, done.stderr
        done = auditor("audit", "site.evidence", "--at", "2026-11-23", "--format", "json", cwd=self.folder)
        report: dict[str, Any] = json.loads(done.stdout)
        return report


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serve_gateway() as publisher:
        urls = {"aia": (f"http://{publisher.host}/issuing.cer",), "crl": (f"http://{publisher.host}/issuing.crl",)}
        made = hierarchy(leaf=replace(SERVER, dns=("localhost",), **urls))
        end = datetime.datetime(2029, 1, 1, tzinfo=datetime.UTC)
        publisher.answers |= {
            "/issuing.cer": Sent(body=made.issuing.certificate.der),
            "/issuing.crl": Sent(body=make_crl(made.issuing, end)),
        }
        (tmp_path / "root.pem").write_bytes(made.root.pem)
        yield Site(tmp_path, made, publisher)


def incomplete(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The findings of chain-incomplete by the client and pool that they list."""
    found = [finding for finding in report["findings"] if finding["check"] == "chain-incomplete"]
    return {who: finding for finding in found for who in finding["facts"]["refused_by"]}


def test_missing_intermediate_shows_the_error_of_a_windows_node(site: Site) -> None:
    with site.serving(site.made.leaf.pem) as port:
        found = incomplete(site.audited(port))
    assert site.asked() == [], "the plan does not reach that host"
    assert sorted(found) == ["containerd on linux", "containerd on windows", "curl on windows"]
    assert {finding["severity"] for finding in found.values()} == {"error"}
    message = found["containerd on windows"]["message"]
    assert f"containerd, curl on windows try to download it from {site.aia}" in message
    assert f"`{REFUSED}`" in message
    assert "`net/http: TLS handshake timeout`" in message
    assert "SEC_E_UNTRUSTED_ROOT (0x80090325)" in message


def test_error_of_a_real_go_client_matches_the_audit(site: Site, tmp_path_factory: pytest.TempPathFactory) -> None:
    go = Go.built(tmp_path_factory.mktemp("go"))
    at = datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)
    with site.serving(site.made.leaf.pem) as port:
        message = incomplete(site.audited(port))["containerd on linux"]["message"]
        question = Question((), (site.made.root.certificate,), "localhost", at)
        (told,) = go.verdicts([question], address=f"localhost:{port}")
    assert told.said == REFUSED
    assert f"`tls: failed to verify certificate: {told.said.removeprefix('tls: failed to verify certificate: ')}`" in message


def test_reachable_issuer_is_requested_once_and_reported(site: Site) -> None:
    with site.serving(site.made.leaf.pem) as port:
        found = incomplete(site.audited(port, "127.0.0.1"))
        assert site.asked() == ["/issuing.cer", "/issuing.crl"]
    assert found["containerd on windows"]["severity"] == "warning"
    assert site.aia in found["containerd on windows"]["message"]
    assert found["containerd on linux"]["severity"] == "error", "Go on Linux fetches nothing"


def test_complete_chain_passes(site: Site) -> None:
    with site.serving(site.made.leaf.pem + site.made.issuing.pem) as port:
        report = site.audited(port, "127.0.0.1")
    status = {row["id"]: row["status"] for row in report["checks"]}
    assert (status["chain-incomplete"], status["tls-version-mismatch"]) == ("passed", "passed")
    trust = {(row["pool"], row["client"]): row["verdict"] for row in report["trust"]}
    assert trust["windows", "containerd"] == trust["linux", "containerd"] == "verifies"


def test_tls_13_only_server_is_an_error_for_schannel_on_2019(site: Site) -> None:
    folder = site.folder / "nginx"
    folder.mkdir()
    chain = site.made.leaf.pem + site.made.issuing.pem
    with nginx_server(require("nginx"), folder, chain, site.made.leaf.key_pem, "TLSv1.3") as port:
        plan = PLAN.replace("ltsc2022", "ltsc2019")
        (site.folder / "plan.yaml").write_text(f"{plan}endpoints: [{{host: 'localhost:{port}', kind: registry}}]\n")
        assert auditor("collect", "plan.yaml", "-o", "site.evidence", cwd=site.folder).returncode == 0
    done = auditor("audit", "site.evidence", "--at", "2026-11-23", "--format", "json", cwd=site.folder)
    found = [finding for finding in json.loads(done.stdout)["findings"] if finding["check"] == "tls-version-mismatch"]
    assert found, done.stdout
    assert all("TLS 1.3" in finding["message"] or "TLSv1.3" in finding["message"] for finding in found)


def test_crl_that_ends_before_the_horizon_is_reported(site: Site) -> None:
    soon = datetime.datetime(2027, 1, 15, tzinfo=datetime.UTC)
    site.publisher.answers["/issuing.crl"] = Sent(body=make_crl(site.made.issuing, soon))
    with site.serving(site.made.leaf.pem + site.made.issuing.pem) as port:
        report = site.audited(port, "127.0.0.1")
    (found,) = [finding for finding in report["findings"] if finding["check"] == "crl-stale"]
    assert site.crl in json.dumps(found)
    assert "2027-01-15" in found["message"]
