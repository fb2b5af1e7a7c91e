"""kubelet and kube-proxy trust only the CA of their kubeconfig for the API server, on Linux and on Windows."""

from __future__ import annotations

import base64
import datetime
from typing import Any

import pytest
import yaml

from auditor.check import Finding, Severity
from auditor.plan.load import load_plan_files
from auditor.readers.carried import carried_files
from auditor.site import Site
from auditor.site.trust.cases import Prospect, TrustCase
from auditor.testing import site_of
from checks.trust import certificate_name_mismatch, root_not_trusted
from tests.checks.trust.agreement import disagreements

TODAY = datetime.date(2026, 11, 23)
API, CORP, CLUSTER = "k8s.plant7.local:6443", "Corp Root", "Kubernetes CA"
CERTIFICATES: dict[str, Any] = {
    CORP: {},
    CLUSTER: {},
    "api": {"issuer": CLUSTER, "names": ["k8s.plant7.local"]},
    "corp api": {"issuer": CORP, "names": ["k8s.plant7.local"]},
}
WINDOWS = "windows/amd64:ltsc2022"


def site(serves: list[str], files: dict[str, Any], plan: dict[str, Any], **pool: object) -> Site:
    pools = {"control": {"platform": "linux/amd64", **pool}, "win": {"platform": WINDOWS, **pool}}
    written = {"version": 1, "pools": pools, "endpoints": [API], **plan}
    return site_of(
        {
            "plan": yaml.safe_dump(written, sort_keys=False),
            "certificates": CERTIFICATES,
            "files": files,
            "endpoints": {API: {"serves": serves}},
        }
    )


def pem_of(name: str) -> bytes:
    """The certificate as the test kit makes it: the same for each site with these certificates."""
    return site(["api"], {"x.pem": [name]}, {}, trust=["x.pem"]).plan.files["x.pem"]


