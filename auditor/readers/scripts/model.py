"""The commands of a script, as far as they can be determined without running it."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.errors import Location


class UnreadableScript(Exception):
    """An unreadable script, or part of one, with reason and location. `missing`: the evidence does not contain it."""

    def __init__(self, why: str, location: Location, *, missing: bool = False) -> None:
        super().__init__(why)
        self.location = location
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command. `text` is what the program receives if `is_known`, else the source text.

    `is_many`: it may become any number of words, also options. If it is not fully known, `start` is its known beginning.
    """

    text: str
    is_known: bool = True
    is_many: bool = False
    start: str = ""

    def and_(self, written: str) -> Word:
        """Return this word with unknown text appended."""
        return Word(self.text + written, is_known=False, is_many=self.is_many, start=self.text if self.is_known else self.start)


@dataclass(frozen=True, slots=True)
class Command:
    """One call of a program. `ignored` gives the reason why its failure goes unnoticed; empty if it is noticed, or unknown.

    `is_repeated`: it is in a loop or a function, and may run many times or never. `document` is its here-document, which begins
    at `document_line`. `is_read`: all text that it passes to a shell was parsed, and those commands follow. `is_optional`: the
    script states that it may fail: `|| true`, an `if`, or the background.
    """

    words: tuple[Word, ...]
    location: Location
    ignored: str = ""
    is_repeated: bool = False
    document: str = ""
    document_line: int = 0
    is_read: bool = False
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """The commands of a script in text order, and the locations that could not be parsed."""

    file: str
    language: str
    commands: tuple[Command, ...]
    unread: tuple[UnreadableScript, ...] = ()
