"""What some clients reject and others accept, and which rules apply to a trusted root. tests/peers compares with real ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.pki.clients import client_model
from auditor.pki.constraints import MAX_COMPARISONS
from auditor.pki.path_rules import FlawKind, Strength, flaws_of
from auditor.pki.paths import find_ways
from auditor.pki.trust_store import TrustStore
from auditor.testing.certificates import CA, HOST
from tests.pki.cases import all_cases, whole

GO = ("kubelet", "windows")
OPENSSL = ("curl", "linux")


def kinds(name: str, strength: Strength) -> list[FlawKind]:
    case = all_cases()[name]
    (way,) = find_ways(case.served[0], case.served, (TrustStore.of("test", case.anchors),)).anchored
    return [flaw.kind for flaw in flaws_of(way.certificates, case.host, case.at, strength)]


@pytest.mark.parametrize(
    ("name", "client", "flaws"),
    [
        ("any usage", GO, []),
        ("any usage", OPENSSL, [FlawKind.WRONG_USAGE]),
        ("negative serial", GO, [FlawKind.UNREADABLE]),
        ("negative serial", OPENSSL, []),
        ("negative serial in the root", GO, [FlawKind.UNREADABLE]),
        ("directory name permitted", GO, [FlawKind.UNREADABLE]),
        ("directory name permitted", OPENSSL, []),
        ("directory name not permitted", OPENSSL, [FlawKind.NAME_CONSTRAINTS]),
        ("directory name excluded", OPENSSL, [FlawKind.NAME_CONSTRAINTS]),
        ("directory name of an intermediate excluded", OPENSSL, [FlawKind.NAME_CONSTRAINTS]),
        ("common name only", OPENSSL, []),
        ("common name only", GO, [FlawKind.COMMON_NAME]),
        ("common name that is an address", OPENSSL, [FlawKind.COMMON_NAME]),
        ("duplicate extensions", OPENSSL, [FlawKind.UNREADABLE]),
        ("RSA-1024 root", OPENSSL, [FlawKind.WEAK_KEY]),
        ("RSA-1024 root", GO, []),
        ("SHA-1 root", GO, []),
        ("root without certificate signing", GO, [FlawKind.KEY_USAGE]),
        ("root for clients", GO, [FlawKind.WRONG_USAGE]),
        ("unknown critical in the root", GO, [FlawKind.UNREADABLE]),
    ],
)
def test_clients_differ_in_strictness(name: str, client: tuple[str, str], flaws: list[FlawKind]) -> None:
    model = client_model(*client)
    assert model is not None
    assert kinds(name, model.strength) == flaws


def test_containerd_on_windows_supports_directory_name_constraints() -> None:
    model = client_model("containerd", "windows")
    assert model is not None
    assert model.strength.odd_constraints
    assert model.strength.parses_as_go


def test_huge_constraints_are_a_flaw_without_a_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.pki.constraints.MAX_COMPARISONS", 3)
    assert MAX_COMPARISONS > 3
    case = whole(issuing=replace(CA, excluded=tuple(f"CN={number}" for number in range(4))))
    (way,) = find_ways(case.served[0], case.served, (TrustStore.of("test", case.anchors),)).anchored
    (flaw,) = flaws_of(way.certificates, HOST, case.at, Strength())
    assert "too many name constraints to compare" in flaw.detail
