"""Outcomes about a configuration of distribution match the behaviour of the real registry."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest
import yaml

from auditor.readers.go_regexp import go_problem
from auditor.readers.registry_lint import Slip, slips_in
from tests.peers.programs import require
from tests.peers.registry import serve

pytestmark = pytest.mark.peer
URLS = "validation: {manifests: {urls: {%s}}}"
STOPS = {
    "a group that is not closed": URLS % "allow: ['^https://mcr(']",
    "a pattern for file names": URLS % "allow: ['*.microsoft.com']",
    "a look-ahead": URLS % "deny: ['^(?!https)']",
    "text for a list": URLS % "allow: '^https://'",
    "text for a mapping": "validation: on",
    "text for a switch": "validation: {disabled: 'true'}",
}
STARTS = {
    "a pattern that is not read": ("validation: {disabled: true, manifests: {urls: {allow: ['(']}}}", [Slip.NO_EFFECT]),
    "a misspelt key": ("validation: {manifest: {urls: {allow: ['.+']}}}", [Slip.UNKNOWN_KEY]),
    "a key at the top": ("manifests: {urls: {allow: ['.+']}}", [Slip.UNKNOWN_KEY]),
    "a key one too high": ("validation: {urls: {allow: ['.+']}}", [Slip.UNKNOWN_KEY]),
    "an old switch": ("validation: {enabled: false}", [Slip.NO_EFFECT]),
    "two switches": ("validation: {enabled: true, disabled: true}", [Slip.NO_EFFECT]),
    "no slip": (URLS % "allow: ['^https://mcr\\.', '^*'], deny: []", []),
}


def slips(text: str) -> list[Slip]:
    return [slip.slip for slip in slips_in("config.yml", text.encode())]


@pytest.mark.parametrize("text", STOPS.values(), ids=STOPS.keys())
def test_registry_does_not_start_with_a_rejected_configuration(tmp_path: Path, text: str) -> None:
    assert slips(text)[0] in {Slip.WRONG_KIND, Slip.NO_PATTERN}
    with pytest.raises(RuntimeError, match="panic: validation|unmarshal errors"), serve(tmp_path, more=yaml.safe_load(text)):
        pass


@pytest.mark.parametrize(("text", "said"), STARTS.values(), ids=STARTS.keys())
def test_registry_ignores_a_setting_without_effect(tmp_path: Path, text: str, said: list[Slip]) -> None:
    assert slips(text) == said
    with serve(tmp_path, more=yaml.safe_load(text)) as registry, registry.client() as client:
        assert client.post("/v2/a/blobs/uploads/").status_code == 202


def test_cache_does_not_start_without_its_remote_and_rejects_pushes(tmp_path: Path) -> None:
    with serve(tmp_path / "remote") as remote:
        text = f"proxy: {{remoteurl: '{remote.url}'}}"
        assert slips(text) == [Slip.PROXY]
        with serve(tmp_path / "cache", more=yaml.safe_load(text)) as cache, cache.client() as client:
            answer = client.post("/v2/a/blobs/uploads/")
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (405, "UNSUPPORTED")
    with pytest.raises(RuntimeError, match="connection refused"), serve(tmp_path / "alone", more=yaml.safe_load(text)):
        pass


def test_read_only_registry_rejects_pushes(tmp_path: Path) -> None:
    storage = {"filesystem": {"rootdirectory": str(tmp_path / "s")}, "maintenance": {"readonly": {"enabled": True}}}
    assert slips(json.dumps({"storage": storage})) == [Slip.READ_ONLY]
    with serve(tmp_path, more={"storage": storage}) as registry, registry.client() as client:
        assert client.post("/v2/a/blobs/uploads/").status_code == 405


GO = """package main

import ("bufio"; "encoding/json"; "fmt"; "os"; "regexp")

func main() {
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var pattern string
		_ = json.Unmarshal(in.Bytes(), &pattern)
		_, err := regexp.Compile(pattern)
		fmt.Println(err == nil)
	}
}
"""
PARTS = ["(", ")", "[", "]", "*", "+", "?", "|", "a", "\\", "^", "$", "(?:", "(?i)", "(?=", "(?<n>", "{2}", "\\d", "\\1", "\\Q"]
PARTS += ["\\E", "-", "[:alpha:]", "[^", ".", "\\b", "\\]", "(?i:", "(?#", "\\pL", ":", "\n", "(?)"]


def test_pattern_reported_as_invalid_is_invalid_in_go(tmp_path: Path) -> None:
    drawn = random.Random(7)
    patterns = ["".join(drawn.choices(PARTS, k=drawn.randint(1, 7))) for _ in range(20_000)]
    (tmp_path / "main.go").write_text(GO)
    told = "\n".join(map(json.dumps, patterns))
    words = [require("go"), "run", str(tmp_path / "main.go")]
    done = subprocess.run(words, input=told, capture_output=True, text=True, timeout=120, check=True)
    taken = [line == "true" for line in done.stdout.splitlines()]
    assert len(taken) == len(patterns)
    assert not [pattern for pattern, is_taken in zip(patterns, taken, strict=True) if is_taken and go_problem(pattern)]
    assert sum(bool(go_problem(pattern)) for pattern in patterns) > 10_000
