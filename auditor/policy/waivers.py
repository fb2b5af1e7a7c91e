"""Findings about the waivers themselves: unknown check, expired, expiring or unused."""

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
    """Whether the waiver is in force: up to and including its last day."""
    return today <= waiver.expires


def waiver_findings(waivers: Iterable[Waiver], known: frozenset[str], today: datetime.date) -> Iterator[Finding]:
    """Yield findings about waivers with an unknown check, or that have expired or will expire soon."""
    for waiver in waivers:
        if waiver.check not in known:
            yield _unknown(waiver, known)
        elif not is_in_force(waiver, today):
            yield _expired(waiver, (today - waiver.expires).days)
        elif (left := (waiver.expires - today).days) <= NOTICE_DAYS:
            yield _expiring(waiver, left)


def can_tell(waivers: Iterable[Waiver], decided: frozenset[str], today: datetime.date) -> tuple[Waiver, ...]:
    """Return the waivers in force whose check decided every subject."""
    return tuple(waiver for waiver in waivers if is_in_force(waiver, today) and waiver.check in decided)


def unused_findings(waivers: Iterable[Waiver], used: AbstractSet[Waiver]) -> Iterator[Finding]:
    """Yield a finding for each waiver (from `can_tell`) that is not in `used`."""
    for waiver in waivers:
        if waiver not in used:
            yield _about(
                waiver,
                WAIVER_UNUSED,
                f"The waiver of {waiver.owner} for {waiver.check} accepts nothing: "
                f"the check has no finding about {waiver.subject}.",
                "Remove the waiver, or correct its subject.",
            )


def _unknown(waiver: Waiver, known: frozenset[str]) -> Finding:
    near = difflib.get_close_matches(waiver.check, known, n=1)
    return _about(
        waiver,
        WAIVER_UNKNOWN,
        f"The waiver of {waiver.owner} names {waiver.check!r}, which is not a check id. The waiver accepts nothing.",
        f"Change the id to {near[0]}." if near else "Correct the id. `auditor checks` lists all ids.",
    )


def _expired(waiver: Waiver, days: int) -> Finding:
    ago = f"{days} days ago" if days > 1 else "yesterday"
    return _about(
        waiver,
        WAIVER_EXPIRED,
        f"The waiver of {waiver.owner} for {waiver.check} ended on {waiver.expires}, {ago}. "
        f"The accepted finding ({waiver.reason}) counts again.",
        f"Fix the finding about {waiver.subject}, or ask {waiver.owner} to renew the waiver.",
        expired=waiver.expires.isoformat(),
    )


def _expiring(waiver: Waiver, days: int) -> Finding:
    when = f"in {days} days" if days > 1 else "tomorrow" if days else "today"
    return _about(
        waiver,
        WAIVER_EXPIRING,
        f"The waiver of {waiver.owner} for {waiver.check} ends {when}, on {waiver.expires}. "
        f"After that day, the accepted finding ({waiver.reason}) counts again.",
        f"Fix the finding about {waiver.subject}, or ask {waiver.owner} to renew the waiver.",
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
