"""Every offline command: strace records no connect or sendto to an internet address, also of its children."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.cli.runner import EXAMPLE, auditor, environment
from tests.peers.programs import missing, require

pytestmark = pytest.mark.peer
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: hc\nversion: 1.0.0\n",
    "values.schema.json": '{"$ref": "http://127.0.0.1:9/schema.json"}',
    "templates/pod.yaml": (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: '127.0.0.1:9/web:1'}]}\n"
        '# {{ getHostByName "example.com" }}{{ lookup "v1" "Pod" "" "" }}\n'
    ),
}
COMMANDS: dict[str, tuple[str, ...]] = {
    "plan": ("audit", "plan.yaml", "--offline"),
    "plan with charts": ("audit", "charted.yaml", "--offline", "--verify", "full", "--via", "target"),
    "each": ("audit", "plan.yaml", "charted.yaml", "--offline"),
    "lists": ("audit", "lists/linux.txt=linux/amd64", "lists/windows.txt=windows/amd64:ltsc2022", "--offline"),
    "manifests": ("audit", "deploy", "--platform", "linux/amd64", "--offline"),
    "chart": ("audit", "hc", "--platform", "linux/amd64", "--offline"),
    "evidence": ("audit", "plant-7.evidence"),
    "plan and evidence": ("audit", "plan.yaml", "--evidence", "plant-7.evidence"),
    "charts and evidence": ("audit", "charted.yaml", "--evidence", "plant-7.evidence"),
    "reports": ("audit", "plan.yaml", "--offline", "--format", "html=r.html", "--format", "sarif=r.sarif"),
    "baseline": ("audit", "plan.yaml", "--offline", "--baseline", "report.json", "--require", "site"),
    "images of a plan": ("images", "charted.yaml"),
    "images of inputs": ("images", "lists/linux.txt", "deploy", "hc", "--format", "json"),
    "fix of a plan": ("fix", "plan.yaml", "--offline", "-o", "fixed"),
    "fix of evidence": ("fix", "plant-7.evidence", "-o", "fixed"),
    "fix of a report": ("fix", "report.json", "-o", "fixed"),
    "inspect an archive": ("inspect", "media/rke2-images-windows.tar"),
    "inspect evidence": ("inspect", "registry.k8s.io/pause:3.10", "--evidence", "plant-7.evidence"),
    "chain of a file": ("chain", "certs/registry-chain.pem", "--trust", "certs/corp-root.pem"),
    "chain of evidence": ("chain", "registry.plant7.local:5000", "--evidence", "plant-7.evidence"),
    "diff": ("diff", "report.json", "report.json"),
    "checks": ("checks",),
    "facts": ("facts",),
    "facts of a plan": ("facts", "--plan", "plan.yaml"),
    "explain": ("explain", "image-not-listed"),
    "init": ("init", "new.yaml"),
    "schema": ("schema", "plan"),
    "show": ("show", "steps", "--report", "report.json"),
    "doctor": ("doctor",),
    "sign": ("sign", "report.json", "--key", "key.pem", "-o", "signed.json"),
    "manifest": ("manifest", "media"),
    "verify": ("verify", "listed"),
    "help": ("--help",),
    "version": ("--version",),
}
# Commands that have to find something: a crash would pass as silence.
ENDED_WELL = {0, 1, 3}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, with a plan that has a chart, a report, and proxies and logins at hand."""
    folder = tmp_path_factory.mktemp("offline") / "site"
    shutil.copytree(EXAMPLE, folder)
    for name, text in CHART.items():
        (folder / "hc" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "hc" / name).write_text(text)
    charted = "version: 1\npools: {one: {platform: linux/amd64}}\nworkloads: [{chart: hc}]\n"
    (folder / "charted.yaml").write_text(charted + "images: [{list: lists/linux.txt}]\n")
    key = ec.generate_private_key(ec.SECP256R1())
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(*form))
    shutil.copytree(folder / "lists", folder / "listed")
    assert auditor("manifest", "listed", cwd=folder).returncode == 0
    done = auditor("audit", "plant-7.evidence", "--format", "json=report.json", cwd=folder)
    assert done.returncode in ENDED_WELL, done.stderr
    return folder


def connections(folder: Path, command: tuple[str, ...], extra: Mapping[str, str] | None = None) -> tuple[int, list[str], str]:
    """The exit code of a command, the system calls in which it or a child addresses an internet host, and what it said."""
    trace = folder / "trace"
    traced = [require("strace"), "-f", "-qq", "-o", str(trace), "-e", "trace=connect,sendto,sendmsg,sendmmsg"]
    given = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", **(extra or {})}
    done = subprocess.run(
        [*traced, *command],
        cwd=folder,
        env=environment(folder, given),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if "ptrace" in done.stderr and "Operation not permitted" in done.stderr:
        missing("strace may not trace here")
    lines = trace.read_text(errors="replace").splitlines()
    return done.returncode, [line for line in lines if "AF_INET" in line], done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_command_opens_no_connection(site: Path, name: str) -> None:
    require("helm")
    shutil.rmtree(site / "fixed", ignore_errors=True)
    (site / "signed.json").unlink(missing_ok=True)
    for made in ("SHA256SUMS", "custody.json"):
        (site / "media" / made).unlink(missing_ok=True)
    (site / "new.yaml").unlink(missing_ok=True)
    status, found, said = connections(site, (sys.executable, "-m", "auditor", *COMMANDS[name]))
    if name == "doctor":  # some builds of kubectl ask a server for their version; doctor starts them without a network
        found = [line for line in found if "ENETUNREACH" not in line]
    assert status in ENDED_WELL, said
    assert not found


def test_every_command_is_in_the_table(site: Path) -> None:
    """All but `collect`, which connects by its purpose."""
    listed = auditor("--help", cwd=site).stdout.partition("Commands:")[2]
    names = {line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line[2:3].strip()}
    assert names - {"collect"} == {command[0] for command in COMMANDS.values()} - {"--help", "--version"}


def test_strace_sees_a_connection_where_one_is_opened(site: Path) -> None:
    """The same measurement of an audit that may connect, and of helm by itself."""
    (site / "list.txt").write_text("127.0.0.1:9/web:1\n")
    audit = (sys.executable, "-m", "auditor", "audit", "list.txt", "--platform", "linux/amd64")
    assert connections(site, audit, {"HTTP_PROXY": "", "HTTPS_PROXY": ""})[1]
    assert connections(site, (require("helm"), "template", "x", str(site / "hc")), {"HTTP_PROXY": ""})[1]


def test_rendered_chart_of_the_table_is_found(site: Path) -> None:
    """Otherwise the table would show only that helm did not run."""
    done = auditor("images", "hc", "--format", "json", cwd=site)
    assert [image["reference"] for image in json.loads(done.stdout)["images"]] == ["127.0.0.1:9/web:1"], done.stderr
