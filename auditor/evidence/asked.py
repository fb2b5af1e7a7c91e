"""The questions that an unfinished collection has an answer to, so that it can continue without asking them twice.

One run is: a collection that did not finish, started again for the same plan, places and options. It takes over what was
observed less than RESUMED ago. What was absent or failed is always asked again. A finished run leaves nothing, so that the
next one asks everything that can change.
"""

from __future__ import annotations

import datetime
from typing import Final

from auditor.evidence.database import Database
from auditor.evidence.sqlite_rows import as_text, to_text, to_time

RESUMED: Final = datetime.timedelta(hours=1)
_KEY: Final = "collected.run"


class AskedTable(Database):
    """The part of a store that knows which answers belong to the run that is under way."""

    def begin_run(self, key: str, now: datetime.datetime) -> frozenset[str]:
        """Begin the run that `key` stands for, or continue it: the names of the questions that are answered already."""
        found = frozenset(self._answered(now)) if self.meta(_KEY) == key else frozenset()
        self._write("DELETE FROM asked WHERE ? OR at < ?", int(not found), to_text(now - RESUMED))
        self.put_meta(_KEY, key)
        return found

    def note_asked(self, name: str, at: datetime.datetime) -> None:
        """Note that the run that is under way has observed what `name` stands for."""
        self._write("INSERT OR REPLACE INTO asked VALUES (?, ?)", name, to_text(at))

    def finish_run(self) -> None:
        """End the run: the next one asks everything again."""
        self._write("DELETE FROM asked")
        self.put_meta(_KEY, "")

    def _answered(self, now: datetime.datetime) -> list[str]:
        found = []
        for name, at in self._rows("SELECT name, at FROM asked"):
            try:
                if datetime.timedelta(0) <= now - to_time(as_text(at)) + datetime.timedelta(seconds=1) <= RESUMED:
                    found.append(as_text(name))
            except ValueError:
                continue  # it is asked again
        return found
