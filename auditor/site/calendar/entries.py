"""The entries of the calendar, and the only rule for what an end before the horizon means."""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.errors import Location

if TYPE_CHECKING:
    from auditor.pki.certificate import Certificate


class EntryKind(enum.StrEnum):
    """What ends."""

    LEAF = "certificate"
    INTERMEDIATE = "intermediate"
    ROOT = "root"
    CRL = "crl"
    CLUSTER_CERTIFICATES = "cluster-certificates"
    CLUSTER_CA = "cluster-ca"
    DEPLOYED = "deployed-certificate"
    SIGNING_ROOT = "signing-root"
    TOKEN = "token"  # noqa: S105 - a kind, not a secret
    WINDOWS = "windows-support"
    KUBERNETES = "kubernetes-support"
    WAIVER = "waiver"


class Renewal(enum.StrEnum):
    """Who renews it before it ends."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"
    UNDECLARED = "undeclared"
    NONE = "none"  # nothing at the site can renew it


class Basis(enum.StrEnum):
    """The source of the date."""

    OBSERVED = "observed"
    DECLARED = "declared"  # the plan, or a file of it, states it
    FACTS = "facts"
    ASSUMED = "assumed"  # it follows from a default of the plan


class Standing(enum.StrEnum):
    """The position of an end relative to the audit date and the horizon, worst first."""

    ENDED = "ended"
    BEFORE_HORIZON = "before-horizon"
    RENEWED = "renewed"  # it ends before the horizon, and a declared program renews it
    AFTER_HORIZON = "after-horizon"


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One thing that ends. `ends` is the last day or the day of the end; `detail` states what happens then."""

    kind: EntryKind
    name: str
    ends: datetime.date
    renewal: Renewal
    basis: Basis
    detail: str = ""
    certificate: Certificate | None = None
    location: Location | None = None

    def standing(self, today: datetime.date, horizon: datetime.date) -> Standing:
        """Return the position of the end."""
        if self.ends < today:
            return Standing.ENDED
        if self.ends >= horizon:
            return Standing.AFTER_HORIZON
        return Standing.RENEWED if self.renewal is Renewal.AUTOMATIC else Standing.BEFORE_HORIZON


def renewal_of(declared: str) -> Renewal:
    """Return the renewal for a value of the plan's key `renewal`."""
    return Renewal(declared) if declared else Renewal.UNDECLARED
