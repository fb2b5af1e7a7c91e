"""Isolation of the report's sections: a section that fails is left out and reported, and the others are written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from auditor.check import Subject, Undetermined
from auditor.errors import unexpected
from auditor.evidence.model import Kind
from auditor.policy.rules import SCOPE_REQUIRED

_T = TypeVar("_T")


class Sections:
    """Builds sections. `failed` has one undetermined outcome for each section that raised an exception."""

    def __init__(self) -> None:
        self.failed: list[Undetermined] = []

    def made(self, name: str, make: Callable[[], tuple[_T, ...]]) -> tuple[_T, ...]:
        """Return the rows of a section, or no rows after an unexpected exception. The report is then undetermined."""
        try:
            return make()
        except Exception as error:  # noqa: BLE001 - one section must not take the report with it
            detail = unexpected(f"the section {name} of the report", error)
            self.failed.append(Undetermined(Subject("report section", name), Kind.BUG, detail, check=SCOPE_REQUIRED.id))
            return ()
