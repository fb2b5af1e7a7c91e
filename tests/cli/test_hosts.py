"""Hosts that do not answer, the age of evidence, and the environment: what a user sees."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.cli.runner import EXAMPLE, auditor
from tests.peers.authority import make_authority
from tests.peers.images import build_image, build_index
from tests.peers.registry import serve
from tests.peers.tls import free_port

PLAN, EVIDENCE = EXAMPLE / "plan.yaml", EXAMPLE / "plant-7.evidence"
LINUX = ("--platform", "linux/amd64")


def listed(folder: Path, host: str, count: int) -> Path:
    path = folder / "images.txt"
    path.write_text("".join(f"{host}/app/web{number}:1\n" for number in range(count)))
    return path


def test_two_hundred_images_of_an_unreachable_host_are_one_group(tmp_path: Path) -> None:
    host = f"127.0.0.1:{free_port()}"
    listed(tmp_path, host, 200)
    done = auditor("audit", "images.txt", *LINUX, "--format", "text=r.txt", "--format", "json=r.json", cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    text = " ".join((tmp_path / "r.txt").read_text().split())
    assert text.count("the connection was refused. ") == 1
    assert "of 200 images are undetermined" in text
    assert "Fix: Check the port of" in text
    assert len((tmp_path / "r.txt").read_text().splitlines()) < 160
    report = json.loads((tmp_path / "r.json").read_text())
    (group,) = report["unanswered_hosts"]
    assert (group["host"], group["cause"], group["images"]) == (host, "connection-refused", 200)
    assert group["undetermined"] == sum(bool(row["hosts"]) for row in report["undetermined"])
    assert report["summary"]["undetermined"] == len(report["undetermined"])


def test_collect_reports_failures_and_exits_3(tmp_path: Path) -> None:
    host = f"127.0.0.1:{free_port()}"
    listed(tmp_path, host, 3)
    done = auditor("collect", "images.txt", *LINUX, "-o", "lists.evidence", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr.count(f"not observed: {host} did not answer: the connection was refused") == 1
    assert "3 tags" in done.stderr
    assert "fix: Check the port" in done.stderr
    assert (tmp_path / "lists.evidence").is_file()


@pytest.mark.peer
def test_suggested_private_ca_option_makes_the_request_succeed(tmp_path: Path) -> None:
    authority = make_authority(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    wrong = make_authority(other).ca
    with serve(tmp_path / "registry", authority=authority) as registry:
        with registry.uploader() as uploader:
            uploader.index("app/web0", build_index(build_image("linux/amd64", label="cli")), "1")
        listed(tmp_path, registry.host, 1)
        told = auditor("audit", "images.txt", *LINUX, "--ca", wrong, cwd=tmp_path)
        assert told.returncode == 3
        assert "TLS verification failed (unknown issuer)" in " ".join(told.stdout.split())
        assert " Add `--ca FILE`" in " ".join(told.stdout.split())
        assert auditor("audit", "images.txt", *LINUX, "--ca", authority.ca, cwd=tmp_path).returncode == 0
        made = auditor("collect", "images.txt", *LINUX, "--ca", authority.ca, "-o", "a.evidence", cwd=tmp_path)
        assert made.returncode == 0, made.stderr
        shown = auditor("inspect", f"{registry.host}/app/web0:1", "--ca", authority.ca, cwd=tmp_path)
        assert shown.returncode == 0, shown.stderr
        again = auditor("audit", "a.evidence", "--verbose", cwd=tmp_path)
        assert hashlib.sha256((tmp_path / "a.evidence").read_bytes()).hexdigest() in again.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("audit", PLAN, "--ca", "ca.pem"), "a plan names the CA of each registry"),
        (("collect", PLAN, "-o", "x.evidence", "--ca", "ca.pem"), "a plan names the CA of each registry"),
        (("audit", "images.txt", *LINUX, "--offline", "--ca", "ca.pem"), "connects to no host"),
        (("audit", PLAN, "--evidence", EVIDENCE, "--ca", "ca.pem"), "connects to no host"),
        (("audit", "images.txt", *LINUX, "--ca", "nowhere.pem"), "--ca nowhere.pem: there is no such file"),
        (("audit", "images.txt", *LINUX, "--ca", "images.txt"), "holds no certificate"),
        (("inspect", ".", "--ca", "ca.pem"), "--ca is for image references"),
    ],
)
def test_ca_option_without_effect_is_rejected(arguments: tuple[str | Path, ...], words: str, tmp_path: Path) -> None:
    listed(tmp_path, "127.0.0.1:9", 1)
    make_authority(tmp_path)
    done = auditor(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr


@pytest.mark.parametrize(
    ("name", "value"), [("HTTPS_PROXY", "http://[bad"), ("https_proxy", "socks5://p:1"), ("SSL_CERT_FILE", "/nowhere.pem")]
)
def test_unusable_environment_is_a_usage_error(name: str, value: str, tmp_path: Path) -> None:
    listed(tmp_path, "registry.example.com", 1)
    for command in (("audit", "images.txt", *LINUX), ("collect", "images.txt", *LINUX, "-o", "x.evidence")):
        done = auditor(*command, cwd=tmp_path, extra={name: value})
        assert done.returncode == 2, done.stderr
        assert f"auditor: {name}" in done.stderr
    assert auditor("chain", "k8s.example.com:6443", cwd=tmp_path, extra={name: value}).returncode == 2


def test_printed_checksum_is_that_of_the_evidence_file(tmp_path: Path) -> None:
    done = auditor("audit", PLAN, "--evidence", EVIDENCE, "--at", "2026-11-23", "--format", "json", cwd=tmp_path)
    basis = json.loads(done.stdout)["evidence_basis"]
    assert basis["sha256"] == hashlib.sha256(EVIDENCE.read_bytes()).hexdigest()
    assert basis["origin"] == "file"
    assert {row["what"] for row in basis["ages"] if row["can_change"]} >= {"tags", "archives", "CRLs and issuers at URLs"}


def test_future_audit_date_alone_does_not_make_evidence_stale(tmp_path: Path) -> None:
    near, far = (
        json.loads(auditor("audit", PLAN, "--evidence", EVIDENCE, "--at", at, "--format", "json", cwd=tmp_path).stdout)
        for at in ("2026-11-23", "2150-01-01")
    )
    assert near["evidence_basis"]["timing"] in {"evidence-newer-than-audit-date", "audit-date-in-future"}
    assert far["evidence_basis"]["timing"] == "audit-date-in-future"
    assert not [row for row in near["findings"] if row["check"] == "evidence-stale"]
    assert far["evidence_basis"]["measured_on"] < "2150"


def test_audit_that_collects_reports_it(tmp_path: Path) -> None:
    listed(tmp_path, f"127.0.0.1:{free_port()}", 1)
    done = auditor("audit", "images.txt", *LINUX, "--format", "json", cwd=tmp_path)
    basis = json.loads(done.stdout)["evidence_basis"]
    (cache,) = (tmp_path / "cache").rglob("*.evidence")
    assert (basis["origin"], basis["sha256"]) == ("run", hashlib.sha256(cache.read_bytes()).hexdigest())
