"""What `auditor fix` leaves: files with their text, and which findings each of them mends."""

from __future__ import annotations

import enum
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from auditor.fix.reported import Reported
from auditor.plan.secrets import secret_in
from auditor.redaction import redact
from auditor.text import clean, short

LINE = 160
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


class Joins(enum.StrEnum):
    """Which part of the plan names a file once it is in use."""

    NOTHING = ""  # no part: a script, a page, a fragment
    CONFIG = "config"  # `pools.<pool>.config`
    TRUST = "trust"  # `pools.<pool>.trust`
    COPY = "copy"  # `copy.config`
    REGISTRY = "registry"  # `registry.config`
    LIST = "list"  # `images`


@dataclass(frozen=True, slots=True)
class Written:
    """One file. `path` is relative, with `/`, of letters, digits, `.`, `_` and `-` alone. `is_script`: it is to be run.

    `place` is the path among the plan's files under which the next audit reads it, `joins` the part of the plan that names
    it there, `pools` those whose nodes it is for. `before` is the content that it takes the place of.
    """

    path: str
    text: str
    what: str
    mends: tuple[Reported, ...] = ()
    is_script: bool = False
    place: str = ""
    joins: Joins = Joins.NOTHING
    pools: tuple[str, ...] = ()
    before: bytes | None = None

    @property
    def is_secret(self) -> bool:
        """Whether the file that it takes the place of holds credentials, which stay in this one."""
        if self.before is None:
            return False
        text = self.before.decode("utf-8", "replace")
        return redact(text) != text or bool(secret_in(self.before))


def quoted(text: object) -> str:
    """One word of a POSIX shell, whatever the text holds. A control character, which no terminal should see, is escaped."""
    return shlex.quote(clean(str(text)))


def remark(text: object) -> str:
    """The text as it may stand behind a `#`: on one line, and short."""
    return short(" ".join(clean(str(text)).split()), LINE)


def file_name(text: str) -> str:
    """A name for a file or a folder out of any text. Two texts may come to the same."""
    name = _UNFIT.sub("-", text).strip("-.")[:80]
    return name or "unnamed"


def mended(findings: tuple[Reported, ...], mark: str = "#") -> list[str]:
    """Comments that say which findings a file resolves."""
    lines = [f"{mark} Resolves {remark(finding.check)}: {remark(finding.subject)}" for finding in findings]
    return lines or [f"{mark} No finding asked for this file: the plan needs it."]


def once(findings: Iterable[Reported]) -> tuple[Reported, ...]:
    """Each finding once, in order."""
    return tuple({finding.fingerprint: finding for finding in findings}.values())
