"""The view of what the plan's pods download besides images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from auditor.errors import Location
from auditor.facts.versions import Answer
from auditor.needs.model import Needs
from auditor.net import Reach, Remote, Scope
from auditor.plan.model import Plan
from auditor.readers.demands import Demand, DemandGap
from auditor.readers.pods.containers import read_pod_programs
from auditor.readers.pods.model import PodObject, PodProgram, PodPrograms
from auditor.readers.pods.pod_commands import RunText, ScriptReader
from auditor.site.pods.command_downloads import CommandDownloads
from auditor.site.pods.model import DownloadEffect, PodDownload, PodDownloads, PodUnknown
from auditor.site.pods.pod_hosts import PodReach, remote_of_host, remotes_in
from auditor.site.pods.program_rows import Truth, WorkloadDownload, kinds_in_rows, rows_of_kind, rows_of_program
from auditor.site.pods.program_settings import ObjectSettings, ProgramSettings
from auditor.text import listed

MAX_SCRIPTS = 8 * 1024 * 1024  # characters of the scripts of all pods
_MAX_HOSTS = 3
# Files that may hold pods and were not read. An unknown kind is not among them: the check of images reports it.
_UNREAD = frozenset({DemandGap.SOURCE, DemandGap.KUSTOMIZE, DemandGap.CHART})


def computed_downloads(plan: Plan, needs: Needs, reach: Reach) -> PodDownloads:
    """Return the downloads of every container and custom resource of the plan's workloads."""
    found = read_pod_programs(plan, kinds_in_rows())
    reading = _Reading(found, PodReach(reach, found.namespaces, found.services), ScriptReader(MAX_SCRIPTS))
    for program in found.programs:
        reading.program(program)
    for item in found.objects:
        reading.object(item)
    unknown = [*_unread(needs.demands), *reading.unknown]
    if found.beyond:
        unknown.append(PodUnknown("the workloads", found.beyond, plan.where("workloads")))
    hidden = tuple(dict.fromkeys(program.id for program in found.programs if program.is_hidden))
    return PodDownloads(tuple(_merged(reading.found)), tuple(dict.fromkeys(unknown)), reading.passed, hidden)


def _unread(demands: Iterable[Demand]) -> Iterator[PodUnknown]:
    """Yield the charts and files whose pods are unknown."""
    for demand in demands:
        hidden = demand.hidden
        is_file = hidden is None and demand.reference is None and demand.field == "" and " " not in demand.who
        if demand.reference is None and (is_file or (hidden is not None and hidden.gap in _UNREAD)):
            why = f"its pods are unknown: {demand.error or demand.unbounded}"
            yield PodUnknown(demand.who, why, demand.location, is_malformed=bool(demand.error))


def _merged(found: Iterable[PodDownload]) -> Iterator[PodDownload]:
    """Yield each download once: the same object may stand in several files."""
    known: dict[tuple[str, str], PodDownload] = {}
    for one in found:
        known.setdefault((one.subject, f"{one.does} {one.breaks}"), one)
    yield from known.values()


