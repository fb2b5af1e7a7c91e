"""The table of predictions and observations of real copies: `python -m tests.peers.transfer_table`. It fails on a difference.

With `--newest FOLDER`, the releases in that folder run too. Differences are printed, and the version of a tool that did as
predicted is written into `verified-through`.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from auditor.facts import Overlay, use
from auditor.facts.versions import is_beyond
from tests.peers import layers_copied, platforms_copied
from tests.peers.copying import Desk, desk
from tests.peers.programs import NEWEST

Line = tuple[str, object, object]
TOOLS = ("crane", "regctl", "skopeo", "oras")
OBSERVED = ("copy_layers", "copy_platforms")
UNEXPECTED = " (not as predicted)"
FACTS = Path(__file__).parents[2] / "auditor" / "facts"


def layer_lines(made: Desk, folder: Path) -> Iterator[Line]:
    """One line per tool, options, way and kind of layer."""
    for number, (case, kind) in enumerate(layers_copied.CASES):
        own = folder / f"layers{number}"
        own.mkdir()
        for way, observed in layers_copied.observe(made, case, kind, own):
            places = ", then ".join(hop.to for hop in way)
            told = f"{case.words} to {places}: {kind}"
            yield told, layers_copied.predict(way, layers_copied.KINDS[kind]), observed


def platform_lines(made: Desk, folder: Path) -> Iterator[Line]:
    """One line per tool, options and destination."""
    index = platforms_copied.made_index()
    for number, case in enumerate(platforms_copied.CASES):
        own = folder / f"platforms{number}"
        own.mkdir()
        for hop, observed in platforms_copied.observe(made, case, index, own):
            yield str(case), platforms_copied.predict(hop, index), observed


def table(folder: Path) -> Iterator[Line]:
    """Every line of the table, with the tools that this process finds."""
    with desk(folder) as made:
        for part in (layer_lines, platform_lines):
            yield from part(made, folder)


def printed(lines: Iterable[Line]) -> dict[str, list[str]]:
    """Print the lines; what was observed, by the words of the line. Several hops of a copy have the same words."""
    found: dict[str, list[str]] = {}
    wrong = count = 0
    for told, predicted, observed in lines:
        count, wrong = count + 1, wrong + (predicted != observed)
        print(f"{told:<100} predicted {predicted!s:<32} {'=' if predicted == observed else 'BUT'} {observed}", flush=True)
        found.setdefault(told, []).append(f"{observed}{'' if predicted == observed else UNEXPECTED}")
    print(f"{count} observations, {wrong} of them not as predicted")
    return found


def of_newest(folder: Path) -> dict[str, list[str]]:
    """The table with the newest releases in a folder, from a process of its own: versions are read once in a process."""
    environment = {**os.environ, NEWEST: str(folder)}
    command = [sys.executable, "-m", "tests.peers.transfer_table", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if not done.stdout.startswith("{"):
        sys.exit(f"the table of the newest releases was not made: {done.stderr.strip()[-2000:]}")
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def record(tool: str, version: str) -> list[str]:
    """Write a version into `verified-through` of the tables that this table observes, if it is newer; their names."""
    changed = []
    for name in OBSERVED:
        path = FACTS / f"{name}.yaml"
        text = path.read_text(encoding="utf-8")
        entry = re.compile(rf'^(  {re.escape(tool)}: )"([^"]*)"$', re.MULTILINE)
        match = entry.search(text)
        if match is not None and is_beyond(version, match[2]):
            path.write_text(entry.sub(rf'\g<1>"{version}"', text, count=1), encoding="utf-8")
            changed.append(name)
    return changed


def compared(folder: Path, pinned: dict[str, list[str]]) -> int:
    """Print how the newest releases differ from the pinned ones, and record those that did as predicted."""
    newest, failed = of_newest(folder), 0
    for told, observed in newest.items():
        if observed != pinned.get(told):
            print(f"DIFFERS {told}: pinned {pinned.get(told)}, newest {observed}")
    for tool in TOOLS:
        version = version_in(folder, tool)
        own = [one for told, observed in newest.items() if told.split()[0] == tool for one in observed]
        if not version or not own:
            print(f"{tool}: no newest release in {folder}")
        elif any(one.endswith(UNEXPECTED) for one in own):
            failed += 1
            print(f"{tool} {version}: not as predicted, so not recorded")
        else:
            tables = ", ".join(record(tool, version)) or "no table"
            print(f"{tool} {version}: {len(own)} observations as predicted; recorded in {tables}")
    return int(failed > 0)


def version_in(folder: Path, tool: str) -> str:
    """The version that a program in a folder prints; empty without the program."""
    path = folder / tool
    if not path.exists():
        return ""
    told = [subprocess.run([path, word], capture_output=True, text=True, check=False) for word in ("version", "--version")]
    found = re.search(r"v?(\d+\.\d+\.\d+)", "".join(one.stdout + one.stderr for one in told))
    return found[1] if found is not None else ""


def main(arguments: list[str]) -> int:
    """Print the table; 1 if a prediction did not come true. `--newest FOLDER` adds the newest releases in a folder."""
    with tempfile.TemporaryDirectory() as name:
        if arguments == ["--json"]:
            use(Overlay(through={name: dict.fromkeys(TOOLS, "999") for name in OBSERVED}))  # what the rows would say
            out, sys.stdout = sys.stdout, sys.stderr
            found = printed(table(Path(name)))
            sys.stdout = out
            print(json.dumps(found))
            return 0
        pinned = printed(table(Path(name)))
    wrong = any(one.endswith(UNEXPECTED) for observed in pinned.values() for one in observed)
    folder = Path(arguments[1]).resolve() if arguments[:1] == ["--newest"] and len(arguments) > 1 else None
    return max(int(wrong), compared(folder, pinned) if folder is not None and folder.is_dir() else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
