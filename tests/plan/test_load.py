"""Load plans: every key is kept with its location, and the files are loaded with it."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from auditor.errors import Location, PlanError, UsageError
from auditor.oci.platform import Platform
from auditor.plan.load import load_plan, load_plan_files
from auditor.plan.model import Program
from auditor.text import shown
from tests.plan.made import NAMED


def test_every_key_is_kept(whole: Path) -> None:
    plan = load_plan(whole)
    assert plan.horizon == datetime.date(2027, 6, 30)
    win = plan.pool("win2022")
    assert win.is_windows
    assert win.platform == Platform("windows", "amd64", "", "10.0.20348")
    assert (win.nodes, win.runtime, win.disk) == (4, Program("containerd", "1.7.27"), 128 * 10**9)
    assert (win.clients, win.root_updates) == (("containerd", "curl", "powershell"), "disabled")
    assert plan.cluster is not None
    assert plan.cluster.cni == "calico"
    assert [source.pools for source in plan.images] == [("control",), ("control", "win2022"), ("control", "win2022")]
    assert plan.images[2].host_process
    assert plan.copy is not None
    assert (plan.copy.rate, plan.copy.window, plan.copy.staging) == (50_000_000, 14400, 200 * 10**9)
    assert plan.copy.media is not None
    assert plan.copy.media.filesystem == "exfat"
    assert plan.copy.archives == ("media/images.tar",)
    assert plan.registry is not None
    assert dict(plan.registry.rewrites) == {"docker.io": "registry.plant7.local:5000/dockerhub"}
    assert [source.host for source in plan.sources] == ["mirror.example:5000"]
    assert [endpoint.name for endpoint in plan.endpoints] == ["registry.plant7.local:5000", "[fd00::1]:6443"]
    assert plan.reachable == ("*.plant7.local", "10.0.0.0/8")
    assert plan.waivers[0].expires == datetime.date(2027, 3, 31)
    assert dict(plan.severities) == {"image-unpinned": "info"}
    with pytest.raises(KeyError):
        plan.pool("absent")


def test_named_files_are_read_and_archives_are_not(whole: Path) -> None:
    plan = load_plan(whole)
    assert set(plan.files) == {"plan.yaml", *NAMED}
    assert plan.files["certs/api.pem"] == b"# certs/api.pem\n"


def test_keys_have_their_location(whole: Path) -> None:
    plan = load_plan(whole)
    assert plan.where("pools", "win2022", "disk") == Location(str(whole), 10, 5)
    assert plan.where("images", 1, "ref").line == 18
    assert plan.where("registry", "no-such-key") == plan.where("registry")
    assert plan.where("nothing") == Location(str(whole))
    assert plan.waivers[0].location.line == 46
    assert str(plan.where("copy", "rate")) == f"{whole}:30:3"


def test_plan_loads_from_evidence_files_alone(whole: Path) -> None:
    plan = load_plan(whole)
    again = load_plan_files("plan.yaml", plan.files)
    assert again.sha256 == plan.sha256
    assert again.pools[1].platform == plan.pools[1].platform
    assert dict(again.files) == dict(plan.files)


def test_invalid_plan_file_is_a_plan_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing\.yaml"):
        load_plan(tmp_path / "nothing.yaml")
    with pytest.raises(PlanError, match="plan file is missing"):
        load_plan_files("plan.yaml", {})


def test_quoted_values_are_short_and_safe() -> None:
    assert len(shown("x" * 10_000)) < 100
    assert (shown(5), shown("a\x1bb")) == ("5", "'a\\u001bb'")
