"""Node configuration for each pool: hosts.toml or registries.yaml, the CA of the internal registry, an install script.

A file that the plan has is changed only where needed. A file that is missing in the evidence because it has credentials is
never written as a whole; only the part to add is written.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from auditor.check import RemedyKind
from auditor.fix.after import applied, confirmed
from auditor.fix.fix_files import Joins, Written, file_name, remark, resolved_lines
from auditor.fix.installers import CA, InstalledFile, linux_script, windows_script
from auditor.fix.merging.hosts_toml_text import with_server
from auditor.fix.merging.yaml_text import with_values
from auditor.fix.reported import Reported
from auditor.plan.model import Pool, Registry
from auditor.plan.plan_paths import is_inside, normal
from auditor.plan.rewrites import placed
from auditor.readers.node_config import NodeConfig, read_node_config
from auditor.readers.node_config.distribution_yaml import DistributionRegistries
from auditor.readers.node_config.hosts_toml import folders_for
from auditor.readers.node_config.registries_yaml import load
from auditor.redaction import REDACTED
from auditor.site import Site
from auditor.site.mirror_files import MirrorAdvice, MirrorFile, Placed, mirror_advice
from auditor.site.mirrors import Mirroring, PullRoute

DROP_IN = "config.yaml.d/99-airgap-auditor.yaml"
PART = "registries-mirrors.yaml"


@dataclass
class _Made:
    """The output for one pool: files to install, parts that the operator merges, and manual steps."""

    pool: Pool
    files: list[Written] = field(default_factory=list)
    installed: list[InstalledFile] = field(default_factory=list)
    parts: list[Written] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)

    @property
    def folder(self) -> str:
        """Return the folder of the pool's files."""
        return f"nodes/{file_name(self.pool.name)}"

    def add(self, file: InstalledFile, text: str, purpose: str, place: str) -> None:
        """Write a file of the pool's `config` and install it."""
        what = f"for the nodes of {self.pool.name}: {purpose}"
        path = f"{self.folder}/{file.path}"
        pools = (self.pool.name,)
        made = Written(path, text, what, place=place, joins=Joins.CONFIG, pools=pools, before=file.before)
        self.files.append(made)
        self.installed.append(file)


def node_files(site: Site, findings: tuple[Reported, ...], day: datetime.date) -> Iterator[Written]:
    """Yield the files of every pool that needs some."""
    registry = site.plan.registry
    if registry is None:
        return
    for pool in site.plan.pools:
        yield from _of_pool(site, registry, pool, tuple(f for f in findings if f.is_of(pool.name)), day)


def _of_pool(
    site: Site, registry: Registry, pool: Pool, findings: tuple[Reported, ...], day: datetime.date
) -> Iterator[Written]:
    made = _Made(pool)
    config = site.node_configs.get(pool.name) or read_node_config(site.plan, pool)
    pairs = _unsettled(site, registry, config)
    if pairs and config.distribution is not None:
        _for_distribution(site, registry, config, config.distribution, pairs, made)
    elif pairs:
        _for_containerd(site, registry, config, pairs, made)
    mirrors = tuple(f for f in findings if f.kind is RemedyKind.MIRROR_CONFIG)
    sure = confirmed(site, made.files, mirrors, day) if mirrors and made.files else frozenset()
    solved = tuple(f for f in mirrors if f.fingerprint in sure)
    if pool.config and not solved and not _settled(applied(site, made.files), pool) - _settled(site, pool):
        made.files, made.installed = [], []  # no effect: the next audit would report the same findings
    made.files = [replace(file, resolves=solved) for file in made.files]
    ca = _ca(site, registry, made, findings, day)
    yield from (*made.files, *made.parts, *ca)
    if made.by_hand:
        text = "".join(f"- {line}\n" for line in made.by_hand)
        yield Written(f"{made.folder}/by-hand.txt", text, f"steps to do by hand on the nodes of {pool.name}")
    if made.installed or made.parts or ca:
        yield _installer(made, (*solved, *(f for file in ca for f in file.resolves)), has_ca=bool(ca))


def _unsettled(site: Site, registry: Registry, config: NodeConfig) -> list[Placed]:
    """Return the pool's images, with their names in the internal registry, that nodes may pull from another registry.

    If the plan does not name the pool's files, or they cannot be read, these are all images.
    """
    settled = _settled(site, config.pool)
    images = {need.reference: None for need in site.needs.needs if need.pool == config.pool.name}
    pairs = [(reference, placed(registry, reference)) for reference in images if reference.domain not in settled]
    return [pair for pair in pairs if pair[0] != pair[1]]


