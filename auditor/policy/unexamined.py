"""Parts of a plan that nothing examines yet: a ready verdict must not be read as if they had been."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.check import Finding, Remedy, Subject
from auditor.plan.model import Plan
from auditor.policy.rules import PLAN_UNEXAMINED


def _parts(plan: Plan) -> Iterator[tuple[tuple[str, ...], str]]:
    """The keys of parts that are given and not examined, with what is therefore not known."""
    if plan.cluster is not None and not plan.images:
        yield ("cluster",), "without an image list, what the distribution pulls by itself is looked for on none"
    if plan.copy is not None:
        yield ("copy",), "what the copy leaves behind, its media and its time are not judged"
    for pool in plan.pools:
        if pool.config:
            yield ("pools", pool.name, "config"), f"the mirrors and the runtime settings of {pool.name} are not read"
    if plan.registry is not None and plan.registry.config:
        yield ("registry", "config"), "whether the registry accepts every manifest is not judged"


def unexamined_findings(plan: Plan) -> Iterator[Finding]:
    """One finding per part."""
    for keys, unknown in _parts(plan):
        name = ".".join(keys)
        yield Finding(
            check=PLAN_UNEXAMINED.id,
            severity=PLAN_UNEXAMINED.severity,
            subject=Subject("plan", name),
            message=f"The plan says `{name}`, and this version of the auditor does not examine it: {unknown}.",
            location=plan.where(*keys),
            remedies=(Remedy("accept", f"Look at `{name}` yourself, and waive this with the name of who did."),),
        )
