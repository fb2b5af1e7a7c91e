"""The findings that the policy itself makes, about waivers. They have pages like every check."""

from __future__ import annotations

from auditor.check import Rule, Severity

WAIVER_EXPIRED = Rule(
    id="waiver-expired",
    title="A waiver has expired",
    family="policy",
    severity=Severity.WARNING,
    page="""## What it checks
The expiry date of every waiver, on the day that is judged.

## Why it matters
A waiver is a promise until a date. After it the finding counts again, and somebody should hear why the gate is red.

## How to fix
Mend the finding and remove the waiver, or let its owner renew it with a new reason and date.

## When it cannot tell
Never: it needs nothing but the plan.

## References
The design page, section 5.1.
""",
)

WAIVER_UNKNOWN = Rule(
    id="waiver-unknown",
    title="A waiver names a check that does not exist",
    family="policy",
    severity=Severity.WARNING,
    page="""## What it checks
Every waiver names the id of a check that this version has.

## Why it matters
A misspelt waiver accepts nothing: the finding it was meant for still counts, and nobody knows why.

## How to fix
Correct the id: `auditor checks` lists them all.

## When it cannot tell
Never: it needs nothing but the plan.

## References
The design page, section 5.1.
""",
)

POLICY_RULES = (WAIVER_EXPIRED, WAIVER_UNKNOWN)
