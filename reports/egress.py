"""The egress inventory as a list for a firewall team: one `host:port` a line, and comments that say who dials it and why."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.report import EgressRow, Report
from auditor.text import many
from reports.cleaning import clean
from reports.headline import not_examined

_HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f.]*+:[0-9A-Fa-f:.]*+")


def render(report: Report) -> str:
    """Every host and port once, sorted. Comments begin with `#`; without them it is a plain list.

    What can be no host name or address, whatever brought it into the report, is said in a comment and is no entry.
    """
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    hosts: dict[tuple[str, int], list[EgressRow]] = {}
    for row in report.egress:
        hosts.setdefault((row.host, row.port), []).append(row)
    yield f"# {_said(report.plan_name)}, as of {report.audited_at}: {many(len(hosts), 'host')} outside would be dialled."
    if left_out := not_examined(report):
        yield f"# {left_out} More hosts may be contacted there."
    elif not hosts and not report.scope:
        yield "# The scope of the audit is unknown, so more hosts may be contacted."
    for (host, port), rows in sorted(hosts.items()):
        yield ""
        for row in dict.fromkeys(rows):
            yield f"# {_said(row.who)}: {_said(row.why)}. When blocked: {_said(row.when_blocked)} ({_said(row.check)})"
        entry = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        yield entry if _HOST.fullmatch(host) else f"# No host name, so no entry: {_said(entry)}"


def _said(text: str) -> str:
    """On one line, whatever is in it: a name must not become an entry of the list."""
    return " ".join(clean(text).split())
