"""The egress inventory as a list for a firewall team: one `host:port` per line, with the clients and reasons in comments."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.report import EgressRow, Report
from auditor.text import many
from reports.cleaning import clean
from reports.headline import not_examined

_HOST = re.compile(r"[\w.-]+|[0-9A-Fa-f.]*+:[0-9A-Fa-f:.]*+")


def render(report: Report) -> str:
    """Return every host and port once, sorted. Comments begin with `#`.

    An invalid host name or address becomes a comment, not an entry.
    """
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    hosts: dict[tuple[str, int], list[EgressRow]] = {}
    for row in report.egress:
        hosts.setdefault((row.host, row.port), []).append(row)
    yield f"# {_said(report.plan_name)}, as of {report.audited_at}: {many(len(hosts), 'external host')} would be contacted."
    if left_out := not_examined(report):
        yield f"# {left_out} More hosts may be contacted there."
    elif not hosts and not report.scope:
        yield "# The scope of the audit is unknown, so more hosts may be contacted."
    for (host, port), rows in sorted(hosts.items()):
        yield ""
        for row in dict.fromkeys(rows):
            yield f"# {_said(row.who)}: {_said(row.why)}. When blocked: {_said(row.when_blocked)} ({_said(row.check)})"
        entry = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        yield entry if _HOST.fullmatch(host) else f"# Not a valid host name, so not listed: {_said(entry)}"


def _said(text: str) -> str:
    """Return `text` on one line, so that a name cannot become an entry of the list."""
    return " ".join(clean(text).split())