@dataclass(slots=True)
class _Reading:
    pods: PodPrograms
    reach: PodReach
    scripts: ScriptReader
    found: list[PodDownload] = field(default_factory=list)
    unknown: list[PodUnknown] = field(default_factory=list)
    passed: int = 0

    def program(self, program: PodProgram) -> None:
        """Add what one container downloads."""
        texts = tuple(self.scripts.of(program))
        commands = CommandDownloads(program, self.reach)
        commands.read(texts)
        facts, doubts = self._facts(program, texts)
        outcomes = [*commands.found(), *facts]
        unknown = [*commands.unknown(), *doubts]
        self.found += outcomes
        self.unknown += unknown
        self.passed += not outcomes and not unknown

    def object(self, item: PodObject) -> None:
        """Add what the controller of one custom resource downloads."""
        settings = ObjectSettings(item)
        before = len(self.found), len(self.unknown)
        for row in rows_of_kind(item.kind):
            self._add(row, settings, _Subject(item.owner, item.owner, item.location, item.pools, ""), self.found, self.unknown)
        self.passed += (len(self.found), len(self.unknown)) == before

    def _facts(self, program: PodProgram, texts: tuple[RunText, ...]) -> tuple[list[PodDownload], list[PodUnknown]]:
        found: list[PodDownload] = []
        unknown: list[PodUnknown] = []
        tag = program.image.tag if program.image is not None and program.image.explicit_tag else ""
        subject = _Subject(program.id, program.who, program.location, program.pools, tag)
        if self.reach.proxy(program.environment.values) is Scope.INTERNAL:
            return found, unknown
        own = ProgramSettings(program, texts)
        for row in rows_of_program(program):
            maps = [piece for name in row.maps for piece in self.pods.maps.get(name, ())]
            settings = ProgramSettings(program, texts, maps) if maps else own
            self._add(row, settings, subject, found, unknown)
        return found, unknown[:1]

    def _add(
        self,
        row: WorkloadDownload,
        settings: ProgramSettings | ObjectSettings,
        subject: _Subject,
        found: list[PodDownload],
        unknown: list[PodUnknown],
    ) -> None:
        answer = row.covers(subject.version)
        truth = Truth.NO if answer is Answer.NO else row.holds(settings)
        if truth is Truth.NO:
            return
        targets = _targets(row, settings)
        known = targets if targets is not None else tuple(remote_of_host(host) for host in row.hosts)
        remotes = self.reach.external(known)
        if targets is not None and not remotes:
            return
        is_certain = truth is Truth.YES and targets is not None and answer in {Answer.YES, Answer.BEYOND}
        if not is_certain and row.effect == "fails":
            unknown.append(PodUnknown(subject.id, _why_unknown(row, truth, subject), subject.location))
        elif remotes:
            found.append(_download(row, subject, remotes, _doubt(row, answer, is_certain=is_certain)))


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a row is applied to: its id and its name in messages, its location, pools, and the version of its image."""

    id: str
    who: str
    location: Location
    pools: tuple[str, ...]
    version: str


def _targets(row: WorkloadDownload, settings: ProgramSettings | ObjectSettings) -> tuple[Remote, ...] | None:
    """Return what the program connects to: by its settings, else by default. None if unknown."""
    named: list[Remote] = []
    is_named = False
    for target in row.target:
        values = target.values(settings)
        if values.is_open:
            return None
        for text in values.texts:
            remotes = remotes_in(text, target.form)
            if remotes is None:
                return None
            named.extend(remotes)
            is_named = True
        if is_named:
            break
    return tuple(dict.fromkeys(named)) if is_named else tuple(remote_of_host(host) for host in row.hosts)


def _why_unknown(row: WorkloadDownload, truth: Truth, subject: _Subject) -> str:
    hosts = listed([remote_of_host(host).host for host in row.hosts], _MAX_HOSTS) or "an unknown host"
    named = listed(
        list(dict.fromkeys(one.name for one in (*row.when, *row.any, *row.unless, *row.target))), _MAX_HOSTS, last="or"
    )
    what = f"{row.program} may fail offline, because it {row.does.replace('{host}', hosts)} {row.at}"
    if truth is Truth.UNKNOWN or row.target:
        return f"{what}. The workloads do not show the value of {named}"
    return f"{what}. The version {subject.version or 'of the image'} is unknown"


def _doubt(row: WorkloadDownload, answer: Answer, *, is_certain: bool) -> str:
    if answer is Answer.BEYOND:
        return f"The facts cover {row.program} up to {row.read_at}."
    if not is_certain:
        stops = listed(list(dict.fromkeys(one.name for one in (*row.unless, *row.target))), _MAX_HOSTS, last="or")
        return f"A setting that the workloads do not show may prevent it ({stops})." if stops else ""
    return ""


def _download(row: WorkloadDownload, subject: _Subject, remotes: tuple[Remote, ...], doubt: str) -> PodDownload:
    hosts = list(dict.fromkeys(remote.host for remote in remotes))
    return PodDownload(
        subject=subject.id,
        who=subject.who,
        remotes=remotes,
        does=f"{row.program} {row.does.replace('{host}', listed(hosts, _MAX_HOSTS))} {row.at}",
        breaks=row.breaks,
        effect=DownloadEffect(row.effect),
        fix=row.fix,
        case=row.id,
        location=subject.location,
        source=row.source,
        confidence=row.confidence,
        pools=subject.pools,
        error=row.error.replace("{host}", hosts[0]),
        doubt=doubt,
    )
