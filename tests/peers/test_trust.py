"""Our verifier and real ones on the same chains: Go's crypto/x509, OpenSSL, and the suite of NIST."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.peers.pki import pkits
from tests.peers.pki.comparing import (
    GO_KNOWN,
    OPENSSL_KNOWN,
    Compared,
    against_go,
    against_openssl,
    against_pkits,
    pkits_against_clients,
)
from tests.peers.pki.judges import Go
from tests.pki.cases import all_cases

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Go:
    return Go.built(tmp_path_factory.mktemp("go"))


def held(rows: Iterator[Compared]) -> list[Compared]:
    """Every row; a row that differs must be a known difference."""
    found = list(rows)
    assert [str(row) for row in found if not row.holds] == []
    return found


def test_verdict_agrees_with_go(go: Go) -> None:
    found = held(against_go(go))
    assert len(found) == 3 * len(all_cases())
    assert {row.theirs.takes for row in found} == {True, False}


def test_verdict_agrees_with_openssl(tmp_path: Path) -> None:
    found = held(against_openssl(tmp_path))
    assert len(found) == 3 * len(all_cases())


def test_every_known_difference_names_an_existing_chain() -> None:
    assert set(GO_KNOWN) | set(OPENSSL_KNOWN) <= set(all_cases())


def test_verdict_agrees_with_nist() -> None:
    found = held(against_pkits())
    assert len(found) == 2 * 202
    assert pkits.unread() == ("DSAParametersInheritedCACert", "ValidDSAParameterInheritanceTest5EE")


def test_go_and_openssl_agree_on_the_chains_of_nist(go: Go, tmp_path: Path) -> None:
    found = held(pkits_against_clients(go, tmp_path))
    assert len(found) == 2 * len(pkits.tests())
