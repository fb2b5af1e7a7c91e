"""The order in which to fix a site: one step for each root cause.

Order: first what makes the site not ready or undetermined, then the rest. Within both, first what is possible only while the
sources are reachable; then findings before undetermined outcomes; then what unblocks most pools, and what explains the most
and worst outcomes. Findings that the policy accepts, and information below the threshold, give no step.
"""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from auditor.check import Area, Check, Finding, RemedyKind, Severity, Subject, Undetermined
from auditor.evidence.kinds import Kind
from auditor.plan.model import PLAN_OF_LISTS
from auditor.report.concerned import affected_by, endpoint_of
from auditor.report.first_step import FirstStep, When
from auditor.report.model import JudgedFinding, Report
from auditor.report.rows import HostRow
from auditor.text import many

MOST_SUBJECTS = 10
MOST_COMMANDS = 10
_EVIDENCE = "site.evidence"

KIND_ADVICE: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.UNREACHABLE: "Make the source reachable from the machine that collects evidence, then collect again.",
        Kind.DENIED: "Provide credentials with read access, then collect again.",
        Kind.MALFORMED: "Check the response of the source and fix it there, then collect again.",
        Kind.MISSING_EVIDENCE: "Run `auditor collect`, add the missing file to the plan, or fix the cause that the check "
        "names.",
        Kind.UNSUPPORTED: "Follow the check's detail, or decide by hand.",
        Kind.BUG: "Report this bug: the auditor failed here.",
    }
)
_COLLECT = "Run `auditor collect` on a machine that can reach the registries, then audit again."
_COLLECTED = frozenset({Kind.UNREACHABLE, Kind.DENIED, Kind.MALFORMED, Kind.MISSING_EVIDENCE})


@dataclass(frozen=True, slots=True)
class _FileKind:
    """What one kind of file of `auditor fix` resolves: a title for several checks, and what to do with the file."""

    title: str
    action: str


_COPY = _FileKind(
    "Copies lack images, platforms or layers",
    "Run `auditor fix`, then one of its copy scripts while the sources are reachable.",
)
_LISTS = _FileKind(
    "Image lists lack images, or do not pin them",
    "Replace your image lists with those that `auditor fix` writes, then copy the images that they add.",
)
_NODES = _FileKind(
    "Nodes would pull from an external registry",
    "Install the registry configuration that `auditor fix` writes on the nodes.",
)
_DOCKER = _FileKind("Docker will not push foreign layers", "Use the daemon.json that `auditor fix` writes, and restart Docker.")
_SETTING = _FileKind(
    "The internal registry refuses images",
    "Use the registry configuration that `auditor fix` writes, and restart the registry.",
)
_FILES: Mapping[RemedyKind, _FileKind] = MappingProxyType(
    {
        RemedyKind.COPY_IMAGE: _COPY,
        RemedyKind.COPY_AGAIN: _COPY,
        RemedyKind.COPY_LAYER: _COPY,
        RemedyKind.STRIP_URLS: _COPY,
        RemedyKind.ADD_TO_LIST: _LISTS,
        RemedyKind.PIN_IN_LIST: _LISTS,
        RemedyKind.MIRROR_CONFIG: _NODES,
        RemedyKind.DOCKER_SEND: _DOCKER,
        RemedyKind.DOCKER_ENTRY: _DOCKER,
        RemedyKind.DOCKER_KEY: _DOCKER,
        RemedyKind.REGISTRY_SETTING: _SETTING,
    }
)

