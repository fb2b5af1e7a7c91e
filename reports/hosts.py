"""Hosts that gave no usable answer: one group per host in place of the outcomes that depend on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.check import Undetermined
from auditor.report import HostRow, Report
from auditor.text import many
from reports.cleaning import clean

MOST_NAMED = 4
UNANSWERED = "unanswered-host"  # shown in lists in place of a check id


@dataclass(frozen=True, slots=True)
class Waiting:
    """The undetermined outcomes of one check that depend on one host. `row` is the first of them."""

    host: HostRow
    row: Undetermined
    count: int


def ungrouped(report: Report) -> tuple[Undetermined, ...]:
    """Return the outcomes that are undetermined for a reason other than a host."""
    return tuple(row for row in report.undetermined if not (row.faults and report.hosts))


def headline(row: HostRow) -> str:
    """Return the host and what happened: `registry.example.com:5000 did not answer: …`."""
    return clean(f"{row.host} {row.what}")


def effect(row: HostRow) -> str:
    """Return the effect: `212 checks of 40 images are undetermined.`"""
    of = f" of {many(row.images, 'image')}" if row.images else ""
    return f"{many(row.undetermined, 'check')}{of} {'is' if row.undetermined == 1 else 'are'} undetermined."


def quoted(row: HostRow) -> str:
    """Return the failure of the first request."""
    return clean(f"First failure: {row.detail.rstrip('.')}.") if row.detail else ""


def named(row: HostRow) -> str:
    """Return the first subjects, with an ellipsis if there are more."""
    return clean(", ".join(row.subjects[:MOST_NAMED])) + (", …" if len(row.subjects) > MOST_NAMED else "")


def fix(row: HostRow) -> str:
    """Return the remedy with its command."""
    return clean(" ".join([row.remedy.text, *(f"`{command}`" for command in row.remedy.commands)]))


def told(row: HostRow) -> str:
    """Return the whole group in one line."""
    return f"{headline(row)}. {effect(row)} {quoted(row)} Fix: {fix(row)}"


def waiting(report: Report) -> Iterator[Waiting]:
    """Yield each pair of check and host once, for formats that list checks."""
    hosts = {(row.host, row.cause): row for row in report.hosts}
    found: dict[tuple[str, str, str], list[Undetermined]] = {}
    for row in report.undetermined:
        for host, cause in dict.fromkeys((fault.host, fault.cause.value) for fault in row.faults):
            if (host, cause) in hosts:
                found.setdefault((row.check, host, cause), []).append(row)
    for (_, host, cause), rows in found.items():
        yield Waiting(hosts[host, cause], rows[0], len(rows))
