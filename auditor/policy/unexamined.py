"""Parts of a plan that nothing examines yet: a ready verdict must not be read as if they had been."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.check import Finding, Remedy, Subject
from auditor.plan.model import Plan
from auditor.policy.rules import PLAN_UNEXAMINED
from auditor.site import Site

_SHOWN = 3


_COPY = {
    "tool": "what the copy tool leaves behind is not predicted",
    "options": "what they make the copy tool do is not predicted",
    "media": "whether the archives fit on it is not judged",
    "staging": "whether pulling and archiving fits there is not judged",
    "rate": "how long the copy takes is not judged",
    "window": "whether the copy fits into it is not judged",
}


def _parts_of_copy(plan: Plan) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, unknown in _COPY.items():
        if plan.copy is not None and getattr(plan.copy, key):
            yield ("copy", key), unknown


def _parts(site: Site) -> Iterator[tuple[tuple[str, ...], str]]:
    """The keys of parts that are given and not examined, with what is therefore not known."""
    plan = site.plan
    if plan.cluster is not None and not plan.images:
        yield ("cluster",), "without an image list, what the distribution pulls by itself is looked for on none"
    yield from _parts_of_copy(plan)
    for name, config in site.node_configs.items():
        if config.unjudged:
            yield (
                ("pools", name, "config"),
                f"only mirrors and the sandbox image are read of it, not {_listed(config.unjudged)}",
            )
    if plan.registry is not None and plan.registry.config:
        yield ("registry", "config"), "whether the registry accepts every manifest is not judged"


def _listed(what: tuple[str, ...]) -> str:
    return ", ".join(what[:_SHOWN]) + (f" and {len(what) - _SHOWN} more" if len(what) > _SHOWN else "")


def unexamined_findings(site: Site) -> Iterator[Finding]:
    """One finding per part."""
    for keys, unknown in _parts(site):
        name = ".".join(keys)
        part = "all of it" if keys[0] == "pools" else "it"
        yield Finding(
            check=PLAN_UNEXAMINED.id,
            severity=PLAN_UNEXAMINED.severity,
            subject=Subject("plan", name),
            message=f"The plan says `{name}`, and this version of the auditor does not examine {part}: {unknown}.",
            location=site.plan.where(*keys),
            remedies=(Remedy("accept", f"Look at `{name}` yourself, and waive this with the name of who did."),),
        )
