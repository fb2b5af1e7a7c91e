"""The page docs/coverage.md: the distributions and releases whose exact default images are in the facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from auditor.facts import table
from auditor.facts.release_images import NAMES, Releases, releases_of
from auditor.facts.versions import parse_version
from auditor.needs.default_facts import DefaultRow, Distribution

OTHERS = ("containerd", "rancher")  # not numbered like Kubernetes
INTRODUCTION = """# Which releases the facts cover

A distribution pulls images that no manifest names. For each release in the first table, the program has these images with
their exact tags, read from the source of the distribution at the tag of the release. The check
[default-image-missing](checks.md#default-image-missing) then also finds a wrong tag in a list.

A release that is not in the table is *undetermined*, and the report names the file that lists its images. Save the file and
name it in the plan as `cluster.images` ([plan](plan.md)). The file replaces the facts, for every version of every distribution.

`make facts CLONES=DIR` reads the releases again (`tools/facts`). DIR holds a git clone per project, or the downloads of a Go
module: `rke2`, `k3s`, `k0s`, `kubernetes`, `containerd` and `rancher`.
"""


def page() -> str:
    """Return docs/coverage.md without the header of generated pages."""
    every = [found for name in NAMES if (found := releases_of(name)) is not None]
    tables = [found for found in every if found.distribution not in OTHERS]
    others = [found for found in every if found.distribution in OTHERS]
    branches = sorted({branch for found in tables for branch in _by_branch(found)}, key=lambda text: int(text.split(".")[1]))
    lines = [INTRODUCTION, "## Releases that were read", ""]
    lines += ["Number of releases by Kubernetes version. *w*: with images for Windows nodes.", ""]
    lines += _row(["distribution", *branches, "all", "newest", "checked"])
    lines += _row(["---"] * (len(branches) + 4))
    for found in tables:
        lines += _row([found.distribution, *_cells(found, branches), str(len(found.releases)), *_newest(found)])
    lines += ["", "Products and runtimes with releases of their own:", ""]
    lines += [*_row(["name", "releases", "oldest", "newest", "checked"]), *_row(["---"] * 5)]
    for found in others:
        lines += _row([found.distribution, str(len(found.releases)), next(iter(found.releases)), *_newest(found)])
    lines += ["", "## Source", "", *_row(["distribution", "repository", "files"]), *_row(["---"] * 3)]
    for found in every:
        files = ", ".join(f"`{path}`" for path in found.paths)
        lines += _row([found.distribution, found.repository, files])
    lines += [
        "",
        "## Patterns without exact tags",
        "",
        "Rows of `auditor/facts/default_images.yaml`, with what they are for.",
        "",
    ]
    lines += [*_row(["distribution", "OS", "versions", "images"]), *_row(["---"] * 4), *_patterns()]
    lines += ["", "## Every distribution, and the file to save for `cluster.images`", ""]
    lines += [*_row(["distribution", "Linux", "Windows"]), *_row(["---"] * 3), *_files()]
    return "\n".join(lines) + "\n"


def _row(cells: list[str]) -> list[str]:
    return [f"| {' | '.join(cells)} |"]


def _by_branch(found: Releases) -> Counter[str]:
    return Counter(version.branch for tag in found.releases if (version := parse_version(tag)) is not None)


def _cells(found: Releases, branches: list[str]) -> Iterator[str]:
    count, windows = _by_branch(found), _windows(found)
    for branch in branches:
        yield f"{count[branch]}{' w' if branch in windows else ''}" if count[branch] else ""


def _windows(found: Releases) -> set[str]:
    """Return the Kubernetes versions with a release that has images for Windows nodes."""
    return {
        version.branch
        for tag in found.releases
        if (version := parse_version(tag)) is not None and any(image.os == "windows" for image, _ in found.images_of(tag))
    }


def _newest(found: Releases) -> tuple[str, str]:
    return found.verified_through, f"{found.as_of:%Y-%m-%d}"


def _patterns() -> Iterator[str]:
    rows: tuple[DefaultRow, ...] = table("default_images", DefaultRow)
    kinds = dict.fromkeys((row.distribution, row.os, f"{row.since} to before {row.before}") for row in rows)
    for kind in kinds:
        count = sum((row.distribution, row.os, f"{row.since} to before {row.before}") == kind for row in rows)
        yield from _row([*kind, str(count)])


def _files() -> Iterator[str]:
    rows: tuple[Distribution, ...] = table("distributions", Distribution)
    for row in rows:
        yield from _row([row.name, _said(row.image_list), _said(row.image_list_windows)])


def _said(text: str) -> str:
    return text.replace("{version}", "VERSION") or "the list of its release"
