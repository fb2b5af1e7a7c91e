"""The facts know their limits: every table is dated, and a version above the verified ones is never judged in silence."""

from __future__ import annotations

import datetime
from importlib import resources
from typing import Any

import pytest
import yaml

from auditor.check import Undetermined
from auditor.engine import evaluate
from auditor.facts import VERSIONED_TABLES, header, headers
from auditor.facts.lookup import Gap, GapKind, gap_in, rows_at
from auditor.facts.versions import Version, Versioned, parse_version
from auditor.pki.clients import client_models
from auditor.policy import Policy, judge
from auditor.policy.rules import VERSION_NOT_COVERED
from auditor.report import Report, Verdict
from auditor.testing import site_of
from checks import CATALOGUE
from tests.facts.test_tables import TABLES, rows_of
from tests.made_checks import TODAY
from tests.policy.complete import complete_form

# Programs without versions that a plan can state: services, and products whose behaviour was not read.
UNVERSIONED = {
    *("acr", "ecr", "dockerhub", "ghcr", "nexus", "artifactory", "registries.yaml", ""),
    *("git", "kube-proxy", "kubelet", "powershell", "winhttp"),
}
FUTURE: dict[str, tuple[str, Any]] = {
    "crane 99": ("copy.tool", "crane 99.0"),
    "skopeo 9": ("copy.tool", "skopeo 9.0"),
    "regctl 99": ("copy.tool", "regctl 99.0"),
    "oras 99": ("copy.tool", "oras 99.0"),
    "containerd 9.9": ("pools.control.runtime", "containerd 9.9.0"),
    "CRI-O 9": ("pools.control.runtime", "cri-o 9.0.0"),
    "docker 99": ("pools.control.runtime", "docker 99.0"),
    "RKE2 1.99": ("cluster", {"distribution": "rke2", "version": "v1.99.0+rke2r1"}),
    "K3s 1.99": ("cluster", {"distribution": "k3s", "version": "v1.99.0+k3s1"}),
    "k0s 1.99": ("cluster", {"distribution": "k0s", "version": "v1.99.0+k0s.0"}),
    "kubeadm 1.99": ("cluster.version", "v1.99.0"),
    "Windows build 29600": ("pools.control.platform", "windows/amd64:10.0.29600"),
    "distribution 99": ("registry.kind", "distribution 99.0"),
    "unknown registry kind": ("registry.kind", "warehouse 1.0"),
    "Go 1.99": ("pools.control.clients", ["go 1.99"]),
    "containerd 99 as a client": ("pools.control.clients", ["containerd 99.0"]),
    "Docker 99 as a client": ("pools.control.clients", ["docker 99.0"]),
    "curl 99": ("pools.control.clients", ["curl 99.0"]),
    "Python 3.99": ("pools.control.clients", ["python 3.99"]),
    "text instead of a version": ("pools.control.runtime", "containerd 2abc"),
}


def report_with(key: str, value: object) -> Report:
    """The report of the complete site with one key of its plan replaced."""
    form = complete_form()
    plan = yaml.safe_load(form["plan"])
    *path, last = key.split(".")
    part = plan
    for name in path:
        part = part[name]
    part[last] = value
    form["plan"] = yaml.safe_dump(plan)
    return judge(evaluate(site_of(form), CATALOGUE, TODAY), Policy(), TODAY)


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_a_date_and_a_source(name: str) -> None:
    head = header(name)
    assert datetime.date(2026, 11, 1) < head.as_of <= datetime.date(2100, 1, 1)
    assert len(head.source) > 5


@pytest.mark.parametrize("name", TABLES)
def test_every_program_of_a_versioned_table_has_a_newest_verified_version(name: str) -> None:
    head, rows = header(name), rows_of(name)
    is_versioned = any({"since", "before", "fixed-in", "since-in"} & row.keys() for row in rows)
    if is_versioned:
        assert head.verified_through
        programs = {str(row.get(head.program, "")) for row in rows} if head.program else set(head.verified_through)
        assert programs == set(head.verified_through)
    assert (name in VERSIONED_TABLES) == any(head.verified_through.values())
    assert {program for program, through in head.verified_through.items() if not through} <= UNVERSIONED


