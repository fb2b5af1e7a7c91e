"""## What it checks
If Docker copies the images, `allow-nondistributable-artifacts` in its daemon.json contains the internal registry. This
applies only if the Docker version uses the setting and an image has a foreign layer.

For every daemon.json of the plan: the setting has an effect, it has no duplicate or placeholder entry, and no entry prevents
the daemon from starting. Misspelt keys and syntax errors are reported by `node-config-invalid`.

## Why it matters
Docker before 28 does not push foreign layers to a registry that is not in this list. It only prints `Skipped foreign layer`.
From 28 on the setting has no effect. Docker 29 does not start with the flag of that name.

## How to fix
Add the host and port that images are pushed to, or upgrade Docker on the machine that copies. Remove the setting from 28 on.

## When it is undetermined
The Docker version or the daemon.json of the machine that copies (`copy.config`) is required and not in the plan. A file
cannot be read. Or the manifest of an image to copy was not read, so its layers are unknown.

## References
facts/docker_nondistributable.yaml; docker/cli docs/deprecated.md; moby#33151, moby#51199; moby daemon/config/config.go,
findConfigurationConflicts.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from auditor.check import Affected, Area, Finding, Fine, Outcome, Remedy, RemedyKind, Severity, Subject, Undetermined, define
from auditor.errors import Location
from auditor.evidence.model import Kind
from auditor.facts import table
from auditor.facts.lookup import Found, GapKind, rows_at
from auditor.facts.versions import Versioned
from auditor.oci.reference import Reference
from auditor.plan.model import Program
from auditor.readers.docker_daemon import ALLOW, Daemon, UnreadableDaemon, daemons
from auditor.readers.lists.source import placeholder_in
from auditor.site import Requirement, Site
from auditor.text import and_more
from auditor.transfer.hops import Unpredicted
from checks._shared.affected import not_arrived, of_placements
from checks._shared.bringing import with_foreign_layers
from checks._shared.copied import is_there, to_copy, unpredicted, yet_to_copy


class DockerSetting(Versioned, frozen=True, kw_only=True):
    """The effect of the setting in a range of Docker versions, in daemon.json and as a flag."""

    key: Literal["used", "ignored"]
    flag: Literal["used", "ignored", "fatal"]


@dataclass(frozen=True)
class _Machine:
    """A Docker with a configuration in the plan: that of the copy machine, or of a pool."""

    name: str
    docker: Program
    files: tuple[Daemon | UnreadableDaemon, ...]
    place: Location
    copies: bool = False
    pool: str = ""

    def affects(self, site: Site) -> tuple[Affected, ...]:
        """Return what fails if this Docker does not run: the pool, or every image still to copy."""
        return not_arrived(site) if self.copies else (Affected(pools=(self.pool,)),)

    @property
    def subject(self) -> Subject:
        """Return the machine as a subject."""
        return Subject("daemon", self.name)


def _machines(site: Site) -> Iterator[_Machine]:
    plan = site.plan
    if plan.copy is not None and plan.copy.tool is not None and plan.copy.tool.name == "docker":
        files = daemons(plan, plan.copy.config)
        yield _Machine("copy", plan.copy.tool, files, plan.where("copy", "tool"), copies=True)
    for pool in plan.pools:
        if pool.runtime is not None and pool.runtime.name == "docker" and (files := daemons(plan, pool.config)):
            yield _Machine(f"pool {pool.name}", pool.runtime, files, plan.where("pools", pool.name, "runtime"), pool=pool.name)


def _setting(docker: Program) -> Found[DockerSetting]:
    """Return the row for the version, or why it is unknown."""
    return rows_at(table("docker_nondistributable", DockerSetting), docker.version, "docker")


def _finding(
    machine: _Machine,
    severity: Severity,
    case: str,
    message: str,
    remedy: Remedy,
    location: Location,
    kind: RemedyKind | None,
    entry: str = "",
) -> Finding:
    row = _setting(machine.docker).first
    return Finding(
        severity=severity,
        subject=machine.subject,
        message=message,
        case=case,
        facts={"docker": str(machine.docker), "entry": entry, **({"source": row.source} if row is not None else {})},
        location=location,
        remedies=(remedy,),
        remedy_kind=kind if machine.copies else None,
    )


def _of_entries(machine: _Machine, daemon: Daemon) -> Iterator[Finding]:
    """Yield the faults of single entries that apply to every version."""
    entries, wrong = daemon.allow or (), RemedyKind.DOCKER_ENTRY
    counts = Counter(entry.text for entry in entries)
    for entry in {entry.text: entry for entry in entries}.values():
        text = entry.text
        if "://" in text:
            said = f"{ALLOW} contains {text} with a scheme. The daemon does not start: `should not contain '://'`."
            yield _finding(machine, Severity.ERROR, f"scheme {text}", said, _write_host(), entry.location, wrong, text)
        elif placeholder_in(f"{text}/") or text.endswith((".example.com", ".example")) or ".example.com:" in text:
            said = f"{ALLOW} contains {text}, which looks like a placeholder."
            yield _finding(machine, Severity.WARNING, f"placeholder {text}", said, _write_host(), entry.location, wrong, text)
        if counts[text] > 1:
            said = f"{ALLOW} contains {text} {counts[text]} times."
            remedy = Remedy("edit", "List each registry once.")
            yield _finding(machine, Severity.WARNING, f"twice {text}", said, remedy, entry.location, wrong)


def _write_host() -> Remedy:
    return Remedy("edit", "Write the host and port of the internal registry that images are pushed to.")


def _of_version(site: Site, machine: _Machine, setting: DockerSetting) -> Iterator[Finding]:
    """Yield the faults of the setting that depend on the version."""
    docker, transfer = machine.docker, site.transfer
    flagged = machine.copies and transfer is not None and any(name == f"--{ALLOW}" for name, _ in transfer.given.given)
    if flagged and setting.flag == "fatal":
        said = f"The options contain --{ALLOW}, which {docker} does not support. The daemon stops: `unknown flag: --{ALLOW}`."
        remedy = Remedy("edit", "Remove the flag: this version always pushes foreign layers.")
        yield _finding(machine, Severity.ERROR, "flag", said, remedy, site.plan.where("copy", "options"), None)
    if flagged and setting.flag == "ignored":
        said = f"--{ALLOW} has no effect on {docker}, which always pushes foreign layers. Docker 29 does not start with it."
        remedy = Remedy("edit", "Remove the flag.")
        yield _finding(machine, Severity.WARNING, "flag", said, remedy, site.plan.where("copy", "options"), None)
    for daemon in machine.files:
        if isinstance(daemon, Daemon) and daemon.allow_at is not None and setting.key == "ignored":
            said = f"{ALLOW} has no effect on {docker}, which always pushes foreign layers as ordinary layers."
            remedy = Remedy("edit", "Remove the key from daemon.json before a later version rejects it.")
            yield _finding(machine, Severity.WARNING, "key", said, remedy, daemon.allow_at, RemedyKind.DOCKER_KEY)


def _send(site: Site, host: str, images: list[Reference]) -> Remedy:
    """Return the remedy: strip the `urls` if all images have external ones, else add the registry to daemon.json."""
    if all(image in site.with_outside_urls for image in images):
        return with_foreign_layers(site, images)
    return Remedy("edit", f'Add {{"{ALLOW}": ["{host}"]}} to daemon.json, and restart the daemon.')


def _of_target(site: Site, machine: _Machine, setting: DockerSetting) -> Iterator[Outcome]:
    """Yield an outcome if the version uses the setting, an image needs it, and the internal registry is not in the list."""
    registry, transfer = site.plan.registry, site.transfer
    if setting.key != "used" or registry is None or transfer is None or not machine.copies:
        return
    if transfer.sends_foreign:
        return
    for placement in to_copy(site):
        if isinstance(placement, Undetermined):
            yield placement
    if site.to_copy is None:
        detail = "neither the sources nor the archives were observed, so it is unknown whether an image has foreign layers"
        yield Undetermined(machine.subject, Kind.MISSING_EVIDENCE, detail)
        return
    left, unknown = [], []
    for carriage, copy in yet_to_copy(site):
        is_left = any(not is_there(copy, layer) for layer, _ in carriage.left)
        doubt = copy.doubt if copy is not None else ""
        reason = Unpredicted(doubt, missing=True) if is_left and doubt else carriage.unpredicted
        if reason is not None:
            unknown.append((carriage.placement.image.name, reason))
        elif is_left:
            left.append(carriage)
    yield from unpredicted(site, unknown)
    if not left:
        return
    affects = of_placements(carriage.placement for carriage in left)
    image = left[0].placement.image.name
    if not machine.files:
        detail = f"{machine.docker} pushes foreign layers of {image} only if its daemon.json says so: add it to `copy.config`"
        yield Undetermined(machine.subject, Kind.MISSING_EVIDENCE, detail, affects=affects)
        return
    first = machine.files[0]
    place = (first.allow_at or first.location) if isinstance(first, Daemon) else first.location
    images = len({carriage.placement.image.reference for carriage in left})
    finding = _finding(
        machine,
        Severity.ERROR,
        "target",
        f"{ALLOW} does not contain {registry.host}. {machine.docker} does not push the foreign layers of "
        f"{and_more(image, images)}, and prints `Skipped foreign layer`.",
        _send(site, registry.host, [carriage.placement.image.reference for carriage in left]),
        place,
        RemedyKind.DOCKER_SEND,
    )
    yield replace(finding, affects=affects)


def _outcomes(site: Site, machine: _Machine) -> Iterator[Outcome]:
    unreadable = [daemon for daemon in machine.files if isinstance(daemon, UnreadableDaemon)]
    for error in unreadable:
        kind = Kind.MISSING_EVIDENCE if error.missing else Kind.MALFORMED
        yield Undetermined(machine.subject, kind, f"{error.location}: {error}")
    for daemon in machine.files:
        if isinstance(daemon, Daemon):
            yield from _of_entries(machine, daemon)
    found = _setting(machine.docker)
    if (setting := found.first) is not None:
        yield from _of_version(site, machine, setting)
        if not unreadable:
            yield from _of_target(site, machine, setting)
    elif machine.copies or any(isinstance(daemon, Daemon) and daemon.allow for daemon in machine.files):
        gap = found.gap
        is_unstated = gap is None or gap.kind is GapKind.UNSTATED
        why = "17.06 to 27 use it, later ones do not" if is_unstated or gap is None else gap.why
        detail = f"the effect of {ALLOW} on {machine.docker} depends on its version: {why}"
        kind = Kind.MISSING_EVIDENCE if gap is None or gap.missing else Kind.UNSUPPORTED
        yield Undetermined(machine.subject, kind, detail)


def _placed(site: Site, machine: _Machine, outcome: Outcome) -> Outcome:
    """Return the outcome with the cells that it affects: all of the machine's, unless it has its own."""
    if isinstance(outcome, Fine) or outcome.affects is not None or outcome.subject.kind == "image":
        return outcome
    return replace(outcome, affects=machine.affects(site))


def run(site: Site, _today: datetime.date) -> Iterator[Outcome]:
    """Yield the outcomes of each Docker with a configuration, and of the one that copies."""
    for machine in _machines(site):
        outcomes = list(_outcomes(site, machine))
        yield from (_placed(site, machine, outcome) for outcome in outcomes)
        if not outcomes:
            yield Fine()


CHECK = define(
    run,
    title="Docker will not push foreign layers",
    holds="Docker pushes foreign layers",
    area=Area.FOREIGN_LAYERS,
    severity=Severity.ERROR,
    requires=(Requirement.DOCKER,),
)
