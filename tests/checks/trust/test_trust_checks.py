"""The four trust checks: passing, failing and undetermined cases of each, and their messages."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from auditor.check import HEADINGS, Check, Severity
from auditor.evidence.model import Absent, ChainSeen, Failed, Kind, Observation, Seen
from auditor.pki.trust_store import windows_program
from auditor.plan.model import Program
from auditor.testing.certificates import AIA, CA, HOST, SERVER, Hierarchy, hierarchy, make
from checks.trust import certificate_expiring, certificate_name_mismatch, certificate_weak, chain_incomplete, root_not_trusted
from tests.checks.trust.sites import NOW, TODAY, examined, findings, outcomes, pool, seen, site, unknowns, windows
from tests.corpus.folder import corpus

MADE = hierarchy()
WITH_AIA = hierarchy(leaf=replace(SERVER, aia=(AIA,)))
FILES = {"certs/root.pem": MADE.root.pem}
TRUST = ("certs/root.pem",)
INCOMPLETE, UNTRUSTED = chain_incomplete.CHECK, root_not_trusted.CHECK
EXPIRING, MISMATCH = certificate_expiring.CHECK, certificate_name_mismatch.CHECK
ALL = (INCOMPLETE, UNTRUSTED, EXPIRING, MISMATCH)
NETSCAPE = pool(clients=("netscape",), runtime=Program("netscape", "1.0"))
PAST = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.id)
def test_valid_endpoint_passes_every_check(check: Check) -> None:
    good = site(seen(MADE.leaf, MADE.issuing), pool(trust=TRUST), windows(trust=TRUST), files=FILES)
    found = outcomes(check, good)
    assert examined(found) >= 1
    assert not findings(found)
    assert not unknowns(found)


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.id)
@pytest.mark.parametrize(
    ("observed", "kind"),
    [
        (None, Kind.MISSING_EVIDENCE),
        (Failed(Kind.UNREACHABLE, "Connection refused", NOW, "tls://x"), Kind.UNREACHABLE),
        (Failed(Kind.MALFORMED, "it does not answer with TLS", NOW, "tls://x"), Kind.MALFORMED),
        (Absent("", NOW, "tls://x"), Kind.UNREACHABLE),
        (Seen(ChainSeen((), "TLSv1.3"), NOW, "tls://x"), Kind.MALFORMED),
        (Seen(ChainSeen((b"junk",), "TLSv1.3"), NOW, "tls://x"), Kind.MALFORMED),
        (Seen(ChainSeen((MADE.leaf.certificate.der, b"junk"), "TLSv1.3"), NOW, "tls://x"), Kind.MALFORMED),
        (Seen(ChainSeen((MADE.leaf.certificate.der,) * 101, "TLSv1.3"), NOW, "tls://x"), Kind.MALFORMED),
    ],
)
def test_unobserved_endpoint_is_undetermined_once(check: Check, observed: Observation[ChainSeen] | None, kind: Kind) -> None:
    found = outcomes(check, site(observed, pool(), windows()))
    assert [(unknown.kind, str(unknown.subject)) for unknown in unknowns(found)] == [(kind, f"{HOST}:5000")]
    assert len(found) == 1
    assert {case.prospect for case in site(observed, pool(), windows()).trust(TODAY)} == {"undetermined"}


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.id)
def test_page_has_the_five_headings(check: Check) -> None:
    assert [line.removeprefix("## ") for line in check.page.splitlines() if line.startswith("## ")] == list(HEADINGS)
    assert all(line == line.rstrip() for line in check.page.splitlines())


def test_missing_intermediate_is_named_with_its_url() -> None:
    where = site(seen(WITH_AIA.leaf), pool(trust=TRUST), windows(trust=TRUST), files=FILES)
    (found,) = findings(outcomes(INCOMPLETE, where))
    assert found.severity is Severity.ERROR
    assert "does not serve the certificate of Corp Issuing" in found.message
    assert "containerd on control does not download intermediates" in found.message
    assert f"containerd on win2022 tries to download it from {AIA}" in found.message
    assert "net/http: TLS handshake timeout" in found.message
    assert found.facts["dials"] == (AIA,)
    assert any("intermediate.cer" in command for remedy in found.remedies for command in remedy.commands)
    assert found.location == where.plan.endpoints[0].location
    assert (found.subject.kind, found.subject.pool, found.facts["pools"]) == ("endpoint", "", ("control", "win2022"))


def test_internal_aia_url_is_a_warning() -> None:
    where = site(seen(WITH_AIA.leaf), windows(trust=TRUST), files=FILES, reachable=("*.vendor.example",))
    (finding,) = findings(outcomes(INCOMPLETE, where))
    assert finding.severity is Severity.WARNING
    assert f"must download it from {AIA}, and fails if" in finding.message
    (case,) = where.trust(TODAY)
    assert case.prospect == "undetermined"


def test_urls_from_certificates_are_quoted_in_commands() -> None:
    evil = hierarchy(leaf=replace(SERVER, aia=("http://x.example/$(rm -rf ~)';ls",)))
    (finding,) = findings(outcomes(INCOMPLETE, site(seen(evil.leaf))))
    assert finding.remedies[0].commands[0] == "curl -fsSLo intermediate.cer 'http://x.example/$(rm -rf ~)'\"'\"';ls'"


def test_incomplete_chain_leaves_the_root_unknown() -> None:
    (unknown,) = unknowns(outcomes(UNTRUSTED, site(seen(WITH_AIA.leaf))))
    assert unknown.kind is Kind.MISSING_EVIDENCE
    assert "see chain-incomplete" in unknown.detail


def test_private_root_missing_on_all_pools_is_an_error() -> None:
    where = site(seen(MADE.leaf, MADE.issuing), pool(), windows(), files=FILES, ca="certs/root.pem")
    (found,) = findings(outcomes(UNTRUSTED, where))
    assert "containerd on control does not trust" in found.message
    assert "x509: certificate signed by unknown authority" in found.message
    assert found.facts["anchor"] == "Corp Root"
    on_windows, linux, _ = found.remedies
    assert "update-ca-certificates" in linux.commands
    assert on_windows.commands == ("certutil -addstore -f Root root.cer",)
    assert any("authrootstl.cab" in url for url in where.trust(TODAY)[1].requested_urls)
    assert outcomes(INCOMPLETE, where)[0].count == 2  # type: ignore[union-attr]


def test_invalid_path_is_reported_although_the_root_is_trusted() -> None:
    broken = hierarchy(issuing=replace(CA, ca=False))
    where = site(seen(broken.leaf, broken.issuing), pool(trust=TRUST), files={"certs/root.pem": broken.root.pem})
    (finding,) = findings(outcomes(certificate_weak.CHECK, where))
    assert "it issued a certificate but is not a CA (basic constraints). Rejected by containerd on control" in finding.message
    assert examined(outcomes(UNTRUSTED, where)) == 1


def test_expiry_and_names_are_reported_by_their_own_checks_only() -> None:
    late = hierarchy(leaf=replace(SERVER, end=PAST, dns=("other.example",)))
    where = site(seen(late.leaf, late.issuing), pool(trust=TRUST), files={"certs/root.pem": late.root.pem})
    assert examined(outcomes(UNTRUSTED, where)) == 1
    assert len(findings(outcomes(EXPIRING, where))) == 1
    assert len(findings(outcomes(MISMATCH, where))) == 1
    (case,) = where.trust(TODAY)
    assert (case.prospect, case.symptom.split(": ")[-1]) == ("fails", "certificate has expired or is not yet valid")


def test_client_without_facts_is_undetermined() -> None:
    where = site(seen(MADE.leaf, MADE.issuing), pool(trust=TRUST, clients=("netscape", "curl")), files=FILES)
    found = outcomes(UNTRUSTED, where)
    (unknown,) = unknowns(found)
    assert unknown.kind is Kind.UNSUPPORTED
    assert unknown.detail == "netscape on linux is not a client in the facts"
    assert examined(found) == 2  # curl, and containerd, which pulls from the registry without being listed


def test_unreadable_or_missing_trust_is_undetermined() -> None:
    files = {"roots/a.json": b'[{"Thumbprint": "DF3C"}]', "roots/b.pem": b""}
    found = outcomes(UNTRUSTED, site(seen(MADE.leaf, MADE.issuing), windows(trust=("roots", "gone.pem")), files=files))
    (unknown,) = unknowns(found)
    assert unknown.kind is Kind.UNSUPPORTED
    assert all(name in unknown.detail for name in ("roots/a.json", "roots/b.pem", "gone.pem"))


def test_folder_of_trust_is_read() -> None:
    files = {"roots/root.pem": MADE.root.pem}
    assert examined(outcomes(UNTRUSTED, site(seen(MADE.leaf, MADE.issuing), windows(trust=("roots/",)), files=files))) == 1


def test_client_that_requires_revocation_fails_without_a_revocation_url() -> None:
    where = site(seen(MADE.leaf, MADE.issuing), windows(trust=TRUST, clients=("curl",)), files=FILES)
    assert examined(outcomes(UNTRUSTED, where)) == 2
    runtime, curl = where.trust(TODAY)
    assert (runtime.client, runtime.prospect) == ("containerd", "verifies")
    assert (curl.prospect, "CRYPT_E_NO_REVOCATION_CHECK" in curl.symptom) == ("fails", True)


def test_only_the_runtime_connects_to_a_registry_by_default() -> None:
    where = site(seen(MADE.leaf, MADE.issuing), pool(clients=(), runtime=None), windows(clients=()))
    assert [case.client for case in where.trust(TODAY)] == ["containerd"] * 2


@pytest.mark.parametrize(
    ("made", "severity", "words"),
    [
        (hierarchy(leaf=replace(SERVER, end=PAST)), Severity.ERROR, "The certificate registry.plant7.local of"),
        (hierarchy(issuing=replace(CA, end=PAST)), Severity.ERROR, "The intermediate Corp Issuing of"),
        (hierarchy(root=replace(CA, end=PAST)), Severity.ERROR, "The root Corp Root of"),
        (
            hierarchy(leaf=replace(SERVER, start=datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC))),
            Severity.ERROR,
            "valid only from 2027-01-01 00:00 UTC",
        ),
        (
            hierarchy(leaf=replace(SERVER, end=datetime.datetime(2027, 3, 1, tzinfo=datetime.UTC))),
            Severity.WARNING,
            "before the horizon 2027-11-23",
        ),
        (
            hierarchy(root=replace(CA, end=datetime.datetime(2027, 3, 1, tzinfo=datetime.UTC))),
            Severity.WARNING,
            "The root Corp Root of",
        ),
    ],
)
def test_expired_or_expiring_certificate_is_a_finding(made: Hierarchy, severity: Severity, words: str) -> None:
    files = {"certs/root.pem": made.root.pem}
    where = site(seen(made.leaf, made.issuing), pool(trust=TRUST), windows(trust=TRUST), files=files)
    found = outcomes(EXPIRING, where)
    (finding,) = findings(found)
    assert finding.severity is severity
    assert words in finding.message
    assert (finding.subject.kind, finding.subject.id.startswith(f"{HOST}:5000: CN=")) == ("certificate", True)
    assert examined(found) == 2
    if severity is Severity.ERROR:
        assert "Error from containerd on control: `tls: failed to verify certificate" in finding.message


def test_horizon_of_the_plan_is_used() -> None:
    near = site(seen(MADE.leaf, MADE.issuing), pool(trust=TRUST), files=FILES, horizon=datetime.date(2029, 12, 31))
    assert not findings(outcomes(EXPIRING, near))
    far = site(seen(MADE.leaf, MADE.issuing), pool(trust=TRUST), files=FILES, horizon=datetime.date(2030, 1, 1))
    assert len(findings(outcomes(EXPIRING, far))) == 3


def test_certificate_that_ends_today_is_expired() -> None:
    tonight = hierarchy(leaf=replace(SERVER, end=datetime.datetime(2026, 11, 23, 20, tzinfo=datetime.UTC)))
    (finding,) = findings(outcomes(EXPIRING, site(seen(tonight.leaf), NETSCAPE)))
    assert finding.severity is Severity.ERROR
    assert "Every client" not in finding.message


@pytest.mark.parametrize(
    ("leaf", "host", "words"),
    [
        (
            replace(SERVER, dns=("old.plant7.local",)),
            HOST,
            "certificate is valid for old.plant7.local, not registry.plant7.local",
        ),
        (replace(SERVER, dns=None), HOST, "legacy Common Name field"),
        (SERVER, "10.0.0.5", "not for 10.0.0.5"),
        (replace(SERVER, dns=("*.local",)), HOST, "*.local"),
    ],
)
def test_names_that_do_not_cover_the_host_are_errors(leaf: object, host: str, words: str) -> None:
    made = hierarchy(leaf=leaf)  # type: ignore[arg-type]
    (finding,) = findings(outcomes(MISMATCH, site(seen(made.leaf, made.issuing), host=host)))
    assert finding.severity is Severity.ERROR
    assert words in finding.message
    kind = "IP" if host[0].isdigit() else "DNS"
    assert f"subjectAltName={kind}:{host}" in finding.remedies[0].commands[0]


def test_mismatch_without_a_known_client_quotes_no_error() -> None:
    made = hierarchy(leaf=replace(SERVER, dns=("old.plant7.local",)))
    (finding,) = findings(outcomes(MISMATCH, site(seen(made.leaf), NETSCAPE)))
    assert "Error on the node" not in finding.message


def test_unreadable_extensions_make_names_undetermined() -> None:
    doubled = MADE.leaf.certificate.der.replace(b"\x55\x1d\x11", b"\x55\x1d\x13")
    where = site(Seen(ChainSeen((doubled,), "TLSv1.3"), NOW, "tls://x"))
    (unknown,) = unknowns(outcomes(MISMATCH, where))
    assert unknown.kind is Kind.MALFORMED


def test_chain_file_replaces_a_connection() -> None:
    files = {"api.pem": MADE.leaf.pem + MADE.issuing.pem, **FILES}
    where = site(None, pool(trust=TRUST), files=files, chain="api.pem")
    assert examined(outcomes(UNTRUSTED, where)) == 1
    assert outcomes(EXPIRING, where)[0].count == 3  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (None, Kind.MISSING_EVIDENCE, "does not exist"),
        (b"", Kind.MALFORMED, "no certificate"),
        (MADE.leaf.pem + b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", Kind.MALFORMED, "api.pem: line "),
        (b"".join(make(f"n{n}", None, CA).pem for n in range(101)), Kind.MALFORMED, "a bundle"),
    ],
)
def test_invalid_chain_file_is_undetermined(content: bytes | None, kind: Kind, words: str) -> None:
    files = {} if content is None else {"api.pem": content}
    (unknown,) = outcomes(INCOMPLETE, site(None, files=files, chain="api.pem"))
    assert (unknown.kind, words in unknown.detail) == (kind, True)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("setting", "dials"),
    [("", 2), ("enabled", 2), ("disabled", 0), ("http://mirror.plant7.local/roots", 1)],
)
def test_root_that_windows_would_download_is_reported(setting: str, dials: int) -> None:
    root = next(anchor for anchor in windows_program().anchors if anchor.name == "ISRG Root X1")
    observed = Seen(ChainSeen((root.der,), "TLSv1.3"), NOW, "tls://x")
    where = site(observed, windows(root_updates=setting))
    (unknown,) = unknowns(outcomes(UNTRUSTED, where)) or [None]
    (case,) = where.trust(TODAY)
    assert len(case.requested_urls) == dials
    if setting in {"", "enabled"}:
        assert case.requested_urls[1].endswith(f"/{root.sha1.upper()}.crt")
    # That the name is wrong too is certain, wherever the root is.
    assert (case.prospect, "x509: certificate is not valid for any names" in case.symptom) == ("fails", True)
    assert unknown is not None
    assert unknown.kind is Kind.MISSING_EVIDENCE


@pytest.mark.corpus
def test_public_endpoint_passes_on_linux_and_is_undetermined_on_windows() -> None:
    day = datetime.date(2026, 2, 20)
    files = {"chain.pem": corpus("chains", "stackoverflow.com.pem").read_bytes()}
    where = site(None, pool(clients=()), windows(clients=()), files=files, host="stackoverflow.com", chain="chain.pem")
    found = outcomes(UNTRUSTED, where, day)
    assert examined(found) == 1
    (first,) = unknowns(found)
    assert first.kind is Kind.MISSING_EVIDENCE
    assert "containerd: ISRG Root X1 is in Microsoft's root program" in first.detail
    assert examined(outcomes(INCOMPLETE, where, day)) == 2
    assert [finding.severity for finding in findings(outcomes(EXPIRING, where, day))] == [Severity.WARNING]
    assert [case.prospect for case in where.trust(day)] == ["verifies", "undetermined"]
    assert "TLS handshake timeout" in where.trust(day)[1].symptom