_COPYING = frozenset({_COPY, _LISTS, _DOCKER})
_COPYING_KINDS = frozenset({kind for kind, file in _FILES.items() if file in _COPYING})
_COPYING_REMEDIES = frozenset({"copy", "rewrite", "upgrade"})
_SOURCE_AREAS = frozenset({Area.SOURCES, Area.COPIES, Area.FOREIGN_LAYERS, Area.DEFAULTS, Area.CONNECTIONS})
_OBSERVED_AT_SOURCE = frozenset({Area.SOURCES, Area.FOREIGN_LAYERS, Area.DEFAULTS})
# What is missing if images were not observed. One collection resolves every check of the areas with one text.
_NOT_OBSERVED: Mapping[Area, str] = MappingProxyType(
    {
        Area.SOURCES: "Images were not observed at their source",
        Area.FOREIGN_LAYERS: "Images were not observed at their source",
        Area.COPIES: "Images were not observed completely in the internal registry or in archives",
    }
)
_IMAGES = frozenset({"image", "layer"})
_ON_COPY_MACHINE = frozenset({"archive", "copy", "media", "staging"})
_ON_SITE = frozenset({"registry", "pool", "cluster", "endpoint", "certificate", "config"})


@dataclass(slots=True)
class _Group:
    """The outcomes of one root cause. `file` is set if `auditor fix` writes a file that resolves every finding."""

    file: _FileKind | None = None
    findings: list[JudgedFinding] = field(default_factory=list)
    undetermined: list[Undetermined] = field(default_factory=list)
    host: HostRow | None = None


def with_first_steps(report: Report) -> Report:
    """Return the report with its `first_steps`."""
    return replace(report, first_steps=first_steps(report))


def first_steps(report: Report) -> tuple[FirstStep, ...]:
    """Return one step for each root cause of the report, in the order to fix them."""
    site = _Site(report)
    groups: dict[object, _Group] = {}
    for item in report.findings:
        if item.is_active and (item.severity is not Severity.INFO or site.gates(item)):
            key, file = _root_cause(item)
            groups.setdefault(key, _Group(file)).findings.append(item)
    hosts = {(row.host, row.cause): row for row in report.hosts}
    details: dict[tuple[Kind, str], str] = {}
    for row in report.undetermined:
        for key, host in site.undecided(row, hosts, details):
            groups.setdefault(key, _Group(host=host)).undetermined.append(row)
    return tuple(sorted((site.step(group) for group in groups.values()), key=site.rank))


def _root_cause(item: JudgedFinding) -> tuple[object, _FileKind | None]:
    """Return a key that is equal for findings with one root cause, and the kind of the file that resolves them."""
    finding = item.finding
    file = _FILES.get(finding.remedy_kind) if item.fixable and finding.remedy_kind is not None else None
    if file is not None:
        return file, file
    if finding.root_cause is not None:
        return ("cause", *finding.root_cause), None
    if not finding.remedies:
        return ("check", finding.check), None
    remedy = finding.remedies[0]
    return ("remedy", remedy.kind, _without_names(remedy.text, finding)), None


def _without_names(text: str, finding: Finding) -> str:
    """Return the text of a remedy without the names of the finding, so that equal advice for several objects is equal."""
    at, subject = finding.location, finding.subject
    names = [str(at), at.file] if at is not None else []
    names += [subject.id, subject.platform, subject.pool, subject.client]
    for name in sorted(set(filter(None, names)), key=len, reverse=True):
        text = text.replace(name, "\x00")
    return text


