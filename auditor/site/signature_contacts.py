"""What the verification of signatures contacts, by the facts, the settings of the policy and the arguments of the engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from auditor.evidence.model import Kind
from auditor.facts import table
from auditor.facts.lookup import Found, GapKind, rows_at
from auditor.facts.versions import Versioned
from auditor.net import Reach, Scope, remote_of
from auditor.readers.signatures.model import Attestor, Engine, SignatureRule
from auditor.site.signature_cases import SignatureCase, Signatures

_PROGRAM = {"kyverno-ivpol": "kyverno"}
_TUF = {"kyverno": ("--tufMirror", "--enableTuf"), "policy-controller": ("--tuf-mirror", "")}


class ContactRow(Versioned, frozen=True, kw_only=True):
    """One contact of an engine. It applies if all of `when` hold: flags of the attestor, or `!flag`."""

    engine: str
    when: tuple[str, ...]
    service: Literal["tuf", "rekor", "kms", "notary", "revocation", "none"]
    host: str
    error: str
    fix: str
    unbundled: bool = False
    at: Literal["verification", "start"] = "verification"


@dataclass(frozen=True, slots=True)
class Contact:
    """An external host that the verification contacts. `doubt` is a sentence; empty if the contact is certain."""

    rule: SignatureRule
    attestor: Attestor
    row: ContactRow
    host: str
    version: str
    doubt: str = ""
    also: tuple[ContactRow, ...] = ()

    @property
    def fixes(self) -> tuple[str, ...]:
        """Return every setting that is needed to avoid the contact."""
        return tuple(dict.fromkeys(row.fix for row in (self.row, *self.also)))

    @property
    def error(self) -> str:
        """Return the error message, with the host that the site uses."""
        text = self.row.error.replace("{name}", self.attestor.name)
        return text.replace(self.row.host, self.host) if self.row.host else text


@dataclass(frozen=True, slots=True)
class UnknownContacts:
    """Why it is unknown what a policy contacts."""

    why: str
    kind: Kind


def contacts_of(
    signatures: Signatures, rule: SignatureRule, cases: list[SignatureCase], reach: Reach
) -> Iterator[Contact | UnknownContacts]:
    """Yield the external hosts that the verification of a rule contacts, each service and host once."""
    engine = _engine(signatures, rule)
    version = engine.version if engine is not None else ""
    rows: tuple[ContactRow, ...] = table("signature_contacts", ContactRow)
    own = [row for row in rows if row.engine == rule.engine]
    found = rows_at(own, version, _PROGRAM.get(rule.engine, rule.engine))
    if found.gap is not None and (found.gap.kind not in {GapKind.UNSTATED, GapKind.BEYOND} or not found.rows):
        kind = Kind.MISSING_EVIDENCE if found.gap.missing else Kind.UNSUPPORTED
        yield UnknownContacts(f"{rule.title}: {found.gap.why}", kind)
        return
    if not rule.attestors:
        yield UnknownContacts(f"{rule.title}: it names no attestor that the audit can read", Kind.UNSUPPORTED)
        return
    by_attestor = [_of_attestor(rule, attestor, found, engine, cases, reach) for attestor in rule.attestors]
    is_free = rule.any_attestor and not all(any(_is_of_verification(one) for one in own) for own in by_attestor)
    kept: dict[tuple[str, str], Contact | UnknownContacts] = {}
    for one in (one for own in by_attestor for one in own if not (is_free and _is_of_verification(one))):
        key = (one.row.service, one.host) if isinstance(one, Contact) else ("", one.why)
        before = kept.get(key)
        if before is None:
            kept[key] = one
        elif isinstance(before, Contact) and isinstance(one, Contact) and one.row.at == before.row.at and not one.doubt:
            kept[key] = replace(before, also=(*before.also, one.row))
    yield from kept.values()


def _is_of_verification(one: Contact | UnknownContacts) -> bool:
    """Return whether a contact happens for one attestor only, and not when the engine starts."""
    return isinstance(one, UnknownContacts) or one.row.at == "verification"


def _of_attestor(
    rule: SignatureRule,
    attestor: Attestor,
    found: Found[ContactRow],
    engine: Engine | None,
    cases: list[SignatureCase],
    reach: Reach,
) -> list[Contact | UnknownContacts]:
    """Return the contacts for one attestor, one for each row that applies."""
    flags = attestor.flags | _flags(rule, engine)
    contacts: list[Contact | UnknownContacts] = []
    for row in found.rows:
        one = _contact(rule, attestor, row, engine, cases, reach) if _applies(row, flags) else None
        if isinstance(one, Contact) and found.gap is not None and not one.doubt:
            one = _doubted(one, found.gap.why, is_beyond=found.gap.kind is GapKind.BEYOND)
        if one is not None:
            contacts.append(one)
    return contacts


def _doubted(one: Contact, why: str, *, is_beyond: bool) -> Contact:
    """Return a contact of a version that is unknown. The rows of the newest versions count as certain."""
    row = one.row
    if not is_beyond and not row.before:
        return one
    limit = f"This holds before version {row.before}: {why}." if row.before else f"It may have changed: {why}."
    return replace(one, doubt=limit)


def _applies(row: ContactRow, flags: frozenset[str]) -> bool:
    return row.service != "none" and all(
        condition.removeprefix("!") in flags if not condition.startswith("!") else condition[1:] not in flags
        for condition in row.when
    )


def _contact(
    rule: SignatureRule,
    attestor: Attestor,
    row: ContactRow,
    engine: Engine | None,
    cases: list[SignatureCase],
    reach: Reach,
) -> Contact | UnknownContacts | None:
    """Return the contact of a row; None if its host is internal, or if the signatures need none."""
    host = attestor.hosts.get(row.service) or (_mirror(rule, engine) if row.service == "tuf" else "") or row.host
    if not host:
        doubt = "This holds if the signing certificate names such a server."
        return Contact(rule, attestor, row, "", engine.version if engine is not None else "", doubt)
    scope = reach.of(host.partition(":")[0])
    if scope is Scope.INTERNAL:
        return None
    if scope is Scope.UNKNOWN:
        return UnknownContacts(f"{rule.title}: whether {host} is internal is unknown", Kind.MISSING_EVIDENCE)
    doubt = ""
    if row.unbundled:
        proofs = {proof for case in cases if (proof := _proof(case)) is not None}
        if proofs == {True}:
            return None
        doubt = "" if False in proofs else "This holds for signatures without a proof of the log, and none was observed."
    if row.at == "start" and engine is None:
        doubt = "The workloads do not contain it, so its arguments are unknown."
    return Contact(rule, attestor, row, host, engine.version if engine is not None else "", doubt)


def _proof(case: SignatureCase) -> bool | None:
    held = (case.inside, case.source)
    return next((one.has_proof for one in held if one is not None and one.has_proof is not None), None)


def _engine(signatures: Signatures, rule: SignatureRule) -> Engine | None:
    """Return the engine among the workloads; the one with arguments about TUF first."""
    name = _PROGRAM.get(rule.engine, rule.engine)
    found = [engine for engine in signatures.policies.engines if engine.name == name]
    option = _TUF.get(name, ("", ""))[0]
    return next((one for one in found if option and any(option in word for word in one.arguments)), next(iter(found), None))


def _flags(rule: SignatureRule, engine: Engine | None) -> frozenset[str]:
    if engine is None:
        return frozenset()
    found = {"engine:disable-tuf"} if _argument(engine, "--disable-tuf") not in {None, "false"} else set()
    return frozenset(found | ({"engine:tuf-mirror"} if _mirror(rule, engine) else set()))


def _mirror(rule: SignatureRule, engine: Engine | None) -> str:
    """Return the host of the TUF repository that the engine's arguments name. An ImageValidatingPolicy does not use it."""
    if engine is None or rule.engine not in _TUF:
        return ""
    option, switch = _TUF[rule.engine]
    if switch and _argument(engine, switch) in {None, "false"}:
        return ""
    url = _argument(engine, option) or ""
    remote = remote_of(url) if url else None
    return remote.host if remote is not None else ""


def _argument(engine: Engine, name: str) -> str | None:
    """Return the value of an option of the engine: `--name=value` or `--name value`; empty for a switch, None if not set."""
    bare = name.lstrip("-")
    for place, word in enumerate(engine.arguments):
        key, joined, value = word.partition("=")
        if key.lstrip("-") == bare and key.startswith("-"):
            if joined:
                return value.strip().lower() if value.strip().lower() in {"true", "false"} else value.strip()
            following = engine.arguments[place + 1] if place + 1 < len(engine.arguments) else ""
            return "" if following.startswith("-") else following
    return None
