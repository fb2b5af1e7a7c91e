"""The rules of the policy itself: waivers, the plan, the evidence and the scope. Each has a page, like every check."""

from __future__ import annotations

from auditor.check import Rule, Severity

WAIVER_EXPIRED = Rule(
    id="waiver-expired",
    title="A waiver has expired",
    family="policy",
    severity=Severity.WARNING,
    page="""## What it checks
The expiry date of every waiver, compared with the audit date.

## Why it matters
A waiver accepts a finding until a date. After that date the finding counts again and can fail the gate.

## How to fix
Fix the finding and remove the waiver, or ask its owner to renew it with a new reason and date.

## When it is undetermined
Never: it needs only the plan.

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
A misspelt waiver accepts nothing. The finding that it should accept still counts.

## How to fix
Correct the id: `auditor checks` lists them all.

## When it is undetermined
Never: it needs only the plan.

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
Whether a waiver that is in force ends within 14 days after the audit date.

## Why it matters
After its last day the accepted finding counts again. A gate that passed can then fail without any change.

## How to fix
Fix the finding and remove the waiver, or ask its owner to renew it with a new reason and date.

## When it is undetermined
Never: it needs only the waiver.

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
The accepted finding is fixed, or the subject is misspelt. If the waiver stays, it accepts the next such finding without review.

## How to fix
Remove the waiver, or correct its subject. The subject is a glob over the subjects of findings, as reports show them.

## When it is undetermined
If the check of a waiver did not run, or could not decide a subject, the waiver may still be needed. It is then not reported.

## References
docs/plan.md, the waiver part.
""",
)

PLAN_UNEXAMINED = Rule(
    id="plan-unexamined",
    title="Plan setting is not checked by this version",
    family="policy",
    severity=Severity.WARNING,
    page="""## What it checks
Whether the plan has settings that this version reads but does not check.

## Why it matters
A site engineer expects that every declared setting is checked. A ready verdict does not cover these settings.

## How to fix
Check the setting by hand and waive the finding with the name of the reviewer, or update the auditor.

## When it is undetermined
Never: it needs only the plan.

## References
docs/plan.md; CHANGELOG.md lists what later versions check.
""",
)

SCOPE_REQUIRED = Rule(
    id="scope-required",
    title="A required area was not examined",
    family="policy",
    severity=Severity.ERROR,
    page="""## What it checks
Whether every area that `--require` or the plan's `require` names was examined. The plan and the evidence must contain all that
the area needs, and its checks must run and decide. `site` means every area.

## Why it matters
A check does not apply if the plan lacks its input, and the verdict covers only what was examined. A plan without a registry,
disks or endpoints proves nothing about them.

## How to fix
Add the plan keys, or collect the evidence, that the hint of the area names. Run the audit without `--only` and `--skip`. Remove
the area from `require` if the site does not need it.

## When it is undetermined
A required area that was not examined is always undetermined: neither an error nor a pass.

## References
docs/scope.md.
""",
)

VERSION_NOT_COVERED = Rule(
    id="version-not-covered",
    title="The facts do not cover a version of the plan",
    family="policy",
    severity=Severity.ERROR,
    page="""## What it checks
Whether the facts cover every version that the plan states: of the distribution, the runtimes, Windows, the copy tool, the
internal registry and the TLS clients. Each fact table states the newest version that was read or run. The rule also reports
a registry kind that no table lists.

## Why it matters
A newer release may behave differently: it may pull another pause image, or read another configuration. The facts then predict
nothing about it, and a pass would be a guess.

## How to fix
Update the auditor. Or read the release notes and the source of that version, and state what holds for it in an overlay
(`facts:` in the plan). `auditor facts --plan plan.yaml` shows which tables are affected. Or plan a version that the facts
cover.

## When it is undetermined
A version that the facts do not cover is always undetermined: neither an error nor a pass.

## References
The dates and sources of the tables: `auditor facts`.
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
Tags move, registries are cleaned up, and certificates and CRLs are renewed. A check that passes on old evidence may describe
a state that no longer exists.

## How to fix
Collect again and audit the new evidence. If the site does not change, set a longer `evidence_max_age` in the plan.

## When it is undetermined
Never: every observation has its time. The age counts to the audit date, or to the real day if `--at` is in the future: a
simulated date does not age the evidence. Such a report states that the audit date is in the future.

## References
docs/evidence.md, the part about age; docs/plan.md, `evidence_max_age`.
""",
)

WAIVER_RULES = (WAIVER_EXPIRED, WAIVER_EXPIRING, WAIVER_UNKNOWN, WAIVER_UNUSED)
POLICY_RULES = (*WAIVER_RULES, PLAN_UNEXAMINED, EVIDENCE_STALE, VERSION_NOT_COVERED, SCOPE_REQUIRED)
