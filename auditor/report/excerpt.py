"""One line of a user's file that a finding points to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One line of a file, without secrets and control characters. `column` counts from 1 in `text`; 0 means the whole line.

    `length` is the number of marked characters.
    """

    text: str
    column: int = 0
    length: int = 1
