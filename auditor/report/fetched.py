"""The rows of the egress inventory for what is fetched beside images: charts, downloads of scripts, the remote of a cache."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.report import EgressRow
from auditor.site import Site
from auditor.transfer.network import Dial

LINES = 10


def fetched_rows(site: Site) -> Iterator[EgressRow]:
    """One row per host and who dials it."""
    yield from _charts(site)
    yield from _scripts(site)
    yield from _registry(site)


def _row(dial: Dial, who: str, why: str, when_blocked: str, check: str) -> EgressRow:
    return EgressRow(dial.host, dial.port, dial.scheme, who, why, when_blocked, check)


def _charts(site: Site) -> Iterator[EgressRow]:
    for fetch in site.chart_fetches.outside:
        field = fetch.source.field
        who = f"{fetch.source.owner} ({field.who})"
        yield _row(fetch.dial, who, fetch.source.what, field.when_blocked, "chart-repository-egress")


def _scripts(site: Site) -> Iterator[EgressRow]:
    for script in site.script_downloads:
        blocked = "the script fails, on the connected side" if script.is_connected else "the script fails"
        for found in script.outside:
            lines = ", ".join(str(line.line) for line in found.lines[:LINES])
            who = f"{script.read.path} ({found.download.program})"
            yield _row(found.dial, who, f"a download, line {lines}", blocked, "script-downloads")


def _registry(site: Site) -> Iterator[EgressRow]:
    dial, registry = site.registry_remote, site.plan.registry
    if dial is not None and registry is not None:
        why, blocked = "it is a pull-through cache of that registry", "it does not start"
        yield _row(dial, f"{registry.host} (the registry inside)", why, blocked, "registry-config")
