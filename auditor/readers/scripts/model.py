"""What a script does, as far as it can be read without running it."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.errors import Location


class UnreadableScript(Exception):
    """A script, or a part of one, that cannot be told: why, and where. `missing`: it was not carried here."""

    def __init__(self, why: str, location: Location, *, missing: bool = False) -> None:
        super().__init__(why)
        self.location = location
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command. `text` is what the program gets where `is_known`, else what is written.

    `is_many`: it may become any number of words, options among them. Where not all is known, `start` is what is known of its
    beginning.
    """

    text: str
    is_known: bool = True
    is_many: bool = False
    start: str = ""

    def and_(self, written: str) -> Word:
        """This word with more written right after it, of which nothing is known."""
        return Word(self.text + written, is_known=False, is_many=self.is_many, start=self.text if self.is_known else self.start)


@dataclass(frozen=True, slots=True)
class Command:
    """One call of a program. `ignored` says why its failure goes unnoticed; empty where it does not, or where nobody can tell.

    `is_repeated`: it stands in a loop or a function, and may run many times or never. `document` is the here-document that it
    is given, from `document_line` on. `is_read`: all of the text that it hands to a shell was read, and its commands follow.
    """

    words: tuple[Word, ...]
    location: Location
    ignored: str = ""
    is_repeated: bool = False
    document: str = ""
    document_line: int = 0
    is_read: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """The commands of a script in the order of its text, and the places that could not be understood."""

    file: str
    language: str
    commands: tuple[Command, ...]
    unread: tuple[UnreadableScript, ...] = ()
