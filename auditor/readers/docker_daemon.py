"""Docker's daemon.json as far as it affects pushes: `allow-nondistributable-artifacts`, and the image store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.errors import Location
from auditor.located import Marked
from auditor.plan.model import Plan
from auditor.plan.plan_paths import is_inside, normal, shown_path
from auditor.readers.model import Setting
from auditor.readers.node_config import daemon_json
from auditor.readers.node_config.model import Unreadable
from auditor.readers.node_config.slips import ConfigSlip, Grammar, refusal

ALLOW = "allow-nondistributable-artifacts"
STORE = "containerd-snapshotter"


class UnreadableDaemon(Exception):
    """An unreadable daemon.json, with reason and location. `missing`: the evidence does not contain it."""

    def __init__(self, why: str, location: Location, *, missing: bool = False) -> None:
        super().__init__(why)
        self.location = location
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Daemon:
    """One daemon.json. `allow` is None if the key is missing; `store` states whether the containerd store is on.

    `slips` are mistakes by Docker's grammar.
    """

    location: Location
    allow: tuple[Setting, ...] | None = None
    allow_at: Location | None = None
    store: bool | None = None
    slips: tuple[ConfigSlip, ...] = ()


def daemons(plan: Plan, names: tuple[str, ...]) -> tuple[Daemon | UnreadableDaemon, ...]:
    """Return every daemon.json among the files, or in the folders, of these names."""
    wanted = [normal(name) for name in names]
    found: list[Daemon | UnreadableDaemon] = []
    for path, data in plan.files.items():
        if any(is_inside(path, name) for name in wanted) and _is_daemon(path, data):
            found.append(_read_or_error(shown_path(plan.path, path), data))
    for path, reason in plan.left_out.items():
        if any(is_inside(path, name) for name in wanted) and PurePosixPath(path).name == daemon_json.NAME:
            place = Location(shown_path(plan.path, path))
            found.append(UnreadableDaemon(f"the evidence does not contain it: {reason}", place, missing=True))
    return tuple(found)


def _is_daemon(path: str, data: bytes) -> bool:
    return PurePosixPath(path).name == daemon_json.NAME or daemon_json.recognises(data)


def copy_slips(plan: Plan) -> tuple[tuple[str, tuple[ConfigSlip, ...]], ...]:
    """Return the daemon.json files of the copying machine, by name, with the mistakes in each."""
    copy = plan.copy
    if copy is None or copy.tool is None or copy.tool.name != "docker":
        return ()
    grammar = Grammar("dockerd", copy.tool.version)
    found: list[tuple[str, tuple[ConfigSlip, ...]]] = []
    for path, data in plan.files.items():
        if any(is_inside(path, normal(name)) for name in copy.config) and _is_daemon(path, data):
            file = shown_path(plan.path, path)
            try:
                found.append((file, read_daemon(file, data, grammar).slips))
            except UnreadableDaemon as error:
                found.append((file, (refusal(daemon_json.NAME, str(error), error.location),)))
    return tuple(found)


def _read_or_error(file: str, data: bytes) -> Daemon | UnreadableDaemon:
    try:
        return read_daemon(file, data)
    except UnreadableDaemon as error:
        return error


def read_daemon(file: str, data: bytes, grammar: Grammar | None = None) -> Daemon:
    """Parse a daemon.json, with its mistakes by the grammar. Raises UnreadableDaemon."""
    try:
        document = daemon_json.load(data)
    except Unreadable as error:
        raise UnreadableDaemon(str(error), Location(file, error.line, error.column)) from error
    slips = tuple(daemon_json.slips(file, document, grammar or Grammar("dockerd")))
    root = document.root
    if root is None:
        return Daemon(Location(file, 1))
    allow = root.get(ALLOW)
    allow = allow if allow is not None and allow.value is not None else None
    store = root.get("features", STORE)
    if store is not None and not isinstance(store.value, bool):
        raise UnreadableDaemon(f"`features.{STORE}` must be true or false", Location(file, store.line, store.column))
    return Daemon(
        Location(file, 1),
        None if allow is None else _hosts(file, allow),
        None if allow is None else Location(file, allow.line, allow.column),
        None if store is None else store.value is True,
        slips,
    )


def _hosts(file: str, allow: Marked) -> tuple[Setting, ...]:
    if not isinstance(allow.value, list) or not all(isinstance(item.value, str) for item in allow.list):
        raise UnreadableDaemon(f"`{ALLOW}` must be a list of registries", Location(file, allow.line, allow.column))
    return tuple(Setting(item.text, Location(file, item.line, item.column)) for item in allow.list)
