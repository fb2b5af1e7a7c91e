"""Hosts that gave no usable answer: one group for each, in place of every outcome that waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.check import Undetermined
from auditor.report import HostRow, Report
from auditor.text import many
from reports.cleaning import clean

MOST_NAMED = 4
UNANSWERED = "unanswered-host"  # stands where lists name a check


@dataclass(frozen=True, slots=True)
class Waiting:
    """The undetermined outcomes of one check that wait for one host. `row` is the first of them."""

    host: HostRow
    row: Undetermined
    count: int


def ungrouped(report: Report) -> tuple[Undetermined, ...]:
    """What is undetermined for another reason than a host."""
    return tuple(row for row in report.undetermined if not (row.faults and report.hosts))


def headline(row: HostRow) -> str:
    """The host and what happened: `registry.example.com:5000 did not answer: …`."""
    return clean(f"{row.host} {row.what}")


def effect(row: HostRow) -> str:
    """What waits for it: `212 checks of 40 images are undetermined.`"""
    of = f" of {many(row.images, 'image')}" if row.images else ""
    return f"{many(row.undetermined, 'check')}{of} {'is' if row.undetermined == 1 else 'are'} undetermined."


def quoted(row: HostRow) -> str:
    """The first failure, as the request met it."""
    return clean(f"First failure: {row.detail.rstrip('.')}.") if row.detail else ""


def named(row: HostRow) -> str:
    """The first subjects, and that there are more."""
    return clean(", ".join(row.subjects[:MOST_NAMED])) + (", …" if len(row.subjects) > MOST_NAMED else "")


def fix(row: HostRow) -> str:
    """The remedy, with its command."""
    return clean(" ".join([row.remedy.text, *(f"`{command}`" for command in row.remedy.commands)]))


def told(row: HostRow) -> str:
    """All of it in one line."""
    return f"{headline(row)}. {effect(row)} {quoted(row)} Fix: {fix(row)}"


def waiting(report: Report) -> Iterator[Waiting]:
    """Each check and host once, for formats that list checks."""
    hosts = {(row.host, row.cause): row for row in report.hosts}
    found: dict[tuple[str, str, str], list[Undetermined]] = {}
    for row in report.undetermined:
        for host, cause in dict.fromkeys((fault.host, fault.cause.value) for fault in row.faults):
            if (host, cause) in hosts:
                found.setdefault((row.check, host, cause), []).append(row)
    for (_, host, cause), rows in found.items():
        yield Waiting(hosts[host, cause], rows[0], len(rows))
