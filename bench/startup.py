"""CPU time of short commands, compared with an empty Python, because commit hooks must be fast.

The commands alternate in one run, so that load affects all equally. `--runs N` (default 15); names of commands select some of
them.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

RUNS = 15
IMAGES = 200
PYTHON = "empty Python"
AUDITOR = str(Path(sys.executable).with_name("auditor"))
LISTED = ("list.txt", "--platform", "linux/amd64", "--offline")
# Name, arguments, maximum ratio to the CPU time of an empty Python, exit code.
COMMANDS = (
    ("--version", ("--version",), 3, 0),
    ("--help", ("--help",), 12, 0),
    ("audit --help", ("audit", "--help"), 12, 0),
    ("checks", ("checks",), 12, 0),
    ("explain", ("explain", "image-unpinned"), 12, 0),
    ("audit list", ("audit", *LISTED), 30, 3),
    ("audit list, json", ("audit", *LISTED, "--format", "json"), 30, 3),
    ("audit list, lines", ("audit", *LISTED, "--format", "lines"), 30, 3),
)
COMPLETION = {"_AUDITOR_COMPLETE": "complete_bash", "COMP_WORDS": "auditor audit --pl", "COMP_CWORD": "2"}


def cpu(command: tuple[str, ...], code: int, folder: Path, **more: str) -> float:
    """Return the CPU seconds (user and system) of one run. Raises RuntimeError for another exit code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    known = {**os.environ, "AUDITOR_CACHE": str(folder / "cache"), **more}
    known.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has compiled modules
    done = subprocess.run(command, cwd=folder, env=known, capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != code:
        raise RuntimeError(f"{' '.join(command)}: exit code {done.returncode}: {done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the median of each command, and its ratio to an empty Python."""
    words = sys.argv[1:]
    runs = int(words.pop(words.index("--runs") + 1)) if "--runs" in words else RUNS
    wanted = [word for word in words if word != "--runs"]
    chosen = [row for row in COMMANDS if not wanted or row[0] in wanted]
    took: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = (f"registry.example.com/team/app{number}:1.2.{number}\n" for number in range(IMAGES))
        (folder / "list.txt").write_text("".join(lines))
        for _ in range(runs + 1):  # the first run compiles the modules and does not count
            took.setdefault(PYTHON, []).append(cpu((sys.executable, "-c", "pass"), 0, folder))
            for title, command, _, code in chosen:
                took.setdefault(title, []).append(cpu((AUDITOR, *command), code, folder))
            if not wanted:
                took.setdefault("completion", []).append(cpu((AUDITOR,), 0, folder, **COMPLETION))
    took = {title: each[1:] for title, each in took.items()}
    bare = statistics.median(took.pop(PYTHON))
    print(f"{PYTHON:20} {bare * 1000:6.1f} ms CPU, median of {runs}")
    targets = {title: most for title, _, most, _ in COMMANDS} | {"completion": 12}
    for title, each in took.items():
        ours = statistics.median(each)
        print(f"{title:20} {ours * 1000:6.1f} ms CPU  {ours / bare:5.1f} x  (target {targets[title]} x)")


if __name__ == "__main__":
    main()
