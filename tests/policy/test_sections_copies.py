"""The matrix shows the copy if it is worse than the source, because nodes pull the copy."""

from __future__ import annotations

import pytest

from auditor.report.image_matrix import image_rows
from auditor.report.sections import egress_rows
from auditor.testing import site_of
from checks import CATALOGUE
from tests.made_checks import TODAY

REF = "registry.example.com/shop/web:1"
PLAN = """
version: 1
pools: {linux: {platform: linux/amd64}, win: {platform: "windows/amd64:ltsc2022"}}
images: [{ref: "registry.example.com/shop/web:1"}]
registry: {host: "r.local:5000", insecure: true, rewrites: {registry.example.com: "r.local:5000"}}
"""
BOTH = [{"platform": "linux/amd64"}, {"platform": "windows/amd64:10.0.20348.2"}]


@pytest.mark.parametrize(
    ("inside", "cells"),
    [
        ({"platforms": BOTH}, [("ok", ""), ("ok", "")]),
        ({"platforms": BOTH[:1]}, [("ok", ""), ("platform-absent", "r.local:5000/shop/web:1")]),
        ({"absent": "manifest unknown"}, [("absent", "r.local:5000/shop/web:1")] * 2),
        ({"failed": {"kind": "unreachable", "detail": "no route"}}, [("undetermined", "r.local:5000/shop/web:1")] * 2),
    ],
)
def test_worse_of_source_and_copy_is_shown(inside: dict[str, object], cells: list[tuple[str, str]]) -> None:
    site = site_of({"plan": PLAN, "observed": {REF: {"platforms": BOTH}}, "target": {"r.local:5000/shop/web:1": inside}})
    (row,) = image_rows(site, (), (), (), TODAY)
    assert [(cell.status, cell.place) for cell in row.platforms] == cells
    assert all(cell.detail for cell in row.platforms if cell.status in {"absent", "undetermined"})


def test_worse_source_is_shown_instead_of_the_copy() -> None:
    site = site_of(
        {"plan": PLAN, "observed": {REF: {"absent": "gone"}}, "target": {"r.local:5000/shop/web:1": {"platforms": BOTH}}}
    )
    (row,) = image_rows(site, (), (), (), TODAY)
    assert [(cell.status, cell.place) for cell in row.platforms] == [("absent", ""), ("absent", "")]


def test_external_registries_that_nodes_pull_from_are_egress() -> None:
    plan = """
version: 1
pools: {one: {platform: linux/amd64, runtime: containerd 2.1.6, config: [n]}}
images: [{ref: "quay.io/a/b:1"}, {ref: "docker.io/library/busybox:1"}]
registry: {host: "r.local:5000"}
cluster: {distribution: rke2, version: v9.9.9}
network: {reachable: ["*.local"]}
"""
    mirrors = "mirrors:\n  docker.io:\n    endpoint: ['https://r.local:5000']\n"
    site = site_of({"plan": plan, "files": {"n/registries.yaml": mirrors}})
    rows = {row.host: row for row in egress_rows(site, TODAY, CATALOGUE)}
    assert set(rows) == {"quay.io", "registry-1.docker.io"}
    assert rows["quay.io"].when_blocked == "the pull fails"
    assert "wait" in rows["registry-1.docker.io"].when_blocked
    assert {row.check for row in rows.values()} == {"mirror-not-configured"}


FETCHING = """
version: 1
pools: {control: {platform: linux/amd64}}
workloads: [{manifests: deploy}]
copy: {scripts: [install.sh]}
network: {reachable: ["*.inside"]}
"""
CHARTS = """
apiVersion: helm.cattle.io/v1
kind: HelmChart
metadata: {name: web}
spec: {chart: web, repo: "https://charts.example.com:8443/x"}
"""
INSTALL = "curl https://get.example.com/a | sh\ncurl https://files.inside/b\ncurl $OTHER\nwget https://get.example.com/c\n"


def test_charts_and_scripts_that_download_are_egress_without_guessed_hosts() -> None:
    site = site_of({"plan": FETCHING, "files": {"deploy/charts.yaml": CHARTS, "install.sh": INSTALL}})
    rows = egress_rows(site, TODAY, CATALOGUE)
    assert [(row.host, row.port, row.who, row.check) for row in rows] == [
        ("charts.example.com", 8443, "HelmChart web (helm-controller of K3s and RKE2)", "chart-repository-egress"),
        ("get.example.com", 443, "install.sh (curl)", "script-downloads"),
        ("get.example.com", 443, "install.sh (wget)", "script-downloads"),
    ]
    assert all(row.why and row.when_blocked for row in rows)


@pytest.mark.parametrize(
    ("remote", "hosts"), [("https://registry-1.docker.io", ["registry-1.docker.io"]), ("http://r.inside", [])]
)
def test_pull_through_cache_connects_to_its_remote(remote: str, hosts: list[str]) -> None:
    plan = FETCHING.replace("copy: {scripts: [install.sh]}", "registry: {host: r.local, kind: distribution, config: c.yml}")
    files = {"deploy/a.yaml": "{}", "c.yml": f"proxy: {{remoteurl: '{remote}'}}"}
    rows = egress_rows(site_of({"plan": plan, "files": files}), TODAY, CATALOGUE)
    assert [row.host for row in rows if row.check == "registry-config"] == hosts