class _Site:
    """What the steps of a report have in common: its pools, images, areas and threshold."""

    def __init__(self, report: Report) -> None:
        self._report = report
        rules = [row.rule for row in report.checks]
        self._areas = {rule.id: rule.area for rule in rules if isinstance(rule, Check)}
        self._titles = {rule.id: rule.title for rule in rules}
        self._of_image = {row.reference: tuple(cell.pool for cell in row.platforms) for row in report.images}
        self._of_endpoint: dict[str, list[str]] = {}
        for row in report.trust:
            self._of_endpoint.setdefault(row.endpoint, []).append(row.pool)
        pools = [pool for found in (*self._of_image.values(), *self._of_endpoint.values()) for pool in found]
        pools += [item.finding.subject.pool for item in report.findings]
        self._pools = tuple(dict.fromkeys(filter(None, pools)))

    def gates(self, item: JudgedFinding) -> bool:
        """Whether the finding makes the site not ready."""
        return item.severity.at_least(self._report.fail_on)

    def undecided(
        self, row: Undetermined, hosts: Mapping[tuple[str, str], HostRow], details: dict[tuple[Kind, str], str]
    ) -> Iterator[tuple[tuple[object, ...], HostRow | None]]:
        """Yield the key of each host that the outcome depends on, or else of what is missing.

        `details` maps each kind and detail to the first cause with it, so that several checks with one detail share a key.
        """
        found = [hosts[key] for key in dict.fromkeys((one.host, one.cause.value) for one in row.faults) if key in hosts]
        yield from ((("host", one.host, one.cause), one) for one in found)
        if not found:
            text = row.detail.replace(row.subject.id, "\x00") if row.subject.id else row.detail
            cause = details.setdefault((row.kind, text), self._not_observed(row) or row.cause or row.check)
            yield ("undetermined", row.kind, cause), None

    def _not_observed(self, row: Undetermined) -> str:
        """Return what was not observed if a collection resolves the outcome, else an empty string."""
        area = self._areas.get(row.check)
        is_missing = row.kind is Kind.MISSING_EVIDENCE and row.subject.kind in _IMAGES and area is not None
        return _NOT_OBSERVED.get(area, "") if is_missing and area is not None else ""

    def rank(self, step: FirstStep) -> tuple[object, ...]:
        """Return the position of a step in the order to fix them."""
        gates = step.severity is None or step.severity.at_least(self._report.fail_on)
        severity = -step.severity.rank if step.severity is not None else 0
        is_later = step.when is not When.WHILE_CONNECTED
        return (not gates, is_later, step.severity is None, -len(step.pools), severity, -step.outcomes)

    def step(self, group: _Group) -> FirstStep:
        """Return the step of one root cause."""
        return self._of_findings(group) if group.findings else self._of_undetermined(group)

    def _of_findings(self, group: _Group) -> FirstStep:
        ranked = sorted(group.findings, key=lambda item: -item.severity.rank)
        findings = [item.finding for item in ranked]
        checks = [pair[1] for pair, _ in sorted(_counted(ranked), key=lambda one: (-one[0][0], -one[1]))]
        severities = Counter(item.severity for item in ranked)
        fixable = sum(item.fixable for item in ranked)
        subjects = tuple(dict.fromkeys(finding.subject.id for finding in findings))
        titled = group.file.title if group.file is not None and len(checks) > 1 else self._titles.get(findings[0].check, "")
        return FirstStep(
            title=titled or findings[0].check,
            action=group.file.action if group.file is not None else _advice(findings),
            commands=self._commands(findings, fixable),
            when=When.WHILE_CONNECTED if any(map(self._needs_source, findings)) else When.ANY_TIME,
            severity=ranked[0].severity,
            checks=tuple(dict.fromkeys(checks)),
            pools=self._in_order(pool for finding in findings for pool in self._pools_of(finding)),
            error=severities[Severity.ERROR],
            warning=severities[Severity.WARNING],
            info=severities[Severity.INFO],
            fixable=fixable,
            subjects=subjects[:MOST_SUBJECTS],
            subject_count=len(subjects),
            location=next((finding.location for finding in findings if finding.location), None),
            fingerprints=tuple(finding.fingerprint for finding in findings),
        )

    def _of_undetermined(self, group: _Group) -> FirstStep:
        rows, host = group.undetermined, group.host
        first = rows[0]
        checks = [check for check, _ in Counter(row.check for row in rows).most_common()]
        subjects = tuple(dict.fromkeys(row.subject.id for row in rows))
        at_source = any(self._areas.get(check) in _OBSERVED_AT_SOURCE for check in checks)
        missing = self._not_observed(first) if host is None else ""
        if host is not None:
            title, action, commands = f"{host.host} {host.what}", host.remedy.text, host.remedy.commands
        else:
            title = missing or f"Not decided: {self._titles.get(first.check, first.check)}"
            action, commands = _COLLECT if missing else KIND_ADVICE[first.kind], ()
        return FirstStep(
            title=title,
            action=action,
            reason=host.detail if host is not None else first.detail,
            commands=commands or (self._collect(first) if host is not None or missing else f"auditor show {first.check}",),
            when=When.WHILE_CONNECTED if at_source else When.ANY_TIME,
            severity=None,
            checks=tuple(checks),
            pools=self._in_order(pool for row in rows for pool in self._pools_of(row)),
            undetermined=len(rows),
            subjects=subjects[:MOST_SUBJECTS],
            subject_count=len(subjects),
            location=next((row.location for row in rows if row.location), None),
        )

    def _commands(self, findings: list[Finding], fixable: int) -> tuple[str, ...]:
        """Return `auditor fix` if it resolves a finding, else the commands of the remedies, else one that shows them."""
        if fixable and self._report.fix_command:
            return (self._report.fix_command,)
        found = dict.fromkeys(command for finding in findings for remedy in finding.remedies[:1] for command in remedy.commands)
        return tuple(found)[:MOST_COMMANDS] or (f"auditor show {findings[0].check}",)

    def _collect(self, row: Undetermined) -> str:
        """Return the command that collects the missing evidence, or else one that shows what is undetermined."""
        plan = self._report.plan_path
        if row.kind in _COLLECTED and plan not in {"", PLAN_OF_LISTS}:
            via = ["--via", "target"] if self._areas.get(row.check) is Area.COPIES else []
            return shlex.join(["auditor", "collect", plan, "-o", _EVIDENCE, *via])
        return f"auditor show {row.check}"

    def _needs_source(self, finding: Finding) -> bool:
        """Whether the finding can be fixed only while the sources are reachable."""
        remedy = finding.remedies[0] if finding.remedies else None
        if remedy is not None and remedy.while_connected is not None:
            return remedy.while_connected
        if finding.remedy_kind is not None:
            return finding.remedy_kind in _COPYING_KINDS
        if (remedy is not None and remedy.kind in _COPYING_REMEDIES) or finding.subject.kind in _ON_COPY_MACHINE:
            return True
        return finding.subject.kind not in _ON_SITE and self._areas.get(finding.check) in _SOURCE_AREAS

    def _pools_of(self, outcome: Finding | Undetermined) -> Iterable[str]:
        """Return the pools that an outcome concerns, as far as the report states them."""
        subject: Subject = outcome.subject
        if subject.pool:
            return (subject.pool,)
        stated = outcome.facts.get("pools")
        if isinstance(stated, tuple):
            return stated
        found: list[str] = []
        for one in affected_by(outcome):
            if one.pools:
                found += one.pools
            elif one.images:
                found += (pool for image in one.images for pool in self._of_image.get(image, ()))
            elif one.endpoint:
                found += self._of_endpoint.get(one.endpoint, ())
            else:
                found += self._pools
        return found or self._of_endpoint.get(endpoint_of(subject), ())

    def _in_order(self, pools: Iterable[str]) -> tuple[str, ...]:
        found = dict.fromkeys(pools)
        return (*(pool for pool in self._pools if pool in found), *(pool for pool in found if pool not in self._pools))


def _counted(items: Iterable[JudgedFinding]) -> Iterable[tuple[tuple[int, str], int]]:
    """Return pairs of (rank of the severity, check) with the number of findings."""
    return Counter((item.severity.rank, item.finding.check) for item in items).items()


def _advice(findings: list[Finding]) -> str:
    """Return the first remedy of the first finding, and how many objects need the same with other names."""
    texts = dict.fromkeys(finding.remedies[0].text for finding in findings if finding.remedies)
    if not texts:
        return "Read the findings and fix their cause."
    first = next(iter(texts))
    more = len(texts) - 1
    return f"{first} Do the same for {many(more, 'other object')}." if more else first
