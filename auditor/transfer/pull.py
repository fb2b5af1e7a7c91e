"""What a runtime does to a layer that names other places to fetch it from (`urls`)."""

from __future__ import annotations

from functools import cache
from typing import Literal

from auditor.facts import Fact, table, version_key


class PullRule(Fact, frozen=True, kw_only=True):
    """How a range of runtime versions treats a layer's `urls`. `symptom` may hold {url} and {host}."""

    runtime: str
    since: str
    before: str
    first: Literal["url", "registry"]
    when_blocked: str
    symptom: str


@cache
def pull_rule(runtime: str, version: str) -> PullRule | None:
    """The rule for a runtime at a version; None when the facts have none."""
    key = version_key(version)
    rows: tuple[PullRule, ...] = table("layer_urls", PullRule)
    for row in rows:
        if row.runtime == runtime and (not key or version_key(row.since) <= key < version_key(row.before)):
            return row
    return None
