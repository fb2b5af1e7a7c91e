"""A site that declares everything, with evidence for all of it: every area of its scope is examined, and it is ready."""

from __future__ import annotations

from typing import Any

import yaml

_PAUSE = "registry.k8s.io/pause:3.10"
COMPLETE = """
plan: |
  version: 1
  name: plant-7
  horizon: 2027-06-30
  pools:
    control:
      platform: linux/amd64
      runtime: containerd 2.1.6
      disk: 200GB
      trust: [corp.pem]
      config: [nodes]
  cluster: {distribution: kubeadm, version: v1.33.5}
  images: [{list: images.txt}]
  workloads: [{manifests: deploy.yaml}]
  workloads_complete: true
  copy: {tool: skopeo 1.18.0, options: ["--all"], scripts: [], media: {size: 64GB, filesystem: exfat}, staging: {disk: 64GB}}
  registry:
    host: registry.plant7.local:5000
    kind: distribution 2.8.3
    config: config.yml
    disk: 100GB
  endpoints: ["registry.plant7.local:5000"]
  network: {reachable: ["*.plant7.local"]}
files:
  images.txt: |
IMAGES
  deploy.yaml: |
    apiVersion: v1
    kind: Pod
    metadata: {name: web}
    spec:
      nodeSelector: {kubernetes.io/os: linux}
      containers: [{name: web, image: "registry.example.com/shop/web:4.2"}]
  nodes/config.toml: |
    version = 3
    [plugins."io.containerd.cri.v1.images".registry]
      config_path = "/etc/containerd/certs.d"
  nodes/certs.d/registry.example.com/hosts.toml: |
    server = "https://registry.plant7.local:5000"
  nodes/certs.d/registry.k8s.io/hosts.toml: |
    server = "https://registry.plant7.local:5000"
  config.yml: |
    version: 0.1
    storage: {filesystem: {rootdirectory: /data}}
    http: {addr: ":5000"}
  corp.pem: [corp]
certificates:
  corp: {subject: CN=Corp}
  leaf: {issuer: corp, names: [registry.plant7.local]}
endpoints:
  registry.plant7.local:5000: {serves: [leaf], offers: [TLSv1.2, TLSv1.3]}
"""
NAMES = ("registry.example.com/shop/web:4.2",)
DEFAULTS = (
    "coredns/coredns:v1.12.0",
    "etcd:3.5.21-0",
    "kube-apiserver:v1.33.5",
    "kube-controller-manager:v1.33.5",
    "kube-proxy:v1.33.5",
    "kube-scheduler:v1.33.5",
    "pause:3.10",
)


def complete_form() -> dict[str, Any]:
    """The form of the site, for `auditor.testing.site_of`; the caller may change it."""
    names = (*NAMES, *(f"registry.k8s.io/{name}" for name in DEFAULTS))
    form: dict[str, Any] = yaml.safe_load(COMPLETE.replace("IMAGES", "\n".join(f"    {name}" for name in names)))
    image = {"platforms": [{"platform": "linux/amd64", "layers": [{"size": "1MB", "unpacked": {"trailer": "3MB"}}]}]}
    form["observed"] = dict.fromkeys(names, image)
    form["target"] = {f"registry.plant7.local:5000/{name.partition('/')[2]}": image for name in names}
    return form