def _settled(site: Site, pool: Pool) -> set[str]:
    """Return the registries whose images the pool pulls only from the internal registry."""
    ways: dict[str, set[PullRoute]] = {}
    for group in site.mirroring:
        if group.pool.name == pool.name:
            ways.setdefault(group.registry, set()).add(group.first.way)
    return {name for name, found in ways.items() if found == {PullRoute.INSIDE}}


def _for_distribution(
    site: Site, registry: Registry, config: NodeConfig, row: DistributionRegistries, pairs: list[Placed], made: _Made
) -> None:
    """Yield the server flag in a separate file, and the mirrors that registries.yaml lacks."""
    pool, plan = config.pool, site.plan
    target = row.windows_file if pool.is_windows else row.file
    version = plan.cluster.version if plan.cluster is not None else ""
    if not row.knows_flag(version):
        made.by_hand.append(f"upgrade {row.distribution}: {remark(version)} does not support {row.flag.lstrip('-')}")
    elif not config.no_own:
        _drop_in(row, target, config, made)
    before = plan.files.get(config.registries_path)
    wanted = {pair[0].domain for pair in pairs}
    if before is not None:
        wanted -= _settled(applied(site, made.files), pool)
    pairs = [pair for pair in pairs if pair[0].domain in wanted]
    file = mirror_advice(config, registry, pairs).file if pairs else None
    if file is None:
        return
    held = _held_back(site, pool, target) or _struck_out(before)
    text = with_values(before or b"", _mirror_values(file, before))
    if held:
        part = with_values(b"", _mirror_values(file, None)) or ""
        what = f"mirrors for the nodes of {pool.name}: merge them into {target}, which has credentials ({held})"
        made.parts.append(Written(f"{made.folder}/{PART}", part, what))
        made.by_hand.append(
            f"merge {PART} into {target} and keep its other keys: the evidence does not contain that file ({held})"
        )
    elif text is None:
        made.by_hand.append(f"correct {config.registries_path}, which cannot be read, and run `auditor fix` again")
    else:
        place = config.registries_path or f"{made.folder}/registries.yaml"
        made.add(InstalledFile("registries.yaml", target, before=before), text, "the mirrors of every registry", place)


def _drop_in(row: DistributionRegistries, target: str, config: NodeConfig, made: _Made) -> None:
    """Return the file with the server flag. The node's config.yaml is not changed, because it usually contains a token."""
    separator = "\\" if config.pool.is_windows else "/"
    folder = target.rpartition(separator)[0]
    beside = PurePosixPath(config.registries_path).parent if config.registries_path else PurePosixPath(made.folder)
    file = InstalledFile(DROP_IN, f"{folder}{separator}{DROP_IN.replace('/', separator)}", own=True)
    text = f"{row.flag.lstrip('-')}: true\n"
    made.add(file, text, f"{row.distribution} connects to no registry other than the mirrors", str(beside / DROP_IN))


