"""The files that `auditor fix` writes, with their text and the findings that each resolves."""

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
    """The plan key that names a file once it is in use."""

    NOTHING = ""  # no key: a script, a README, a fragment
    CONFIG = "config"  # `pools.<pool>.config`
    TRUST = "trust"  # `pools.<pool>.trust`
    COPY = "copy"  # `copy.config`
    REGISTRY = "registry"  # `registry.config`
    LIST = "list"  # `images`


@dataclass(frozen=True, slots=True)
class Written:
    """One file. `path` is relative, with `/`, and has only letters, digits, `.`, `_`, `-`. `is_script`: the operator runs it.

    `place` is the path among the plan's files where the next audit reads it, `joins` the plan key that names it, `pools`
    the pools that it is for. `before` is the content that it replaces.
    """

    path: str
    text: str
    what: str
    resolves: tuple[Reported, ...] = ()
    is_script: bool = False
    place: str = ""
    joins: Joins = Joins.NOTHING
    pools: tuple[str, ...] = ()
    before: bytes | None = None

    @property
    def is_secret(self) -> bool:
        """Whether the replaced file contains credentials, which this file keeps."""
        if self.before is None:
            return False
        text = self.before.decode("utf-8", "replace")
        return redact(text) != text or bool(secret_in(self.before))


def quoted(text: object) -> str:
    """Return `text` as one word of a POSIX shell, with control characters escaped."""
    return shlex.quote(clean(str(text)))


def remark(text: object) -> str:
    """Return the text for a `#` comment: on one line and short."""
    return short(" ".join(clean(str(text)).split()), LINE)


def file_name(text: str) -> str:
    """Return a file or folder name made from any text. Two texts may give the same name."""
    name = _UNFIT.sub("-", text).strip("-.")[:80]
    return name or "unnamed"


def resolved_lines(findings: tuple[Reported, ...], mark: str = "#") -> list[str]:
    """Return comment lines that name the findings that a file resolves."""
    lines = [f"{mark} Resolves {remark(finding.check)}: {remark(finding.subject)}" for finding in findings]
    return lines or [f"{mark} Resolves no finding, but the plan needs this file."]


def once(findings: Iterable[Reported]) -> tuple[Reported, ...]:
    """Return each finding once, in order."""
    return tuple({finding.fingerprint: finding for finding in findings}.values())
