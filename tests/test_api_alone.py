"""`auditor.api` in a script, where neither the command line nor a library of the terminal can be imported."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

from tests.cli.runner import EXAMPLE, ROOT, environment
from tests.slow_registry import serving

BLOCKER = """
    import sys

    BLOCKED = ("typer", "click", "rich", "auditor.cli")

    class Blocker:
        def find_spec(self, name, path=None, target=None):
            if name in BLOCKED or name.startswith(tuple(f"{one}." for one in BLOCKED)):
                raise ImportError(f"{name} is blocked")

    sys.meta_path.insert(0, Blocker())
"""
END = """
    assert not [name for name in sys.modules if name.split(".")[0] in BLOCKED or name.startswith("auditor.cli")]
"""


def script(text: str, folder: Path, *arguments: str | Path) -> str:
    """Run a script behind the import blocker. Return its standard output."""
    whole = "".join(map(textwrap.dedent, (BLOCKER, text, END)))
    done = subprocess.run(
        [sys.executable, "-c", whole, *map(str, arguments)],
        cwd=folder,
        env={**environment(folder), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def test_blocked_import_fails(tmp_path: Path) -> None:
    text = """
    for name in BLOCKED:
        try:
            __import__(name)
        except ImportError as error:
            print(error)
    """
    assert script(text, tmp_path).count("is blocked") == 4


def test_audit_needs_no_command_line(tmp_path: Path) -> None:
    text = """
    from auditor.api import audit, render
    report = audit(sys.argv[1], at="2026-11-23")
    print(report.verdict.value, report.counts.error > 0, len(render(report, "html")) > 1000, "\\n" in render(report, "text"))
    """
    assert script(text, tmp_path, EXAMPLE / "plant-7.evidence").split() == ["not-ready", "True", "True", "True"]


def test_collection_needs_no_command_line_and_draws_nothing(tmp_path: Path) -> None:
    """Its progress goes to a function of the script."""
    text = """
    from auditor.api import audit, collect, load_plan
    steps = []
    plan = load_plan("plan.yaml")
    path = collect(plan, "site.evidence", progress=lambda done, total: steps.append((done, total)))
    report = audit(path, only=["image-absent"])
    print(steps[-1], report.verdict.value, [str(row.reference) for row in report.images])
    """
    with serving(3) as registry:
        names = [f"127.0.0.1:{registry.port}/team/app:v{number}" for number in range(3)]
        (tmp_path / "images.txt").write_text("\n".join(names) + "\n")
        (tmp_path / "plan.yaml").write_text(
            "version: 1\nname: small\npools: {one: {platform: linux/amd64}}\nimages: [{list: images.txt}]\n"
        )
        said = script(text, tmp_path)
    assert said.startswith("(3, 3) ready")
    assert all(name in said for name in names)


def test_image_list_needs_no_command_line(tmp_path: Path) -> None:
    text = """
    from auditor.api import load_plan
    from auditor.pipeline.image_list import image_list
    print(*image_list(load_plan(sys.argv[1]), everywhere=False).images)
    """
    assert "ghcr.io/plant7/vision:3.0.0" in script(text, tmp_path, EXAMPLE / "plan.yaml").split()


def test_interrupted_collection_raises_an_auditor_exception(tmp_path: Path) -> None:
    """And keeps the observations so far."""
    text = """
    import os, signal
    from auditor.api import collect
    from auditor.errors import AuditorError, Interrupted
    def stop(done, total):
        if done == 5:
            os.kill(os.getpid(), signal.SIGINT)
    try:
        collect("plan.yaml", "site.evidence", progress=stop)
    except Interrupted as error:
        assert not isinstance(error, (AuditorError, Exception))
        print(error.evidence, error.evidence.is_file())
    """
    with serving(400) as registry:
        names = [f"127.0.0.1:{registry.port}/team/app:v{number}" for number in range(400)]
        (tmp_path / "images.txt").write_text("\n".join(names) + "\n")
        (tmp_path / "plan.yaml").write_text(
            "version: 1\nname: small\npools: {one: {platform: linux/amd64}}\nimages: [{list: images.txt}]\n"
        )
        assert script(text, tmp_path).split() == ["site.evidence", "True"]
    assert sorted(path.name for path in tmp_path.glob("site.evidence*")) == ["site.evidence"]
