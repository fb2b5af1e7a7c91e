"""Predicted hosts of real stacks beside the hosts that their documentation names. Data: bench/downloads.yaml.

`.venv/bin/python bench/downloads.py` prints a table. A documented host that is not predicted counts as missed. A predicted host
that the documentation does not name is no error: a document rarely names the hosts of content networks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from auditor.testing import site_of

DATA = Path(__file__).with_name("downloads.yaml")
PLAN = """version: 1
pools: {linux: {platform: linux/amd64}}
registry: {host: "registry.plant7.local:5000"}
network: {reachable: ["*.plant7.local"]}
workloads: [{manifests: workload.yaml}]
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """One stack: the documented hosts, the predicted ones, and the number of undetermined containers."""

    stack: str
    documented: frozenset[str]
    predicted: frozenset[str]
    undetermined: int

    @property
    def missed(self) -> frozenset[str]:
        """The documented hosts that were not predicted."""
        return self.documented - self.predicted


def _workload(row: dict[str, Any]) -> str:
    if "workload" in row:
        return str(row["workload"])
    groups: dict[str, list[dict[str, Any]]] = {"initContainers": [], "containers": []}
    for number, given in enumerate(row["containers"]):
        container = {"name": f"c{number}", **{key: value for key, value in given.items() if key != "init"}}
        groups["initContainers" if given.get("init") else "containers"].append(container)
    pod = {"spec": {key: value for key, value in groups.items() if value}}
    meta = {"name": "stack", "namespace": "stack"}
    return json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": {"template": pod}})


def compared() -> Iterator[Compared]:
    """Yield every stack of the file."""
    for row in yaml.safe_load(DATA.read_text(encoding="utf-8")):
        found = site_of({"plan": PLAN, "files": {"workload.yaml": _workload(row)}}).pod_downloads
        hosts = frozenset(host for one in found.found for host in one.hosts)
        yield Compared(row["stack"], frozenset(row["documented"]), hosts, len(found.unknown))


def main() -> None:
    """Print the table and the share of documented hosts that were predicted."""
    rows = list(compared())
    print("| stack | documented | predicted | missed | more |")
    print("|---|--:|--:|---|---|")
    for row in rows:
        more = ", ".join(sorted(row.predicted - row.documented))
        missed = ", ".join(sorted(row.missed))
        print(f"| {row.stack} | {len(row.documented)} | {len(row.predicted & row.documented)} | {missed} | {more} |")
    documented, missed_count = sum(len(row.documented) for row in rows), sum(len(row.missed) for row in rows)
    print(f"\n{len(rows)} stacks, {documented} documented hosts, {documented - missed_count} predicted: ", end="")
    print(f"{(documented - missed_count) / documented:.1%}")


if __name__ == "__main__":
    main()
