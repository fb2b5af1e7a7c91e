"""Host names against certificates."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from auditor.pki.host_names import NameFlaw, canonical, mismatch
from auditor.testing.certificates import SERVER, Shape, make

NAMES = make(
    "ignored.example",
    None,
    Shape(
        dns=("Registry.Plant7.local", "*.apps.plant7.local", "f*o.example", "xn--mnchen-3ya.example"),
        ips=("10.1.2.3", "fd00::1"),
    ),
).certificate


@pytest.mark.parametrize(
    "host",
    [
        "registry.plant7.local",
        "REGISTRY.plant7.LOCAL.",
        "shop.apps.plant7.local",
        "münchen.example",
        "10.1.2.3",
        "fd00::1",
        "[fd00:0::1]",
    ],
)
def test_host_is_covered(host: str) -> None:
    assert mismatch(NAMES, host) is None


@pytest.mark.parametrize(
    "host",
    [
        "plant7.local",
        "a.b.apps.plant7.local",  # a wildcard is one label
        "apps.plant7.local",  # and not none
        "foo.example",  # a wildcard is a whole label
        "ignored.example",  # the common name does not count
        "10.1.2.4",
        "fd00::2",
        "",
    ],
)
def test_host_is_not_covered(host: str) -> None:
    wrong = mismatch(NAMES, host)
    assert wrong is not None
    assert wrong.flaw is NameFlaw.NOT_COVERED
    assert "valid for Registry.Plant7.local" in str(wrong)


def test_wildcard_and_dns_name_cover_no_address() -> None:
    certificate = make("x", None, Shape(dns=("*.0.0.1", "10.0.0.1"))).certificate
    assert mismatch(certificate, "10.0.0.1") is not None


def test_common_name_only_is_reported() -> None:
    common = make("registry.plant7.local", None, Shape(ekus=(ExtendedKeyUsageOID.SERVER_AUTH,))).certificate
    wrong = mismatch(common, "registry.plant7.local")
    assert wrong is not None
    assert wrong.flaw is NameFlaw.COMMON_NAME_ONLY
    assert "only in its common name" in str(wrong)
    other = mismatch(common, "other.plant7.local")
    assert other is not None
    assert other.flaw is NameFlaw.NO_NAMES
    assert "no subject alternative name" in str(other)
    address = mismatch(make("10.0.0.1", None, Shape()).certificate, "10.0.0.1")
    assert address is not None
    assert address.flaw is NameFlaw.COMMON_NAME_ONLY


def test_long_lists_of_names_are_shortened() -> None:
    many = make("x", None, replace(SERVER, dns=tuple(f"h{n}.example" for n in range(20)))).certificate
    wrong = mismatch(many, "other.example")
    assert "and 12 more" in str(wrong)


def test_host_that_is_not_a_dns_name_is_unchanged() -> None:
    assert canonical("é" * 70 + ".example") == "é" * 70 + ".example"
