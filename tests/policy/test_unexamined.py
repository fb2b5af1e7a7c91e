"""Parts of a plan that no check examines are said, and those that one examines are not."""

from __future__ import annotations

from auditor.policy.unexamined import unexamined_findings
from tests.world import site_of

CLUSTER = "version: 1\npools: {one: {platform: linux/amd64}}\ncluster: {distribution: rke2, version: v1.33.5+rke2r1}\n"


def subjects(text: str) -> list[str]:
    return [finding.subject.id for finding in unexamined_findings(site_of({"plan": text}))]


def test_a_cluster_is_examined_where_there_is_a_list_to_compare_with() -> None:
    assert subjects(CLUSTER + "images: [{ref: 'busybox:1'}]\n") == []


def test_a_cluster_without_any_list_is_not() -> None:
    assert subjects(CLUSTER) == ["cluster"]


def test_the_copy_is_not_examined_yet() -> None:
    assert subjects("version: 1\npools: {one: {platform: linux/amd64}}\ncopy: {window: 1h, rate: 10MB/s}\n") == [
        "copy.rate",
        "copy.window",
    ]
