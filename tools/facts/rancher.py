"""Rancher: `build.yaml` and the server's Dockerfile, which name the charts, the shell and the agents of a release."""

from __future__ import annotations

import re
from typing import Final

from tools.facts.model import Image, ReadError
from tools.facts.sources import Source

REPOSITORY: Final = "rancher/rancher"
_BUILD, _DOCKERFILE = "build.yaml", "package/Dockerfile"
PATHS: Final = (_BUILD, _DOCKERFILE)
RELEASES: Final = re.compile(r"v2\.(?:[89]|[1-9]\d)\.\d+", re.ASCII)
HUB: Final = "docker.io/rancher"

_ENTRY = re.compile(r"^(\w+): *(\S+)$", re.MULTILINE)
_VARIABLE = re.compile(r"^ENV (CATTLE_\w+_VERSION)[ =](\S+)", re.MULTILINE)


def read(source: Source, tag: str) -> tuple[Image, ...]:
    """Return the images that Rancher itself runs. Raises ReadError if a file or an entry is missing."""
    build, dockerfile = source.text(tag, _BUILD), source.text(tag, _DOCKERFILE)
    if build is None or dockerfile is None:
        raise ReadError(f"{_BUILD if build is None else _DOCKERFILE} is missing")
    entries: dict[str, str] = dict(_ENTRY.findall(build))
    variables: dict[str, str] = dict(_VARIABLE.findall(dockerfile))
    webhook, fleet = _upstream(entries, "webhookVersion"), _upstream(entries, "fleetVersion")
    shell, _, shell_tag = _needed(entries, "defaultShellVersion").rpartition(":")
    agent, wins = _needed(variables, "CATTLE_SYSTEM_AGENT_VERSION"), _needed(variables, "CATTLE_WINS_AGENT_VERSION")
    return (
        Image(f"{HUB}/rancher", tag, "the server", "pulled"),
        Image(f"{HUB}/rancher-agent", tag, "the agent of every cluster", "pulled"),
        Image(f"{HUB}/rancher-webhook", webhook, "the webhook", "switchable"),
        Image(f"{HUB}/fleet", fleet, "Fleet", "switchable"),
        Image(f"{HUB}/fleet-agent", fleet, "Fleet", "switchable"),
        Image(f"docker.io/{shell}", shell_tag, "the jobs that install charts, and kubectl shells", "switchable"),
        Image(f"{HUB}/system-agent", f"{agent}-suc", "the upgrade of the system agent", "listed"),
        Image(f"{HUB}/wins", wins, "the service of Windows nodes", "switchable", "windows"),
    )


def _needed(found: dict[str, str], name: str) -> str:
    if not found.get(name):
        raise ReadError(f"no value of {name}")
    return found[name]


def _upstream(entries: dict[str, str], name: str) -> str:
    """Return the image tag of a chart version: `v0.9.1` for `108.0.1+up0.9.1`."""
    chart, found, version = _needed(entries, name).partition("+up")
    if not found:
        raise ReadError(f"{_BUILD}: {name} {chart!r} names no upstream version")
    return f"v{version}"
