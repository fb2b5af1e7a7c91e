"""The rules that the policy itself applies, about waivers, the plan and the scope. They have pages like every check."""

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
docs/plan.md, the waiver part.
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
docs/plan.md, the waiver part.
""",
)

WAIVER_EXPIRING = Rule(
    id="waiver-expiring",
    title="A waiver ends within two weeks",
    family="policy",
    severity=Severity.INFO,
    page="""## What it checks
Whether a waiver that is in force ends within the next 14 days, counted from the day that is judged.

## Why it matters
The day after its last, what it accepts counts again, and a gate that was green is red without any change.

## How to fix
Mend the finding and remove the waiver, or let its owner renew it with a new reason and date.

## When it cannot tell
Never: it needs nothing but the waiver.

## References
docs/plan.md, the waiver part.
""",
)

WAIVER_UNUSED = Rule(
    id="waiver-unused",
    title="A waiver accepts nothing",
    family="policy",
    severity=Severity.INFO,
    page="""## What it checks
Whether a waiver that is in force covers at least one finding of its check.

## Why it matters
What it accepted is mended, or its subject is misspelt. Left in place it will accept the next such finding, and nobody looks.

## How to fix
Remove it, or correct its subject: it is a glob over the subjects of findings, as reports show them.

## When it cannot tell
Where its check did not run, or could not decide about some subject, the waiver may still be needed: nothing is said of it.

## References
docs/plan.md, the waiver part.
""",
)

PLAN_UNEXAMINED = Rule(
    id="plan-unexamined",
    title="A part of the plan is not examined by this version",
    family="policy",
    severity=Severity.WARNING,
    page="""## What it checks
Whether the plan has parts that this version reads and keeps, and about which no check of it says anything yet.

## Why it matters
Whoever writes down workloads, a copy tool or node configuration expects them to be judged. A verdict of ready must not be
read as if they had been.

## How to fix
Look at the part yourself, and waive the finding with the name of who did, or update the auditor.

## When it cannot tell
Never: it needs nothing but the plan.

## References
docs/plan.md; CHANGELOG.md tells what later versions examine.
""",
)

SCOPE_REQUIRED = Rule(
    id="scope-required",
    title="A required area was not examined",
    family="policy",
    severity=Severity.ERROR,
    page="""## What it checks
Every area that `--require` or the plan's `require` names was examined: the plan and the evidence have all that the area needs,
and its checks ran and could decide. `site` stands for every area.

## Why it matters
A check without its part of the plan does not apply, and the audit is ready for what was examined. For a site that is not
enough: a plan without a registry, disks or endpoints says nothing about them.

## How to fix
Add the plan keys, or collect the evidence, that the hint of the area names. Run the audit without `--only` and `--skip`. Remove
the area from `require` if the site does not need it.

## When it cannot tell
A required area that was not examined is always undetermined: it is no error, and it is no pass.

## References
docs/scope.md.
""",
)

EVIDENCE_STALE = Rule(
    id="evidence-stale",
    title="Evidence is older than the plan accepts",
    family="policy",
    severity=Severity.WARNING,
    page="""## What it checks
The age of the evidence that the audit used, by kind: tags, manifests and blobs in registries, archives, certificate chains,
TLS versions, CRLs and issuers at URLs. Each may be at most `evidence_max_age` old (default: 30 days). Manifests and configs
that are stored under their digest never change and have no limit.

## Why it matters
Tags move, registries are cleaned up, certificates and CRLs are renewed. A check that passes on old evidence describes a state
that may be gone.

## How to fix
Collect again and audit the new evidence. If the site does not change, write a longer `evidence_max_age` into the plan.

## When it cannot tell
Never: every observation has its time. The age counts to the audit date, or to the real day if `--at` is in the future: a
simulated date makes no evidence older. Such a report says that the audit date is in the future.

## References
docs/evidence.md, the part about age; docs/plan.md, `evidence_max_age`.
""",
)

WAIVER_RULES = (WAIVER_EXPIRED, WAIVER_EXPIRING, WAIVER_UNKNOWN, WAIVER_UNUSED)
POLICY_RULES = (*WAIVER_RULES, PLAN_UNEXAMINED, EVIDENCE_STALE, SCOPE_REQUIRED)
