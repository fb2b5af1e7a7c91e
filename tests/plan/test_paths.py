"""The spelling of a plan's path and of its files does not change the result: absolute, relative, `./`,
`../`, through a link."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.api import audit, collect
from auditor.plan.plan_paths import below, is_inside, normal
from auditor.report import Report
from tests.cli.runner import EXAMPLE
from tests.collectors.archives.made import docker, tar, written

_PLAN = """\
version: 1
pools: {{linux: {{platform: linux/amd64, runtime: containerd 2.1.4, config: ["{0}/nodes"], trust: ["{0}/ca.pem"]}}}}
images: [{{list: "{0}/images.txt"}}]
workloads: [{{manifests: "{0}/deploy"}}]
copy: {{tool: crane 0.20.6, archives: ["{0}/media", "{0}/one.tar"], scripts: ["{0}/mirror.sh"]}}
registry: {{host: "registry.site.local:5000", kind: distribution 3.0.0, config: "{0}/registry.yml"}}
endpoints: [{{host: "registry.site.local:5000", chain: "{0}/chain.pem"}}]
"""

SPELLED: dict[str, Callable[[Path], str]] = {
    "relative": lambda _site: ".",
    "dotted": lambda _site: "./.",
    "through the parent": lambda site: f"../{site.name}",
    "absolute": str,
    "absolute through the parent": lambda site: f"{site}/nodes/..",
    "absolute with two slashes": lambda site: f"/{site}",
    "absolute through a link": lambda site: str(site.parent / "link"),
}
CALLED: dict[str, Callable[[Path], tuple[Path, str]]] = {
    "relative": lambda site: (site, "plan.yaml"),
    "dotted": lambda site: (site, "./plan.yaml"),
    "from the parent": lambda site: (site.parent, f"{site.name}/plan.yaml"),
    "from a folder inside": lambda site: (site / "nodes", "../plan.yaml"),
    "absolute": lambda site: (site.parent, str(site / "plan.yaml")),
    "absolute, in the folder": lambda site: (site, str(site / "plan.yaml")),
    "through a link": lambda site: (site.parent, "link/plan.yaml"),
    "absolute through a link": lambda site: (site, str(site.parent / "link" / "plan.yaml")),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every kind of file that a plan may name."""
    folder = tmp_path_factory.mktemp("paths") / "site"
    pem = (EXAMPLE / "certs" / "corp-root.pem").read_bytes()
    texts = {
        "images.txt": "docker.io/library/a:1\ndocker.io/library/b:1\n",
        "deploy/pod.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: a:1}]}\n",
        "nodes/config.toml": 'version = 3\n[plugins."io.containerd.cri.v1.images".registry]\nconfig_path = "/etc/certs.d"\n',
        "nodes/certs.d/docker.io/hosts.toml": 'server = "https://registry.site.local:5000"\n',
        "mirror.sh": "set -e\ncrane push media/a.tar registry.site.local:5000/library/a:1\n",
        "registry.yml": "version: 0.1\nvalidation: {disabled: true}\n",
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for name in ("ca.pem", "chain.pem"):
        (folder / name).write_bytes(pem)
    (folder / "media").mkdir()
    written(folder / "media", tar(docker("docker.io/library/a:1")), "a.tar")
    written(folder, tar(docker("docker.io/library/b:1")), "one.tar")
    (folder.parent / "link").symlink_to(folder, target_is_directory=True)
    return folder


def outcomes(report: Report) -> list[tuple[str, ...]]:
    """Return the outcomes of a report, without the spelling of paths."""
    findings = [judged.finding for judged in report.findings]
    found = [(one.check, one.severity.value, one.subject.kind) for one in findings]
    return sorted([*found, *((one.check, one.kind.value, one.subject.kind) for one in report.undetermined)])


def audited(site: Path, plan: str, folder: Path, cwd: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    (site / "plan.yaml").write_text(_PLAN.format(folder))
    monkeypatch.chdir(cwd)
    evidence = site.parent / "site.evidence"
    evidence.unlink(missing_ok=True)
    collect(plan, evidence, via=["archives"])
    return audit(plan, evidence=evidence, via=["archives"], at="2027-01-01")


@pytest.mark.parametrize("called", CALLED)
@pytest.mark.parametrize("spelled", SPELLED)
def test_path_spelling_does_not_change_the_outcomes(
    site: Path, spelled: str, called: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = outcomes(audited(site, "plan.yaml", Path(), site, monkeypatch))
    assert not [one for one in expected if "archive" in one[0]], "the archives of the site are read and are whole"
    cwd, plan = CALLED[called](site)
    (site / "plan.yaml").unlink()
    report = audited(site, plan, Path(SPELLED[spelled](site)), cwd, monkeypatch)
    assert outcomes(report) == expected


def test_folder_contains_exactly_the_paths_below_it() -> None:
    assert [is_inside(path, ".") for path in ("a", "a/b", "..", "../a", "/a", "C:/a")] == [True, True, *[False] * 4]
    assert [is_inside(path, "..") for path in ("../a", "../../a", "..")] == [True, False, True]
    assert [is_inside(path, "/a") for path in ("/a/b", "/ab", "a/b", "/a")] == [True, False, False, True]
    assert is_inside("/a", "/")


def test_names_are_normalised_to_one_spelling() -> None:
    assert [normal(path) for path in ("//a//b/", "./a/./b", "a\\b", "a/../b")] == ["/a/b", "a/b", "a/b", "b"]
    assert [below(*pair) for pair in ((".", "a"), ("x", "a"), ("/x", "a"), ("..", "a"), ("x", "."))] == [
        "a", "x/a", "/x/a", "../a", "x"
    ]  # fmt: skip


def test_evidence_names_archives_as_the_plan_spells_them(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = audited(site, str(site / "plan.yaml"), Path(), site.parent, monkeypatch)
    assert str(site) not in "".join(one.finding.message for one in report.findings)
    assert os.fsencode(str(site)) not in (site.parent / "site.evidence").read_bytes()
