"""A real Java client accepts and rejects each made chain as predicted, with the errors of the facts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from auditor.pki.clients import Cause
from tests.peers.pki.comparing import Compared, model, ours
from tests.peers.pki.judges import Verdict, pem_of
from tests.peers.pki.serving import serving
from tests.peers.programs import require
from tests.peers.test_served_chains import CASES, WORDS, today

pytestmark = pytest.mark.peer
SOURCE = Path(__file__).parent / "pki" / "Handshakes.java"
KNOWN = {"wildcard inside a label": "Java lets * stand for a part of a label; no client on a node shall count on it"}
# Java accepts a common name for a host, but the facts name the error for an address.
SAID: dict[str, Cause] = {**WORDS, "common name that is an address": "common-name", "brainpool leaf": "handshake"}
FLAWS = {
    "intermediate is no CA": "not-a-ca",
    "path too long in the middle": "path-length",
    "no certificate signing": "key-usage",
    "client certificate": "wrong-usage",
    "not permitted": "name-constraints",
    "unknown critical": "unreadable",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """What Java makes of each chain: real handshakes, with the name that the client asks for."""
    require("javac")  # a JRE alone does not run a source file
    folder = tmp_path_factory.mktemp("java")
    with serving(folder, CASES) as places:
        lines = []
        for number, (name, case) in enumerate(CASES.items()):
            roots = folder / f"roots-{number}.pem"
            roots.write_bytes(pem_of(case.anchors))
            lines.append(f"{places[name].port}\t{case.host}\t{roots}")
        command = [require("java"), SOURCE]
        done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, check=True, timeout=300)
    answers = done.stdout.splitlines()
    assert len(answers) == len(CASES)
    return {name: Verdict(said == "ok", "" if said == "ok" else said) for name, said in zip(CASES, answers, strict=True)}


def version() -> str:
    done = subprocess.run([require("java"), "-version"], capture_output=True, text=True, check=True, timeout=60)
    return done.stderr.partition('"')[2].partition(".")[0].partition('"')[0]


def test_java_accepts_and_rejects_as_predicted(told: dict[str, Verdict]) -> None:
    java = model(f"java {version()}", "linux")
    rows = [Compared(name, "Java", ours(today(case), java), told[name], KNOWN.get(name, "")) for name, case in CASES.items()]
    assert len(rows) >= 120
    assert [str(row) for row in rows if not row.holds] == []


def test_errors_are_those_that_java_prints(told: dict[str, Verdict]) -> None:
    java = model(f"java {version()}", "linux")
    for name, cause in SAID.items():
        if not told[name].takes:
            assert told[name].said == java.symptom(cause, host=CASES[name].host), name
    for name, flaw in FLAWS.items():
        assert told[name].said.endswith(java.error_of(flaw)) or java.error_of(flaw) in told[name].said, name
