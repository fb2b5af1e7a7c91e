"""Patterns of policies match as their engines do, and no pattern is slow."""

from __future__ import annotations

import contextlib
import time

import pytest

from auditor.oci.reference import parse_reference
from auditor.readers.signatures.globs import BadPattern, gobwas, scope_of, sigstore, wildcard


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*", "docker.io/nginx:1", True),
        ("ghcr.io/org/*", "ghcr.io/org/a/b:1", True),
        ("ghcr.io/org/*", "ghcr.io/other/a:1", False),
        ("ghcr.io/org/app:v?", "ghcr.io/org/app:v1", True),
        ("ghcr.io/org/app:v?", "ghcr.io/org/app:v", False),
        ("ghcr.io/org/app:v?", "ghcr.io/org/app:v12", False),
        ("*/org/app*", "ghcr.io/org/app@sha256:00", True),
        ("ghcr.io/org/app", "ghcr.io/org/app:1", False),
        ("", "", True),
        ("ghcr.io/[a]*", "ghcr.io/[a]b", True),
    ],
)
def test_kyverno_wildcards(pattern: str, name: str, matches: bool) -> None:
    assert wildcard(pattern, name) is matches


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("ghcr.io/org/*", "ghcr.io/org/app:1", True),
        ("ghcr.io/org/*", "ghcr.io/org/team/app:1", False),
        ("ghcr.io/**", "ghcr.io/org/team/app:1", True),
        ("**", "anything/at/all:1", True),
        ("*", "index.docker.io/library/nginx:1", True),
        ("*", "index.docker.io/team/nginx:1", False),
        ("*/*", "index.docker.io/team/nginx:1", True),
        ("ghcr.io.org/*", "ghcrXio.org/a:1", False),
    ],
)
def test_policy_controller_globs(pattern: str, name: str, matches: bool) -> None:
    assert sigstore(pattern, name) is matches


@pytest.mark.parametrize("pattern", ["", "ghcr.io/{a,b}", "ghcr.io/[ab]", "a" * 2000, "ghcr.io/ü"])
def test_policy_controller_rejects_other_characters(pattern: str) -> None:
    with pytest.raises(BadPattern):
        sigstore(pattern, "ghcr.io/a:1")


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("r.local/{web,api}:*", "r.local/api:1", True),
        ("r.local/{web,api}:*", "r.local/db:1", False),
        ("r.local/app-[0-9]:1", "r.local/app-7:1", True),
        ("r.local/app-[!0-9]:1", "r.local/app-7:1", False),
        ("r.local/**", "r.local/a/b:1", True),
        (r"r.local/\*:1", "r.local/*:1", True),
        ("r.local/?:1", "r.local/ab:1", False),
    ],
)
def test_gobwas_globs(pattern: str, name: str, matches: bool) -> None:
    assert gobwas(pattern, name) is matches


@pytest.mark.parametrize("pattern", ["{" * 40 + "a,b" + "}" * 40, "{a,b}" * 12, "[a", "x" * 3000])
def test_hostile_globs_are_refused_or_end(pattern: str) -> None:
    started = time.process_time()
    with contextlib.suppress(BadPattern):
        gobwas(pattern, "r.local/a:1")
    assert time.process_time() - started < 1


def test_many_stars_are_linear() -> None:
    started = time.process_time()
    assert not wildcard("*a" * 400, "a" * 399 + "b" * 1500)
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("scopes", "expected"),
    [
        ({"r.local/shop/web:4", "r.local/shop"}, "r.local/shop/web:4"),
        ({"r.local/shop/web", "r.local/shop"}, "r.local/shop/web"),
        ({"r.local/shop", "r.local"}, "r.local/shop"),
        ({"r.local", ""}, "r.local"),
        ({"*.local"}, "*.local"),
        ({"r.local/sho"}, None),
    ],
)
def test_most_specific_scope_decides(scopes: set[str], expected: str | None) -> None:
    assert scope_of(parse_reference("r.local/shop/web:4"), frozenset(scopes)) == expected
