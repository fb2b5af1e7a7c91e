"""The files of a plan: found in every path spelling, read within limits, and never skipped silently."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor.errors import PlanError
from auditor.plan import files as plan_files
from auditor.plan.load import load_plan
from tests.plan.made import CERTIFICATE, POOL


def trusting(folder: Path, written: str) -> Path:
    """Return a plan whose pool has `written` under `trust`."""
    (folder / "plan.yaml").write_text(POOL % f"trust: ['{written}']")
    return folder / "plan.yaml"


def said_of(folder: Path, written: str) -> str:
    """Return the error that such a plan is rejected with."""
    with pytest.raises(PlanError) as caught:
        load_plan(trusting(folder, written))
    assert "plan.yaml:2:" in caught.value.summary
    return caught.value.summary


@pytest.mark.parametrize("written", ["./certs/ca.pem", "certs//ca.pem", "certs\\ca.pem"])
def test_file_is_found_in_every_path_spelling(tmp_path: Path, written: str) -> None:
    (tmp_path / "certs").mkdir()
    (tmp_path / "certs" / "ca.pem").write_text(CERTIFICATE)
    plan = load_plan(trusting(tmp_path, written))
    assert plan.pools[0].trust == ("certs/ca.pem",)
    assert plan.files["certs/ca.pem"] == CERTIFICATE.encode()


def test_plan_may_name_its_own_folder(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(CERTIFICATE)
    plan = load_plan(trusting(tmp_path, "."))
    assert plan.pools[0].trust == (".",)
    assert "ca.pem" in plan.files


def test_linked_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "ca.pem").write_text(CERTIFICATE)
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "linked").symlink_to(tmp_path / "real")
    assert "trust/linked/ca.pem" in load_plan(trusting(tmp_path, "trust")).files


def test_circular_folder_links_are_reported(tmp_path: Path) -> None:
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "again").symlink_to(tmp_path / "trust")
    assert "in a circle" in said_of(tmp_path, "trust")


def test_unreadable_file_in_a_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "ca.pem").symlink_to(tmp_path / "gone.pem")
    assert "trust/ca.pem: there is no such file" in said_of(tmp_path, "trust")
    (tmp_path / "trust" / "ca.pem").unlink()
    os.mkfifo(tmp_path / "trust" / "pipe")
    assert "trust/pipe: it is not a regular file" in said_of(tmp_path, "trust")


def test_device_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "zero").symlink_to("/dev/zero")
    assert "zero: a plan may not name system files" in said_of(tmp_path, "zero")


@pytest.mark.parametrize("name", [b"\xff.pem", b"a\x1b[31m.pem"], ids=["no-utf-8", "escape"])
def test_file_name_that_cannot_be_encoded_is_reported(tmp_path: Path, name: bytes) -> None:
    (tmp_path / "trust").mkdir()
    Path(str(tmp_path / "trust"), name.decode("utf-8", "surrogateescape")).write_text(CERTIFICATE)
    said = said_of(tmp_path, "trust")
    assert "its name has characters that cannot be encoded" in said
    assert "\x1b" not in said
    said.encode()


def test_hint_for_a_misspelt_file_names_a_similar_one(tmp_path: Path) -> None:
    (tmp_path / "roots.pem").write_text(CERTIFICATE)
    assert "root.pem: there is no such file (did you mean roots.pem?)" in said_of(tmp_path, "root.pem")
    assert "there is no such file" in said_of(tmp_path, "certs/root.pem")
    assert "roots.pem/x" in said_of(tmp_path, "roots.pem/x")


def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "roots.pem").write_text("x" * 100)
    monkeypatch.setattr(plan_files, "MAX_FILE", 50)
    assert "it is larger than 50 bytes" in said_of(tmp_path, "roots.pem")
    monkeypatch.setattr(plan_files, "MAX_FILE", 5000)
    monkeypatch.setattr(plan_files, "MAX_TOTAL", 50)
    assert "files to more than 50 bytes in total" in said_of(tmp_path, "roots.pem")
    (tmp_path / "many").mkdir()
    for number in range(3):
        (tmp_path / "many" / f"{number}.pem").write_text("x")
    monkeypatch.setattr(plan_files, "MAX_FILES", 1)
    assert "more than 1 files" in said_of(tmp_path, "many")


def test_file_named_twice_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ca.pem").write_text("x" * 60)
    monkeypatch.setattr(plan_files, "MAX_TOTAL", 100)
    (tmp_path / "plan.yaml").write_text(POOL % "trust: [ca.pem, ./ca.pem]")
    assert load_plan(tmp_path / "plan.yaml").files["ca.pem"] == b"x" * 60


SINGLE = {
    "kubeconfig": "pools: {a: {platform: linux/amd64, kubeconfig: certs}}",
    "cluster.ca": "cluster: {distribution: rke2, version: v1.33.5+rke2r1, ca: certs}",
    "registry.ca": "registry: {host: r.local, ca: certs}",
    "registry.config": "registry: {host: r.local, config: certs}",
    "sources.ca": "sources: {r.local: {ca: certs}}",
    "chain": "endpoints: [{host: 'r.local:443', chain: certs}]",
    "values": "workloads: [{chart: chart.tgz, values: [certs]}]",
    "waivers": "waivers: certs",
}


@pytest.mark.parametrize("line", SINGLE.values(), ids=SINGLE)
def test_folder_in_place_of_one_file_is_rejected_before_it_is_read(
    tmp_path: Path, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_files, "MAX_FILES", 2)  # reading the folder would end with another message
    (tmp_path / "certs").mkdir()
    for number in range(4):
        (tmp_path / "certs" / f"{number}.pem").write_text(CERTIFICATE)
    (tmp_path / "chart.tgz").write_bytes(b"")
    pools = "" if line.startswith("pools:") else "pools: {a: {platform: linux/amd64}}\n"
    (tmp_path / "plan.yaml").write_text(f"version: 1\n{pools}{line}\n")
    with pytest.raises(PlanError) as caught:
        load_plan(tmp_path / "plan.yaml")
    [problem] = caught.value.problems
    assert problem.location.line == (2 if line.startswith("pools:") else 3)
    assert "certs: it is a folder, but `" in problem.message
    assert "names one file" in problem.message
    assert problem.hint == "name one of the files in it"


def test_hint_for_a_folder_names_the_only_file_in_it(tmp_path: Path) -> None:
    (tmp_path / "certs").mkdir()
    (tmp_path / "certs" / "ca.crt").write_text(CERTIFICATE)
    (tmp_path / "plan.yaml").write_text(f"version: 1\n{SINGLE['kubeconfig']}\n")
    with pytest.raises(PlanError) as caught:
        load_plan(tmp_path / "plan.yaml")
    assert [one.hint for one in caught.value.problems] == ["name the file in it: certs/ca.crt"]


def test_keys_for_files_or_folders_accept_a_folder(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "web.yaml").write_text("kind: Pod\n")
    (tmp_path / "plan.yaml").write_text(
        "version: 1\npools: {a: {platform: linux/amd64}}\nworkloads: [{manifests: deploy}, {observed: deploy}]\n"
    )
    assert "deploy/web.yaml" in load_plan(tmp_path / "plan.yaml").files
