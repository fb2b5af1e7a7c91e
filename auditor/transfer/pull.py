"""How a runtime handles a layer with alternative download locations (`urls`)."""

from __future__ import annotations

from typing import Literal

from auditor.facts import remembered, table
from auditor.facts.lookup import Gap, GapKind, gap_of, rows_at
from auditor.facts.versions import Versioned


class PullRule(Versioned, frozen=True, kw_only=True):
    """How a range of runtime versions on an OS handles `urls`. `symptom` may contain {url} and {host}."""

    runtime: str
    first: Literal["url", "registry"]
    fatal: bool
    when_blocked: str
    symptom: str
    os: str = ""


@remembered
def pull_rule(runtime: str, version: str, os: str) -> PullRule | Gap:
    """Return the rule for a runtime version, or why the facts have none. `runtime` is empty if the plan does not state it."""
    rows: tuple[PullRule, ...] = table("layer_urls", PullRule)
    own = tuple(row for row in rows if row.runtime == runtime and row.os in {"", os})
    if not runtime:
        return own[0]
    found = rows_at(own, version, runtime)
    rule = found.agreed(lambda row: (row.first, row.fatal))
    # Without a version, the program may be older or newer than a change that the facts list.
    if isinstance(rule, PullRule) and found.gap is not None and (found.rows[0].since or found.rows[-1].before):
        return gap_of(GapKind.UNSTATED, runtime, version, "", "")
    return rule
