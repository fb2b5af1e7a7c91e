"""Minimal plans, and the errors of loading them."""

from __future__ import annotations

import pytest

from auditor.errors import AuditorError
from auditor.plan.load import load_plan_files
from auditor.plan.model import Plan

HEAD = "version: 1\npools: {one: {platform: linux/amd64}}\n"
POOL = "version: 1\npools: {one: {platform: linux/amd64, %s}}\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"

WHOLE = """\
version: 1
name: plant-7
horizon: 2027-06-30
pools:
  control:  {platform: linux/amd64, nodes: 3, runtime: containerd 2.1.6, disk: 200GB}
  win2022:
    platform: windows/amd64:ltsc2022
    nodes: 4
    runtime: containerd 1.7.27
    disk: 128GB
    clients: [containerd, curl, powershell]
    trust: [certs/corp-root.pem, nodes/win2022-roots.json]
    root_updates: disabled
    config: [nodes/win2022]
cluster: {distribution: rke2, version: v1.33.5+rke2r1, cni: calico}
images:
  - {list: lists/linux.txt, pools: [control]}
  - {ref: "registry.example.com/shop/web:4.2", pools: [control, win2022]}
  - {ref: "registry.example.com/agent:1", host_process: true}
workloads:
  - {manifests: deploy/}
  - {chart: charts/shop, values: [values.yaml]}
copy:
  tool: crane 0.20.6
  options: [--allow-nondistributable-artifacts]
  scripts: [mirror.sh]
  archives: [media/images.tar]
  media: {size: 64GB, filesystem: exfat}
  staging: {disk: 200GB}
  rate: 400Mbit/s
  window: 4h
registry:
  host: registry.plant7.local:5000
  kind: harbor 2.12
  config: registry.yml
  ca: certs/corp-root.pem
  disk: 500GB
  rewrites: {docker.io: registry.plant7.local:5000/dockerhub}
sources: {"mirror.example:5000": {ca: certs/corp-root.pem}}
endpoints:
  - registry.plant7.local:5000
  - {host: "[fd00::1]:6443", chain: certs/api.pem}
network:
  reachable: ["*.plant7.local", 10.0.0.0/8]
waivers:
  - {check: certificate-expiring, subject: "registry.plant7.local:*", reason: rotation, owner: platform, expires: 2027-03-31}
severity: {image-unpinned: info}
"""
NAMED = (
    "certs/corp-root.pem", "nodes/win2022-roots.json", "nodes/win2022/hosts.toml", "nodes/win2022/daemon.json",
    "lists/linux.txt", "deploy/web.yaml", "charts/shop/Chart.yaml", "values.yaml", "mirror.sh", "registry.yml", "certs/api.pem",
)  # fmt: skip


def plan_of(text: str, **files: bytes) -> Plan:
    """Return a plan from its text and its files."""
    return load_plan_files("plan.yaml", {"plan.yaml": text.encode(), **files})


def refused(text: str, **files: bytes) -> str:
    """Return the error that a plan is rejected with; any exception that is not ours fails the test."""
    with pytest.raises(AuditorError) as caught:
        plan_of(text, **files)
    return caught.value.summary
