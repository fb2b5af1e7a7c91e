"""`auditor audit` as a user runs it: exit codes, streams and files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import jsonschema
import pytest

from reports.json_v1 import report_schema
from tests.cli.runner import EXAMPLE, auditor
from tests.evidence.tampering import edited

AT = ("--at", "2026-11-23")
EVIDENCE = ("--evidence", EXAMPLE / "plant-7.evidence")


def test_example_is_not_ready_in_every_output(tmp_path: Path) -> None:
    formats = ("--format", "text", "--format", "json=report.json", "--format", "html=report.html")
    done = auditor("audit", EXAMPLE / "plan.yaml", *EVIDENCE, *AT, *formats, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert done.stderr == ""
    assert "NOT READY" in done.stdout
    assert "\x1b[" not in done.stdout
    report = json.loads((tmp_path / "report.json").read_text())
    jsonschema.validate(report, report_schema())
    assert report["verdict"] == "not-ready"
    assert report["exit_code"] == 1
    assert {row["family"] for row in report["checks"] if row["status"] == "failed"} >= {"images", "windows", "storage", "trust"}
    assert "Content-Security-Policy" in (tmp_path / "report.html").read_text()
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["report.html", "report.json"]


def test_example_has_a_finding_of_every_check(tmp_path: Path) -> None:
    auditor("audit", EXAMPLE / "plan.yaml", *EVIDENCE, *AT, "--format", "json=report.json", cwd=tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    silent = {row["id"] for row in report["checks"] if row["status"] != "failed"}
    # image-unused needs complete workloads, which a plan with system images cannot declare. No image is of schema 1.
    quiet = {"schema1-manifest", "image-unused"}
    quiet |= {"transfer-window"}  # some sizes are missing, and the known ones are copied in time
    # Its copy skips foreign layers, its registry accepts every manifest, and every Windows manifest is readable.
    quiet |= {
        "copy-keeps-urls",
        "copy-drops-platforms",
        "registry-refuses-urls",
        "docker-nondistributable",
        "foreign-layer-base-era",
    }
    # Its endpoints are of a CA of its own: no public root is in question.
    quiet |= {"root-needs-windows-update", "root-unproven"}
    quiet |= {"root-not-trusted"}  # it does not state the CA in the kubeconfigs of the new nodes, so that is undetermined
    quiet |= {"content-mismatch", "source-mismatch"}  # none of its images is damaged
    # Its configuration files are valid, and no name stands for two images in its archive.
    quiet |= {"node-config-invalid", "archive-name-conflict"}
    quiet |= {"chart-missing-in-target", "version-not-covered"}  # it installs no chart, and the facts cover its versions
    quiet |= {"copy-changes-digest"}  # crane keeps every digest
    # It states no date of a token and has no Secrets, and its cluster's certificates last until the horizon.
    quiet |= {"registry-token-expiring", "deployed-certificate-expiring", "cluster-certificates-expiring"}
    # Its registry needs no declared login and runs outside of the cluster, and its copy stays below all limits.
    quiet |= {"pull-secret-missing", "registry-in-its-own-cluster", "registry-limits"}
    # Its images are not only imported, and no controller of its workloads requests a registry.
    quiet |= {"pull-policy", "image-preload-gc", "in-cluster-registry-client"}
    quiet |= {"workload-downloads"}  # its pods state no command, and the facts know none of their programs
    # Its endpoints ask for no client certificate, and its evidence is older than the observation of cipher suites.
    quiet |= {"client-certificate-required", "tls-cipher-mismatch"}
    quiet |= {"signature-dropped", "signature-unverifiable"}  # it has no policy that demands signatures
    quiet |= {"root-lists-stale"}  # the root programs are newer than the audit date
    quiet |= {"evidence-stale", "scope-required"}  # the evidence is from the days around the audit date; no area is required
    assert silent == {*quiet, "waiver-expired", "waiver-expiring", "waiver-unknown", "waiver-unused"}


def test_audit_of_evidence_alone_gives_the_same_findings(tmp_path: Path) -> None:
    auditor("audit", EXAMPLE / "plan.yaml", *EVIDENCE, *AT, "--format", "json=with-plan.json", cwd=tmp_path)
    auditor("audit", EXAMPLE / "plant-7.evidence", *AT, "--format", "json=alone.json", cwd=tmp_path)
    with_plan, alone = (json.loads((tmp_path / name).read_text()) for name in ("with-plan.json", "alone.json"))
    assert alone["findings"], "nothing compared"
    assert [finding["fingerprint"] for finding in alone["findings"]] == [
        finding["fingerprint"] for finding in with_plan["findings"]
    ]
    assert alone["plan"]["sha256"] == with_plan["plan"]["sha256"]


def test_later_audit_date_adds_findings_for_that_date(tmp_path: Path) -> None:
    done = auditor("audit", EXAMPLE / "plant-7.evidence", "--at", "2027-03-01", "--format", "json=r.json", cwd=tmp_path)
    assert done.returncode == 1
    report = json.loads((tmp_path / "r.json").read_text())
    expiring = [finding for finding in report["findings"] if finding["check"] == "certificate-expiring"]
    assert any(finding["severity"] == "error" and finding["waived"] is None for finding in expiring)
    assert any(finding["check"] == "waiver-expired" for finding in report["findings"])


def test_waiver_file_accepts_findings(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(
        "- {check: image-duplicate, subject: '*', reason: known, owner: me, expires: 2026-12-01}\n"
        "- {check: image-unpinned, subject: nothing, reason: known, owner: me, expires: 2027-12-01}\n"
    )
    waivers = ("--waivers", "ours.yaml", "--format", "json=r.json")
    auditor("audit", EXAMPLE / "plant-7.evidence", *AT, *waivers, cwd=tmp_path)
    found = json.loads((tmp_path / "r.json").read_text())["findings"]
    assert all(row["waived"]["owner"] == "me" for row in found if row["check"] == "image-duplicate")
    about = {row["check"]: row["location"] for row in found if row["check"].startswith("waiver-")}
    assert about == {
        "waiver-expiring": {"file": "ours.yaml", "line": 1, "column": 3},
        "waiver-unused": {"file": "ours.yaml", "line": 2, "column": 3},
    }
    (tmp_path / "ours.yaml").write_text("- {check: image-duplicate}\n")
    done = auditor("audit", EXAMPLE / "plant-7.evidence", *AT, *waivers, cwd=tmp_path)
    assert (done.returncode, "ours.yaml:1:3: 'owner' is missing" in done.stderr) == (2, True)


def test_gate_can_consist_of_one_check(tmp_path: Path) -> None:
    only = ("--only", "image-duplicate")
    done = auditor("audit", EXAMPLE / "plant-7.evidence", *AT, *only, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert auditor("audit", EXAMPLE / "plant-7.evidence", *AT, *only, "--fail-on", "info", cwd=tmp_path).returncode == 1


def test_lists_without_plan_and_evidence_are_undetermined(tmp_path: Path) -> None:
    (tmp_path / "images.txt").write_text("registry.example.com/shop/web:4.2\n")
    given = ("audit", "images.txt", "--platform", "linux/amd64", "--offline")
    done = auditor(*given, cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "UNDETERMINED" in done.stdout
    assert auditor(*given, "--strict", cwd=tmp_path).returncode == 1


def test_invalid_line_fails_the_gate_offline(tmp_path: Path) -> None:
    (tmp_path / "images.txt").write_text("registry.example.com/shop/web:4.2\n{{ .Values.image }}\n")
    done = auditor("audit", "images.txt", "--platform", "linux/amd64", "--offline", cwd=tmp_path)
    assert done.returncode == 1
    assert "images.txt:2" in done.stdout


def test_site_without_examined_subjects_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("version: 1\npools:\n  one: {platform: linux/amd64}\n")
    done = auditor("audit", "plan.yaml", "--offline", cwd=tmp_path)
    assert done.returncode == 3, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("audit", "missing.yaml"), "missing.yaml"),
        (("audit", "list.txt"), "--platform"),
        (("audit", "list.txt", "--platform", "windoze/amd64:xp"), "xp"),
        (("audit", "plan.yaml", "--only", "image-absnt"), "image-absent"),
        (("audit", "plan.yaml", "--at", "tomorrow"), "2027-03-01"),
        (("audit", "plan.yaml", "--format", "pdf"), "html"),
        (("audit", "plan.yaml", "--format", "text", "--format", "json"), "stdout"),
        (("audit", "plan.yaml", "--offline", "--format", "json=nowhere/report.json"), "nowhere/report.json"),
        (("audit", "plan.yaml", "--evidence", "list.txt"), "list.txt"),
        (("audit", "broken.yaml"), "broken.yaml:3:"),
        (("audit", "severity.yaml", "--offline"), "severity.yaml:3:"),
        (("audit", "list.txt", "plan.yaml"), "--platform"),
        (("audit",), "PLAN"),
        (("audit", "plan.yaml", "--no-such-option"), "--no-such-option"),
    ],
)
def test_wrong_usage_exits_2_with_a_message(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    (tmp_path / "list.txt").write_text("busybox:1.36\n")
    (tmp_path / "plan.yaml").write_text("version: 1\npools:\n  one: {platform: linux/amd64}\n")
    (tmp_path / "broken.yaml").write_text("version: 1\npools:\n  one: {platfrom: linux/amd64}\n")
    (tmp_path / "severity.yaml").write_text(
        "version: 1\npools: {one: {platform: linux/amd64}}\nseverity: {image-absnt: info}\n"
    )
    done = auditor(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_damaged_evidence_file_is_an_error(tmp_path: Path) -> None:
    whole = (EXAMPLE / "plant-7.evidence").read_bytes()
    (tmp_path / "cut.evidence").write_bytes(whole[: len(whole) // 2])
    done = auditor("audit", "cut.evidence", cwd=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "cut.evidence" in done.stderr


def test_evidence_of_an_older_version_is_reported_as_not_sealed(tmp_path: Path) -> None:
    for name, statements in (("new", ""), ("old", "DROP TABLE handshakes; DROP TABLE seal; PRAGMA user_version=4")):
        shutil.copy(EXAMPLE / "plant-7.evidence", tmp_path / name)
        edited(tmp_path / name, statements)
        done = auditor("audit", name, *AT, "--format", "text", "--format", f"json={name}.json", cwd=tmp_path)
        assert done.returncode == 1, done.stderr
        basis = json.loads((tmp_path / f"{name}.json").read_text())["evidence_basis"]
        assert basis["sealed"] is (name == "new")
        assert ("An older version wrote the evidence file without a seal" in " ".join(done.stdout.split())) is (name == "old")


def test_damaged_evidence_is_rejected(tmp_path: Path) -> None:
    shutil.copy(EXAMPLE / "plant-7.evidence", tmp_path / "site.evidence")
    edited(tmp_path / "site.evidence", "UPDATE fetched SET body = substr(body, 2)")
    done = auditor("audit", "site.evidence", *AT, "--format", "text", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "its table `fetched` was changed after it was written" in done.stderr