def test_complete_site_is_ready_with_versions_that_the_facts_cover() -> None:
    assert report_with("name", "plant-7").verdict is Verdict.READY


@pytest.mark.parametrize("name", FUTURE)
def test_future_version_is_never_judged_in_silence(name: str) -> None:
    report = report_with(*FUTURE[name])
    said = [item for item in report.undetermined if item.check == VERSION_NOT_COVERED.id]
    assert report.verdict is not Verdict.READY
    assert said, [item.detail for item in report.undetermined]
    assert any(word in said[0].detail for word in ("the facts cover", "the facts do not list", "is not a version of")), said


@pytest.mark.parametrize("client", ["dotnet 10.0", "pwsh 7.6.0", "containerd 99.0"])
def test_windows_client_newer_than_its_row_is_undetermined(client: str) -> None:
    name, _, version = client.partition(" ")
    assert gap_in(header("tls_clients"), name, version) is not None
    assert client_models(client, "windows").gap is not None
    assert client_models(name, "windows").rows


def test_text_of_a_gap_names_the_newest_verified_version_and_the_month() -> None:
    (said,) = (item for item in report_with("copy.tool", "crane 99.0").undetermined if item.check == VERSION_NOT_COVERED.id)
    assert isinstance(said, Undetermined)
    oldest = min((head.through("crane") for head in headers().values() if head.program == "tool"), key=parsed)
    assert f"the facts cover crane up to {oldest} (checked 2026-11), and the plan states 99.0" in said.detail


def parsed(text: str) -> Version:
    version = parse_version(text)
    assert version is not None
    return version


def rows(*pairs: tuple[str, str], through: str = "2.0") -> list[Versioned]:
    return [
        Versioned(source="test", confidence="high", since=since, before=before, verified_through=through, as_of="2026-11")
        for since, before in pairs
    ]


def test_missing_unreadable_and_newer_versions_are_three_answers() -> None:
    own = rows(("", "1.5"), ("1.5", ""))
    kinds = {version: rows_at(own, version, "tool").gap for version in ("", "latest", "3.0", "1.0", "2.0.5")}
    assert [gap.kind if gap else None for gap in kinds.values()] == [
        GapKind.UNSTATED,
        GapKind.UNREADABLE,
        GapKind.BEYOND,
        None,
        None,
    ]
    assert len({gap.why for gap in kinds.values() if gap is not None}) == 3


def test_rows_beyond_the_verified_versions_still_inform() -> None:
    found = rows_at(rows(("", "1.5"), ("1.5", "")), "3.0", "tool")
    assert [row.since for row in found.rows] == ["1.5"]
    assert found.first is None


def test_only_a_missing_version_may_be_settled_by_agreement() -> None:
    own = rows(("", "1.5"), ("1.5", ""))
    assert rows_at(own, "", "tool").agreed(lambda _row: "same") is own[0]
    for version in ("latest", "3.0"):
        assert isinstance(rows_at(own, version, "tool").agreed(lambda _row: "same"), Gap)


def test_program_without_rows_is_not_a_program_without_a_row_for_its_version() -> None:
    nothing, other = rows_at([], "1.0", "tool").gap, rows_at(rows(("1.5", "")), "1.0", "tool").gap
    assert nothing is not None
    assert other is not None
    assert (nothing.kind, other.kind) == (GapKind.UNLISTED, GapKind.UNCOVERED)


def test_header_answers_as_the_rows_do() -> None:
    head = header("copy_layers")
    assert gap_in(head, "crane", head.through("crane")) is None
    assert gap_in(head, "crane", "") is None
    for version, kind in (("99.0", GapKind.BEYOND), ("edge", GapKind.UNREADABLE)):
        gap = gap_in(head, "crane", version)
        assert gap is not None
        assert gap.kind is kind


def test_headers_are_read_without_the_rows() -> None:
    text = resources.files("auditor.facts").joinpath("operator_images.yaml").read_text("utf-8")
    assert len(text) > 10_000
    assert next(iter(yaml.safe_load_all(text)))["source"] == header("operator_images").source
