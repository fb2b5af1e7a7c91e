"""The auditor installs without a network, from the wheels that one command collected with a network."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.runner import EXAMPLE, ROOT, environment
from tests.peers.programs import cut_off, require

pytestmark = pytest.mark.peer


def test_wheelhouse_installs_offline_and_audits_the_example(tmp_path: Path) -> None:
    require("make")
    wheels = tmp_path / "wheels"
    command = ["make", "wheelhouse", f"WHEELHOUSE={wheels}"]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    installed = tmp_path / "inside"
    lines = (
        "set -e",
        f"python3 -m venv {installed}",
        f"{installed}/bin/pip install --quiet --no-index --find-links {wheels} airgap-auditor",
        f"cp -r {EXAMPLE}/plant-7.evidence {tmp_path}/site.evidence",
        f"{installed}/bin/auditor audit {tmp_path}/site.evidence --at 2026-11-23 --format json",
    )
    command = [*cut_off(), "sh", "-c", "\n".join(lines)]
    known = environment(tmp_path)
    done = subprocess.run(command, cwd=tmp_path, env=known, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1, done.stderr
    assert '"verdict":"not-ready"' in done.stdout.replace(" ", "")
