"""The calendar lists what ends: waivers of the plan and of a file, certificates in workloads. `--at` moves through it."""

from __future__ import annotations

import base64
import datetime
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.testing.certificates import CA, SERVER, make
from tests.cli.runner import auditor

UTC = datetime.UTC
PLAN = """version: 1
name: rke2-off
horizon: 2028-03-01
pools:
  server: {platform: linux/amd64}
cluster: {distribution: rke2, version: v1.31.8+rke2r1, installed: 2026-11-30, restarts: 90d, switched_off: 425d}
workloads: [{manifests: deploy.yaml}]
waivers:
  - {check: cluster-certificates-expiring, subject: "*", reason: restart is planned, owner: platform, expires: 2027-01-31}
"""
WAIVERS = """- check: deployed-certificate-expiring
  subject: "*"
  reason: cert-manager renews it
  owner: shop team
  expires: 2027-04-30
"""


def manifest() -> str:
    root = make("Webhook CA", None, replace(CA, end=datetime.datetime(2027, 9, 1, tzinfo=UTC)))
    shop = make("shop.plant7.local", make("Shop CA", None, CA), replace(SERVER, end=datetime.datetime(2027, 6, 1, tzinfo=UTC)))
    bundle, crt = (base64.b64encode(one.pem).decode() for one in (root, shop))
    return f"""apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {{name: policy}}
webhooks:
- name: policy.plant7.local
  clientConfig: {{service: {{name: policy, namespace: policy}}, caBundle: {bundle}}}
---
apiVersion: v1
kind: Secret
metadata: {{name: shop-tls, namespace: shop}}
type: kubernetes.io/tls
data: {{tls.crt: {crt}, tls.key: ""}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "waivers.yaml").write_text(WAIVERS)
    (tmp_path / "deploy.yaml").write_text(manifest())
    return tmp_path


def calendar(folder: Path, at: str, *more: str) -> dict[str, dict[str, Any]]:
    auditor("audit", "plan.yaml", "--at", at, "--format", "json=report.json", *more, cwd=folder)
    rows = json.loads((folder / "report.json").read_text())["calendar"]
    assert [row["ends"] for row in rows] == sorted(row["ends"] for row in rows)
    return {f"{row['kind']} {row['name']}": row for row in rows}


def test_waivers_of_the_plan_and_of_a_file_are_in_the_calendar(folder: Path) -> None:
    of_plan, both = calendar(folder, "2026-12-01"), calendar(folder, "2026-12-01", "--waivers", "waivers.yaml")
    assert set(both) - set(of_plan) == {"waiver deployed-certificate-expiring: *"}
    assert both["waiver cluster-certificates-expiring: *"]["ends"] == "2027-01-31"
    assert both["waiver deployed-certificate-expiring: *"]["ends"] == "2027-04-30"
    assert "Owner: shop team" in both["waiver deployed-certificate-expiring: *"]["detail"]


def test_certificates_in_workloads_are_in_the_calendar(folder: Path) -> None:
    rows = calendar(folder, "2026-12-01")
    ends = {row["ends"]: row["detail"] for name, row in rows.items() if name.startswith("deployed-certificate")}
    assert ends == {
        "2027-06-01": "Clients reject the workload's endpoint.",
        "2027-09-01": "The API server cannot call the webhook.",
    }


def test_audit_date_moves_through_the_calendar(folder: Path) -> None:
    seen = []
    for at in ("2026-12-01", "2027-05-15", "2027-08-01", "2027-12-24"):
        rows = calendar(folder, at, "--waivers", "waivers.yaml")
        seen.append(sum(row["standing"] == "ended" for row in rows.values()))
        for row in rows.values():
            assert row["days"] == (datetime.date.fromisoformat(row["ends"]) - datetime.date.fromisoformat(at)).days
    assert seen == [1, 3, 4, 6]  # the support of Kubernetes 1.31 has ended


def test_cluster_that_is_off_for_fourteen_months_fails_its_start(folder: Path) -> None:
    (row,) = [row for name, row in calendar(folder, "2026-12-01").items() if name.startswith("cluster-certificates")]
    assert "does not start after it was off for 425 days" in row["detail"]
