"""Shared by the checks of signatures: the words of each engine, severities, and the commands that copy signatures."""

from __future__ import annotations

import shlex
from functools import cache

from auditor.check import Remedy, Severity
from auditor.evidence.signature_keys import signature_tag
from auditor.facts import Fact, table
from auditor.oci.reference import Reference
from auditor.readers.signatures.model import SignatureForm, SignatureRule
from auditor.site import Site
from auditor.site.signature_cases import SignatureCase
from auditor.transfer.copy_signatures import carrying_option

MAX_COMMANDS = 8
_ENGINES = {
    "kyverno": "Kyverno",
    "kyverno-ivpol": "Kyverno",
    "policy-controller": "policy-controller",
    "connaisseur": "Connaisseur",
    "ratify": "Gatekeeper with Ratify",
    "openshift": "CRI-O",
    "containers-image": "The node",
}


class EngineError(Fact, frozen=True, kw_only=True):
    """What an engine reports if `what` is missing. `form` and `flag` limit the row to a form of signatures or of attestors."""

    engine: str
    what: str
    error: str
    who: str
    asks: str
    form: str = ""
    flag: str = ""


@cache
def _errors() -> tuple[EngineError, ...]:
    rows: tuple[EngineError, ...] = table("signature_engines", EngineError)
    return rows


def looked_at(engine: str) -> str:
    """Return the name of an engine for people."""
    return _ENGINES.get(engine, engine)


def asks_registry(engine: str) -> bool:
    """Return whether the engine itself requests the registry in the image's name, without mirrors of nodes."""
    return any(row.engine == engine and row.asks == "registry" for row in _errors())


def what_of(rule: SignatureRule) -> str:
    """Return what a rule demands, with its article."""
    if rule.forms == (SignatureForm.NOTATION,):
        return "a Notation attestation" if rule.is_attestation else "a Notation signature"
    return "an attestation" if rule.is_attestation else "a signature"


def error_text(case: SignatureCase, what: str) -> str:
    """Return the sentence with the engine's error message; empty if no fact states it."""
    rule = case.rule
    forms = {"", *(form.value for form in rule.forms)}
    flags = {"", *(flag for attestor in rule.attestors for flag in attestor.flags)}
    own = (one for one in _errors() if one.engine == rule.engine and one.what == what)
    row = next((one for one in own if one.form in forms and one.flag in flags), None)
    if row is None:
        return ""
    name = rule.names[0] if rule.names else ""
    policy = rule.owner.rpartition(" ")[2]
    seen = case.demand.seen
    image = f"{seen.repository}@{seen.digest}" if seen.digest else str(seen)
    text = row.error.format(image=image, policy=policy, name=name, digest=next(iter(case.digests), ""))
    return f"Error from {row.who}: `{text}`."


def identity_error(rule: SignatureRule, identity: str) -> str:
    """Return the sentence with the node's error message for a signature with a name that it does not accept."""
    row = next(row for row in _errors() if row.engine == rule.engine and row.what == "identity")
    return f"Error from {row.who}: `{row.error.format(identity=identity)}`."


def severity_of(case: SignatureCase, *, is_sure: bool = True) -> Severity:
    """Return the severity of a finding about a demand: an error only if the policy certainly blocks the image."""
    if not case.rule.is_enforced:
        return Severity.INFO
    return Severity.ERROR if is_sure and not case.rule.doubt and not case.demand.is_broad else Severity.WARNING


def pools_of(site: Site, case: SignatureCase) -> tuple[str, ...]:
    """Return the pools that need the image, and whose nodes a rule of nodes covers."""
    own = dict.fromkeys(need.pool for need in site.needs.needs if need.reference == case.demand.reference)
    return tuple(pool for pool in own if not case.rule.pools or pool in case.rule.pools)


def copying(site: Site, case: SignatureCase, *, is_unsigned: bool, name: str) -> tuple[Remedy, ...]:
    """Return the remedies for a missing signature. `name` is the one that nodes compare; empty if the engine compares none."""
    if is_unsigned:
        return _signing(case, name)
    target, source = case.at, case.demand.reference
    forms = case.source.forms if case.source is not None and case.source.forms else case.rule.forms
    if target is None:
        return (Remedy("edit", "Set the internal registry in the plan (`registry.host`), and copy the signatures to it."),)
    if case.archive and case.inside is None:
        return _through_archive(source, target, case.archive)
    return tuple(remedy for remedy in (_own_tool(site, forms), _commands(source, target, case.digests, forms)) if remedy)


def _signing(case: SignatureCase, name: str) -> tuple[Remedy, ...]:
    target = case.at or case.demand.reference
    if case.rule.forms == (SignatureForm.NOTATION,):
        sign = Remedy("command", "Sign the image inside, and add the certificate to the policy.", (f"notation sign {target}",))
    else:
        digest = f"{target.repository}@{case.digests[0]}" if case.digests and not case.rule.per_platform else str(target)
        words = ["cosign", "attest" if case.rule.is_attestation else "sign", "--key", "cosign.key", "--tlog-upload=false"]
        words += ["--predicate", "predicate.json"] if case.rule.is_attestation else []
        words += ["--recursive"] if case.rule.per_platform and not case.rule.is_attestation else []
        words += ["--sign-container-identity", name] if name else []
        text = "Sign the image inside with your own key, and add the public key to the policy."
        sign = Remedy("command", text, (shlex.join([*words, digest]),))
    return (sign, Remedy("edit", f"Or exclude the image in {case.rule.title}."))


def _own_tool(site: Site, forms: tuple[SignatureForm, ...]) -> Remedy | None:
    """Return how the plan's own tool carries the signature, if an option does it."""
    tool = site.transfer.tool if site.transfer is not None else None
    if tool is None or not forms:
        return None
    part = forms[0].value if forms[0].is_tag else "referrer"
    option = carrying_option(tool.name, tool.version, part)  # type: ignore[arg-type]
    if not option or option.startswith("use-"):
        return None
    return Remedy("copy", f"Run {tool.name} with {option}, and state it in `copy.options` of the plan.")


def _commands(source: Reference, target: Reference, digests: tuple[str, ...], forms: tuple[SignatureForm, ...]) -> Remedy:
    """Return the commands that copy the signature from the source to the internal registry."""
    tags = [form.value for form in forms if form.is_tag]
    commands = [
        shlex.join(
            [
                "crane",
                "copy",
                f"{source.repository}:{signature_tag(digest, suffix)}",
                f"{target.repository}:{signature_tag(digest, suffix)}",
            ]
        )
        for digest in digests
        for suffix in tags
    ]
    if any(not form.is_tag for form in forms) and not tags:
        commands.append(shlex.join(["oras", "cp", "--recursive", str(source), str(target)]))
    noun = "attestation" if tags == ["att"] else "signature"
    return Remedy("copy", f"Copy the {noun} to the internal registry as well.", tuple(commands[:MAX_COMMANDS]))


def _through_archive(source: Reference, target: Reference, archive: str) -> tuple[Remedy, ...]:
    copy = ["regctl", "image", "copy", "--referrers", "--digest-tags"]
    folder = archive.rpartition("/")[0] if archive.endswith((".tar", ".gz", ".tgz", ".zst")) else archive
    layout = f"ocidir://{f'{folder}/' if folder else ''}signed:{target.tag or 'image'}"
    commands = (shlex.join([*copy, str(source), layout]), shlex.join([*copy, layout, str(target)]))
    return (Remedy("copy", "Carry the image with its signatures in an OCI layout, and push it from there.", commands),)
