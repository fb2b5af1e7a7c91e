"""Which waiver covers which finding, and which waivers are findings themselves."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from auditor.check import Finding, Remedy, Rule, Subject
from auditor.plan.model import Waiver
from auditor.policy.rules import WAIVER_EXPIRED, WAIVER_EXPIRING, WAIVER_UNKNOWN, WAIVER_UNUSED

NOTICE_DAYS = 14


def is_in_force(waiver: Waiver, today: datetime.date) -> bool:
    """A waiver holds up to and including its last day."""
    return today <= waiver.expires


def waiver_findings(waivers: Iterable[Waiver], known: frozenset[str], today: datetime.date) -> Iterator[Finding]:
    """Findings about the waivers themselves: misspelt, ended, or about to end."""
    for waiver in waivers:
        if waiver.check not in known:
            yield _unknown(waiver, known)
        elif not is_in_force(waiver, today):
            yield _expired(waiver, (today - waiver.expires).days)
        elif (left := (waiver.expires - today).days) <= NOTICE_DAYS:
            yield _expiring(waiver, left)


def can_tell(waivers: Iterable[Waiver], decided: frozenset[str], today: datetime.date) -> tuple[Waiver, ...]:
    """The waivers in force of which it is known whether they cover something: their check is among the decided ones."""
    return tuple(waiver for waiver in waivers if is_in_force(waiver, today) and waiver.check in decided)


def unused_findings(waivers: Iterable[Waiver], used: AbstractSet[Waiver]) -> Iterator[Finding]:
    """The waivers, of those that `can_tell` gives, that are not among the `used` ones, which cover a finding."""
    for waiver in waivers:
        if waiver not in used:
            yield _about(
                waiver,
                WAIVER_UNUSED,
                f"The waiver of {waiver.owner} for {waiver.check} accepts nothing: nothing that it found is {waiver.subject}.",
                "Remove it, or correct its subject.",
            )


def _unknown(waiver: Waiver, known: frozenset[str]) -> Finding:
    near = difflib.get_close_matches(waiver.check, known, n=1)
    return _about(
        waiver,
        WAIVER_UNKNOWN,
        f"The waiver of {waiver.owner} names {waiver.check!r}, which is no check: it accepts nothing.",
        f"Write {near[0]}." if near else "`auditor checks` lists the ids.",
    )


def _expired(waiver: Waiver, days: int) -> Finding:
    ago = f"{days} days ago" if days > 1 else "yesterday"
    return _about(
        waiver,
        WAIVER_EXPIRED,
        f"The waiver of {waiver.owner} for {waiver.check} ended on {waiver.expires}, {ago}: "
        f"what it accepted ({waiver.reason}) counts again.",
        f"Mend what {waiver.subject} shows, or let {waiver.owner} renew the waiver.",
        expired=waiver.expires.isoformat(),
    )


def _expiring(waiver: Waiver, days: int) -> Finding:
    when = f"in {days} days" if days > 1 else "tomorrow" if days else "today"
    return _about(
        waiver,
        WAIVER_EXPIRING,
        f"The waiver of {waiver.owner} for {waiver.check} ends {when}, on {waiver.expires}: "
        f"after that day what it accepts ({waiver.reason}) counts again.",
        f"Mend what {waiver.subject} shows, or let {waiver.owner} renew the waiver.",
        expires=waiver.expires.isoformat(),
    )


def _about(waiver: Waiver, rule: Rule, message: str, remedy: str, **facts: str) -> Finding:
    return Finding(
        check=rule.id,
        severity=rule.severity,
        subject=Subject("waiver", f"{waiver.check} {waiver.subject}"),
        message=message,
        facts={"owner": waiver.owner, **facts},
        location=waiver.location,
        remedies=(Remedy("edit", remedy),),
    )
