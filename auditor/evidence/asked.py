"""The answered requests of an unfinished collection, so that it can continue without sending them twice.

A run covers an interrupted collection and its restart for the same plan, places and options. It reuses observations of less
than RESUMED ago. Absent and failed subjects are always requested again. A finished run leaves nothing, so the next run requests
everything that can change.
"""

from __future__ import annotations

import datetime
from typing import Final

from auditor.evidence.database import Database
from auditor.evidence.sqlite_rows import as_text, to_text, to_time

RESUMED: Final = datetime.timedelta(hours=1)
_KEY: Final = "collected.run"


class AskedTable(Database):
    """The part of a store that records which answers belong to the current run."""

    def begin_run(self, key: str, now: datetime.datetime) -> frozenset[str]:
        """Start the run with this key, or continue it. Return the names of the requests that are already answered."""
        found = frozenset(self._answered(now)) if self.meta(_KEY) == key else frozenset()
        self._write("DELETE FROM asked WHERE ? OR at < ?", int(not found), to_text(now - RESUMED))
        self.put_meta(_KEY, key)
        return found

    def note_asked(self, name: str, at: datetime.datetime) -> None:
        """Record that the current run has observed `name`."""
        self._write("INSERT OR REPLACE INTO asked VALUES (?, ?)", name, to_text(at))

    def finish_run(self) -> None:
        """End the run, so that the next one requests everything again."""
        self._write("DELETE FROM asked")
        self.put_meta(_KEY, "")

    def _answered(self, now: datetime.datetime) -> list[str]:
        found = []
        for name, at in self._rows("SELECT name, at FROM asked"):
            try:
                if datetime.timedelta(0) <= now - to_time(as_text(at)) + datetime.timedelta(seconds=1) <= RESUMED:
                    found.append(as_text(name))
            except ValueError:
                continue  # it is requested again
        return found
