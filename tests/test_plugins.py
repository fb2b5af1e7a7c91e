"""Plug-ins are installed and used as other packages would be; a broken one is reported."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.runner import EXAMPLE, ROOT, environment

NOTES = """# Release notes of the plant

Some prose about busybox:1.
IMAGE: docker.io/library/busybox:1
IMAGE: ghcr.io/plant/line:2
"""
PLAN = "version: 1\npools: {linux: {platform: linux/amd64}}\nimages: [{list: notes.txt, pools: [linux]}]\n"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed wheel of the plug-in and the metadata that names its entry points."""
    folder = tmp_path_factory.mktemp("plugin")
    built = folder / "wheels"
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(built)]
    done = subprocess.run(build, cwd=ROOT / "examples/plugin", capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    site = folder / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(site)]
    done = subprocess.run([*pip, *map(str, built.glob("*.whl"))], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return site


def auditor(folder: Path, cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    known = environment(cwd, {"PYTHONPATH": f"{folder}:{ROOT}"})
    command = [sys.executable, "-m", "auditor", *words]
    return subprocess.run(command, cwd=cwd, env=known, capture_output=True, text=True, timeout=120, check=False)


def test_check_and_importer_of_a_plug_in_are_used(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "notes.txt").write_text(NOTES)
    done = auditor(installed, tmp_path, "audit", "plan.yaml", "--offline", "--only", "image-from-house", "--format", "json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert {row["reference"] for row in report["images"]} == {"docker.io/library/busybox:1", "ghcr.io/plant/line:2"}
    (finding,) = report["findings"]
    assert (finding["subject"]["id"], finding["location"]["line"]) == ("ghcr.io/plant/line:2", 5)
    assert "The plant's rule 17" in auditor(installed, tmp_path, "explain", "image-from-house").stdout


def test_own_tests_of_the_plug_in_pass_where_it_is_installed(installed: Path, tmp_path: Path) -> None:
    """They use `auditor.testing` only, so they run without a checkout of the auditor's tests."""
    shutil.copytree(ROOT / "examples/plugin/tests", tmp_path / "tests")
    known = environment(tmp_path, {"PYTHONPATH": str(installed)})
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=tmp_path, env=known, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


# A line of the Prometheus text format: a HELP or TYPE comment, or a name, quoted labels and a number.
METRIC = re.compile(
    r"# (?:HELP [a-z_]+ [^\n]+|TYPE [a-z_]+ gauge)"
    r'|(?P<name>[a-z_]+)\{(?P<labels>[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\[\\"n])*")*)\} (?P<value>\d+)'
)


def metrics(text: str) -> dict[tuple[str, str], int]:
    """Return every sample by name and labels; fail if the text holds anything else."""
    assert text.endswith("\n")
    lines = [METRIC.fullmatch(line) for line in text.splitlines()]
    assert all(lines), text
    samples = [line for line in lines if line is not None and line["name"]]
    found = {(line["name"], line["labels"]): int(line["value"]) for line in samples}
    assert len(found) == len(samples), "a series stands twice"
    return found


def test_format_of_a_plug_in_renders_the_report(installed: Path, tmp_path: Path) -> None:
    words = ("audit", str(EXAMPLE / "plant-7.evidence"), "--at", "2026-11-23", "--skip", "image-from-house")
    done = auditor(installed, tmp_path, *words, "--format", "prometheus=plant.prom", "--format", "json")
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    found = metrics((tmp_path / "plant.prom").read_text())
    for severity in ("error", "warning", "info"):
        counted = [count for (_, labels), count in found.items() if f'severity="{severity}",state="active"' in labels]
        assert sum(counted) == report["summary"][severity]
    assert sum(count for (name, _), count in found.items() if name == "airgap_undetermined") == len(report["undetermined"])
    assert found["airgap_verdict", 'plan="plant-7",verdict="not-ready"'] == 1
    silent = {row["id"]: row["severity"] for row in report["checks"] if row["status"] == "passed"}
    for check, severity in silent.items():
        assert found["airgap_findings", f'plan="plant-7",check="{check}",severity="{severity}",state="active"'] == 0


def test_plug_in_format_escapes_names_in_labels(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text("name: 'a\"} 1\\\\b'\n" + PLAN)
    (tmp_path / "notes.txt").write_text(NOTES)
    done = auditor(installed, tmp_path, "audit", "plan.yaml", "--offline", "--format", "prometheus")
    assert ("airgap_verdict", r'plan="a\"} 1\\\\b",verdict="undetermined"') in metrics(done.stdout)


def test_format_of_a_plug_in_works_for_fleet_and_api(installed: Path, tmp_path: Path) -> None:
    assert "csv or prometheus" in " ".join(auditor(installed, tmp_path, "audit", "--help").stdout.split())
    assert "csv, prometheus." in auditor(installed, tmp_path, "audit", "plan.yaml", "--format", "pdf").stderr
    for name in ("north", "south"):
        (tmp_path / f"{name}.yaml").write_text(f"name: {name}\n{PLAN}")
    (tmp_path / "notes.txt").write_text(NOTES)
    done = auditor(installed, tmp_path, "audit", "north.yaml", "south.yaml", "--offline", "--format", "prometheus=out")
    assert done.returncode == 3, done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"north.prom", "south.prom", "index.html"}
    script = "from auditor.api import audit, render; print(render(audit('north.yaml'), 'prometheus'), end='')"
    command = [sys.executable, "-c", script]
    known = environment(tmp_path, {"PYTHONPATH": f"{installed}:{ROOT}"})
    asked = subprocess.run(command, cwd=tmp_path, env=known, capture_output=True, text=True, timeout=120, check=False)
    assert metrics(asked.stdout).keys() == metrics((tmp_path / "out/north.prom").read_text()).keys(), asked.stderr


def planted(folder: Path, entries: str, **modules: str) -> Path:
    """Create a package with these entry points and modules in a folder below `folder`, together with a plan."""
    site = folder / "site"
    (site / "x-1.dist-info").mkdir(parents=True)
    (site / "x-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: x\nVersion: 1\n")
    (site / "x-1.dist-info/entry_points.txt").write_text(entries)
    for name, text in modules.items():
        (site / f"{name}.py").write_text(text)
    (folder / "plan.yaml").write_text(PLAN)
    (folder / "notes.txt").write_text("busybox:1\n")
    return site


@pytest.mark.parametrize(
    ("group", "value", "said"),
    [
        ("auditor.checks", "nowhere:CHECK", "failed to load: ModuleNotFoundError"),
        ("auditor.checks", "json:dumps", "is not a check, or its id is taken"),
        ("auditor.importers", "broken", "fails on notes.txt: ZeroDivisionError"),
    ],
)
def test_broken_plug_in_is_an_error(tmp_path: Path, group: str, value: str, said: str) -> None:
    site = planted(tmp_path, f"[{group}]\nx = {value}\n", broken="def recognises(data):\n    return 1 / 0\n")
    done = auditor(site, tmp_path, "audit", "plan.yaml", "--offline")
    assert done.returncode == 4, done.stdout + done.stderr
    assert said in done.stderr


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("import nowhere", "failed to load: ModuleNotFoundError"),
        ("pass", "has no function `render`"),
        ("def render(report): return 1 / 0", "fails: ZeroDivisionError"),
        ("def render(report): raise SystemExit(0)", "fails: SystemExit"),
        ("def render(report): report.exit_code = 0", "fails: FrozenInstanceError"),
        ("def render(report): return b''", "returns bytes instead of text"),
        ("def render(report): return chr(0xD800)", "returns text that cannot be written"),
        ("SUFFIX = '/x'\ndef render(report): return ''", "a SUFFIX that cannot end a file name: '/x'"),
    ],
)
def test_error_names_a_broken_format_and_no_file_is_written(tmp_path: Path, module: str, said: str) -> None:
    site = planted(tmp_path, "[auditor.reports]\nticket = made\n", made=module)
    words = ("audit", "plan.yaml", "--offline", "--format", "json=report.json", "--format", "ticket=ticket.txt")
    done = auditor(site, tmp_path, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "the plug-in" in done.stderr
    assert "ticket" in done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("*report*")) + list(tmp_path.glob("*ticket*"))
    assert auditor(site, tmp_path, "audit", "plan.yaml", "--offline").returncode == 3  # other formats still work


def test_fleet_continues_if_a_format_fails_for_one_site(tmp_path: Path) -> None:
    module = "def render(report):\n    return report.plan_name if report.plan_name == 'north' else None\n"
    site = planted(tmp_path, "[auditor.reports]\nticket = made\n", made=module)
    for name in ("north", "south"):
        (tmp_path / f"{name}.yaml").write_text(f"name: {name}\n{PLAN}")
    words = ("south.yaml", "north.yaml", "--offline", "--format", "json=out", "--format", "ticket=out")
    done = auditor(site, tmp_path, "audit", *words)
    assert done.returncode == 2
    assert "returns NoneType instead of text" in done.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"north.json", "north.ticket", "index.html"}
    assert (tmp_path / "out/north.ticket").read_text() == "north\n"


