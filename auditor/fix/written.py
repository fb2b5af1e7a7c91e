"""What `auditor fix` leaves: files with their text, and which findings each of them mends."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass

from auditor.fix.reported import Reported
from auditor.plan.quoting import clean, short

LINE = 160
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Written:
    """One file. `path` is relative, with `/`, of letters, digits, `.`, `_` and `-` alone. `is_script`: it is to be run."""

    path: str
    text: str
    what: str
    mends: tuple[Reported, ...] = ()
    is_script: bool = False


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
    """Comments that say which findings a file mends."""
    lines = [
        f"{mark} Mends {remark(finding.check)}: {remark(finding.subject)} [{remark(finding.fingerprint)}]"
        for finding in findings
    ]
    return lines or [f"{mark} No finding asked for this: it is what the plan needs all the same."]


def once(findings: Iterable[Reported]) -> tuple[Reported, ...]:
    """Each finding once, in order."""
    return tuple({finding.fingerprint: finding for finding in findings}.values())
