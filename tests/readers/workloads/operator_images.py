"""Images and unknowns of operators among workloads, for tests of the operator tables."""

from __future__ import annotations

import yaml

from auditor.readers.demands import Demand, DemandGap, Mechanism
from auditor.readers.workloads import read_workloads
from auditor.testing import plan_of

PLAN = """version: 1
pools:
  lin: {platform: linux/amd64}
  win: {platform: "windows/amd64:ltsc2022"}
workloads: [{manifests: deploy}]
"""


def demands(*objects: str) -> tuple[Demand, ...]:
    """Return the demands of objects: the first one is in one file, the others are in separate files."""
    files = {f"deploy/{number}.yaml": text.encode() for number, text in enumerate(objects)}
    return read_workloads(plan_of(PLAN, files)).demands


def built(*objects: str) -> dict[str, Demand]:
    """Return the images that operators build, by reference."""
    return {str(one.reference): one for one in demands(*objects) if one.mechanism is Mechanism.OPERATOR}


def unknown(*objects: str) -> tuple[str, ...]:
    """Return why objects are undetermined because of their kind."""
    return tuple(one.unbounded for one in demands(*objects) if one.hidden is not None and one.hidden.gap is DemandGap.KIND)


def custom(api: str, kind: str, spec: object, name: str = "x") -> str:
    return yaml.safe_dump({"apiVersion": api, "kind": kind, "metadata": {"name": name}, "spec": spec})


def operator(image: str, *args: str, env: dict[str, str] | None = None, names: str = "") -> str:
    """Return a deployment of an operator; `names` is a ConfigMap that it mounts."""
    container = {"name": "o", "image": image, "args": list(args)}
    container["env"] = [{"name": key, "value": value} for key, value in (env or {}).items()]
    volumes = [{"name": "c", "configMap": {"name": names}}] if names else []
    spec = {"template": {"spec": {"containers": [container], "volumes": volumes}}}
    return custom("apps/v1", "Deployment", spec, "operator")


def configured(name: str) -> str:
    """Return the configuration file of ECK in a ConfigMap."""
    data = {"eck.yaml": "a: 1\ncontainer-registry: r.example\n"}
    return yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})


ELASTIC = "elasticsearch.k8s.elastic.co/v1"


MONITORING = "monitoring.coreos.com/v1"


PROMETHEUS = "quay.io/prometheus-operator/prometheus-operator:v0.85.0"
