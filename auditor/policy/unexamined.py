"""Findings about plan settings that no check examines, so that a ready verdict is not read as covering them."""

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
    "rate": "the copy time is checked only if `window` is set too",
    "window": "the window is checked only if `rate` is set too",
}


def _parts_of_copy(plan: Plan) -> Iterator[tuple[tuple[str, ...], str]]:
    given = [key for key in _TOGETHER if plan.copy is not None and getattr(plan.copy, key)]
    if len(given) == 1:
        yield ("copy", given[0]), _TOGETHER[given[0]]


def _parts_of_transfer(site: Site) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield copy options without a fact, and settings that have an effect only with a tool."""
    copy, transfer = site.plan.copy, site.transfer
    if copy is None:
        return
    if transfer is None and copy.options:
        yield ("copy", "options"), "options have no effect without `copy.tool`"
    if transfer is not None:
        known = transfers.known_options(transfer.tool.name)
        odd = dict.fromkeys(name for name, _ in transfer.given.given if name.startswith("-") and name not in known)
        if odd:
            yield ("copy", "options"), f"the effect of {listed(tuple(odd), _SHOWN)} on {transfer.tool.name} is unknown"
    if copy.config and (transfer is None or transfer.tool.name != "docker"):
        yield ("copy", "config"), "only the daemon.json of Docker as the copy tool is read"


def _parts_of_registry(plan: Plan) -> Iterator[tuple[tuple[str, ...], str]]:
    registry = plan.registry
    if registry is None or not registry.config:
        return
    row = transfers.registry_row(registry.kind.name, registry.kind.version) if registry.kind is not None else None
    if isinstance(row, transfers.RegistryUrls) and row.urls == "configured":
        yield ("registry", "config"), "only `validation`, `proxy` and the read-only setting are read"
    else:
        yield ("registry", "config"), "whether the registry accepts every manifest is checked only for distribution"


def _parts(site: Site) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the keys of settings that are not checked, with the reason."""
    plan = site.plan
    if plan.cluster is not None and not plan.images:
        yield ("cluster",), "the distribution's own images are checked only against an image list, and the plan has none"
    yield from _parts_of_copy(plan)
    yield from _parts_of_transfer(site)
    for name, config in site.node_configs.items():
        if config.unjudged:
            yield (
                ("pools", name, "config"),
                f"only mirrors, their CAs and the sandbox image are read, not {listed(config.unjudged, _SHOWN)}",
            )
    yield from _parts_of_registry(plan)


def unexamined_findings(site: Site) -> Iterator[Finding]:
    """Yield one finding per setting."""
    for keys, unknown in _parts(site):
        name = ".".join(keys)
        part = "all of" if keys[0] in {"pools", "registry"} or keys[1:] == ("options",) else "the plan setting"
        yield Finding(
            check=PLAN_UNEXAMINED.id,
            severity=PLAN_UNEXAMINED.severity,
            subject=Subject("plan", name),
            message=f"This version of the auditor does not check {part} `{name}`: {unknown}.",
            location=site.plan.where(*keys),
            remedies=(Remedy("accept", f"Check `{name}` by hand and waive this finding with the name of the reviewer."),),
        )
