"""Write auditor/facts/operator_defaults.yaml from clones of the operators' repositories.

    python tools/operator_defaults.py CLONES > auditor/facts/operator_defaults.yaml

CLONES has one bare clone for each repository, as `owner+name/repo`. Every released tag is read; a tag whose source does not
have the expected form is skipped, so its version stays unknown. A range never spans two minor versions, so a later patch
release of the older one is outside of it.
"""

from __future__ import annotations

import datetime
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from operator_sources import OPERATORS, Operator, Source, Unread, Values

_RELEASE = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")


def rows(clones: Path, operator: Operator) -> Iterator[tuple[str, str, Values]]:
    """Yield the ranges of one operator: first version, last version, values."""
    at = clones / operator.repository.replace("/", "+") / "repo"
    git = ["git", f"--git-dir={at / '.git' if (at / '.git').is_dir() else at}"]
    tags = subprocess.run([*git, "tag"], check=True, capture_output=True, text=True).stdout.split()
    versions: dict[tuple[int, int, int], str] = {}
    for tag in tags:
        if tag.startswith(operator.prefix) and (match := _RELEASE.fullmatch(tag.removeprefix(operator.prefix))):
            versions[int(match[1]), int(match[2]), int(match[3])] = tag
    before: tuple[tuple[int, ...], str, str, Values] | None = None
    for key in sorted(versions):
        if key < operator.since:
            continue
        tag = versions[key]

        def read(path: str, tag: str = tag) -> str:
            shown = subprocess.run([*git, "show", f"{tag}:{path}"], check=False, capture_output=True, text=True)
            if shown.returncode:
                raise Unread(path)
            return shown.stdout

        version = tag.removeprefix(operator.prefix)
        try:
            values = operator.read(Source(version, read))
        except Unread as error:
            print(f"{operator.name} {tag}: no {error}", file=sys.stderr)
            values = {}
        if before is not None and before[0][:2] == key[:2] and before[3] == values:
            before = (key, before[1], version, values)
            continue
        if before is not None and before[3]:
            yield before[1], before[2], before[3]
        before = (key, version, version, values)
    if before is not None and before[3]:
        yield before[1], before[2], before[3]


def main(clones: Path) -> None:
    """Print the table."""
    print("# page: docs/facts/operators.md#operators")
    print("# Default images in the source code of each released operator version.")
    print(
        "# A line is: first version, last version, one value per column. `-` means that these versions do not have the image."
    )
    print("# Written by tools/operator_defaults.py from the sources at every released tag.")
    print(f"as-of: {datetime.datetime.now(datetime.UTC).date()}")
    print('source: "the sources that the rows name"')
    print("---")
    for operator in OPERATORS:
        ranges = list(rows(clones, operator))
        columns = list(ranges[-1][2])
        print(f"- operator: {operator.name}")
        print(f"  columns: [{', '.join(columns)}]")
        print("  versions: |")
        for first, last, values in ranges:
            print(" ".join(["   ", first, last, *(values.get(column) or "-" for column in columns)]))
        tags = f"{operator.prefix}{ranges[0][0]} to {operator.prefix}{ranges[-1][1]}"
        print(f'  source: "{operator.repository}:{operator.paths}@{tags}, each released tag"')
        print("  confidence: high")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
