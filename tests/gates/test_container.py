"""The container's definition, held to what a linter of such files knows."""

from __future__ import annotations

import subprocess

import pytest

from tests.cli.runner import ROOT
from tests.peers.programs import require

pytestmark = pytest.mark.peer
DOCKERFILE = ROOT / ".ci/container/Dockerfile"


def test_hadolint_finds_nothing() -> None:
    done = subprocess.run([require("hadolint"), str(DOCKERFILE)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_runs_as_nobody_and_copies_only_what_is_installed() -> None:
    lines = DOCKERFILE.read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users == ["65532:65532"]
    copied = {word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]}
    for name in copied:
        assert (ROOT / name).exists(), name
