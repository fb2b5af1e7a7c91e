"""The corpus's chains of public sites at their dates: Linux and Windows, without a dump of a node and with either kind."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import pytest

from auditor.check import Finding, Severity
from auditor.pki.stores.windows_roots import AnchorClass, public_by_sha1
from auditor.site import Site
from auditor.testing.certificates import Made, key
from auditor.testing.chain_forms import dump_of
from checks.trust import (
    chain_incomplete,
    revocation_egress,
    revocation_missing,
    root_needs_windows_update,
    root_not_trusted,
    root_unproven,
    trust_split,
)
from tests.checks.trust.sites import examined, findings, outcomes, pool, site, unknowns, windows
from tests.corpus.folder import corpus

FETCHED, PROBABLE = AnchorClass.CTL_FETCHABLE, AnchorClass.INBOX_PROBABLE
DUMP = "nodes/win2022.json"
CHECKS = (root_not_trusted, root_needs_windows_update, root_unproven, trust_split, chain_incomplete)


@dataclass(frozen=True)
class Case:
    """One row of the corpus's index: the site, the day, the anchor's SHA-1, and how a Windows node gets the anchor."""

    host: str
    day: datetime.date
    sha1: str
    kind: AnchorClass


CASES = (
    Case("stackoverflow.com", datetime.date(2026, 2, 20), "cabd2a79", FETCHED),
    Case("microsoft.com", datetime.date(2026, 3, 11), "df3c24f9", PROBABLE),
    Case("amazon.com", datetime.date(2026, 2, 3), "df3c24f9", PROBABLE),
    Case("akamai.com", datetime.date(2025, 7, 6), "7e04de89", PROBABLE),
    Case("aws.amazon.com", datetime.date(2025, 11, 7), "8da7f965", FETCHED),
    Case("storage.googleapis.com", datetime.date(2026, 2, 3), "e58c1cc4", FETCHED),
    Case("docs.python.org", datetime.date(2026, 1, 14), "d69b5611", FETCHED),
)
every = pytest.mark.parametrize("case", CASES, ids=lambda case: case.host)
pytestmark = pytest.mark.corpus


def root(sha1: str) -> Made:
    found = next(anchor for own, anchor in public_by_sha1().items() if own.startswith(sha1))
    return Made(found, key("unused"), found.name)


def served(case: Case, *dumped: Made, dump: bool = False, clients: tuple[str, ...] = ("containerd",)) -> Site:
    """The site of a Linux and a Windows pool; with `dump`, that of a node which has those roots and no others."""
    files = {"chain.pem": corpus("chains", f"{case.host}.pem").read_bytes()}
    if dump:
        files[DUMP] = dump_of({"Root": dumped, "AuthRoot": dumped})
    on_windows = windows(clients=clients, trust=(DUMP,) if dump else ())
    return site(None, pool(), on_windows, files=files, host=case.host, chain="chain.pem")


def found(where: Site, day: datetime.date) -> dict[str, list[Finding]]:
    each = {module.CHECK.id: findings(outcomes(module.CHECK, where, day)) for module in CHECKS}
    return {name: results for name, results in each.items() if results}


def prospects(where: Site, day: datetime.date) -> dict[str, str]:
    return {case.pool.name: case.prospect.value for case in where.trust(day)}


@every
def test_linux_verifies_and_windows_is_undetermined_without_a_dump(case: Case) -> None:
    where = served(case)
    result = found(where, case.day)
    named = "root-needs-windows-update" if case.kind is FETCHED else "root-unproven"
    assert set(result) == {named, "trust-split"}
    (finding,) = result[named]
    assert finding.severity is Severity.WARNING
    assert str(finding.facts["sha1"]).startswith(case.sha1)
    assert result["trust-split"][0].facts["does_not"] == ("win2022",)
    assert prospects(where, case.day) == {"control": "verifies", "win2022": "undetermined"}
    assert len(unknowns(outcomes(root_not_trusted.CHECK, where, case.day))) == 1


@every
def test_dump_without_the_root_gives_an_error(case: Case) -> None:
    where = served(case, root("b1bc968b"), dump=True)  # a root of GlobalSign that none of these leads to
    result = found(where, case.day)
    assert set(result) == {"root-needs-windows-update", "trust-split"}
    (finding,) = result["root-needs-windows-update"]
    assert finding.severity is Severity.ERROR
    assert DUMP in finding.message
    assert prospects(where, case.day) == {"control": "verifies", "win2022": "fails"}
    assert any(
        url.endswith(f"/{str(finding.facts['sha1']).upper()}.crt")
        for one in where.trust(case.day)
        for url in one.requested_urls
    )


@every
def test_dump_with_the_root_passes(case: Case) -> None:
    where = served(case, root(case.sha1), dump=True)
    assert found(where, case.day) == {}
    assert prospects(where, case.day) == {"control": "verifies", "win2022": "verifies"}
    assert all(examined(outcomes(module.CHECK, where, case.day)) for module in CHECKS)


@every
def test_curl_cannot_check_revocation_and_containerd_does_not(case: Case) -> None:
    where = served(case, root(case.sha1), dump=True, clients=("containerd", "curl"))
    (finding,) = findings(outcomes(revocation_egress.CHECK, where, case.day))
    assert (finding.severity, finding.subject.client) == (Severity.ERROR, "curl")
    assert "CRYPT_E_REVOCATION_OFFLINE (0x80092013)" in finding.message
    urls = [url for one in where.chains.values() for certificate in one.certificates for url in certificate.extensions.crl_urls]  # type: ignore[union-attr]
    assert set(finding.facts["crl"]) <= set(urls)  # type: ignore[arg-type]
    assert not findings(outcomes(revocation_missing.CHECK, where, case.day))
    assert [one.prospect.value for one in where.trust(case.day)] == ["verifies", "verifies", "fails"]


@every
def test_chain_without_intermediates_names_the_url(case: Case) -> None:
    whole = served(case)
    (chain,) = whole.chains.values()
    leaf = chain.certificates[0]  # type: ignore[union-attr]
    files = {"chain.pem": Made(leaf, key("unused"), leaf.name).pem}
    where = site(None, pool(), windows(), files=files, host=case.host, chain="chain.pem")
    (finding,) = findings(outcomes(chain_incomplete.CHECK, where, case.day))
    assert finding.facts["aia"] == finding.facts["dials"] == leaf.extensions.aia_issuers != ()


def test_requested_hosts_are_those_of_the_index() -> None:
    where = served(CASES[0], clients=("containerd", "curl"))
    requested = {one.url for case in where.trust(CASES[0].day) for one in case.requested}
    assert any(url.startswith("http://e8.c.lencr.org/") for url in requested)
    leaf = next(iter(where.chains.values())).certificates[:1]  # type: ignore[union-attr]
    assert leaf[0].extensions.aia_issuers == ("http://e8.i.lencr.org/",)
