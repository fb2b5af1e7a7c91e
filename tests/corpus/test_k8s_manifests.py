"""The corpus's Kubernetes manifests: real workloads of the SMB CSI driver, and the pools that run them."""

from __future__ import annotations

import datetime

from auditor.check import Finding
from auditor.readers.demands import Demand
from auditor.readers.workloads import read_workloads
from auditor.site import Site
from auditor.testing import site_of
from checks import CATALOGUE
from tests.corpus.folder import corpus

PLAN = """version: 1
pools:
  control: {platform: linux/amd64, runtime: containerd 2.1.6}
  w2019: {platform: "windows/amd64:ltsc2019", runtime: containerd 1.7.27}
  w2022: {platform: "windows/amd64:ltsc2022", runtime: containerd 1.7.27}
images: [{ref: "gcr.io/k8s-staging-sig-storage/smbplugin:canary"}]
workloads: [{manifests: deploy}]
"""
TODAY = datetime.date(2026, 11, 24)
FILES = ("csi-smb-node-windows.yaml", "csi-smb-node-windows-hostprocess.yaml", "csi-smb-controller.yaml", "deployment.yaml")


def _site(observed: dict[str, object] | None = None) -> Site:
    files = {f"deploy/{name}": corpus("k8s-manifests", "smb-deploy", name).read_text() for name in FILES}
    return site_of({"plan": PLAN, "files": files, "observed": observed or {}})


def _demands() -> dict[str, list[Demand]]:
    by_file: dict[str, list[Demand]] = {}
    for demand in read_workloads(_site().plan).demands:
        by_file.setdefault(demand.location.file.rpartition("/")[2], []).append(demand)
    return by_file


def test_node_selector_restricts_the_image_to_windows() -> None:
    """The DaemonSets and the sample run on Windows only, the controller on Linux."""
    found = _demands()
    assert set(found) == set(FILES)
    for name in ("csi-smb-node-windows.yaml", "csi-smb-node-windows-hostprocess.yaml", "deployment.yaml"):
        assert {demand.os for demand in found[name]} == {"windows"}, name
        assert {demand.pools for demand in found[name]} == {("w2019", "w2022")}, name
    assert {demand.pools for demand in found["csi-smb-controller.yaml"]} == {("control",)}


def test_host_process_is_read() -> None:
    """Only for pods that set it, with hostNetwork."""
    found = _demands()
    host = [demand for demand in found["csi-smb-node-windows-hostprocess.yaml"] if not demand.is_possible]
    assert len(host) == 3
    assert all(demand.host_process and demand.host_network for demand in host)
    assert not [demand for demand in found["csi-smb-node-windows.yaml"] if demand.host_process]


def test_sample_fails_on_server_2019() -> None:
    """servercore:ltsc2022 is of a build that a 2019 host cannot run. An unlisted image is reported with its location."""
    image = "mcr.microsoft.com/windows/servercore:ltsc2022"
    site = _site({image: {"platforms": ["windows/amd64:10.0.20348.5499"]}})
    by_id = {check.id: check for check in CATALOGUE}
    mismatches = [out for out in by_id["windows-build-mismatch"].run(site, TODAY) if isinstance(out, Finding)]
    assert [(out.subject.id, out.subject.pool) for out in mismatches] == [(image, "w2019")]
    unlisted = [out for out in by_id["image-not-listed"].run(site, TODAY) if isinstance(out, Finding)]
    assert image in {out.subject.id for out in unlisted}
    assert "gcr.io/k8s-staging-sig-storage/smbplugin:canary" not in {out.subject.id for out in unlisted}
