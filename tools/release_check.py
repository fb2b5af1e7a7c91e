"""Build the wheel and the sdist, install each in clean environments, and run the example from them.

    make release-check

For every Python from 3.11 to 3.14: a new virtual environment, the wheel with its dependencies from the package index, the
audit of examples/plant-7 outside the checkout, then the same from the sdist. Every report must equal the one that this
checkout writes. A Python that is not installed is skipped with the reason; at least one must be installed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
MINORS = (11, 12, 13, 14)
EXAMPLE = ROOT / "examples" / "plant-7"
DAY = "2026-11-23"
EXPECTED_EXIT = 1  # the example has errors on purpose


class CheckError(Exception):
    """Raised if this checkout must not be released."""


def run(*command: str | Path, cwd: Path = ROOT, codes: tuple[int, ...] = (0,)) -> str:
    """Run a program without this checkout on its path and return its stdout. Raises CheckError for another exit code."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=kept, capture_output=True, text=True, check=False)
    if done.returncode not in codes:
        raise CheckError(
            f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return done.stdout


def candidates(minor: int) -> Iterator[str]:
    """Return commands that may start Python 3.`minor`: from PATH, then the newest of pyenv."""
    if found := shutil.which(f"python3.{minor}"):
        yield found
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    yield from (str(path) for path in sorted(versions.glob(f"3.{minor}.*/bin/python"), reverse=True))


def interpreter(minor: int) -> str | None:
    """Return a working Python 3.`minor`, or None. A pyenv shim is on PATH even if its version is not selected."""
    for command in candidates(minor):
        asked = [command, "-c", "import sys, venv; print(*sys.version_info[:2], sep='.')"]
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() == f"3.{minor}":
            return command
    return None


def build(folder: Path) -> tuple[Path, Path]:
    """Build the wheel and the sdist. Raises CheckError if a wheel built from the sdist differs."""
    run(sys.executable, "-m", "hatchling", "build", "-d", folder)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    unpacked = folder / "unpacked"
    shutil.unpack_archive(sdist, unpacked, filter="data")
    (source,) = unpacked.iterdir()
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "again", cwd=source)
    (again,) = (folder / "again").glob("*.whl")
    if difference := sorted(set(contents(wheel).items()) ^ set(contents(again).items())):
        raise CheckError(f"the sdist builds another wheel: {sorted({name for name, _ in difference})}")
    return wheel, sdist


def contents(wheel: Path) -> dict[str, int]:
    """The checksum of each file in a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {entry.filename: entry.CRC for entry in archive.infolist()}


def audited(auditor: Path, folder: Path) -> dict[str, Any]:
    """Return the JSON report on a copy of the example in `folder`, where the checkout cannot be imported."""
    site = folder / "site"
    shutil.copytree(EXAMPLE, site, dirs_exist_ok=True)
    words = ("audit", "plan.yaml", "--evidence", "plant-7.evidence", "--at", DAY, "--format", "json=report.json")
    run(auditor, *words, "--format", "html=report.html", cwd=site, codes=(EXPECTED_EXIT,))
    if not (site / "report.html").stat().st_size:
        raise CheckError(f"{auditor} wrote an empty HTML report")
    report: dict[str, Any] = json.loads((site / "report.json").read_text(encoding="utf-8"))
    shutil.rmtree(site)
    return report


def compare(report: dict[str, Any], expected: dict[str, Any], of: str) -> None:
    """Raise CheckError if the reports differ."""
    names = [name for name in {*report, *expected} if report.get(name) != expected.get(name)]
    if names:
        raise CheckError(f"{of}: the report on the example differs from the checkout's in: {', '.join(sorted(names))}")


def check(python: str, wheel: Path, sdist: Path, folder: Path, expected: dict[str, Any]) -> None:
    """Install both into a clean environment of `python` and compare the reports."""
    place = folder / "venv"
    run(python, "-m", "venv", place)
    inner, pip = place / "bin" / "python", ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    for archive, more in ((wheel, ()), (sdist, ("--force-reinstall", "--no-deps"))):
        run(inner, *pip, *more, archive, cwd=folder)
        compare(audited(place / "bin" / "auditor", folder), expected, archive.name)
    run(inner, "-m", "pip", "check", cwd=folder)
    version = run(place / "bin" / "auditor", "--version", cwd=folder).split()[-1]
    if version not in wheel.name:
        raise CheckError(f"auditor --version says {version}, the wheel is {wheel.name}")


def main() -> int:
    """Check every installed Python and return the exit code."""
    checked = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel, sdist = build(folder)
        print(
            f"built {wheel.name} ({wheel.stat().st_size:,} bytes) and {sdist.name} ({sdist.stat().st_size:,} bytes)", flush=True
        )
        (folder / "checkout").mkdir()
        expected = audited(Path(sys.executable).parent / "auditor", folder / "checkout")
        findings = len(expected["findings"])
        for minor in MINORS:
            python = interpreter(minor)
            if python is None:
                print(f"Python 3.{minor}: not checked, no interpreter is on PATH or among pyenv's versions", flush=True)
                continue
            place = folder / f"3.{minor}"
            place.mkdir()
            check(python, wheel, sdist, place, expected)
            print(
                f"Python 3.{minor}: wheel and sdist install, and report {findings} findings on the example as expected",
                flush=True,
            )
            checked += 1
    if not checked:
        raise CheckError("no Python from 3.11 to 3.14 was found")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CheckError as error:
        sys.exit(f"release-check: {error}")
