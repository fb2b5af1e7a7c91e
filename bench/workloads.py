"""Time and memory for manifests: 10,000 objects, 30 MB, and half and twice that, compared with the YAML parser alone.

python bench/workloads.py [--objects 10000] [--megabytes 30]

Each figure is the CPU time of a separate process: `auditor audit --offline` of a plan that names one file. The floor is
libyaml's events of the same file, read by PyYAML, in a separate process too. No peer is measured: the Go module proxy does not
serve kbld, so `go install` cannot build it.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

PLAN = """version: 1
pools: {linux: {platform: linux/amd64, nodes: 3, runtime: containerd 2.1.6, disk: 100GB}}
registry: {host: "registry.plant.local:5000"}
network: {reachable: ["*.plant.local"]}
workloads: [{manifests: FILE}]
"""
OBJECT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-%(number)d
  namespace: shop-%(group)d
  labels: {app: web-%(number)d, tier: front}
spec:
  replicas: 3
  selector:
    matchLabels:
      app: web-%(number)d
  template:
    metadata:
      labels:
        app: web-%(number)d
    spec:
      nodeSelector:
        kubernetes.io/os: linux
      containers:
        - name: web
          image: registry.plant.local:5000/shop/web-%(image)d:1.%(tag)d
          ports:
            - containerPort: 8080
          env:
            - name: MODE
              value: "production"
"""
EVENTS = "import sys, yaml\nfor event in yaml.parse(open(sys.argv[1], 'rb'), Loader=yaml.CSafeLoader): pass\n"


def objects(count: int, size: int = 0) -> str:
    """Return `count` Deployments. With `size`, an annotation makes each that many bytes long."""
    made = []
    for number in range(count):
        text = OBJECT % {"number": number, "group": number % 50, "image": number % 200, "tag": number % 10}
        if (room := size - len(text)) > 0:
            lines = "".join(f"      line {line} of a note that no rule reads\n" for line in range(room // 44))
            text = text.replace("spec:\n", f"  annotations:\n    note: |\n{lines}spec:\n", 1)
        made.append(text)
    return "---\n".join(made)


def as_list(count: int) -> str:
    """Return the same objects as one document, like `kubectl get -o json`."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    items = list(yaml.load_all(objects(count), Loader=loader))
    return json.dumps({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {}}, indent=4)


def measured(*command: str) -> tuple[float, int, int]:
    """Return CPU seconds, peak memory in MB, and the exit code of a process."""
    code = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(used.ru_utime + used.ru_stime, used.ru_maxrss // 1024, done.returncode)\n"
    )
    said = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True)
    seconds, memory, status = said.stdout.split()
    return float(seconds), int(memory), int(status)


def row(folder: Path, name: str, text: str) -> None:
    """Measure one file."""
    file = folder / ("m.json" if text.startswith("{") else "m.yaml")
    file.write_text(text)
    plan = folder / "plan.yaml"
    plan.write_text(PLAN.replace("FILE", file.name))
    seconds, memory, status = measured(sys.executable, "-m", "auditor", "audit", str(plan), "--offline")
    floor, _, _ = measured(sys.executable, "-c", EVENTS, str(file))
    size = file.stat().st_size / 1e6
    print(
        f"{name:<34} {size:>6.1f} MB {seconds:>7.2f} s {memory:>5} MB"
        f" {seconds / floor:>6.1f} x libyaml {seconds / size:>6.3f} s/MB"
    )
    assert status in {0, 1, 3}, f"exit code {status}"


def main() -> None:
    """Print one row for each file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--megabytes", type=int, default=30)
    given = parser.parse_args()
    count, size = given.objects, given.megabytes * 1_000_000 // given.objects
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        row(folder, "one object", objects(1))
        for factor in (0.5, 1, 2):
            objects_here = int(count * factor)
            row(folder, f"{objects_here:,} objects, {given.megabytes * factor:g} MB", objects(objects_here, size))
        for number in (count, 5 * count):
            row(folder, f"{number:,} small objects", objects(number))
        row(folder, f"{count:,} small objects, one JSON List", as_list(count))


if __name__ == "__main__":
    main()
