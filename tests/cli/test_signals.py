"""A collection that a signal ends: the message, the kept observations, and what the next run requests again."""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.errors import EvidenceError
from auditor.evidence.database import BATCH_SECONDS
from auditor.evidence.model import Seen
from auditor.evidence.store import Store
from tests.cli.runner import environment
from tests.slow_registry import Registry, serving

IMAGES = 400
SLACK = 0.5  # seconds that a commit and a busy machine may add


@pytest.fixture
def registry() -> Iterator[Registry]:
    with serving(IMAGES) as made:
        yield made


def collecting(registry: Registry, folder: Path) -> subprocess.Popen[str]:
    """Start `auditor collect` for all images."""
    names = [f"127.0.0.1:{registry.port}/team/app:v{number}" for number in range(IMAGES)]
    (folder / "images.txt").write_text("\n".join(names) + "\n")
    command = [sys.executable, "-m", "auditor", "collect", "images.txt=linux/amd64", "-o", "site.evidence"]
    # A shell starts background jobs with SIGINT ignored, and nohup ignores SIGHUP: the tests may run in either.
    handled = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {each: signal.signal(each, signal.default_int_handler) for each in handled}
    try:
        return subprocess.Popen(command, cwd=folder, env=environment(folder), stderr=subprocess.PIPE, text=True)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def wait_for(registry: Registry, requests: int) -> None:
    deadline = time.monotonic() + 30
    while len(registry.log) < requests and time.monotonic() < deadline:
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("how", "code", "words"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "terminated by SIGTERM"),
        (signal.SIGHUP, 129, "terminated by SIGHUP"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_signal_keeps_observations_and_removes_the_journal(
    how: signal.Signals, code: int, words: str, registry: Registry, tmp_path: Path
) -> None:
    process = collecting(registry, tmp_path)
    wait_for(registry, 100)
    process.send_signal(how)
    if how is not signal.SIGINT:
        process.send_signal(how)  # a second one changes nothing
    _, said = process.communicate(timeout=30)
    assert process.returncode == code, said
    assert f"auditor: {words}. The observations so far are kept in site.evidence." in said
    assert "Run the command again within an hour" in said
    assert sorted(path.name for path in tmp_path.glob("site.evidence*")) == ["site.evidence"]
    with Store.open(tmp_path / "site.evidence") as store:
        assert store.is_sealed
        known = [n for n in range(IMAGES) if isinstance(store.tag(f"127.0.0.1:{registry.port}/team/app:v{n}"), Seen)]
    assert 10 < len(known) < IMAGES


TERMINATED = """
    import os, signal, sys, time
    from auditor import __main__
    from auditor.cli import app
    app.run = lambda: os.kill(os.getpid(), signal.SIGTERM) or time.sleep(9)
    sys.argv = ["auditor", "audit", "x"]
    __main__.main()
"""
IGNORED = """
    import signal
    from auditor.cli import signals
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signals.listen()
    signal.raise_signal(signal.SIGHUP)
    raise SystemExit(signals.is_terminated())
"""


@pytest.mark.parametrize(("script", "code", "words"), [(TERMINATED, 143, "auditor: terminated by SIGTERM\n"), (IGNORED, 0, "")])
def test_signal_outside_a_collection_is_reported_unless_ignored(script: str, code: int, words: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", textwrap.dedent(script)]
    folder, variables = Path(__file__).parents[2], environment(tmp_path)
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (code, words)


def test_signal_during_another_step_sets_its_exit_code(tmp_path: Path) -> None:
    """Here a chart is being rendered. The parser's own exit code for an interruption is 130 for every signal."""
    helm, site = tmp_path / "bin" / "helm", tmp_path / "site"
    helm.parent.mkdir()
    (site / "shop").mkdir(parents=True)
    helm.write_text(f"#!/bin/sh\n: > {tmp_path}/started\nexec /bin/sleep 60\n")
    helm.chmod(0o755)
    (site / "shop" / "Chart.yaml").write_text("apiVersion: v2\nname: shop\nversion: 1.0.0\n")
    command = [sys.executable, "-m", "auditor", "images", "--render-charts", "shop"]
    variables = environment(tmp_path, {"PATH": f"{helm.parent}:/usr/bin:/bin"})
    process = subprocess.Popen(command, cwd=site, env=variables, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 30
    while not (tmp_path / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (143, "auditor: terminated by SIGTERM\n")


@pytest.mark.parametrize("seed", range(6))
def test_after_sigkill_only_the_last_requests_are_repeated(seed: int, registry: Registry, tmp_path: Path) -> None:
    process = collecting(registry, tmp_path)
    wait_for(registry, 1 + random.Random(seed).randrange(700))
    killed = time.monotonic()
    process.kill()
    process.communicate(timeout=30)
    before = list(registry.log)
    registry.log.clear()
    path = tmp_path / "site.evidence"
    with contextlib.suppress(EvidenceError) if not path.stat().st_size else contextlib.nullcontext(), Store.open(path) as store:
        assert store.is_sealed
    again = collecting(registry, tmp_path)
    _, said = again.communicate(timeout=60)
    assert again.returncode == 0, said
    old = {(method, name) for at, method, name in before if at < killed - BATCH_SECONDS - SLACK}
    repeated = old & {(method, name) for _, method, name in registry.log if name != "/v2/"}
    assert not repeated, f"{len(repeated)} of {len(old)} requests were repeated"
    with Store.open(path) as store:
        assert all(isinstance(store.tag(f"127.0.0.1:{registry.port}/team/app:v{n}"), Seen) for n in range(IMAGES))
