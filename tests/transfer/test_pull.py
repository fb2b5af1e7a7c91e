"""Whether a runtime requests a layer from its URL or from the registry first."""

from __future__ import annotations

import pytest

from auditor.facts import table
from auditor.facts.lookup import Gap
from auditor.transfer.pull import PullRule, pull_rule


@pytest.mark.parametrize(
    ("runtime", "version", "os", "first", "fatal"),
    [
        ("containerd", "1.6.8", "windows", "url", True),
        ("containerd", "2.1.6-k3s1", "linux", "url", True),
        ("containerd", "", "windows", "url", True),
        ("cri-o", "1.33.0", "linux", "url", True),
        ("cri-o", "1.29.4", "linux", "url", False),
        ("docker", "27.5.1", "windows", "registry", False),
        ("docker", "29.7.2", "windows", "registry", False),
        ("docker", "", "windows", "registry", False),
        ("docker", "28.5.0", "linux", "registry", False),
        ("", "", "windows", "url", True),
    ],
)
def test_source_that_is_requested_first_is_known(runtime: str, version: str, os: str, first: str, fatal: bool) -> None:
    rule = pull_rule(runtime, version, os)
    assert rule is not None
    assert (rule.first, rule.fatal) == (first, fatal)


@pytest.mark.parametrize(
    ("runtime", "version", "os"),
    [
        ("youki", "0.5", "linux"),
        ("docker", "29.0.1", "linux"),  # its store depends on what was installed before
        ("docker", "", "linux"),
        ("cri-o", "", "linux"),
    ],
)
def test_runtime_without_facts_has_no_rule(runtime: str, version: str, os: str) -> None:
    assert isinstance(pull_rule(runtime, version, os), Gap)


def test_every_symptom_template_can_be_filled() -> None:
    for rule in table("layer_urls", PullRule):
        filled = rule.symptom.format(url="https://a.example/b", host="a.example")
        assert "{" not in filled
        assert rule.when_blocked
