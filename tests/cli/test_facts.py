"""`auditor facts`: the tables, one table, and what they cover of a plan."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from auditor.facts import TABLES, basis
from tests.cli.runner import EXAMPLE, auditor

FUTURE = """version: 1
pools:
  win: {platform: "windows/amd64:10.0.29600", runtime: containerd 9.9}
  lin: {platform: linux/amd64, runtime: containerd 2.3.4}
copy: {tool: crane 99.0}
cluster: {distribution: rke2, version: v1.99.0+rke2r1}
registry: {host: "r.local:5000", kind: warehouse 1.0}
"""


def test_every_table_is_listed_with_its_date(tmp_path: Path) -> None:
    done = auditor("facts", cwd=tmp_path)
    assert done.returncode == 0
    for name in TABLES:
        assert f"\n{name} " in done.stdout
    assert f"digest {basis().digest[:12]}" in done.stdout


def test_tables_as_json_have_dates_and_sources(tmp_path: Path) -> None:
    found = json.loads(auditor("facts", "--format", "json", cwd=tmp_path).stdout)
    assert {row["name"] for row in found["tables"] if not row["name"].startswith("releases/")} == set(TABLES)
    assert all(row["as_of"] and row["source"] and row["rows"] for row in found["tables"])
    assert len(found["facts"]["digest"]) == 64


def test_one_table_is_printed_as_its_file(tmp_path: Path) -> None:
    header, rows = yaml.safe_load_all(auditor("facts", "copy_layers", cwd=tmp_path).stdout)
    assert header["verified-through"]["crane"]
    assert any(row["tool"] == "crane" for row in rows)


def test_table_of_releases_is_printed_as_its_file(tmp_path: Path) -> None:
    assert json.loads(auditor("facts", "releases/rke2", cwd=tmp_path).stdout)["distribution"] == "rke2"


def test_covered_windows_build_and_distribution_have_rows(tmp_path: Path) -> None:
    found = json.loads(auditor("facts", "--plan", EXAMPLE / "plan.yaml", "--format", "json", cwd=tmp_path).stdout)["programs"]
    rows = {row["table"]: row["rows"] for row in found if row["covered"]}
    for table in ("windows_builds", "cluster_certificates", "distribution_registries", "sparse_indexes"):
        assert rows[table] > 0, table


def test_windows_build_between_two_releases_is_not_covered(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text('version: 1\npools: {win: {platform: "windows/amd64:10.0.20349"}}\n')
    done = auditor("facts", "--plan", "plan.yaml", cwd=tmp_path)
    assert done.returncode == 3
    assert "- the facts do not list Windows build 20349" in done.stdout


def test_unknown_table_has_a_hint(tmp_path: Path) -> None:
    done = auditor("facts", "copy_layer", cwd=tmp_path)
    assert done.returncode == 2
    assert "did you mean copy_layers?" in done.stderr


def test_example_is_covered(tmp_path: Path) -> None:
    done = auditor("facts", "--plan", EXAMPLE / "plan.yaml", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "not covered" not in done.stdout


def test_plan_with_newer_versions_lists_the_tables_that_an_update_must_extend(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(FUTURE)
    done = auditor("facts", "--plan", "plan.yaml", cwd=tmp_path)
    assert done.returncode == 3
    for program in ("crane", "containerd", "rke2", "Windows build"):
        assert f"- the facts cover {program} up to " in done.stdout
    assert "- the facts do not list warehouse as a registry" in done.stdout
    assert "An update of the facts must extend: archive_formats, " in done.stdout


def test_plan_as_json_says_for_each_table_whether_it_covers_the_version(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(FUTURE)
    found = json.loads(auditor("facts", "--plan", "plan.yaml", "--format", "json", cwd=tmp_path).stdout)["programs"]
    covered = {(row["version"], row["table"]): row["covered"] for row in found if row["program"] == "containerd"}
    assert covered["2.3.4", "layer_urls"]
    assert not covered["9.9", "layer_urls"]
    assert all(row["gap"] for row in found if not row["covered"])
