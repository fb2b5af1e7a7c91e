"""Whether a runtime asks a layer's URL or the registry first."""

from __future__ import annotations

import pytest

from auditor.facts import table
from auditor.transfer.pull import PullRule, pull_rule


@pytest.mark.parametrize(
    ("runtime", "version", "first"),
    [
        ("containerd", "1.6.8", "url"),
        ("containerd", "2.1.6-k3s1", "url"),
        ("containerd", "", "url"),
        ("cri-o", "1.33.0", "url"),
        ("docker", "27.5.1", "registry"),
        ("", "", "url"),
    ],
)
def test_who_is_asked_first(runtime: str, version: str, first: str) -> None:
    rule = pull_rule(runtime, version)
    assert rule is not None
    assert rule.first == first


def test_a_runtime_without_facts_has_no_rule() -> None:
    assert pull_rule("youki", "0.5") is None


def test_every_symptom_can_be_filled_in() -> None:
    for rule in table("layer_urls", PullRule):
        filled = rule.symptom.format(url="https://a.example/b", host="a.example")
        assert "{" not in filled
        assert rule.when_blocked
