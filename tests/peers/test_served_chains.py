"""Every made chain served by a real nginx: captured as served, and rejected by real clients with the errors of the facts."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.collectors.tls import observe_chain, observe_offered
from auditor.evidence.model import ChainSeen, Seen
from auditor.pki.clients import Cause
from tests.peers.pki.comparing import OPENSSL_KNOWN, Compared, model, ours
from tests.peers.pki.judges import Go, Question, Verdict, curl_verdict, python_verdict
from tests.peers.pki.serving import Place, serving
from tests.pki.cases import Case, all_cases

pytestmark = pytest.mark.peer
# OpenSSL in the server does not sign a handshake for a certificate whose key usage does not allow it, so no client sees it.
NOT_SERVED = {"leaf that is a CA", "leaf that may only sign certificates", "leaf that may only sign data"}
CASES = {name: case for name, case in all_cases().items() if name not in NOT_SERVED}
# Those with roots: what a client says that has none is about its configuration, not about the chain.
ROOTED = {name: case for name, case in CASES.items() if case.roots}
WORDS: dict[str, Cause] = {
    "missing intermediate": "incomplete",
    "wrong root": "untrusted",
    "expired leaf": "expired",
    "expired intermediate": "expired",
    "future leaf": "not-yet-valid",
    "wrong name": "name",
    "wildcard too deep": "name",
    "common name only": "common-name",
}
# OpenSSL has words of its own for a certificate that signed itself, which the facts do not have.
GO_WORDS: dict[str, Cause] = {**WORDS, "self-signed, not trusted": "untrusted"}
CURL_KNOWN = {
    **{name: why for name, why in OPENSSL_KNOWN.items() if "label" not in name and "dot" not in name},
    "common name that is an address": "curl reads the common name for addresses too, where there is no other name",
}
PYTHON_KNOWN = {name: why for name, why in OPENSSL_KNOWN.items() if name != "wildcard inside a label"}
if sys.version_info >= (3, 13):
    _PARTIAL = "since 3.13 Python takes any trusted certificate for an anchor"
    del PYTHON_KNOWN["root without basic constraints"]
    PYTHON_KNOWN |= {
        "intermediate trusted": _PARTIAL,
        "intermediate trusted, not served": _PARTIAL,
        "leaf trusted": _PARTIAL,
        "no authority key identifiers": "since 3.13 Python asks for what RFC 5280 asks of public CAs",
    }


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Place]]:
    with serving(tmp_path_factory.mktemp("nginx"), CASES) as found:
        yield found


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Go:
    return Go.built(tmp_path_factory.mktemp("go"))


def today(case: Case) -> Question:
    """The question of a client that looks at its own clock."""
    return Question(case.served, case.anchors, case.host, datetime.datetime.now(datetime.UTC))


def held(rows: list[Compared]) -> None:
    assert [str(row) for row in rows if not row.holds] == []


# Python's library, which observes endpoints, does not complete a handshake with these keys.
UNOBSERVABLE = {f"{kind} leaf" for kind in ("p192", "p224", "secp256k1", "brainpool")}


@pytest.mark.parametrize("name", [name for name in CASES if name not in UNOBSERVABLE])
def test_chain_is_captured_as_served(name: str, places: dict[str, Place]) -> None:
    observed = observe_chain("127.0.0.1", places[name].port)
    assert isinstance(observed, Seen), observed
    expected = tuple(certificate.der for certificate in CASES[name].served)
    assert observed.value == ChainSeen(expected, places[name].versions[-1])


@pytest.mark.parametrize("name", list(CASES)[:3])
def test_tls_versions_are_found(name: str, places: dict[str, Place]) -> None:
    observed = observe_offered("127.0.0.1", places[name].port)
    assert isinstance(observed, Seen), observed
    assert observed.value.versions == places[name].versions


def test_go_clients_accept_and_reject_as_predicted(places: dict[str, Place], go: Go) -> None:
    kubelet = model("kubelet", "windows")
    rows = []
    for name, case in CASES.items():
        question = Question.of(case)
        (told,) = go.verdicts([question], address=f"127.0.0.1:{places[name].port}")
        rows.append(Compared(name, "a Go client", ours(question, kubelet), told))
        if name in GO_WORDS:
            said = kubelet.symptom(GO_WORDS[name], host=case.host, names=", ".join(case.served[0].extensions.dns_names))
            assert told.said.startswith(said), name
    held(rows)


def test_curl_accepts_and_rejects_as_predicted(places: dict[str, Place], tmp_path: Path) -> None:
    curl = model("curl", "linux")
    rows = []
    for name, case in ROOTED.items():
        told = curl_verdict(case, places[name].port, tmp_path)
        rows.append(Compared(name, "curl", ours(today(case), curl), told, CURL_KNOWN.get(name, "")))
        if name in WORDS and not told.takes:
            assert told.said.startswith(curl.symptom(WORDS[name], host=case.host)), name
    held(rows)


def _bare(told: Verdict) -> str:
    """Python ends its words with the line of its own source."""
    return told.said.partition(" (_ssl.c")[0]


def test_python_accepts_and_rejects_as_predicted(places: dict[str, Place]) -> None:
    python = model("python", "linux")
    rows = []
    for name, case in ROOTED.items():
        told = python_verdict(case, places[name].port)
        rows.append(Compared(name, "Python", ours(today(case), python, in_system=True), told, PYTHON_KNOWN.get(name, "")))
        if name in WORDS and not told.takes:
            assert _bare(told) == python.symptom(WORDS[name], host=case.host), name
    held(rows)