def kubeconfig(cluster: dict[str, object]) -> str:
    document = {
        "clusters": [{"name": "c", "cluster": {"server": f"https://{API}", **cluster}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
        "users": [{"name": "u", "user": {"client-key-data": base64.b64encode(b"-----BEGIN PRIVATE KEY-----").decode()}}],
    }
    return yaml.safe_dump(document)


def cases(found: Site) -> tuple[TrustCase, ...]:
    assert list(disagreements(found, TODAY)) == []
    return tuple(case for case in found.trust(TODAY) if case.client == "kubelet")


def prospects(found: Site) -> set[Prospect]:
    assert {case.pool.name for case in cases(found)} == {"control", "win"}
    return {case.prospect for case in cases(found)}


CLUSTER_CA = {"cluster": {"distribution": "kubeadm", "version": "v1.34.1", "ca": "ca.pem"}}


@pytest.mark.parametrize("plan", [{}, CLUSTER_CA], ids=["pool", "cluster"])
def test_api_server_of_the_stated_ca_verifies_without_any_other_trust(plan: dict[str, Any]) -> None:
    pool = {} if plan else {"kubeconfig": "ca.pem"}
    assert prospects(site(["api"], {"ca.pem": [CLUSTER]}, plan, **pool)) == {Prospect.VERIFIES}


def test_root_of_the_machine_store_does_not_help_kubelet() -> None:
    files = {"ca.pem": [CLUSTER], "corp.pem": [CORP], "node.json": {"stores": {"Root": [CORP], "AuthRoot": []}}}
    for trust in (["corp.pem"], ["corp.pem", "node.json"]):
        found = site(["corp api", CORP], files, CLUSTER_CA, trust=trust)
        assert prospects(found) == {Prospect.FAILS}
    (finding,) = [one for one in root_not_trusted.run(found, TODAY) if isinstance(one, Finding)]
    assert finding.facts["refused_by"] == ("kubelet on control", "kubelet on win")
    assert "the CA that kubelet trusts (ca.pem) does not contain Corp Root" in finding.message
    assert "`certificate-authority-data`" in finding.remedies[0].text
    assert not any("certutil" in command for remedy in finding.remedies for command in remedy.commands)


def test_pool_overrides_the_cluster() -> None:
    files = {"ca.pem": [CORP], "own.pem": [CLUSTER]}
    assert prospects(site(["api"], files, CLUSTER_CA, kubeconfig="own.pem")) == {Prospect.VERIFIES}


def test_without_a_stated_ca_a_served_root_is_undetermined_and_never_an_error() -> None:
    for serves in (["api"], ["api", CLUSTER]):
        found = site(serves, {"corp.pem": [CORP]}, {}, trust=["corp.pem"])
        assert prospects(found) == {Prospect.UNDETERMINED}
        assert not [one for one in root_not_trusted.run(found, TODAY) if isinstance(one, Finding)]
    # A certificate in the pool's trust stands in.
    assert prospects(site(["api"], {"ca.pem": [CLUSTER]}, {}, trust=["ca.pem"])) == {Prospect.VERIFIES}


def in_kubeconfig(cluster: dict[str, object], **files: Any) -> Site:
    return site(["api"], {"kubelet.conf": kubeconfig(cluster), **files}, {}, kubeconfig="kubelet.conf")


def test_kubeconfig_with_data_and_its_copy_in_evidence_give_the_same() -> None:
    data = base64.b64encode(pem_of(CLUSTER)).decode()
    found = in_kubeconfig({"certificate-authority-data": data})
    assert prospects(found) == {Prospect.VERIFIES}
    kept, notes = carried_files(found.plan)
    assert any("kubelet.conf: its users" in note for note in notes)
    assert b"client-key-data" not in kept["kubelet.conf"]
    again = Site(load_plan_files(found.plan.file, kept), found.needs, found.evidence, found.places)
    assert prospects(again) == {Prospect.VERIFIES}


def test_kubeconfig_with_a_file_finds_it_by_name_or_is_undetermined() -> None:
    named = {"certificate-authority": "/etc/kubernetes/pki/ca.crt"}
    assert prospects(in_kubeconfig(named)) == {Prospect.UNDETERMINED}
    (case, _) = cases(in_kubeconfig(named))
    assert "names /etc/kubernetes/pki/ca.crt, which is not among the files of the plan" in case.verdict.why  # type: ignore[union-attr]
    cluster = {"cluster": {"distribution": "kubeadm", "version": "v1.34.1", "ca": "pki/ca.crt"}}
    files = {"kubelet.conf": kubeconfig(named), "pki/ca.crt": [CLUSTER]}
    assert prospects(site(["api"], files, cluster, kubeconfig="kubelet.conf")) == {Prospect.VERIFIES}


def test_kubeconfig_without_a_ca_uses_the_roots_of_the_system() -> None:
    files = {"kubelet.conf": kubeconfig({}), "ca.pem": [CLUSTER]}
    assert prospects(site(["api"], files, {}, kubeconfig="kubelet.conf", trust=["ca.pem"])) == {Prospect.VERIFIES}
    assert prospects(site(["api", CLUSTER], files, {}, kubeconfig="kubelet.conf")) == {Prospect.FAILS}


def test_kubeconfig_that_skips_verification_has_no_row() -> None:
    assert cases(in_kubeconfig({"insecure-skip-tls-verify": True})) == ()


@pytest.mark.parametrize(
    ("cluster", "error"),
    [
        ({"certificate-authority-data": base64.b64encode(b"no PEM").decode()}, "unable to parse bytes as PEM block"),
        ({"certificate-authority-data": "QQ==", "insecure-skip-tls-verify": True}, "with the insecure flag is not allowed"),
    ],
)
def test_kubeconfig_that_client_go_refuses_is_an_error_with_its_text(cluster: dict[str, object], error: str) -> None:
    found = in_kubeconfig(cluster)
    assert prospects(found) == {Prospect.FAILS}
    (finding,) = [one for one in root_not_trusted.run(found, TODAY) if isinstance(one, Finding)]
    assert error in finding.message
    assert finding.remedies[0].text.startswith("Repair kubelet.conf, on the nodes and in the plan. ")
    assert "openssl x509 -in kubelet.conf" not in finding.remedies[0].text


def test_damaged_kubeconfig_is_undetermined() -> None:
    found = site(["api"], {"kubelet.conf": "clusters: [", "x.pem": [CLUSTER]}, {}, kubeconfig="kubelet.conf", trust=["x.pem"])
    assert prospects(found) == {Prospect.UNDETERMINED}


def test_kube_proxy_follows_the_same_rule() -> None:
    files = {"ca.pem": [CLUSTER], "corp.pem": [CORP]}
    found = site(["corp api", CORP], files, CLUSTER_CA, trust=["corp.pem"], clients=["kube-proxy"])
    assert {case.client: case.prospect for case in found.trust(TODAY)} == {"kube-proxy": Prospect.FAILS}


PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("content", "reason", "error"),
    [
        ("", "it is empty", "x509: certificate signed by unknown authority"),
        ("not a certificate\n", "it is text without a certificate", "unable to parse bytes as PEM block"),
        (PRIVATE_KEY, "it is a private key", "no valid certificate authority data seen"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "Go skips the certificate",
            "failed to parse certificate: x509: malformed certificate",
        ),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n", "it is a PEM file that is cut off", "unable to parse bytes as PEM block"),
        (
            "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n",
            "it is not base64",
            "unable to parse bytes as PEM block",
        ),
    ],
)
def test_ca_file_without_a_certificate_is_reported_as_such(content: str, reason: str, error: str) -> None:
    found = site(["corp api", CORP], {"ca.pem": content}, CLUSTER_CA)
    assert prospects(found) == {Prospect.FAILS}
    (finding,) = [one for one in root_not_trusted.run(found, TODAY) if isinstance(one, Finding)]
    assert "ca.pem, its CA for the API server, holds no certificate that Go reads" in finding.message
    assert reason in finding.message
    assert "does not contain" not in finding.message
    assert error in finding.message
    assert finding.remedies[0].text.startswith("Repair ca.pem, on the nodes and in the plan. ")


def test_der_file_as_cluster_ca_gets_the_command_that_makes_pem() -> None:
    found = site(["api"], {"ca.der": {"der": CLUSTER}}, {"cluster": {**CLUSTER_CA["cluster"], "ca": "ca.der"}})
    (finding,) = [one for one in root_not_trusted.run(found, TODAY) if isinstance(one, Finding)]
    assert "holds no certificate that Go reads: it contains no PEM block, and Go reads only PEM" in finding.message
    assert "openssl x509 -in ca.der -out ca.pem (add -inform der" in finding.remedies[0].text


def test_name_of_the_kubeconfig_is_the_name_that_kubelet_verifies() -> None:
    data = base64.b64encode(pem_of(CLUSTER)).decode()
    for more in ({"tls-server-name": "other.plant7.local"}, {"server": "https://127.0.0.1:6443"}):
        found = in_kubeconfig({"certificate-authority-data": data, **more})
        assert prospects(found) == {Prospect.FAILS}
        (finding,) = [one for one in certificate_name_mismatch.run(found, TODAY) if isinstance(one, Finding)]
        host = more.get("tls-server-name", "127.0.0.1")
        assert f"does not cover {host}" in finding.message
        assert finding.facts["refused_by"] == ("kubelet on control", "kubelet on win")
        assert "`server` or `tls-server-name`" in finding.message


def test_tls_server_name_that_the_certificate_covers_replaces_the_endpoint() -> None:
    """The endpoint is an address that the certificate does not cover."""
    data = base64.b64encode(pem_of(CLUSTER)).decode()
    address = "10.0.0.5:6443"
    conf = kubeconfig(
        {"certificate-authority-data": data, "server": f"https://{address}", "tls-server-name": "k8s.plant7.local"}
    )
    pools = {"control": {"platform": "linux/amd64", "kubeconfig": "kubelet.conf"}}
    found = site_of(
        {
            "plan": yaml.safe_dump({"version": 1, "pools": pools, "endpoints": [address]}),
            "certificates": CERTIFICATES,
            "files": {"kubelet.conf": conf},
            "endpoints": {address: {"serves": ["api"]}},
        }
    )
    assert [case.prospect for case in cases(found)] == [Prospect.VERIFIES]
    assert not [one for one in certificate_name_mismatch.run(found, TODAY) if isinstance(one, Finding)]


def test_kubeconfig_that_skips_verification_is_reported_as_info() -> None:
    found = in_kubeconfig({"insecure-skip-tls-verify": True})
    findings = [one for one in root_not_trusted.run(found, TODAY) if isinstance(one, Finding)]
    assert [(one.subject.id, one.severity) for one in findings] == [("control", Severity.INFO), ("win", Severity.INFO)]
    assert "does not verify the certificate of the API server" in findings[0].message


def test_chain_in_the_wrong_order_is_named_as_such() -> None:
    (finding,) = [
        one
        for one in certificate_name_mismatch.run(site([CLUSTER, "api"], {"ca.pem": [CLUSTER]}, CLUSTER_CA), TODAY)
        if isinstance(one, Finding)
    ]
    assert "The server sends api, which covers it, but not as the first certificate." in finding.message
    assert finding.remedies[0].text.startswith(
        "Put api first in the certificate file of the server, and Kubernetes CA after it."
    )
