"""Hostile charts and the network: nothing connects, with every version of helm and without isolation."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.runner import auditor
from tests.peers.attacked_helm import IMAGE, TEMPLATE, Listener, attacked_site, chart, images, only_helm, plan
from tests.peers.programs import cut_off, require

pytestmark = pytest.mark.peer


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return attacked_site(tmp_path)


def _with_schemas(site: Path, url: str) -> None:
    """A `$ref` to a URL in the schema of the chart, of a chart in its folder `charts`, and of a packed one there."""
    schema = json.dumps({"$schema": "http://json-schema.org/draft-07/schema#", "$ref": url})
    (site / "hc" / "values.schema.json").write_text(schema)
    chart(site / "hc" / "charts" / "inner").joinpath("values.schema.json").write_text(schema)
    packed = chart(site / "packed")
    (packed / "values.schema.json").write_text(schema)
    subprocess.run(
        [require("helm"), "package", packed, "-d", site / "hc" / "charts"], check=True, capture_output=True, timeout=60
    )


@pytest.mark.parametrize("command", [["audit", "--offline"], ["images"], ["fix", "--offline", "-o", "out"]])
def test_schema_reference_opens_no_connection(site: Path, listener: Listener, command: list[str]) -> None:
    _with_schemas(site, f"http://{listener.host}/schema.json")
    plan(site, {"chart": "hc"})
    with subprocess.Popen([require("helm"), "template", "x", site / "hc"], stdout=subprocess.DEVNULL) as bare:
        was_reached = listener.was_reached(10)
        bare.kill()
    assert was_reached, "helm by itself no longer connects: this test proves nothing"
    while listener.was_reached():  # helm may have connected again before it was killed
        pass
    done = auditor(command[0], "plan.yaml", *command[1:], cwd=site)
    assert done.returncode in {0, 1, 3}, done.stderr
    assert not listener.was_reached()
    assert images(site, "plan.yaml")[1] == [IMAGE]


def test_templates_and_dependencies_open_no_connection(site: Path, listener: Listener) -> None:
    url = f"http://{listener.host}"
    (site / "hc" / "templates" / "pod.yaml").write_text(
        TEMPLATE
        + '# {{ lookup "v1" "Secret" "default" "s" }} {{ getHostByName "localhost" }}\n'
        + '# {{ tpl "{{ getHostByName \\"a.b\\" }}" . }}\n'
    )
    config = f"apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: '{url}'}}}}]\n"
    config += "contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\nusers: [{name: u}]\n"
    (site / "kubeconfig").write_text(config)
    extra = {"KUBECONFIG": str(site / "kubeconfig"), "HELM_KUBEAPISERVER": url, "HTTP_PROXY": url}
    status, found, said = images(site, plan(site, {"chart": "hc"}), extra=extra)
    assert (status, found) == (0, [IMAGE]), said
    dependency = f"dependencies: [{{name: far, version: 1.0.0, repository: '{url}'}}]\n"
    (site / "hc" / "Chart.yaml").write_text(f"apiVersion: v2\nname: hc\nversion: 1.0.0\n{dependency}")
    status, _, said = images(site, "plan.yaml", extra=extra)
    assert status == 3
    assert "missing in charts/ directory: far" in said
    assert not listener.was_reached()


def test_without_isolation_charts_are_undetermined_offline(site: Path, listener: Listener) -> None:
    """Unless the user allows it; validation is off then as well."""
    _with_schemas(site, f"http://{listener.host}/schema.json")
    extra = only_helm(site.parent)
    plan(site, {"chart": "hc"})
    report = json.loads(auditor("audit", "plan.yaml", "--offline", "--format", "json", cwd=site, extra=extra).stdout)
    assert "Add `--render-charts` to run helm anyway" in json.dumps(report["undetermined"])
    assert images(site, "plan.yaml", extra=extra)[0] == 3
    assert images(site, "plan.yaml", "--render-charts", extra=extra)[:2] == (0, [IMAGE])
    done = auditor("audit", "plan.yaml", "--offline", "--render-charts", "--format", "json", cwd=site, extra=extra)
    assert "--render-charts` to run" not in json.dumps(json.loads(done.stdout)["undetermined"])
    assert not listener.was_reached()


def test_old_helm_runs_only_without_a_network(site: Path) -> None:
    extra = only_helm(site.parent)
    helm = Path(extra["PATH"], "helm")
    helm.unlink()
    helm.write_text("#!/bin/sh\necho 'Usage: no such option'\n")
    helm.chmod(0o755)
    status, _, said = images(site, plan(site, {"chart": "hc"}), "--render-charts", extra=extra)
    assert status == 3
    assert "install Helm 3.16 or later" in said


def test_helm_runs_in_a_network_of_its_own(site: Path, tmp_path: Path) -> None:
    """A stand-in for helm writes which network interfaces it has, and the environment that it got."""
    cut_off()
    folder = tmp_path / "bin"
    folder.mkdir()
    helm = folder / "helm"
    shows = f"{{ /bin/cat /proc/net/dev; /usr/bin/env; }} > {tmp_path}/seen"
    helm.write_text(f'#!/bin/sh\n[ "$2" = --help ] || {shows}\necho --skip-schema-validation\n')
    helm.chmod(0o755)
    extra = {
        "PATH": f"{folder}:/usr/bin:/bin",
        "AWS_SECRET_ACCESS_KEY": "canary-1",
        "HELM_KUBETOKEN": "canary-2",
        "HTTPS_PROXY": "x",
    }
    images(site, plan(site, {"chart": "hc"}), extra=extra)
    seen = (tmp_path / "seen").read_text()
    assert [line.split(":")[0].strip() for line in seen.splitlines() if ":" in line and "|" not in line][:1] == ["lo"]
    assert "eth" not in seen
    assert "canary" not in seen
    assert "PROXY" not in seen


@pytest.fixture
def listener() -> Iterator[Listener]:
    one = Listener()
    yield one
    one.close()
