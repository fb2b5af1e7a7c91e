"""How a runtime handles a layer with alternative download locations (`urls`)."""

from __future__ import annotations

from functools import cache
from typing import Literal

from auditor.facts import table
from auditor.facts.versions import Versioned, parse_version


class PullRule(Versioned, frozen=True, kw_only=True):
    """How a range of runtime versions on an OS handles `urls`. `symptom` may contain {url} and {host}."""

    runtime: str
    first: Literal["url", "registry"]
    fatal: bool
    when_blocked: str
    symptom: str
    os: str = ""


@cache
def pull_rule(runtime: str, version: str, os: str) -> PullRule | None:
    """Return the rule for a runtime version, or None if the facts have none, or several and the version is unknown."""
    rows: tuple[PullRule, ...] = table("layer_urls", PullRule)
    own = [row for row in rows if row.runtime == runtime and row.os in {"", os}]
    fitting = [row for row in own if row.may_cover(version)]
    if len({(row.first, row.fatal) for row in fitting}) != 1:
        return None
    # An unknown version may lie before or after a change that the facts list.
    is_whole = parse_version(version) is not None or not (fitting[0].since or fitting[-1].before)
    return fitting[0] if is_whole else None
