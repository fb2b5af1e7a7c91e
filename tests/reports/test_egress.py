"""The list for a firewall team: without its comments nothing but hosts and ports."""

from __future__ import annotations

import dataclasses
import re

import pytest
from hypothesis import given, settings

from auditor.report import EgressRow, Report
from reports import render
from tests.reports.sample import partly_ready_report, ready_report
from tests.reports.strategies import reports

ENTRY = re.compile(r"\S+:\d+")


def listed(report: Report) -> list[str]:
    """What a firewall would read."""
    return [line for line in render(report, "egress").splitlines() if line and not line.startswith("#")]


def test_each_host_is_listed_once_with_its_clients() -> None:
    rows = (
        EgressRow(
            "mcr.microsoft.com", 443, "https", "win2019 (containerd)", "layers of a", "the pull fails", "foreign-layer-egress"
        ),
        EgressRow(
            "mcr.microsoft.com", 443, "https", "win2022 (containerd)", "layers of b", "the pull fails", "foreign-layer-egress"
        ),
        EgressRow("2001:db8::1", 80, "http", "win (curl)", "to verify x", "a stall", "chain-incomplete"),
    )
    report = dataclasses.replace(ready_report(), egress=rows)
    assert listed(report) == ["[2001:db8::1]:80", "mcr.microsoft.com:443"]
    shown = render(report, "egress")
    assert "2 external hosts would be contacted" in shown.splitlines()[0]
    for who in ("win2019", "win2022"):
        assert f"# {who} (containerd): layers of" in shown


def test_empty_list_is_stated_without_a_promise() -> None:
    shown = render(dataclasses.replace(partly_ready_report(), egress=()), "egress")
    assert "0 external hosts" in shown
    assert "Not examined: internal registry or archives (not declared)" in shown
    assert "More hosts may be contacted there." in shown
    assert "scope of the audit is unknown" in render(dataclasses.replace(ready_report(), egress=(), scope=()), "egress")
    assert "More hosts" not in render(dataclasses.replace(ready_report(), egress=()), "egress")
    assert not listed(dataclasses.replace(ready_report(), egress=()))


@pytest.mark.parametrize(
    "host", ["evil.example\ninside.example", "#evil.example", "", "a b", "evil.example\u2028inside.example"]
)
def test_invalid_host_name_is_a_comment_and_not_an_entry(host: str) -> None:
    row = EgressRow(host, 443, "https", "who\nhost:1", "why\x85host:2", "blocked\u2029host:3", "x\nhost:4")
    report = dataclasses.replace(ready_report(), egress=(row,))
    assert listed(report) == []
    assert f"not listed: {' '.join(host.split())}:443" in render(report, "egress")


@settings(max_examples=60, deadline=None)
@given(reports)
def test_any_report_gives_one_line_per_host_and_port(report: Report) -> None:
    shown = render(report, "egress")
    entries, none = listed(report), re.findall(r"^# Not a valid host name, so not listed: ", shown, re.MULTILINE)
    assert all(ENTRY.fullmatch(entry) for entry in entries)
    assert len(entries) + len(none) == len({(row.host, row.port) for row in report.egress})