def test_plug_in_format_needs_a_unique_name(tmp_path: Path) -> None:
    made = "def render(report):\n    return ''\n"
    site = planted(tmp_path / "one", "[auditor.reports]\njson = made\n", made=made)
    done = auditor(site, tmp_path / "one", "audit", "plan.yaml", "--offline", "--format", "text")
    assert (done.returncode, done.stdout) == (2, "")
    assert "the plug-in report json (made) has the name of a built-in format" in done.stderr
    site = planted(tmp_path / "two", "[auditor.reports]\nticket = made\n", made=made)
    shutil.copytree(site / "x-1.dist-info", site / "y-1.dist-info")
    (site / "y-1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: y\nVersion: 1\n")
    (site / "y-1.dist-info/entry_points.txt").write_text("[auditor.reports]\nticket = other\n")
    done = auditor(site, tmp_path / "two", "audit", "plan.yaml", "--offline", "--format", "text")
    assert (done.returncode, done.stdout) == (2, "")
    assert "the plug-in report ticket (other) has the name of another one (made)" in done.stderr
    assert "csv or ticket" in " ".join(auditor(site, tmp_path / "two", "audit", "--help").stdout.split())


def test_formats_with_equal_file_names_need_two_folders(tmp_path: Path) -> None:
    site = planted(tmp_path, "[auditor.reports]\nticket = made\n", made="SUFFIX = '.json'\ndef render(report): return ''\n")
    words = ("plan.yaml", "plan.yaml", "--offline", "--format", "json=out", "--format", "ticket=out/")
    done = auditor(site, tmp_path, "audit", *words)
    assert done.returncode == 2
    assert "its files would be those of json" in done.stderr
    assert not (tmp_path / "out").exists()


