"""Docker's daemon.json where it decides what is pushed: `allow-nondistributable-artifacts`, and which image store it uses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.errors import Location
from auditor.plan.marked import Marked, NotStructured, load_marked
from auditor.plan.model import Plan, Setting
from auditor.plan.node_config import daemon_json
from auditor.plan.paths import is_inside, normal, shown_path
from auditor.plan.spelling import closest

ALLOW = "allow-nondistributable-artifacts"
STORE = "containerd-snapshotter"
_COMMENTS = ("_", "//", "#", "$")
_ALIKE = 0.8  # of no key of Docker's is the spelling that near


class UnreadableDaemon(Exception):
    """A daemon.json that cannot be told: why, and where. `missing`: it was not carried here."""

    def __init__(self, why: str, location: Location, *, missing: bool = False) -> None:
        super().__init__(why)
        self.location = location
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Daemon:
    """One daemon.json. `allow` is None where the key is not written; `store` says whether containerd's store is on.

    `no_keys` are keys that Docker cannot know: comments, and ALLOW misspelt.
    """

    location: Location
    allow: tuple[Setting, ...] | None = None
    allow_at: Location | None = None
    store: bool | None = None
    no_keys: tuple[Setting, ...] = ()


def daemons(plan: Plan, names: tuple[str, ...]) -> tuple[Daemon | UnreadableDaemon, ...]:
    """Every daemon.json among the files, or in the folders, of these names."""
    wanted = [normal(name) for name in names]
    found: list[Daemon | UnreadableDaemon] = []
    for path, data in plan.files.items():
        if any(is_inside(path, name) for name in wanted) and _is_daemon(path, data):
            found.append(_read_or_error(shown_path(plan.path, path), data))
    for path, reason in plan.left_out.items():
        if any(is_inside(path, name) for name in wanted) and PurePosixPath(path).name == daemon_json.NAME:
            place = Location(shown_path(plan.path, path))
            found.append(UnreadableDaemon(f"it was not carried here: {reason}", place, missing=True))
    return tuple(found)


def _is_daemon(path: str, data: bytes) -> bool:
    return PurePosixPath(path).name == daemon_json.NAME or daemon_json.recognises(data)


def _read_or_error(file: str, data: bytes) -> Daemon | UnreadableDaemon:
    try:
        return read_daemon(file, data)
    except UnreadableDaemon as error:
        return error


def read_daemon(file: str, data: bytes) -> Daemon:
    """What a daemon.json says. Raises UnreadableDaemon."""
    try:
        documents = load_marked(data)
    except NotStructured as error:
        raise UnreadableDaemon(str(error), Location(file, error.line, error.column)) from error
    if not documents:
        return Daemon(Location(file, 1))
    if len(documents) > 1 or not isinstance(documents[0].value, dict):
        raise UnreadableDaemon("a daemon.json is one JSON object", Location(file, 1))
    allow = documents[0].get(ALLOW)
    store = documents[0].get("features", STORE)
    if store is not None and not isinstance(store.value, bool):
        raise UnreadableDaemon(f"`features.{STORE}` must be true or false", Location(file, store.line, store.column))
    return Daemon(
        Location(file, 1),
        None if allow is None else _hosts(file, allow),
        None if allow is None else Location(file, allow.line, allow.column),
        None if store is None else store.value is True,
        tuple(
            Setting(key, Location(file, found.line, found.column))
            for key, found in documents[0].items()
            if key != ALLOW and (key.startswith(_COMMENTS) or closest(key.lower(), [ALLOW], _ALIKE))
        ),
    )


def _hosts(file: str, allow: Marked) -> tuple[Setting, ...]:
    if not isinstance(allow.value, list) or not all(isinstance(item.value, str) for item in allow.list):
        raise UnreadableDaemon(f"`{ALLOW}` must be a list of registries", Location(file, allow.line, allow.column))
    return tuple(Setting(item.text, Location(file, item.line, item.column)) for item in allow.list)
