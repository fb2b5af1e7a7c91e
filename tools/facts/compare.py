"""Compare a generated release with its published image list: `python -m tools.facts.compare rke2 v1.33.5+rke2r1 FILE`.

Prints the images that only one of them has, and exits with 1 if there are any. `--os windows` compares the images of Windows
nodes. The list may be in any format of `cluster.images`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from auditor.facts.release_images import NAMES, releases_of
from auditor.readers.lists import ListSource
from auditor.readers.published_lists import read_release_list


def difference(distribution: str, release: str, published: Path, os: str) -> tuple[set[str], set[str]]:
    """Return the images that only the table has, and those that only the list has. Raises KeyError for an unread release."""
    table = releases_of(distribution)
    if table is None or release not in table.releases:
        raise KeyError(release)
    generated = {f"{image.image}:{tag}" for image, tag in table.images_of(release) if image.os == os}
    entries = read_release_list(ListSource(str(published), (), name=published.name), published.read_bytes())
    listed = {str(entry.line.reference) for entry in entries if entry.line.reference is not None}
    return generated - listed, listed - generated


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the differences of a release."""
    parser = argparse.ArgumentParser(prog="python -m tools.facts.compare", description="Compare a release with its list.")
    parser.add_argument("distribution", choices=NAMES)
    parser.add_argument("release")
    parser.add_argument("published", type=Path, help="the image list that the release publishes or prints")
    parser.add_argument("--os", choices=("linux", "windows"), default="linux")
    given = parser.parse_args(arguments)
    try:
        ours, theirs = difference(given.distribution, given.release, given.published, given.os)
    except KeyError:
        sys.stderr.write(f"{given.distribution} {given.release} is not among the releases that were read\n")
        return 2
    for text, where in ((ours, "only generated"), (theirs, "only published")):
        sys.stdout.write("".join(f"{where}: {image}\n" for image in sorted(text)))
    sys.stdout.write("" if ours or theirs else "all images and tags are equal\n")
    return 1 if ours or theirs else 0


if __name__ == "__main__":
    raise SystemExit(main())
