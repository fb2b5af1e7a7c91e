"""The closed set of outcomes that a check states about a subject: findings, undetermined subjects and subjects that passed."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, cast

from auditor.errors import Location
from auditor.evidence.causes import Fault
from auditor.evidence.kinds import Kind

Fact = str | int | float | bool | tuple[str, ...]
_NO_FACTS: Mapping[str, Fact] = MappingProxyType({})


class Severity(enum.StrEnum):
    """The severity of a finding, worst first."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Return 0 for info, 1 for warning, 2 for error."""
        return _RANKS[self]

    def at_least(self, other: Severity) -> bool:
        """Return whether this severity equals `other` or is worse."""
        return self.rank >= other.rank


_RANKS = {Severity.INFO: 0, Severity.WARNING: 1, Severity.ERROR: 2}

SEVERITY_OF_CHECK: Final = cast("Severity", None)  # a finding without its own severity


@dataclass(frozen=True, slots=True)
class Subject:
    """The subject of an outcome. `kind`: line, image, layer, registry, endpoint, certificate, …; `id` as users know it."""

    kind: str
    id: str
    platform: str = ""
    pool: str = ""
    client: str = ""

    def __str__(self) -> str:
        for_pool = f" for {self.pool}" if self.pool else ""
        on = f" on {self.platform}" if self.platform else ""
        by = f" ({self.client})" if self.client else ""
        return f"{self.id}{on}{for_pool}{by}"


@dataclass(frozen=True, slots=True)
class Affected:
    """The cells of the image matrix that an outcome concerns: each of `images` on each of `pools`.

    `images` are named as in the matrix (`str(Reference)`). Empty `images` or `pools` mean all of them. With `endpoint`
    (`host:port`), only images count that the pool's runtime pulls through it; with `clients` as well, only if the runtime is
    one of these TLS clients. `is_partial`: some of these images fail, and which ones is unknown.
    """

    images: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()
    endpoint: str = ""
    clients: tuple[str, ...] = ()
    is_partial: bool = False


class RemedyKind(enum.StrEnum):
    """What a file of `auditor fix` must do to resolve a finding."""

    COPY_IMAGE = "copy-image"  # copy the image, or its missing parts, into the internal registry
    COPY_AGAIN = "copy-again"  # copy it with a different tool, option or name than the plan declares
    COPY_LAYER = "copy-layer"  # copy a foreign layer
    STRIP_URLS = "strip-urls"  # copy images without the `urls` of their layers
    ADD_TO_LIST = "add-to-list"  # write the image lists again, with the missing images
    PIN_IN_LIST = "pin-in-list"  # write the digest next to the reference
    DOCKER_SEND = "docker-send"  # name the internal registry in daemon.json of the copying machine
    # correct an entry of the allow-list in daemon.json; the fact `entry` names an entry to remove, if any
    DOCKER_ENTRY = "docker-entry"
    DOCKER_KEY = "docker-key"  # remove the allow-list key from daemon.json
    REGISTRY_SETTING = "registry-setting"  # change the configuration of the internal registry
    MIRROR_CONFIG = "mirror-config"  # configure the nodes to pull from the internal registry
    TRUST_ROOT = "trust-root"  # add the root to the pool's trust
    INSTALL_ROOT = "install-root"  # install a public root that Windows would download


@dataclass(frozen=True, slots=True)
class Remedy:
    """One way to fix a finding. `kind`: edit, command, copy, rewrite, upgrade, install, accept; commands are for a shell.

    `while_connected`: whether it is possible only while the sources are reachable; None derives that from the kind.
    """

    kind: str
    text: str
    commands: tuple[str, ...] = ()
    while_connected: bool | None = field(default=None, kw_only=True)


class Role(enum.StrEnum):
    """The role of a part of a message."""

    CAUSE = "cause"  # what is wrong
    EFFECT = "effect"  # why it fails at run time
    SYMPTOM = "symptom"  # the error that the operator sees


