"""The messages of a group, without parts that an earlier finding of the group already stated."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.check import Finding
from reports.cleaning import clean
from reports.folding import everybody, who_of


@dataclass(slots=True)
class Telling:
    """The parts that the group has stated so far."""

    stated: set[str] = field(default_factory=set)

    def new(self, finding: Finding, *, alone: bool) -> str:
        """Return the parts of a finding's message that are new, or an empty string.

        The text starts with pool and client if no part names them, because that part is omitted or because the subject line
        names other pools too (`alone` is false).
        """
        every = finding.stated
        parts = [part for part in every if (part.key or part.text) not in self.stated]
        self.stated.update(part.key or part.text for part in parts)
        text, who = clean(" ".join(part.text for part in parts)), everybody([who_of(finding)])
        is_clear = any(part.names_who for part in parts) or (alone and parts[:1] == [every[0]])
        return f"{who}: {text}" if text and who and not is_clear else text