def test_package_metadata_is_not_read_without_plug_ins(tmp_path: Path) -> None:
    """importlib.metadata takes longer to import than a short list takes to audit."""
    code = "import sys; from auditor.plugins import CHECKS, points; print(points(CHECKS), 'importlib.metadata' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "() False"


@pytest.mark.parametrize("form", ["dist-info", "egg-info", "egg", "zip", "finder"])
def test_plug_in_is_found_in_every_installation_form(form: str, tmp_path: Path) -> None:
    names = "[auditor.checks]\nsome = nothing:CHECK\n"
    home = tmp_path / "site"
    folder = {"egg": "some-1.0.egg/EGG-INFO", "egg-info": "some-1.0.egg-info"}.get(form, "some-1.0.dist-info")
    (home / folder).mkdir(parents=True)
    (home / folder / "entry_points.txt").write_text(names)
    (home / folder / "METADATA").write_text("Metadata-Version: 2.1\nName: some\nVersion: 1.0\n")
    shutil.copy(home / folder / "METADATA", home / folder / "PKG-INFO")
    before = ""
    if form == "zip":
        home = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", home))
    if form == "egg":
        home = home / "some-1.0.egg"
    if form == "finder":
        before = (
            "from importlib.metadata import DistributionFinder, MetadataPathFinder\n"
            f"here = DistributionFinder.Context(path=[{str(home)!r}])\n"
            "class Finder(DistributionFinder):\n"
            "    def find_spec(self, *_): return None\n"
            "    def find_distributions(self, context): return MetadataPathFinder.find_distributions(here)\n"
            "sys.meta_path.append(Finder())\n"
        )
    path = "" if form == "finder" else f"sys.path.append({str(home)!r})\n"
    code = (
        f"import sys\n{path}{before}from auditor.plugins import CHECKS, points\nprint([point.name for point in points(CHECKS)])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "['some']", done.stderr