@dataclass(frozen=True, slots=True)
class Part:
    """One or more sentences of a message.

    In a group of findings, a report shows the part once for each `key`. Two parts have the same key if they differ only in
    names that their subject lines show. An empty key stands for the text itself. `names_who`: the text names the pool or client
    of the finding.
    """

    text: str
    role: Role = Role.CAUSE
    key: str = ""
    names_who: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault, with its proof in `facts`, its location in the user's files and its remedies.

    `define` fills in `check` and, if it was left out, the severity of the check.

    A check gives either the whole message or the `parts` that make it up. A message without parts counts as one cause. `case`
    distinguishes this finding from others of the same check and subject. The fingerprint includes it, so it must not contain
    line numbers, times or paths of the machine.

    `fold` lists what the message depends on besides the case and the names of the pool, its platform and the client. None
    stands for `facts`, or for the message if there are no facts. `affects` names the cells of the image matrix that the finding
    concerns; None derives them from the subject. `remedy_kind` states which file of `auditor fix` can resolve it.

    `root_cause` identifies the fault that one remedy removes. Findings with the same value, also of different checks, are one
    step of *do this first*; None derives it from the first remedy.
    """

    check: str = field(default="", kw_only=True)
    severity: Severity = field(default=SEVERITY_OF_CHECK, kw_only=True)
    subject: Subject
    message: str = ""
    case: str = ""
    facts: Mapping[str, Fact] = field(default_factory=lambda: _NO_FACTS)
    location: Location | None = None
    remedies: tuple[Remedy, ...] = ()
    affects: tuple[Affected, ...] | None = None
    parts: tuple[Part, ...] = ()
    fold: tuple[Fact, ...] | None = None
    remedy_kind: RemedyKind | None = None
    root_cause: tuple[Fact, ...] | None = None

    def __post_init__(self) -> None:
        if self.parts and not self.message:
            object.__setattr__(self, "message", " ".join(part.text for part in self.parts))

    @property
    def stated(self) -> tuple[Part, ...]:
        """The parts of the message."""
        return self.parts or (Part(self.message, names_who=True),)

    @property
    def fingerprint(self) -> str:
        """Return 32 hex digits from check, subject and case. They are stable across runs, machines and moved lines."""
        return _fingerprint(self.check, self.subject, self.case)

    @property
    def fold_key(self) -> tuple[object, ...]:
        """Return a key that is equal for findings that state the same about different pools, platforms or clients."""
        case = self.case.removeprefix(self.client)  # many checks put the client at the start of the case
        return (self.check, self.subject.kind, self.subject.id, self.location, case, self._content)

    @property
    def _content(self) -> tuple[object, ...]:
        """Return what the message depends on, without facts that repeat a name of the subject."""
        if self.fold is not None:
            return self.fold
        if not self.facts:
            return (self.message,)
        names = (self.subject.platform, self.subject.pool, self.client)
        return tuple(pair for pair in self.facts.items() if pair[1] not in names)

    @property
    def client(self) -> str:
        """The TLS client that the finding concerns, or an empty string for none or several."""
        return self.subject.client or str(self.facts.get("client", ""))

    @property
    def cause(self) -> str:
        """The parts of the message that state the fault, as one text."""
        return self._stated(Role.CAUSE)

    @property
    def symptom(self) -> str:
        """The error that the operator sees, or an empty string if the message states none."""
        return self._stated(Role.SYMPTOM)

    def _stated(self, role: Role) -> str:
        return " ".join(part.text for part in self.stated if part.role is role)


@dataclass(frozen=True, slots=True)
class Undetermined:
    """A subject that a check could not decide, and why. `facts` and `location` give the same as values, if known.

    `define` fills in `check`.

    `faults` names the hosts that did not answer, if nothing else is missing; reports group by them. `cause` identifies a reason
    that several checks share, such as a chain that was not observed. A report shows it once, under the first check. It is empty
    if only one check needs the evidence. `affects` works as in `Finding`. `fold` lists what the detail depends on besides the
    names of the pool, its platform and the client; None stands for the detail itself.
    """

    check: str = field(default="", kw_only=True)
    subject: Subject
    kind: Kind
    detail: str
    faults: tuple[Fault, ...] = ()
    facts: Mapping[str, Fact] = field(default_factory=lambda: _NO_FACTS, hash=False)
    location: Location | None = None
    cause: str = ""
    affects: tuple[Affected, ...] | None = None
    fold: tuple[Fact, ...] | None = None

    @property
    def fingerprint(self) -> str:
        """Return 32 hex digits from check, subject and kind, as for a finding."""
        return _fingerprint(self.check, self.subject, f"undetermined {self.kind.value}")

    @property
    def fold_key(self) -> tuple[object, ...]:
        """Return a key that is equal for outcomes that state the same about different pools, platforms or clients."""
        asked = self.detail if self.fold is None else self.fold
        return (self.check, self.kind, self.subject.kind, self.subject.id, asked)


def _fingerprint(check: str, subject: Subject, case: str) -> str:
    import hashlib  # noqa: PLC0415 - OpenSSL is loaded with it, and listing the checks needs no fingerprint

    parts = (check, subject.kind, subject.id, subject.platform, subject.pool, subject.client, case)
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Fine:
    """`count` subjects that passed."""

    count: int = 1


PASSED: Final = Fine()  # one subject; `define` counts them
Outcome = Finding | Undetermined | Fine
