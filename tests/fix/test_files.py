"""Lists, configuration and node files: after each is installed, the next audit no longer has its findings."""

from __future__ import annotations

import json

import pytest
import yaml

from auditor.fix.fix_files import Written
from auditor.readers.lists.source import ListSource
from auditor.testing import site_from, site_of
from checks.images import mirror_not_configured
from tests.fix.made import TODAY, checks_of, written

MIRRORED = """
plan: |
  version: 1
  pools:
    linux: {platform: linux/amd64, runtime: containerd 2.1.6, config: [nodes]}
  %s
  images:
    - {ref: "src.example/shop/web:1", pools: [linux]}
    - {ref: "docker.io/library/busybox:1", pools: [linux]}
  registry: {host: "in.example:5000", rewrites: {docker.io: "in.example:5000/hub"}}
files:
  nodes/config.toml: |
    version = 3
    [plugins.'io.containerd.cri.v1.images'.registry]
    config_path = '/etc/containerd/certs.d'
  nodes/certs.d/other.example/hosts.toml: |
    server = "https://in.example:5000"
"""


def found_by(form: dict[str, object]) -> set[str]:
    """What mirror-not-configured finds."""
    outcomes = mirror_not_configured.CHECK.run(site_of(form), TODAY)
    return {type(outcome).__name__ for outcome in outcomes}


@pytest.mark.parametrize("cluster", ["", "cluster: {distribution: rke2, version: v1.33.5+rke2r1}"])
def test_written_node_files_resolve_the_node_findings(cluster: str) -> None:
    text = MIRRORED % cluster
    form = yaml.safe_load(text)
    if cluster:
        form["files"] = {"nodes/registries.yaml": "mirrors: {}\n"}
    assert found_by(form) == {"Finding"}
    site = site_of(form)
    files = written(site)
    ours = {path.removeprefix("nodes/linux/"): file for path, file in files.items() if path.startswith("nodes/linux/")}
    assert all(checks_of(file) == {"mirror-not-configured"} for file in ours.values())
    form["files"] |= {f"nodes/{path}": file.text for path, file in ours.items() if not path.startswith("install")}
    if cluster:
        form["files"]["nodes/config.yaml"] = "disable-default-registry-endpoint: true\n"
    assert found_by(form) == {"Fine"}


LISTED = """
plan: |
  version: 1
  pools: {linux: {platform: linux/amd64}}
  images: [{list: images.txt, pools: [linux]}]
  workloads: [{manifests: pod.yaml}]
files:
  images.txt: |
    busybox
    docker.io/library/busybox:latest
    {{ .Values.image }}
    src.example/gone:1
    src.example/shop/web:1
  pod.yaml: |
    apiVersion: v1
    kind: Pod
    metadata: {name: p}
    spec: {containers: [{name: c, image: "src.example/unlisted:3"}]}
observed:
  docker.io/library/busybox:latest: {platforms: [linux/amd64]}
  src.example/gone:1: {absent: no such image}
  src.example/shop/web:1: {single: linux/amd64}
"""


def lines_of(file: Written) -> list[str]:
    """The references of a plain list, read by our own importer."""
    from auditor.readers.lists import plain

    source = ListSource("images.txt", ("linux",))
    found = list(plain.read(source, file.text.encode()))
    assert not [line for line in found if line.error]
    return [str(line.reference) for line in found]


def test_list_has_every_needed_image_once_and_states_omissions() -> None:
    files = written(LISTED)
    listed = files["lists/images.txt"]
    assert lines_of(listed) == ["docker.io/library/busybox:latest", "src.example/shop/web:1", "src.example/unlisted:3"]
    assert "# left out: {{ .Values.image }} (images.txt:3:1" in listed.text
    assert "# left out: src.example/gone:1 (its source does not have it" in listed.text
    assert checks_of(listed) == {"image-duplicate", "image-not-listed"}


def test_pinned_list_has_the_observed_digests() -> None:
    site = site_from(LISTED)
    assert site.source is not None
    digests = {str(image.reference): image.digest for image in site.source.images.values()}
    pinned = written(site)["lists/images-pinned.txt"]
    busybox, web, unlisted = lines_of(pinned)
    assert busybox == f"docker.io/library/busybox:latest@{digests['docker.io/library/busybox:latest']}"
    assert web == f"src.example/shop/web:1@{digests['src.example/shop/web:1']}"
    assert unlisted == "src.example/unlisted:3"


def test_finding_that_no_file_fixes_is_listed_with_its_remedies() -> None:
    page = written(LISTED)["README.md"].text
    left = page.partition("## To fix by hand")[2]
    assert "image-absent" in left
    assert "image-reference-invalid" in left
    assert "there are no copy scripts" in page


DOCKER = """
plan: |
  version: 1
  pools: {windows: {platform: "windows/amd64:ltsc2022", runtime: containerd 1.7.27}}
  images: [{ref: "src.example/shop/web:1", pools: [windows]}]
  copy: {tool: docker 26.1, config: [daemon.json]}
  registry: {host: "in.example:5000", kind: distribution 2.8.2, config: config.yml}
  network: {reachable: [mcr.example]}
files:
  daemon.json: '{"log-level": "info", "allow-nondistributable-artifacts": ["registry.example.com:5000"]}'
  config.yml: |
    # ours
    version: 0.1
    storage: {filesystem: {rootdirectory: /var/lib/registry}}
observed:
  src.example/shop/web:1:
    single:
      platform: windows/amd64:10.0.20348.1
      layers: [{size: 9MB, urls: ['https://mcr.example/b?x=(1)'], foreign: true}]
"""


def test_configuration_changes_only_in_the_faulty_setting() -> None:
    form = yaml.safe_load(DOCKER)
    files = written(site_of(form))
    daemon = json.loads(files["copy/daemon.json"].text)
    assert daemon == {"log-level": "info", "allow-nondistributable-artifacts": ["in.example:5000"]}
    assert checks_of(files["copy/daemon.json"]) == {"docker-nondistributable"}
    config = files["registry/config.yml"]
    assert "# ours" in config.text
    assert checks_of(config) == {"registry-refuses-urls"}
    form["files"] |= {"daemon.json": files["copy/daemon.json"].text, "config.yml": config.text}
    after = written(site_of(form))
    assert not {"copy/daemon.json", "registry/config.yml"} & after.keys()


@pytest.mark.parametrize(
    "given",
    [
        "validation: {disabled: false}\n",
        "validation:\n  manifests:\n    urls:\n      allow: ['^https://other\\.example/']\n",
        "version: 0.1\n# validation is not written here\n",
    ],
)
def test_configuration_keeps_its_validation(given: str) -> None:
    form = yaml.safe_load(DOCKER)
    before = yaml.safe_load(given)
    form["files"]["config.yml"] = given
    after = yaml.safe_load(written(site_of(form))["registry/config.yml"].text)
    allowed = after["validation"]["manifests"]["urls"]["allow"]
    assert r"^https://mcr\.example/" in allowed
    kept = ((before.get("validation") or {}).get("manifests") or {}).get("urls") or {}
    assert set(kept.get("allow", [])) <= set(allowed)
    assert {key: value for key, value in after.items() if key != "validation"} == {
        key: value for key, value in before.items() if key != "validation"
    }
