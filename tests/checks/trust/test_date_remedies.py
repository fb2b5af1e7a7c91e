"""The remedy for wrong dates: it depends on the issuer and on how long its certificates last."""

from __future__ import annotations

import datetime
from dataclasses import replace

from auditor.pki.public_lifetimes import longest_public
from auditor.testing.certificates import SERVER, hierarchy
from checks.trust.certificate_expiring import date_remedies

DAY = datetime.timedelta(days=1)
NOW = datetime.datetime(2026, 11, 30, tzinfo=datetime.UTC)
HORIZON = datetime.date(2027, 11, 30)


def said(*, start: int, end: int, public: bool = False) -> str:
    leaf = hierarchy(leaf=replace(SERVER, start=NOW + start * DAY, end=NOW + end * DAY)).leaf.certificate
    return " ".join(one.text for one in date_remedies("certificate", leaf, NOW.date(), HORIZON, public=public))


def test_certificate_of_the_future_needs_a_clock_not_a_renewal() -> None:
    told = said(start=10, end=100)
    assert "Compare the clocks" in told
    assert "Renew" not in told


def test_public_certificate_needs_a_private_ca_or_a_carried_renewal() -> None:
    told = said(start=-10, end=80, public=True)
    assert "from a private CA" in told
    assert "at most 200 days, 100 days from 2027-03-15" in told
    assert "with the DNS challenge" in told


def test_short_lived_private_certificate_needs_an_issuer_inside() -> None:
    assert "inside the air gap" in said(start=-1, end=29)


def test_long_lived_private_certificate_is_renewed() -> None:
    assert said(start=-1, end=200).startswith("Renew ")


def test_limit_of_public_certificates_shrinks() -> None:
    days = [longest_public(datetime.date(*day)) for day in ((2026, 3, 14), (2026, 3, 15), (2027, 3, 15), (2029, 3, 15))]
    assert days == [398, 200, 100, 47]
