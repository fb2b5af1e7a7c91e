"""What the nodes of a pool trust: dumps and certificates, runtimes and the machine, mirrors, and revocation."""

from __future__ import annotations

import datetime
from itertools import combinations

import pytest
import yaml

from auditor.check import Finding, Severity
from auditor.pki.verdicts import Distrust, Incomplete, Invalid, TrustGap, Unproven, Untrusted, Verifies
from auditor.site import Site
from auditor.site.trust.cases import Prospect, TrustCase
from auditor.site.trust.url_requests import Purpose
from auditor.testing import site_from, site_of
from checks.trust import chain_incomplete

TODAY = datetime.date(2026, 11, 23)
PRIVATE = """
plan: |
  version: 1
  pools: {win2022: {platform: "windows/amd64:ltsc2022", clients: [CLIENT], trust: [TRUST]UPDATES}}
  endpoints: ["registry.plant7.local:5000"]
  network: {reachable: ["*.plant7.local"]}
certificates:
  Plant 7 Root: {}
  Other Root: {}
  Plant 7 Issuing: {issuer: Plant 7 Root, crl: [CRL]}
  registry: {issuer: Plant 7 Issuing, names: [registry.plant7.local], crl: [CRL]}
files:
  root.pem: [Plant 7 Root]
  with.json: {stores: {Root: [Plant 7 Root], AuthRoot: []}, updates: {DisableRootAutoUpdate: 1}}
  without.json: {stores: {Root: [Other Root], AuthRoot: []}}
  only-root.json: {stores: {Root: [Other Root]}}
  helping.json: {stores: {Root: [Plant 7 Root], AuthRoot: [], CA: [Plant 7 Issuing]}}
  disallowing.json: {stores: {Root: [Plant 7 Root], AuthRoot: [], Disallowed: [Plant 7 Issuing]}}
  junk.json: "[1]"
endpoints:
  registry.plant7.local:5000: {serves: [registry, Plant 7 Issuing]}
"""


def private(trust: str, client: str = "containerd", updates: str = "", crl: str = "", **changes: object) -> Site:
    text = PRIVATE.replace("CLIENT", client).replace("TRUST", trust).replace("CRL", crl)
    form = yaml.safe_load(text.replace("UPDATES", f", root_updates: '{updates}'" if updates else ""))
    return site_of({**form, **changes})


def only(site: Site) -> TrustCase:
    (case,) = site.trust(TODAY)
    return case


@pytest.mark.parametrize(
    ("trust", "client", "verdict"),
    [
        ("root.pem", "containerd", Verifies),
        ("root.pem", "curl", Verifies),  # without a dump that says otherwise, what the plan gives is on the machine
        ("with.json", "curl", Verifies),
        ("with.json", "containerd", Verifies),
        ("with.json", "kubelet", Unproven),  # the machine's store is not what its kubeconfig gives it
        ("with.json", "curl-cacert", Untrusted),
        ("without.json", "curl", Untrusted),
        ("root.pem, without.json", "curl", Untrusted),  # the dump proves that it is not installed
        ("root.pem, without.json", "containerd", Verifies),  # but the runtime may be given the file
        ("root.pem, only-root.json", "curl", Verifies),
        ("with.json, without.json", "curl", Untrusted),  # nodes of a pool are alike only as far as all dumps show it
        ("junk.json", "curl", Unproven),
    ],
)
def test_trust_files_of_a_pool_apply_to_the_matching_clients(trust: str, client: str, verdict: type) -> None:
    assert type(only(private(trust, client)).verdict) is verdict


def test_intermediate_on_the_machine_completes_a_chain_for_windows_only() -> None:
    served = {"registry.plant7.local:5000": {"serves": ["registry"]}}
    for client, holds in (("curl", True), ("containerd", True), ("python", False)):
        case = only(private("helping.json", client, endpoints=served))
        assert isinstance(case.verdict, Verifies) is holds, client


def test_disallowed_certificate_is_rejected_by_windows() -> None:
    case = only(private("disallowing.json", "curl"))
    assert isinstance(case.verdict, Invalid)
    assert [str(flaw) for flaw in case.verdict.path.flaws] == ["Plant 7 Issuing: it is in the node's Disallowed store"]
    assert isinstance(only(private("disallowing.json", "python")).verdict, Verifies)