def _mirror_values(file: MirrorFile, before: bytes | None) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield `endpoint` and `rewrite` of each entry under `mirrors`, which belong together. Other keys of the entry stay."""
    document = load(before) if before is not None else None
    for domain, url, rewrites in file.mirrors:
        yield ("mirrors", domain, "endpoint"), [url]
        if rewrites or (document is not None and document.get("mirrors", domain, "rewrite") is not None):
            yield ("mirrors", domain, "rewrite"), dict(rewrites)


def _struck_out(before: bytes | None) -> str:
    """Return why the plan's file differs from the node's file, or an empty string. Evidence has files without credentials."""
    return "its credentials were left out" if before is not None and REDACTED.encode() in before else ""


def _held_back(site: Site, pool: Pool, target: str) -> str:
    """Return why a file of the pool's config is missing among the plan's files, or an empty string."""
    name = target.replace("\\", "/").rpartition("/")[2]
    for path, reason in site.plan.left_out.items():
        if PurePosixPath(path).name == name and any(is_inside(path, normal(one)) for one in pool.config):
            return reason
    return ""


def _for_containerd(site: Site, registry: Registry, config: NodeConfig, pairs: list[Placed], made: _Made) -> None:
    """Yield one hosts.toml for each registry."""
    for domain in dict.fromkeys(pair[0].domain for pair in pairs):
        first = next(pair for pair in pairs if pair[0].domain == domain)
        advice = mirror_advice(config, registry, [first, *(pair for pair in pairs if pair != first)])
        file = advice.file
        if file is None or file_name(file.folder) != file.folder:
            made.by_hand.append(_told(advice))
            continue
        _hosts_toml(site, config, domain, file, made)


def _told(advice: MirrorAdvice) -> str:
    return remark(advice.text) if len(advice.text) < 100 else advice.text


def _hosts_toml(site: Site, config: NodeConfig, domain: str, file: MirrorFile, made: _Made) -> None:
    pool, plan = config.pool, site.plan
    place, folder = _hosts_place(site, pool, domain, file, made)
    before = plan.files.get(place)
    if reason := plan.left_out.get(place) or _struck_out(before):
        made.by_hand.append(f"{folder}/hosts.toml: set {' and '.join(file.lines)}; {reason}")
        return
    text: str | None = "\n".join([*file.lines, ""])
    if before is not None:
        groups = [group for group in site.mirroring if (group.pool.name, group.registry) == (pool.name, domain)]
        is_bare = not any(line.startswith("override_path") for line in file.lines)
        lines = [*(["override_path = false"] if is_bare and b"override_path" in before else []), *file.lines]
        text = with_server(before, lines, _outside(groups), _urls_of(file))
    if text is None:
        made.by_hand.append(f"edit {place} by hand, because it cannot be changed automatically: set {' and '.join(file.lines)}")
        return
    path = f"certs.d/{folder}/{file.name}"
    installed = InstalledFile(path, f"{folder}/{file.name}", below=True, before=before)
    made.add(installed, text, f"nodes pull images of {domain} from the internal registry", place)


def _hosts_place(site: Site, pool: Pool, domain: str, file: MirrorFile, made: _Made) -> tuple[str, str]:
    """Return the path of the file among the plan's files and the name of its folder, as in the file that nodes read now."""
    ours = [path for path in (*site.plan.files, *site.plan.left_out) if any(is_inside(path, normal(n)) for n in pool.config)]
    hosts = [path for path in ours if PurePosixPath(path).name == file.name and len(PurePosixPath(path).parts) > 1]
    for folder in folders_for(domain, windows=pool.is_windows)[:-1]:
        found = next((path for path in hosts if PurePosixPath(path).parts[-2] == folder), "")
        if found and file_name(folder) == folder:
            return found, folder
    root = str(PurePosixPath(hosts[0]).parent.parent) if hosts else f"{made.folder}/certs.d"
    return normal(f"{root}/{file.folder}/{file.name}"), file.folder


def _outside(groups: list[Mirroring]) -> list[int]:
    """Return the lines of the hosts that nodes cannot reach."""
    return [one.location.line for group in groups for lead in group.leads for one in lead.outside if one.role == "mirror"]


def _urls_of(file: MirrorFile) -> list[str]:
    """Return the spellings of the new server's URL in `[host]` tables."""
    url = file.lines[0].partition('"')[2].rstrip('"')
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0]
    return [url, f"{scheme}://{host}", f"{scheme}://{host}/", f"{scheme}://{host}/v2", host]


def _ca(site: Site, registry: Registry, made: _Made, findings: tuple[Reported, ...], day: datetime.date) -> tuple[Written, ...]:
    """Return the CA of the internal registry if the plan has it and the pool does not trust it."""
    ids = {registry.host, f"{registry.host}:443"}
    wanted = tuple(f for f in findings if f.kind is RemedyKind.TRUST_ROOT and f.subject.id in ids)
    data = site.plan.files.get(normal(registry.ca)) if registry.ca else None
    if data is None or not wanted:
        return ()
    path = f"{made.folder}/{CA}"
    what = f"the CA of {registry.host}, from the plan"
    file = Written(path, data.decode("utf-8", "replace"), what, place=path, joins=Joins.TRUST, pools=(made.pool.name,))
    pools = tuple(dict.fromkeys(pool for one in wanted for pool in one.pools))
    sure = confirmed(site, [replace(file, pools=pools)], wanted, day)  # a finding ends when all its pools have the file
    solved = tuple(f for f in wanted if f.fingerprint in sure)
    return (replace(file, resolves=solved),) if solved else ()


def _installer(made: _Made, resolves: tuple[Reported, ...], *, has_ca: bool) -> Written:
    parts = [file.path.rpartition("/")[2] for file in made.parts]
    pool = made.pool
    if pool.is_windows:
        text, name, who = windows_script(made.installed, parts, has_ca=has_ca), "install.ps1", "as an administrator"
        head = "".join(f"{line}\r\n" for line in resolved_lines(resolves))
    else:
        text, name, who = linux_script(made.installed, parts, has_ca=has_ca), "install.sh", "as root"
        head = "".join(f"{line}\n" for line in resolved_lines(resolves))
    shebang, _, rest = text.partition("\n") if text.startswith("#!") else ("", "", text)
    text = f"{shebang}\n{head}{rest}" if shebang else f"{head}{rest}"
    what = f"installs the files above on a node of {pool.name}; run it {who}, then restart the runtime"
    return Written(f"{made.folder}/{name}", text, what, resolves, is_script=True)
