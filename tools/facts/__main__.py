"""Write the tables of default images: `python -m tools.facts CLONES [--only NAME] [--into DIR] [--as-of YYYY-MM-DD]`.

CLONES is a folder with one clone (or folder of Go module zips) per project: `rke2`, `k3s`, `k0s`, `kubernetes`,
`containerd`, `rancher`. Projects without a folder keep their table.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tools.facts import containerd, k0s, k3s, kubeadm, rancher, rke2
from tools.facts.model import Image, ReadError, Release, Table, order, written
from tools.facts.sources import Source, SourceError, open_source

TABLES: Final = Path(__file__).parents[2] / "auditor" / "facts" / "releases"


class Generator(NamedTuple):
    """A project, and how its releases are read."""

    distribution: str
    folder: str
    module: object
    read: Callable[[Source, str], tuple[Image, ...]]
    settings: Callable[[Source, str], dict[str, str]] = lambda _source, _tag: {}


GENERATORS: Final = (
    Generator("rke2", "rke2", rke2, rke2.read),
    Generator("k3s", "k3s", k3s, k3s.read),
    Generator("k0s", "k0s", k0s, k0s.read),
    Generator("kubeadm", "kubernetes", kubeadm, kubeadm.read),
    Generator("containerd", "containerd", containerd, containerd.read, containerd.settings),
    Generator("rancher", "rancher", rancher, rancher.read),
)


def table_of(generator: Generator, source: Source) -> Table:
    """Read every release of a project. Raises SourceError if it has none, or if none could be read."""
    module = generator.module
    repository, paths, pattern = module.REPOSITORY, module.PATHS, module.RELEASES  # type: ignore[attr-defined]
    tags = sorted((tag for tag in source.tags() if pattern.fullmatch(tag)), key=order)
    if not tags:
        raise SourceError(f"the source of {generator.distribution} has no release tags: fetch them with `git fetch --tags`")
    releases, skipped = [], {}
    for tag in tags:
        try:
            releases.append(Release(tag, source.commit(tag), generator.read(source, tag), generator.settings(source, tag)))
        except ReadError as error:
            skipped[tag] = str(error)
    if not releases:
        raise SourceError(f"no release of {generator.distribution} could be read; {tags[-1]}: {skipped[tags[-1]]}")
    return Table(generator.distribution, repository, paths, tuple(releases), skipped)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write one table per project that has a clone. Return 1 if a clone could not be read; its table stays as it is."""
    parser = argparse.ArgumentParser(prog="python -m tools.facts", description="Write the tables of default images.")
    parser.add_argument(
        "clones", type=Path, help="folder with one clone per project: rke2, k3s, k0s, kubernetes, containerd, rancher"
    )
    parser.add_argument("--only", default="", help="name of one distribution")
    parser.add_argument("--into", type=Path, default=TABLES, help="folder of the tables")
    parser.add_argument("--as-of", default=datetime.datetime.now(tz=datetime.UTC).date().isoformat(), help="day of the check")
    given = parser.parse_args(arguments)
    failed = 0
    for generator in GENERATORS:
        folder = given.clones / generator.folder
        if given.only in ("", generator.distribution) and folder.exists():
            failed += not _write(generator, folder, given.into, given.as_of)
    return 1 if failed else 0


def _write(generator: Generator, folder: Path, into: Path, as_of: str) -> bool:
    target = into / f"{generator.distribution}.json"
    try:
        table = table_of(generator, open_source(folder))
    except SourceError as error:
        sys.stderr.write(f"{folder}: {error}\n{target.name} is unchanged.\n")
        return False
    for tag, why in table.skipped.items():
        sys.stderr.write(f"{generator.distribution} {tag} is left out: {why}\n")
    into.mkdir(parents=True, exist_ok=True)
    target.write_text(written(table, as_of), encoding="utf-8")
    sys.stdout.write(f"{target.name}: {len(table.releases)} releases, {table.releases[-1].tag} is the newest\n")
    return True


if __name__ == "__main__":
    raise SystemExit(main())