def test_dump_states_the_root_update_unless_the_plan_does() -> None:
    quiet = private("with.json, root.pem")
    assert [one for one in only(quiet).requested if one.purpose is Purpose.ROOT] == []
    told = private("without.json", updates="disabled")
    assert only(told).requested_urls == ()
    loud = private("without.json")
    assert any("authrootstl.cab" in url for url in only(loud).requested_urls)


def test_runtime_with_a_ca_file_queries_windows_first() -> None:
    case = only(private("root.pem, without.json"))
    assert isinstance(case.verdict, Verifies)
    assert [one.purpose for one in case.requested] == [Purpose.ROOT]
    assert only(private("root.pem")).requested == ()


PUBLIC = """
plan: |
  version: 1
  pools:
    win2022:
      platform: windows/amd64:ltsc2022
      clients: [containerd, python, kubelet]
      trust: TRUST
      root_updates: "UPDATES"
  endpoints: ["mirror.example.com:443"]
  network: {reachable: ["*.plant7.local"]}
certificates:
  root: {public: ISRG Root X1}
  other: {public: DigiCert Global Root G2}
files:
  dump.json: {stores: {Root: [other], AuthRoot: []}}
endpoints:
  mirror.example.com:443: {serves: [root]}
"""


def public(trust: str, updates: str) -> dict[str, TrustCase]:
    site = site_from(PUBLIC.replace("TRUST", trust).replace("UPDATES", updates))
    return {case.client: case for case in site.trust(TODAY)}


@pytest.mark.parametrize(
    ("trust", "updates", "expected"),
    [
        (
            "[]",
            "enabled",
            {"containerd": TrustGap.NOT_KNOWN_ON_NODE, "python": TrustGap.NOT_KNOWN_ON_NODE, "kubelet": TrustGap.POOL_UNKNOWN},
        ),
        ("[]", "http://roots.plant7.local", {"containerd": TrustGap.FROM_MIRROR, "python": TrustGap.NOT_KNOWN_ON_NODE}),
        ("[]", "http://roots.example.com", {"containerd": TrustGap.NOT_KNOWN_ON_NODE}),
        ("[]", "file://roots/share", {"containerd": TrustGap.FROM_MIRROR}),
        ("[dump.json]", "enabled", {"containerd": Distrust.NOT_ON_NODE, "python": Distrust.NOT_ON_NODE}),
        ("[dump.json]", "file://roots/share", {"containerd": TrustGap.FROM_MIRROR, "python": Distrust.NOT_ON_NODE}),
    ],
)
def test_public_root_depends_on_dump_mirror_and_client(
    trust: str, updates: str, expected: dict[str, TrustGap | Distrust]
) -> None:
    cases = public(trust, updates)
    for client, reason in expected.items():
        verdict = cases[client].verdict
        assert isinstance(verdict, Unproven | Untrusted)
        assert (verdict.gap if isinstance(verdict, Unproven) else verdict.cause) is reason, client


CRL = "http://pki.plant7.local/x.crl"


@pytest.mark.parametrize(
    ("client", "crl", "fetched", "prospect", "says"),
    [
        ("curl", "", {}, Prospect.FAILS, "CRYPT_E_NO_REVOCATION_CHECK"),
        ("curl", "http://crl.example.com/x.crl", {}, Prospect.FAILS, "CRYPT_E_REVOCATION_OFFLINE"),
        ("curl", CRL, {}, Prospect.UNDETERMINED, "CRYPT_E_REVOCATION_OFFLINE"),
        ("curl", CRL, {CRL: {"absent": "404"}}, Prospect.FAILS, "CRYPT_E_REVOCATION_OFFLINE"),
        ("curl", CRL, {CRL: {"failed": {"kind": "unreachable", "detail": "no answer"}}}, Prospect.UNDETERMINED, "OFFLINE"),
        ("dotnet-10", "", {}, Prospect.FAILS, "RevocationStatusUnknown"),
        ("pwsh-net10", "", {}, Prospect.UNDETERMINED, "RevocationStatusUnknown"),  # only inferred
        ("curl-cacert", "", {}, Prospect.FAILS, "CERT_TRUST_REVOCATION_STATUS_UNKNOWN"),
        ("git", "http://crl.example.com/x.crl", {}, Prospect.VERIFIES, ""),
        ("dotnet", "http://crl.example.com/x.crl", {}, Prospect.VERIFIES, ""),
        ("containerd", "http://crl.example.com/x.crl", {}, Prospect.VERIFIES, ""),
    ],
)
def test_revocation_result_depends_on_the_answer(
    client: str, crl: str, fetched: dict[str, object], prospect: Prospect, says: str
) -> None:
    case = only(private("root.pem", client, updates="disabled", crl=crl, fetched=fetched))
    assert case.prospect is prospect
    assert says in case.symptom
    assert bool(case.symptom) is bool(says)


