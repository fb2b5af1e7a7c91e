"""config.yml of distribution: which URLs in manifests it accepts, and what is unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.readers.node_config.rewriting import NotUnderstood
from auditor.readers.registry_config import UnreadableConfig, UrlRules, read_rules, url_rules
from auditor.readers.registry_lint import Slip, slips_in
from auditor.testing import plan_of

MCR = "https://mcr.microsoft.com/v2/windows/nanoserver/blobs/sha256:3ab3"
PLAN = "version: 1\npools: {one: {platform: linux/amd64}}\nregistry: {host: 'r.local:5000', config: registry/config.yml}\n"


def rules(text: str) -> UrlRules:
    return read_rules("config.yml", text.encode())


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("version: 0.1", True),
        ("validation: {}", True),
        ("validation: {enabled: true}", True),
        ("validation: {disabled: true}", False),
        ("validation: {disabled: true, enabled: true}", True),
        ("validation: {disabled: false}", True),
        ("validation: {manifests: {urls: {allow: ['^https://mcr\\.microsoft\\.com/']}}}", False),
        ("validation: {manifests: {urls: {allow: ['microsoft']}}}", False),
        ("validation: {manifests: {urls: {allow: ['^https://go\\.microsoft\\.com/']}}}", True),
        ("validation: {manifests: {urls: {allow: ['.+'], deny: ['mcr']}}}", True),
        ("validation: {manifests: {urls: {deny: ['go\\.microsoft']}}}", False),
        ("validation: {manifests: {urls: {allow: []}}}", True),
        ("validation: {manifests: {urls: {allow: }}}", True),
        ("validation: {disabled: true, manifests: {urls: {deny: ['.+']}}}", False),
    ],
)
def test_rejected_urls(text: str, refused: bool) -> None:
    assert rules(text).refuses(MCR) is refused


@pytest.mark.parametrize("url", ["ftp://mcr.microsoft.com/x", f"{MCR}#part", "https://[broken", "/v2/x"])
def test_invalid_urls_are_rejected_regardless_of_allow(url: str) -> None:
    assert rules("validation: {manifests: {urls: {allow: ['.*']}}}").refuses(url)
    assert not rules("validation: {disabled: true}").refuses(url)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("validation:\n  disabled: yes please", 2, "must be true or false"),
        ("validation:\n  manifests:\n    urls:\n      allow: '^https'", 4, "must be a list of regular expressions"),
        ("validation:\n  manifests: {urls: {allow: [7]}}", 2, "must be a list"),
        ("- a list", 1, "expected one mapping"),
        ("", 1, "expected one mapping"),
        ("a: [", 2, "not YAML"),
    ],
)
def test_unreadable_config_error_has_its_line(text: str, line: int, why: str) -> None:
    with pytest.raises(UnreadableConfig, match=why) as caught:
        rules(text)
    assert caught.value.location.line == line
    assert not caught.value.missing


@pytest.mark.parametrize("pattern", ["(?i)MCR", "(a+)+$", "[[:alpha:]]", "(" * 50, "x" * 300])
def test_ambiguous_or_slow_patterns_are_not_evaluated(pattern: str) -> None:
    with pytest.raises(NotUnderstood):
        UrlRules(rules("version: 0.1").location, allow=(pattern,)).refuses(MCR)


def test_very_long_url_is_not_evaluated() -> None:
    with pytest.raises(NotUnderstood):
        rules("validation: {manifests: {urls: {allow: ['.+']}}}").refuses(f"https://mcr.microsoft.com/{'x' * 5000}")


def test_plan_names_the_configuration() -> None:
    found = url_rules(plan_of(PLAN, {"registry/config.yml": b"validation:\n  disabled: true\n"}))
    assert found is not None
    assert not found.checks
    assert str(found.location) == "registry/config.yml:2:3"
    assert url_rules(plan_of("version: 1\npools: {one: {platform: linux/amd64}}\n")) is None


def test_file_left_out_of_evidence_is_missing() -> None:
    with pytest.raises(UnreadableConfig) as caught:
        url_rules(plan_of(PLAN))
    assert caught.value.missing


@given(st.binary(max_size=200))
def test_any_file_gives_a_result_or_our_error(data: bytes) -> None:
    try:
        found = read_rules("config.yml", b"validation: " + data)
    except UnreadableConfig as error:
        assert error.location.file == "config.yml"
    else:
        assert found.checks in {True, False}


def test_misspelt_top_level_key_is_reported() -> None:
    found = list(slips_in("config.yml", b"version: 0.1\nvalidaton: {disabled: true}\nx-own: {}\n"))
    assert [(slip.slip, slip.key, slip.detail, slip.location.line) for slip in found] == [
        (Slip.UNKNOWN_KEY, "validaton", "validation", 2)
    ]
