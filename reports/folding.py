"""Findings and questions that say the same of several pools or clients, put together so that each is read once.

Folding joins only what differs in nothing but the names of the pool, its platform and the client; what differs in more
stays a wording of its own. Counts are always of findings, never of entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from auditor.check import Finding, Remedy, Subject, Undetermined
from auditor.text import listed

MOST_POOLS = 6
Who = tuple[str, str]  # client and pool; either may be empty


@dataclass(frozen=True, slots=True)
class Wording:
    """What is said alike of everybody in `findings`, which is never empty."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The finding whose own words are shown."""
        return self.findings[0]


@dataclass(frozen=True, slots=True)
class Entry:
    """The findings of one check about one subject at one place, by wording. Never empty."""

    wordings: tuple[Wording, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them, in the order of their wordings."""
        return tuple(finding for wording in self.wordings for finding in wording.findings)

    @property
    def first(self) -> Finding:
        """The finding that stands for the entry."""
        return self.wordings[0].first

    @property
    def pools(self) -> tuple[str, ...]:
        """The pools that the entry is about, each once; empty where findings name none."""
        return tuple(dict.fromkeys(finding.subject.pool for finding in self.findings if finding.subject.pool))


@dataclass(frozen=True, slots=True)
class Question:
    """Undetermineds of one check about one subject for one reason, whoever the pools are. Never empty."""

    rows: tuple[Undetermined, ...]

    @property
    def first(self) -> Undetermined:
        """The one that stands for all."""
        return self.rows[0]

    @property
    def pools(self) -> tuple[str, ...]:
        """The pools that it is about, each once."""
        return tuple(dict.fromkeys(row.subject.pool for row in self.rows if row.subject.pool))


def entries(findings: Iterable[Finding]) -> tuple[Entry, ...]:
    """The findings of one check by subject and place, in the order in which each first appears."""
    places: dict[tuple[str, str, str], dict[tuple[str, ...], list[Finding]]] = {}
    for finding in findings:
        key = (finding.subject.kind, finding.subject.id, str(finding.location or ""))
        places.setdefault(key, {}).setdefault(_wording(finding), []).append(finding)
    return tuple(Entry(tuple(Wording(tuple(alike)) for alike in wordings.values())) for wordings in places.values())


def questions(rows: Iterable[Undetermined]) -> tuple[Question, ...]:
    """Undetermineds that differ in nothing but the pool, in the order in which each first appears."""
    alike: dict[tuple[str, str, str, str, str], list[Undetermined]] = {}
    for row in rows:
        subject = row.subject
        detail = nameless(row.detail, subject, subject.client)
        alike.setdefault((row.check, row.kind.value, subject.kind, subject.id, detail), []).append(row)
    return tuple(Question(tuple(found)) for found in alike.values())


def _wording(finding: Finding) -> tuple[str, ...]:
    client = who_of(finding)[0]
    said = (finding.message, *_words(finding.remedies[:1]))
    return tuple(nameless(text, finding.subject, client) for text in said)


def _words(remedies: Iterable[Remedy]) -> Iterator[str]:
    for remedy in remedies:
        yield from (remedy.text, *remedy.commands)


def nameless(text: str, subject: Subject, client: str) -> str:
    """`text` without the names by which two alike findings may differ; only whole names count."""
    for name, blank in ((subject.platform, "<platform>"), (subject.pool, "<pool>"), (client, "<client>")):
        if name:
            text = _whole(name).sub(blank, text)
    return text


def names(text: str, name: str) -> bool:
    """Whether `text` holds the whole name, and not only as a part of another."""
    return _whole(name).search(text) is not None


def _whole(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.-]){re.escape(name)}(?![\w-])")


def who_of(finding: Finding) -> Who:
    """The client and the pool of a finding."""
    return finding.subject.client or str(finding.facts.get("client", "")), finding.subject.pool


def everybody(people: Iterable[Who], most: int | None = MOST_POOLS) -> str:
    """Clients and pools in few words: `containerd, kubelet on control, win2022; curl on win2025`.

    At most `most` pools of each kind are named and the others counted; None names them all.
    """
    clients: dict[str, dict[str, None]] = {}
    for client, pool in people:
        clients.setdefault(pool, {})[client] = None
    pools: dict[tuple[tuple[str, ...], bool], list[str]] = {}
    for pool, found in clients.items():
        pools.setdefault((tuple(found), bool(pool)), []).append(pool)
    return "; ".join(filter(None, (_some(", ".join(filter(None, who)), where, most) for (who, _), where in pools.items())))


def _some(clients: str, pools: Sequence[str], most: int | None) -> str:
    named = [pool for pool in pools if pool]
    where = listed(named, len(named) if most is None else most)
    return f"{clients} on {where}" if clients and where else clients or where