def test_crl_of_another_ca_is_not_an_answer() -> None:
    found = only(private("root.pem", "curl", crl=CRL, fetched={CRL: {"crl": "Plant 7 Root"}}))
    assert found.revocation is not None
    assert "is not a usable CRL: it is the CRL of CN=Plant 7 Root" in found.revocation.asked[0].detail
    assert found.prospect is Prospect.FAILS


@pytest.mark.parametrize("client", ["containerd", "curl", "git", "python", "kubelet", "dotnet-10", "curl-cacert"])
def test_less_evidence_never_verifies_more(client: str) -> None:
    """Taking a file of the trust away, or what a URL answered, only ever moves away from `verifies`."""
    files = ("root.pem", "with.json", "helping.json", "only-root.json")
    answers = {CRL: {"absent": "404"}}
    holds: dict[tuple[frozenset[str], bool], bool] = {}
    for size in range(len(files) + 1):
        for chosen in combinations(files, size):
            for asked in (False, True):
                site = private(", ".join(chosen), client, crl=CRL, fetched=answers if asked else {})
                holds[frozenset(chosen), asked] = only(site).prospect is Prospect.VERIFIES
    # Dumps contradict one another by what they lack, so that only certificates and answers are taken away.
    for (chosen_, asked), good in holds.items():
        if good:
            continue
        assert not holds[chosen_ - {"root.pem"}, asked]
        assert not holds[chosen_, False] or asked is False


ISSUER = "http://pki.plant7.local/issuing.crt"


@pytest.mark.parametrize(
    ("lies", "verdict", "severity", "words"),
    [
        ({"der": "Plant 7 Issuing"}, Verifies, Severity.WARNING, "which served it during collection"),
        ({"der": "Other Root"}, Incomplete, Severity.WARNING, "fails if this internal URL"),
        ({"absent": "404"}, Incomplete, Severity.ERROR, f"tries to download it from {ISSUER}, which fails"),
        (
            {"failed": {"kind": "unreachable", "detail": "no"}},
            Incomplete,
            Severity.WARNING,
            "fails if this internal URL does not answer",
        ),
        (None, Incomplete, Severity.WARNING, "fails if this internal URL"),
    ],
)
def test_issuer_on_an_internal_host_is_downloaded(
    lies: dict[str, object] | None, verdict: type, severity: Severity, words: str
) -> None:
    served = {"registry.plant7.local:5000": {"serves": ["registry"]}}
    form = yaml.safe_load(PRIVATE.replace("CLIENT", "curl, kubelet").replace("TRUST", "root.pem").replace("UPDATES", ""))
    form["certificates"]["registry"] = {"issuer": "Plant 7 Issuing", "names": ["registry.plant7.local"], "aia": [ISSUER]}
    form["certificates"]["Plant 7 Issuing"] = {"issuer": "Plant 7 Root"}
    site = site_of({**form, "endpoints": served, "fetched": {ISSUER: lies} if lies else {}})
    curl, kubelet = site.trust(TODAY)
    assert type(curl.verdict) is verdict
    assert isinstance(kubelet.verdict, Unproven)  # its kubeconfig may hold the intermediate
    (found,) = [outcome for outcome in chain_incomplete.run(site, TODAY) if isinstance(outcome, Finding)]
    assert (found.severity, found.facts["refused_by"]) == (severity, ("curl on win2022",))
    assert words in found.message
    origins = [step.origin.value for step in site.trust_path(curl)]
    assert ("fetched inside" in origins) is (verdict is Verifies)
