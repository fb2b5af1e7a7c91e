"""Lay out the inputs of the workload corpus from local clones, and render its charts.

    python -m tests.corpus.workload_units CLONES OUT

`CLONES` holds a clone for each repository, as `owner+name` or `owner+name/repo`. `OUT/ID` becomes the input of one unit: its
manifests, or `rendered.yaml` beside the chart. Nothing of the inputs is part of this project.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import msgspec
import yaml

KUBERNETES = "1.34.1"


class Dependency(msgspec.Struct):
    repo: str
    path: str
    commit: str


class Unit(msgspec.Struct):
    """One row of `dataset.json`."""

    id: str
    kind: str
    repo: str
    commit: str
    truth: str
    path: str = ""
    paths: list[str] = []
    deps: dict[str, Dependency] = {}
    values: str = ""
    subst: list[tuple[str, str]] = []


class Dataset(msgspec.Struct):
    units: list[Unit]


def units(corpus: Path) -> list[Unit]:
    """The units of the data set."""
    return msgspec.json.decode((corpus / "workload-images" / "dataset.json").read_bytes(), type=Dataset).units


def clone_of(clones: Path, repository: str) -> Path:
    """The git directory of a repository. Raises FileNotFoundError."""
    folder = clones / repository.replace("/", "+")
    for path in (folder / "repo", folder / ".git", folder):
        if (path / "objects").is_dir():
            return path
    raise FileNotFoundError(f"no clone of {repository} in {clones}")


def exported(clone: Path, commit: str, path: str, into: Path) -> None:
    """Write the files of one path at a commit into a folder, without the path's own parents."""
    command = ["git", "--git-dir", str(clone), "archive", commit, path]
    data = subprocess.run(command, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            if member.name == path.rstrip("/") and member.isfile():
                name = Path(path).name
            elif member.name.startswith(path.rstrip("/") + "/"):
                name = member.name[len(path.rstrip("/")) + 1 :]
            else:
                continue
            target = into / name
            if member.isfile():
                target.parent.mkdir(parents=True, exist_ok=True)
                file = archive.extractfile(member)
                assert file is not None
                target.write_bytes(file.read())


def _with_what_is_there(chart: Path) -> None:
    """Leave the dependencies in a chart that lie in `charts/`, at the version that they have there (the corpus's recipe)."""
    there = {path.parent.name: path for path in (chart / "charts").glob("*/Chart.yaml")}
    for meta in (chart / "Chart.yaml", chart / "requirements.yaml"):
        data = yaml.safe_load(meta.read_text()) if meta.exists() else {}
        if not data.get("dependencies"):
            continue
        kept = []
        for one in data["dependencies"]:
            if one["name"] in there:
                own = yaml.safe_load(there[one["name"]].read_text())["version"]
                kept.append({**one, "version": own, "repository": ""})
            elif str(one.get("repository", "")).startswith("file:"):
                kept.append(one)
        meta.write_text(yaml.safe_dump({**data, "dependencies": kept}))
    for lock in ("Chart.lock", "requirements.lock"):
        (chart / lock).unlink(missing_ok=True)


def _chart(unit: Unit, clones: Path, out: Path) -> None:
    chart = out / "chart"
    clone = clone_of(clones, unit.repo)
    if unit.kind == "tgz":
        exported(clone, unit.commit, unit.path, out)
        with tarfile.open(next(out.glob("*.tgz"))) as archive:
            archive.extractall(out / "unpacked", filter="data")
        shutil.move(next((out / "unpacked").iterdir()), chart)
    else:
        exported(clone, unit.commit, unit.path, chart)
    for name, dependency in unit.deps.items():
        exported(clone_of(clones, dependency.repo), dependency.commit, dependency.path, chart / "charts" / name)
    for meta in (chart / "Chart.yaml", chart / "values.yaml"):
        for before, after in unit.subst:
            if meta.exists():
                meta.write_text(meta.read_text().replace(before, after))
    _with_what_is_there(chart)
    for one in (chart / "charts").glob("*/Chart.yaml"):
        _with_what_is_there(one.parent)
    command = ["helm", "template", "rel", str(chart), "--include-crds", "--skip-tests", "--namespace", "ns"]
    command += ["--kube-version", KUBERNETES]
    if unit.values:
        (out / "values.yaml").write_text(unit.values)
        command += ["-f", str(out / "values.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{unit.id}: helm: {done.stderr.strip()[:400]}")
    (out / "manifests").mkdir(exist_ok=True)
    (out / "manifests" / "rendered.yaml").write_text(done.stdout)


def lay_out(unit: Unit, clones: Path, out: Path) -> Path:
    """Make the input of a unit; returns the folder of its manifests."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    if unit.kind == "manifests":
        for path in unit.paths:
            exported(clone_of(clones, unit.repo), unit.commit, path, out / "manifests" / path.replace("/", "_"))
    else:
        _chart(unit, clones, out)
    return out / "manifests"


def main() -> None:
    clones, out = map(Path, sys.argv[1:3])
    for unit in units(Path(os.environ["AUDITOR_CORPUS"])):
        try:
            print(lay_out(unit, clones, out / unit.id))
        except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
            print(f"{unit.id}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
