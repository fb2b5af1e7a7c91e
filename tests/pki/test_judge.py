"""The verdict of each client about each chain, on Linux and Windows, and about the corpus's chains at their dates."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from itertools import combinations

import pytest

from auditor.pki.certificate import Certificate
from auditor.pki.clients import ClientModel, client_model
from auditor.pki.judge import judge
from auditor.pki.loading import load_certificates
from auditor.pki.path_rules import FlawKind
from auditor.pki.pool_trust import PoolTrust
from auditor.pki.stores.windows_roots import inbox_microsoft
from auditor.pki.trust_store import TrustStore, linux_public, windows_program
from auditor.pki.verdicts import Incomplete, Invalid, TrustGap, TrustVerdict, Unproven, Untrusted, Verifies
from auditor.testing.certificates import AIA, AT, CA, HOST, SERVER, Hierarchy, Made, hierarchy, make
from tests.corpus.folder import corpus

PAST = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
PROGRAMMES = (linux_public(), windows_program())


def model(name: str, os: str) -> ClientModel:
    found = client_model(name, os)
    assert found is not None
    return found


def trust(os: str, *given: Made, known: tuple[Made, ...] = (), unread: tuple[str, ...] = ()) -> PoolTrust:
    own = TrustStore.of("pool", (made.certificate for made in given), unread)
    others = TrustStore.of("other", (made.certificate for made in known))
    system = (own, inbox_microsoft()) if os == "windows" else (own, linux_public())
    return PoolTrust(own, system, (own, others, *PROGRAMMES))


def verdict(
    chain: tuple[Certificate, ...], os: str, pool: PoolTrust, client: str = "containerd", host: str = HOST
) -> TrustVerdict:
    return judge(chain, host, model(client, os), pool, AT)


BOTH = pytest.mark.parametrize("os", ["linux", "windows"])
MADE = hierarchy()


@BOTH
def test_root_in_the_trust_of_the_pool_verifies(os: str) -> None:
    found = verdict(MADE.served, os, trust(os, MADE.root))
    assert isinstance(found, Verifies)
    assert found.path.names == (HOST, "Corp Issuing", "Corp Root")


@BOTH
def test_root_that_the_plan_lacks_is_not_trusted(os: str) -> None:
    found = verdict(MADE.whole, os, trust(os))
    assert isinstance(found, Untrusted)
    assert found.anchor == "Corp Root"
    assert "no public root program" in found.why


@BOTH
def test_missing_issuer_is_named(os: str) -> None:
    found = verdict(MADE.served, os, trust(os))
    assert isinstance(found, Untrusted)
    assert found.anchor == "Corp Root"
    assert "neither served nor trusted" in found.why


@BOTH
def test_root_in_another_trust_of_the_plan_completes_the_chain(os: str) -> None:
    with_aia = hierarchy(issuing=replace(CA, aia=(AIA,)))
    found = verdict(with_aia.served, os, trust(os, known=(with_aia.root,)))
    assert isinstance(found, Untrusted)
    assert found.path.names[-1] == "Corp Root"


@pytest.mark.parametrize(("os", "is_requested"), [("linux", False), ("windows", True)])
def test_missing_intermediate_names_its_url_and_whether_it_is_requested(os: str, is_requested: bool) -> None:
    made = hierarchy(leaf=replace(SERVER, aia=(AIA,)))
    found = verdict(made.served[:1], os, trust(os, made.root))
    assert isinstance(found, Incomplete)
    assert (found.missing, found.aia_urls, found.is_requested) == ("Corp Issuing", (AIA,), is_requested)
    kubelet = verdict(made.served[:1], os, trust(os, made.root), "kubelet")
    assert isinstance(kubelet, Unproven)  # its kubeconfig may hold the intermediate
    own = trust(os, made.root).of_own_ca("the CA that kubelet trusts", (made.root.certificate,), ())
    stated = verdict(made.served[:1], os, own, "kubelet")
    assert isinstance(stated, Incomplete)
    assert not stated.is_requested


@BOTH
def test_leaf_without_issuer_and_aia_is_incomplete(os: str) -> None:
    found = verdict(MADE.served[:1], os, trust(os, MADE.root))
    assert isinstance(found, Incomplete)
    assert (found.aia_urls, found.is_requested) == ((), False)


@BOTH
@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (hierarchy(leaf=replace(SERVER, end=PAST)), FlawKind.EXPIRED),
        (hierarchy(leaf=replace(SERVER, dns=("other.example",))), FlawKind.NAME),
        (hierarchy(issuing=replace(CA, ca=False)), FlawKind.NOT_A_CA),
    ],
)
def test_trusted_path_with_a_flaw_is_invalid(os: str, made: Hierarchy, kind: FlawKind) -> None:
    found = verdict(made.served, os, trust(os, made.root))
    assert isinstance(found, Invalid)
    assert [flaw.kind for flaw in found.path.flaws] == [kind]


@BOTH
def test_one_valid_path_of_several_is_enough(os: str) -> None:
    old, new = make("Old Root", None, replace(CA, end=PAST)), make("New Root", None, CA)
    cross, leaf = make("New Root", old, CA), make(HOST, new, SERVER)
    served = (leaf.certificate, cross.certificate)
    assert isinstance(verdict(served, os, trust(os, old)), Invalid)
    found = verdict(served, os, trust(os, old, new))
    assert isinstance(found, Verifies)
    assert found.path.names == (HOST, "New Root")


@BOTH
def test_root_with_the_same_name_and_another_key_is_not_trusted(os: str) -> None:
    rekeyed = make("Corp Root", None, replace(CA, key_name="new key"))
    found = verdict(MADE.served, os, trust(os, rekeyed))
    assert isinstance(found, Untrusted)
    assert "does not verify" in found.why
    assert [flaw.kind for flaw in found.path.flaws] == [FlawKind.SIGNATURE]


@BOTH
def test_unreadable_trust_is_undetermined(os: str) -> None:
    found = verdict(MADE.whole, os, trust(os, unread=("nodes/roots.json: neither PEM",)))
    assert isinstance(found, Unproven)
    assert found.gap is TrustGap.UNREAD_TRUST
    assert "nodes/roots.json" in found.why
    assert isinstance(verdict(MADE.served, os, trust(os, MADE.root, unread=("x",))), Verifies)


def test_intermediate_in_the_trust_is_an_anchor_for_go_only() -> None:
    pool = trust("windows", MADE.issuing)
    assert isinstance(verdict(MADE.served[:1], "windows", pool), Verifies)
    assert isinstance(verdict(MADE.served[:1], "windows", pool, "powershell"), Untrusted)
    both = trust("windows", MADE.issuing, MADE.root)
    found = verdict(MADE.served[:1], "windows", both, "powershell")
    assert isinstance(found, Verifies)
    assert found.path.names == (HOST, "Corp Issuing", "Corp Root")
    assert isinstance(verdict(MADE.served, "windows", trust("windows", MADE.root), "powershell"), Verifies)


def test_too_many_paths_are_undetermined() -> None:
    web = [make(f"W{n}", None, CA) for n in range(9)]
    crosses = [make(low.subject, high, CA).certificate for low in web for high in web if low is not high]
    leaf = make(HOST, web[0], SERVER).certificate
    found = verdict((leaf, *crosses), "linux", trust("linux"))
    assert isinstance(found, Unproven)
    assert found.gap is TrustGap.TOO_MANY_PATHS


@BOTH
@pytest.mark.parametrize("chain", [MADE.whole, MADE.served, MADE.served[:1]], ids=["whole", "served", "leaf"])
def test_removal_of_trust_never_makes_a_chain_verify(os: str, chain: tuple[Certificate, ...]) -> None:
    anchors = (MADE.root, MADE.issuing, make("Other Root", None, CA))
    subsets = [frozenset(group) for size in range(4) for group in combinations(range(3), size)]
    holds = {chosen: isinstance(verdict(chain, os, trust(os, *(anchors[n] for n in chosen))), Verifies) for chosen in subsets}
    assert any(holds.values())
    assert all(holds[more] for less in subsets for more in subsets if less < more and holds[less])


@dataclass(frozen=True)
class Case:
    host: str
    day: datetime.date
    sha1: str


CORPUS = [
    Case("stackoverflow.com", datetime.date(2026, 2, 20), "cabd2a79"),
    Case("microsoft.com", datetime.date(2026, 3, 11), "df3c24f9"),
    Case("amazon.com", datetime.date(2026, 2, 3), "df3c24f9"),
    Case("akamai.com", datetime.date(2025, 7, 6), "7e04de89"),
    Case("aws.amazon.com", datetime.date(2025, 11, 7), "8da7f965"),
    Case("storage.googleapis.com", datetime.date(2026, 2, 3), "e58c1cc4"),
    Case("docs.python.org", datetime.date(2026, 1, 14), "d69b5611"),
]


@pytest.mark.corpus
@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.host)
def test_public_chain_verifies_at_its_date(case: Case) -> None:
    loaded = load_certificates(corpus("chains", f"{case.host}.pem").read_bytes())
    assert loaded.problems == ()
    at = datetime.datetime.combine(case.day, datetime.time(23, 59, 59), tzinfo=datetime.UTC)
    for name in ("containerd", "docker", "curl"):
        linux = judge(loaded.certificates, case.host, model(name, "linux"), trust("linux"), at)
        assert isinstance(linux, Verifies), linux
        assert linux.path.top.sha1.startswith(case.sha1)
    kubelet = judge(loaded.certificates, case.host, model("kubelet", "linux"), trust("linux"), at)
    assert isinstance(kubelet, Unproven), kubelet  # it trusts the CA of its kubeconfig alone
    assert kubelet.gap is TrustGap.POOL_UNKNOWN
    for name in ("containerd", "kubelet", "curl", "powershell"):
        windows = judge(loaded.certificates, case.host, model(name, "windows"), trust("windows"), at)
        assert isinstance(windows, Unproven), windows
        known = {TrustGap.POOL_UNKNOWN} if name == "kubelet" else {TrustGap.NOT_KNOWN_ON_NODE, TrustGap.PROBABLY_ON_NODE}
        assert windows.gap in known
        assert windows.path.flaws == ()
        assert windows.path.top.sha1.startswith(case.sha1)


@pytest.mark.corpus
@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.host)
def test_public_chain_without_intermediates_names_the_url(case: Case) -> None:
    leaf = load_certificates(corpus("chains", f"{case.host}.pem").read_bytes()).certificates[:1]
    at = datetime.datetime.combine(case.day, datetime.time(12), tzinfo=datetime.UTC)
    for os in ("linux", "windows"):
        found = judge(leaf, case.host, model("containerd", os), trust(os), at)
        assert isinstance(found, Incomplete)
        assert found.aia_urls == leaf[0].extensions.aia_issuers != ()
        assert found.is_requested == (os == "windows")


def test_root_only_in_the_mozilla_store_is_not_trusted_on_windows() -> None:
    only = next(anchor for anchor in linux_public().anchors if anchor not in windows_program() and anchor.not_after > AT)
    assert isinstance(judge((only,), "x.example", model("containerd", "linux"), trust("linux"), AT), Invalid)
    found = judge((only,), "x.example", model("containerd", "windows"), trust("windows"), AT)
    assert isinstance(found, Untrusted)
    assert "neither in Microsoft's lists" in found.why


def test_root_only_in_the_microsoft_store_is_not_trusted_on_linux() -> None:
    only = next(anchor for anchor in windows_program().anchors if anchor not in linux_public() and anchor.not_after > AT)
    found = judge((only,), "x.example", model("containerd", "linux"), trust("linux"), AT)
    assert isinstance(found, Untrusted)
    assert "neither a public root of Linux" in found.why
