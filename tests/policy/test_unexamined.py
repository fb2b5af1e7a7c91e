"""Parts of a plan that no check examines are reported, and examined parts are not."""

from __future__ import annotations

from auditor.policy.unexamined import unexamined_findings
from auditor.testing import site_of

CLUSTER = "version: 1\npools: {one: {platform: linux/amd64}}\ncluster: {distribution: rke2, version: v1.33.5+rke2r1}\n"


def subjects(text: str) -> list[str]:
    return [finding.subject.id for finding in unexamined_findings(site_of({"plan": text}))]


def test_cluster_is_examined_if_a_list_exists_for_comparison() -> None:
    assert subjects(CLUSTER + "images: [{ref: 'busybox:1'}]\n") == []


def test_cluster_without_a_list_is_unexamined() -> None:
    assert subjects(CLUSTER) == ["cluster"]


PLAN = "version: 1\npools: {one: {platform: linux/amd64}}\n"


def test_rate_and_window_are_examined_together() -> None:
    assert subjects(PLAN + "copy: {window: 1h, rate: 10MB/s}\n") == []
    assert subjects(PLAN + "copy: {window: 1h}\n") == ["copy.window"]
    assert subjects(PLAN + "copy: {rate: 10MB/s}\n") == ["copy.rate"]


def test_options_with_facts_are_examined() -> None:
    copy = "copy: {tool: crane 0.20.6, options: [--allow-nondistributable-artifacts, --platform, linux/amd64]}\n"
    assert subjects(PLAN + copy) == []
    odd = PLAN + "copy: {tool: crane 0.20.6, options: [--jobs, '4', --platform=linux/amd64]}\n"
    (finding,) = unexamined_findings(site_of({"plan": odd}))
    assert "--jobs" in finding.message
    assert "--platform" not in finding.message


def test_options_without_a_tool_and_settings_of_unused_docker_are_unexamined() -> None:
    assert subjects(PLAN + "copy: {options: [--all]}\n") == ["copy.options"]
    files = {"daemon.json": "{}"}
    plan = PLAN + "copy: {tool: crane 0.20.6, config: [daemon.json]}\n"
    assert [found.subject.id for found in unexamined_findings(site_of({"plan": plan, "files": files}))] == ["copy.config"]


def test_only_parts_of_the_distribution_configuration_are_examined() -> None:
    said = {}
    for kind in ("distribution 2.8.2", "harbor 2.12"):
        plan = PLAN + f"registry: {{host: 'r.local:5000', kind: {kind}, config: config.yml}}\n"
        (finding,) = unexamined_findings(site_of({"plan": plan, "files": {"config.yml": "version: 0.1"}}))
        said[kind] = finding.message
    assert "only `validation`, `proxy`" in said["distribution 2.8.2"]
    assert "only for distribution" in said["harbor 2.12"]
