"""The hostile-registry matrix: every endpoint with every fault, all in one run, each evaluated separately."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from auditor.evidence.model import Seen
from auditor.evidence.store import Store
from tests.cli.runner import environment
from tests.collectors.hostile_server import ENDPOINTS, Case, Image, cases, digest_of, serving

pytestmark = pytest.mark.peer
CASES = cases()
CONTROLS = tuple(Case(endpoint, None) for endpoint in ENDPOINTS)
MAX_SECONDS = 60
MAX_BYTES = 400 * 1024 * 1024


@dataclass(frozen=True)
class Run:
    """The result of a run: `said` is the report's text about each case, `has_blob` whether its layer was observed."""

    codes: tuple[int, int]
    seconds: float
    peak: int
    errors: str
    said: dict[Case, list[dict[str, Any]]]
    document: dict[str, Any]
    has_blob: dict[Case, bool]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Collect and audit every case in one run."""
    folder = tmp_path_factory.mktemp("hostile")
    with serving((*CASES, *CONTROLS)) as ports:
        (folder / "images.txt").write_text("".join(f"127.0.0.1:{port}/web:1\n" for port in ports.values()))
        images = "images.txt=linux/amd64"
        started = time.monotonic()
        collected = _finished(folder, "collect", images, "--timeout", "1", "--jobs", "64", "-o", "site.evidence")
        audited = _finished(folder, "audit", images, "--evidence", "site.evidence", "--format", "json=report.json")
        seconds = time.monotonic() - started
    document = json.loads((folder / "report.json").read_text())
    entries = [*document["undetermined"], *document["findings"]]
    said = {case: [entry for entry in entries if f"127.0.0.1:{port}/" in json.dumps(entry)] for case, port in ports.items()}
    with Store.open(folder / "site.evidence") as store:
        blobs = {
            case: isinstance(store.blob(f"127.0.0.1:{port}/web", digest_of(Image(str(case)).layer)), Seen)
            for case, port in ports.items()
        }
    codes, peak = (collected[0], audited[0]), max(collected[1], audited[1])
    return Run(codes, seconds, peak, (folder / "errors").read_text(), said, document, blobs)


# Linux counts what a process had before it started a program as that program's own; so a small process starts it.
_LAUNCHER = """
import json, os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=sys.stderr)
_, status, usage = os.wait4(process.pid, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024]))
"""


def _finished(folder: Path, *words: str) -> tuple[int, int]:
    """Return the exit code of a command, and its peak memory in bytes."""
    with (folder / "errors").open("a") as errors:
        command = [sys.executable, "-c", _LAUNCHER, sys.executable, "-m", "auditor", *words]
        told = subprocess.run(command, cwd=folder, env=environment(folder), stdout=subprocess.PIPE, stderr=errors, check=True)
    code, peak = json.loads(told.stdout)
    return code, peak


def test_the_report_is_written_in_time_and_in_bounded_memory(run: Run) -> None:
    assert run.codes[0] == 3, run.errors
    assert run.codes[1] in {1, 3}, run.errors
    assert "Traceback" not in run.errors
    assert run.seconds <= MAX_SECONDS
    assert run.peak <= MAX_BYTES


def test_no_unexpected_exception_occurred(run: Run) -> None:
    assert [entry["detail"] for entry in run.document["undetermined"] if entry["kind"] == "bug"] == []


@pytest.mark.parametrize("case", CONTROLS, ids=str)
def test_a_registry_without_a_fault_is_observed(case: Case, run: Run) -> None:
    assert not [entry for entry in run.said[case] if "kind" in entry]
    assert run.has_blob[case]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_fault_is_never_a_pass(case: Case, run: Run) -> None:
    if case.endpoint == "blob":
        assert not run.has_blob[case]
        return
    usual = {entry["check"] for entry in run.said[Case(case.endpoint, None)]}
    assert [entry for entry in run.said[case] if entry.get("kind", "") or entry["check"] not in usual]
