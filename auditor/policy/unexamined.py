"""Parts of a plan that nothing examines yet: a ready verdict must not be read as if they had been."""

from __future__ import annotations

from collections.abc import Iterator

from auditor import transfer as transfers
from auditor.check import Finding, Remedy, Subject
from auditor.plan.model import Plan
from auditor.policy.rules import PLAN_UNEXAMINED
from auditor.site import Site
from auditor.text import listed

_SHOWN = 3


_TOGETHER = {
    "rate": "how long the copy takes is judged only beside a window",
    "window": "whether the copy fits into it is judged only beside a rate",
}


def _parts_of_copy(plan: Plan) -> Iterator[tuple[tuple[str, ...], str]]:
    given = [key for key in _TOGETHER if plan.copy is not None and getattr(plan.copy, key)]
    if len(given) == 1:
        yield ("copy", given[0]), _TOGETHER[given[0]]


def _parts_of_transfer(site: Site) -> Iterator[tuple[tuple[str, ...], str]]:
    """Options that no fact speaks of, and what only a tool would give a meaning."""
    copy, transfer = site.plan.copy, site.transfer
    if copy is None:
        return
    if transfer is None and copy.options:
        yield ("copy", "options"), "without a tool they mean nothing"
    if transfer is not None:
        known = transfers.known_options(transfer.tool.name)
        odd = dict.fromkeys(name for name, _ in transfer.given.given if name.startswith("-") and name not in known)
        if odd:
            yield ("copy", "options"), f"the facts do not say what {listed(tuple(odd), _SHOWN)} makes {transfer.tool.name} do"
    if copy.config and (transfer is None or transfer.tool.name != "docker"):
        yield ("copy", "config"), "only the daemon.json of a Docker that copies is read"


def _parts_of_registry(plan: Plan) -> Iterator[tuple[tuple[str, ...], str]]:
    registry = plan.registry
    if registry is None or not registry.config:
        return
    row = transfers.registry_row(registry.kind.name, registry.kind.version) if registry.kind is not None else None
    if isinstance(row, transfers.RegistryUrls) and row.urls == "configured":
        yield ("registry", "config"), "only `validation`, `proxy` and whether it is read-only is read of it"
    else:
        yield ("registry", "config"), "whether the registry accepts every manifest is judged for distribution only"


def _parts(site: Site) -> Iterator[tuple[tuple[str, ...], str]]:
    """The keys of parts that are given and not examined, with what is therefore not known."""
    plan = site.plan
    if plan.cluster is not None and not plan.images:
        yield ("cluster",), "without an image list, what the distribution pulls by itself is looked for on none"
    yield from _parts_of_copy(plan)
    yield from _parts_of_transfer(site)
    for name, config in site.node_configs.items():
        if config.unjudged:
            yield (
                ("pools", name, "config"),
                f"only mirrors, their CAs and the sandbox image are read of it, not {listed(config.unjudged, _SHOWN)}",
            )
    yield from _parts_of_registry(plan)


def unexamined_findings(site: Site) -> Iterator[Finding]:
    """One finding per part."""
    for keys, unknown in _parts(site):
        name = ".".join(keys)
        part = "all of it" if keys[0] in {"pools", "registry"} or keys[1:] == ("options",) else "it"
        yield Finding(
            check=PLAN_UNEXAMINED.id,
            severity=PLAN_UNEXAMINED.severity,
            subject=Subject("plan", name),
            message=f"The plan says `{name}`, and this version of the auditor does not examine {part}: {unknown}.",
            location=site.plan.where(*keys),
            remedies=(Remedy("accept", f"Look at `{name}` yourself, and waive this with the name of who did."),),
        )
