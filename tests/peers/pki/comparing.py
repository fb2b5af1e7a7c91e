"""Compare our verifier with real ones, chain by chain. Each known difference is listed here with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from auditor.pki.clients import ClientModel, client_model
from auditor.pki.judge import judge
from auditor.pki.path_rules import Strength
from auditor.pki.pool_trust import NOTHING, PoolTrust
from auditor.pki.trust_store import TrustStore
from auditor.pki.verdicts import Unproven, Verifies
from auditor.testing.certificates import CA, make
from tests.peers.pki import pkits
from tests.peers.pki.judges import Go, Question, Verdict, openssl_verdict
from tests.pki.cases import all_cases

# Ours differs from crypto/x509 on these chains.
_HANDSHAKE = "the handshake fails with such a key (facts/tls_keys.yaml), which the verification of a chain does not show"
GO_KNOWN: Mapping[str, str] = {"p224 leaf": _HANDSHAKE, "ed448 leaf": _HANDSHAKE}
# Ours differs from `openssl verify` on these chains.
OPENSSL_KNOWN: Mapping[str, str] = {
    "wildcard inside a label": "OpenSSL lets * stand for a part of a label; no client on a node shall count on it",
    "host with a dot at its end": "the command takes the name as it is given; clients drop the dot before they ask",
    "root without basic constraints": "OpenSSL takes a trusted root that does not say that it is a CA",
    "duplicate extensions": "OpenSSL reads them; our library does not, so their content is unknown",
}


# The same for `openssl verify`, where the handshake of curl and Python agrees with ours.
OPENSSL_VERIFY_KNOWN: Mapping[str, str] = {
    **OPENSSL_KNOWN,
    "p224 leaf": _HANDSHAKE,
    "secp256k1 leaf": _HANDSHAKE,
    "brainpool leaf": _HANDSHAKE,
}
STRICT_AGREES = frozenset({"root without basic constraints"})  # differences that do not exist with X509_V_FLAG_X509_STRICT


@dataclass(frozen=True, slots=True)
class Compared:
    """One chain and one client. `known` says why we knowingly differ, and is empty where we must not."""

    name: str
    client: str
    ours: Verdict
    theirs: Verdict
    known: str = ""

    @property
    def agrees(self) -> bool:
        return self.ours.takes == self.theirs.takes

    @property
    def holds(self) -> bool:
        """Return whether it is as expected. A listed difference that no longer exists is wrong too."""
        return self.agrees != bool(self.known)

    def __str__(self) -> str:
        return f"{self.client}: {self.name}: ours {self.ours}; theirs {self.theirs}; known: {self.known or 'no'}"


def model(name: str, os: str) -> ClientModel:
    """A client that the facts must know."""
    found = client_model(name, os)
    assert found is not None
    return found


def ours(question: Question, client: ClientModel, *, in_system: bool = False) -> Verdict:
    """What our judge says of a client whose trust is in its own file, or in the system's store."""
    roots = TrustStore.of("roots", question.roots)
    trust = PoolTrust(NOTHING, (roots,)) if in_system else PoolTrust(roots, ())
    verdict = judge(question.chain, question.host, client, trust, question.at)
    if isinstance(verdict, Verifies):
        return Verdict(True)
    told = [str(flaw) for flaw in verdict.path.flaws] or [type(verdict).__name__]
    return Verdict(False, f"(unproven) {verdict.why}" if isinstance(verdict, Unproven) else "; ".join(told))


def questions() -> dict[str, Question]:
    """Every made chain, as a question."""
    return {name: Question.of(case) for name, case in all_cases().items()}


def against_go(go: Go) -> Iterator[Compared]:
    """crypto/x509 with roots of its own, with the system's, and with both, as the clients of nodes use it."""
    asked = questions()
    own, system, both = model("kubelet", "windows"), model("go", "linux"), model("containerd", "linux")
    stranger = (make("Stranger", None, CA).certificate,)
    for (name, question), told in zip(asked.items(), go.verdicts(list(asked.values())), strict=True):
        known = GO_KNOWN.get(name, "")
        yield Compared(name, "Go, roots of its own", ours(question, own), told, known)
        rootless = Question(question.chain, (), question.host, question.at)
        by_system, by_file = go.verdicts([rootless], system=question.roots), go.verdicts([question], system=stranger)
        yield Compared(name, "Go, the system's roots", ours(question, system, in_system=True), by_system[0], known)
        yield Compared(name, "Go, the system's roots and a file", ours(question, both), by_file[0], known)


def against_openssl(folder: Path) -> Iterator[Compared]:
    """`openssl verify` as curl uses it, which takes any trusted certificate for an anchor, and as others do."""
    curl = model("curl", "linux")
    strict = model("python 3.13", "linux")
    roots_only = msgspec.structs.replace(curl, partial_chain=False)
    for name, question in questions().items():
        known = OPENSSL_VERIFY_KNOWN.get(name, "")
        told = openssl_verdict(question, folder, partial=True)
        yield Compared(name, "OpenSSL, any anchor", ours(question, curl), told, known)
        told = openssl_verdict(question, folder, partial=False)
        yield Compared(name, "OpenSSL, roots only", ours(question, roots_only), told, known)
        told = openssl_verdict(question, folder, partial=True, strict=True)
        known = "" if name in STRICT_AGREES else known
        yield Compared(name, "OpenSSL, strict, as Python 3.13", ours(question, strict, in_system=True), told, known)


def _of_pkits(question: Question, strength: Strength) -> Verdict:
    takes, why = pkits.ours(question, strength)
    return Verdict(takes, why)


def against_pkits() -> Iterator[Compared]:
    """What NIST says, where it does not depend on policies; our walk with the strength of a client that takes all it can."""
    for test in pkits.tests():
        if test.expected is not None:
            expected = Verdict(test.expected, "" if test.expected else "NIST says invalid")
            yield Compared(test.name, "NIST PKITS", _of_pkits(test.question, Strength()), expected, pkits.known(test.name))
            found = Verdict(*pkits.with_crls(test.question))
            yield Compared(test.name, "NIST PKITS with CRLs", found, expected, pkits.known_with_crls(test.name))


def pkits_against_clients(go: Go, folder: Path) -> Iterator[Compared]:
    """The same chains as Go and OpenSSL see them."""
    own, curl = model("kubelet", "windows").strength, model("curl", "linux").strength
    tests = pkits.tests()
    for test, told in zip(tests, go.verdicts([test.question for test in tests]), strict=True):
        yield Compared(test.name, "PKITS in Go", _of_pkits(test.question, own), told, pkits.known_of_go(test.name))
    for test in tests:
        told = openssl_verdict(test.question, folder, partial=True)
        known = pkits.known_of_openssl(test.name)
        yield Compared(test.name, "PKITS in OpenSSL", _of_pkits(test.question, curl), told, known)
