"""Compare the images found in the workload corpus with the expected ones, by unit and by mechanism.

    AUDITOR_CORPUS=… python -m tests.corpus.workload_units CLONES OUT

`CLONES` holds a clone for each repository, as `owner+name` or `owner+name/repo`. `OUT/ID` becomes the input of one unit: its
manifests, or what helm renders of its chart. Nothing of the inputs is part of this project.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import yaml

from auditor.needs.resolve import resolve_needs
from auditor.oci.reference import parse_reference
from auditor.pipeline.bare_plans import plan_for_sources

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


class Score(msgspec.Struct):
    """What was found of one unit. `missed` and `invented` are references; `gaps` counts what is undetermined by name."""

    unit: Unit
    wanted: dict[str, str]  # reference of an image that is pulled, and its mechanism
    found: set[str]
    possible: set[str]
    known: set[str]  # every reference of the right answer, neutral ones included
    gaps: int

    @property
    def missed(self) -> set[str]:
        return self.wanted.keys() - self.found

    @property
    def invented(self) -> set[str]:
        return self.found - self.known


def canonical(text: str) -> str:
    """One spelling of a reference: what a digest pins needs no tag."""
    reference = parse_reference(text)
    return f"{reference.repository}@{reference.digest}" if reference.digest else str(reference)


def scored(unit: Unit, corpus: Path, manifests: Path) -> Score:
    """Read the manifests of a unit, and compare."""
    rows = [line.split(None, 2) for line in (corpus / "workload-images" / unit.truth).read_text().splitlines()]
    truth = {canonical(row[2]): (row[0], row[1]) for row in rows if row and row[0] != "#"}
    with contextlib.chdir(manifests.parent):
        needs = resolve_needs(plan_for_sources([Path(manifests.name)], []))
    images = [demand for demand in needs.demands if demand.reference is not None]
    return Score(
        unit,
        {reference: mechanism for reference, (need, mechanism) in truth.items() if need in {"A", "D"}},
        {canonical(str(one.reference)) for one in images if not one.is_possible},
        {canonical(str(one.reference)) for one in images if one.is_possible},
        set(truth),
        sum(demand.reference is None for demand in needs.demands),
    )


def printed(scores: list[Score]) -> Iterator[str]:
    """A line for each unit and mechanism, and the sums."""
    for one in scores:
        verdict = "complete" if not one.missed else "undetermined" if one.gaps else "FALSE PASS"
        yield (
            f"{one.unit.id:32} {len(one.wanted) - len(one.missed):3} of {len(one.wanted):3}  invented {len(one.invented)}  "
            f"possible {len(one.possible)}  gaps {one.gaps:2}  {verdict}"
        )
        yield from (f"    missed   {one.wanted[text]} {text}" for text in sorted(one.missed))
        yield from (f"    invented {text}" for text in sorted(one.invented))
    mechanisms = Counter(mechanism for one in scores for mechanism in one.wanted.values())
    missed = Counter(one.wanted[text] for one in scores for text in one.missed)
    for mechanism, count in sorted(mechanisms.items()):
        yield f"mechanism {mechanism:3} {count - missed[mechanism]:4} of {count:4}"
    recall, precision = sums(scores)
    yield f"recall {recall:.3f}, precision {precision:.3f}, units {len(scores)}"


def sums(scores: list[Score]) -> tuple[float, float]:
    """Recall and precision over all units."""
    wanted = sum(len(one.wanted) for one in scores)
    found = sum(len(one.found) for one in scores)
    hits = wanted - sum(len(one.missed) for one in scores)
    return hits / wanted, (found - sum(len(one.invented) for one in scores)) / max(found, 1)


def main() -> None:
    clones, out = map(Path, sys.argv[1:3])
    corpus = Path(os.environ["AUDITOR_CORPUS"])
    scores = []
    for unit in units(corpus):
        try:
            scores.append(scored(unit, corpus, lay_out(unit, clones, out / unit.id)))
        except (OSError, RuntimeError, subprocess.CalledProcessError) as error:
            print(f"{unit.id}: {error}", file=sys.stderr)
    print("\n".join(printed(scores)))


if __name__ == "__main__":
    main()
