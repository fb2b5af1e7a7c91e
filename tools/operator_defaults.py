"""Write auditor/facts/operator_defaults.yaml from clones of the operators' repositories.

    python tools/operator_defaults.py CLONES > auditor/facts/operator_defaults.yaml

CLONES has one bare clone for each repository, as `owner+name/repo`. Every released tag is read; a tag whose source does not have
the expected form is left out, so that its version stays unknown. A range never spans two minor versions: a later patch release
of the older one is then outside of it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_RELEASE = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
Text = Callable[[str], str]
Values = dict[str, str]


@dataclass(frozen=True)
class Operator:
    """Where the defaults of one operator stand, and how they are read. `since`: the oldest version that is read."""

    name: str
    repository: str
    since: tuple[int, int, int]
    paths: str
    read: Callable[[Text, str], Values]
    prefix: str = ""


class Unread(Exception):
    """A source does not have the expected form."""


def found(pattern: str, text: str) -> str:
    """The first group of the first match."""
    match = re.search(pattern, text)
    if match is None:
        raise Unread(pattern)
    return match[1]


def optional(pattern: str, text: str) -> str:
    """The same, or an empty value: this version has no such image."""
    match = re.search(pattern, text)
    return match[1] if match else ""


def prometheus(read: Text, version: str) -> Values:
    """The defaults of prometheus-operator."""
    text = read("pkg/operator/defaults.go")
    matrix = found(r"PrometheusCompatibilityMatrix\s*= \[\]string\{([^}]*)\}", text)
    found(r"DefaultPrometheusVersion\s*= (PrometheusCompatibilityMatrix\[len\(PrometheusCompatibilityMatrix\)-1\])", text)
    for base in ("quay.io/prometheus/prometheus", "quay.io/prometheus/alertmanager", "quay.io/thanos/thanos"):
        found(f'BaseImage\\s*= "({base})"', text)
    return {
        "prometheus": re.findall(r'"(v[^"]+)"', re.sub(r"//[^\n]*", "", matrix))[-1],
        "alertmanager": found(r'DefaultAlertmanagerVersion\s*= "([^"]+)"', text),
        "thanos": found(r'DefaultThanosVersion\s*= "([^"]+)"', text),
        "reloader": found(r'DefaultPrometheusConfigReloaderImage\s*= "([^"]+:v)" \+ version.Version', text)
        + version.lstrip("v"),
    }


OPERATORS = (
    Operator(
        "prometheus-operator",
        "prometheus-operator/prometheus-operator",
        (0, 45, 0),
        "pkg/operator/defaults.go",
        prometheus,
    ),
)


def rows(clones: Path, operator: Operator) -> Iterator[tuple[str, str, str, Values]]:
    """Every range of one operator: its first and last version, their last tag, and the values."""
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
            values = operator.read(read, version)
        except Unread as error:
            print(f"{operator.name} {tag}: no {error}", file=sys.stderr)
            values = {}
        if before is not None and before[0][:2] == key[:2] and before[3] == values:
            before = (key, before[1], version, values)
            continue
        if before is not None and before[3]:
            yield before[1], before[2], before[2], before[3]
        before = (key, version, version, values)
    if before is not None and before[3]:
        yield before[1], before[2], before[2], before[3]


def quoted(text: str) -> str:
    """A value as YAML."""
    return f'"{text}"' if not text or ":" in text or text.replace(".", "").isdigit() else text


def main(clones: Path) -> None:
    """Print the table."""
    print("# What each version of an operator has built in, by setting. An empty value: these versions have no such image.")
    print("# Written by tools/operator_defaults.py from the sources at every released tag.")
    for operator in OPERATORS:
        for first, last, tag, values in rows(clones, operator):
            inner = ", ".join(f"{key}: {quoted(value)}" for key, value in values.items())
            source = f"{operator.repository}:{operator.paths}@{operator.prefix}{tag}"
            print(
                f'- {{operator: {operator.name}, first: "{first}", last: "{last}", values: {{{inner}}}, '
                f'source: "{source}", confidence: high}}'
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
