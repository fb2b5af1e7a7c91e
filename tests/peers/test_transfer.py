"""The model of a copy matches real copies: tools and a registry run, and no result differs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.facts import table
from auditor.readers.registry_config import read_rules
from auditor.transfer.copy_layers import CopyLayers
from auditor.transfer.copy_platforms import CopyPlatforms
from auditor.transfer.registries import RegistryUrls, registry_row
from tests.cli.runner import auditor
from tests.peers import layers_copied, platforms_copied
from tests.peers.copying import PINNED, Case, Desk, copied, desk, foreign_image, version_of
from tests.peers.layers_copied import KINDS
from tests.peers.platforms_copied import made_index
from tests.peers.programs import require
from tests.peers.registry import serve

pytestmark = pytest.mark.peer


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(tmp_path_factory.mktemp("desk")) as made:
        yield made


def test_tool_versions_are_those_of_the_facts() -> None:
    said = {
        "crane": run("crane", "version"),
        "regctl": run("regctl", "version", "--format", "{{.VCSTag}}"),
        "oras": run("oras", "version").split()[1].partition("+")[0],
    }
    said["cosign"] = run("cosign", "version").partition("GitVersion:")[2].split()[0]
    assert {tool: text.strip().removeprefix("v") for tool, text in said.items()} == PINNED


def run(program: str, *words: str) -> str:
    return subprocess.run([require(program), *words], capture_output=True, text=True, timeout=30, check=True).stdout


@pytest.mark.parametrize(("case", "kind"), layers_copied.CASES, ids=[f"{case}: {kind}" for case, kind in layers_copied.CASES])
def test_layer_arrives_as_predicted(made: Desk, tmp_path: Path, case: Case, kind: str) -> None:
    observed = list(layers_copied.observe(made, case, kind, tmp_path))
    assert len(observed) == len(case.way)
    for way, happened in observed:
        assert happened == layers_copied.predict(way, KINDS[kind]), way


@pytest.mark.parametrize("case", platforms_copied.CASES, ids=str)
def test_platforms_arrive_as_predicted(made: Desk, tmp_path: Path, case: Case) -> None:
    index = made_index()
    ((hop, happened),) = platforms_copied.observe(made, case, index, tmp_path)
    assert happened == platforms_copied.predict(hop, index)


def test_only_rows_with_a_case_are_marked_as_confirmed() -> None:
    hops = {hop for case, _ in layers_copied.CASES for hop in case.hops}
    layers: tuple[CopyLayers, ...] = table("copy_layers", CopyLayers)
    assert {row.name for row in layers if row.confirmed} == {row.name for row in layers_copied.rows_of(tuple(hops))}
    platforms: tuple[CopyPlatforms, ...] = table("copy_platforms", CopyPlatforms)
    looked_at = {platforms_copied.row_of(hop).name for case in platforms_copied.CASES for hop in case.hops}
    assert {row.name for row in platforms if row.confirmed} == looked_at


@pytest.mark.parametrize("tool", ["crane", "regctl"])
def test_layer_available_only_at_its_url_is_requested_from_the_registry_first(made: Desk, tmp_path: Path, tool: str) -> None:
    option = {"crane": "--allow-nondistributable-artifacts", "regctl": "--include-external"}[tool]
    image = foreign_image(KINDS["docker foreign"], made.layers, stored=False, label=tool)
    base = image.layers[0].digest
    made.served[base] = image.layers[0].body
    with made.source.uploader() as push:
        push.image(f"made/only-{tool}", image, "1")
    made.notes.clear()
    (place,) = [where for _, where in copied(made, Case(tool, (option,), ("registry",)), f"made/only-{tool}:1", tmp_path)]
    assert list(dict.fromkeys(who for who, digest in made.notes if digest == base)) == ["registry", "url"]
    repository = place.removeprefix(f"{made.inside.host}/").rpartition(":")[0]
    with made.inside.client() as client:
        assert client.head(f"/v2/{repository}/blobs/{base}").status_code == 200


PLAN = """
version: 1
pools: {{win: {{platform: "windows/amd64:ltsc2022", runtime: containerd 2.1.6}}}}
images: [{{ref: "{image}"}}]
copy: {{tool: crane 0.20.6, options: [{options}]}}
registry: {{host: "{inside}", rewrites: {{"{source}": "{inside}"}}}}
"""
LOOKED_AT = {"copy-drops-foreign-layers", "copy-keeps-urls", "foreign-layer-egress", "foreign-layer-unavailable"}


def audited(folder: Path, *places: str) -> dict[str, dict[str, Any]]:
    """What the checks of foreign layers find, by check; each finds one thing at most, as there is one image."""
    via = [word for place in places for word in ("--via", place)]
    done = auditor("audit", "plan.yaml", "--at", "2026-11-25", "--format", "json", *via, cwd=folder)
    assert done.returncode in {0, 1, 3}, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert not [item for item in report["undetermined"] if item["check"] in LOOKED_AT]
    return {finding["check"]: finding for finding in report["findings"] if finding["check"] in LOOKED_AT}


@pytest.mark.parametrize("options", ["", "--allow-nondistributable-artifacts"])
def test_prediction_before_the_copy_holds_and_its_remedies_fix_it(made: Desk, tmp_path: Path, options: str) -> None:
    name = f"audited/{'carried' if options else 'left'}"
    image = foreign_image(KINDS["docker foreign"], made.layers.replace("127.0.0.1", "localhost"), label=name)
    made.served[image.layers[0].digest] = image.layers[0].body
    with made.source.uploader() as push:
        push.image(name, image, "1")
    source = f"{made.source.host}/{name}:1"
    told = {"image": source, "options": options, "inside": made.inside.host, "source": made.source.host}
    (tmp_path / "plan.yaml").write_text(PLAN.format(**told))
    before = audited(tmp_path, "source")
    assert set(before) == {"foreign-layer-egress", "copy-keeps-urls" if options else "copy-drops-foreign-layers"}
    run("crane", "--insecure", "copy", *options.split(), source, f"{made.inside.host}/{name}:1")
    after = audited(tmp_path, "source", "target")
    assert set(after) == set(before) | (set() if options else {"foreign-layer-unavailable"})
    if not options:
        return
    plain = " ".join(f"--host reg={host},tls=disabled" for host in (made.source.host, made.inside.host))
    for command in after["copy-keeps-urls"]["remedies"][0]["commands"]:
        line = command.replace("regctl ", f"{require('regctl')} {plain} ", 1)
        subprocess.run(["bash", "-eu", "-o", "pipefail", "-c", line], check=True, capture_output=True, timeout=60, cwd=tmp_path)
    assert audited(tmp_path, "source", "target") == {}


def test_layer_converted_by_an_archive_is_never_egress(made: Desk, tmp_path: Path) -> None:
    image = foreign_image(KINDS["docker foreign"], made.layers, label="ordinary")
    made.served[image.layers[0].digest] = image.layers[0].body
    with made.source.uploader() as push:
        push.image("audited/ordinary", image, "1")
    source, inside = (f"{place.host}/audited/ordinary:1" for place in (made.source, made.inside))
    told = {"image": source, "options": "docker-archive", "inside": made.inside.host, "source": made.source.host}
    plan = (
        PLAN.format(**told)
        .replace("crane 0.20.6", f"skopeo {version_of('skopeo')}")
        .replace("]}\nregistry", "], archives: [a.tar]}\nregistry")
    )
    (tmp_path / "plan.yaml").write_text(plan)
    assert audited(tmp_path, "source") == {}
    plain = ["--insecure-policy", "copy", "--src-tls-verify=false", "--dest-tls-verify=false", "--override-os", "windows"]
    archive = f"docker-archive:{tmp_path / 'a.tar'}:{source}"
    run("skopeo", *plain, f"docker://{source}", archive)
    assert audited(tmp_path, "source", "archives") == {}
    run("skopeo", *plain, archive, f"docker://{inside}")
    assert audited(tmp_path, "source", "archives", "target") == {}


CONFIGS = {
    "out of the box": "version: 0.1\n",
    "disabled": "validation: {disabled: true}\n",
    "allowed": "validation: {manifests: {urls: {allow: ['^https?://127\\.0\\.0\\.1', '^https://mcr\\.microsoft\\.com/']}}}\n",
    "another is allowed": "validation: {manifests: {urls: {allow: ['^https://mcr\\.microsoft\\.com/']}}}\n",
    "denied": "validation: {manifests: {urls: {deny: ['^http://127\\.0\\.0\\.1:']}}}\n",
    "another is denied": "validation: {manifests: {urls: {deny: ['^https://go\\.microsoft\\.com/']}}}\n",
    "allowed and denied": "validation: {manifests: {urls: {allow: ['.+'], deny: ['base$', '127']}}}\n",
}


@pytest.mark.parametrize("text", CONFIGS.values(), ids=CONFIGS.keys())
def test_distribution_accepts_urls_as_predicted_from_its_configuration(tmp_path: Path, text: str) -> None:
    more = {key: value for key, value in yaml.safe_load(text).items() if key != "version"}
    row = registry_row("distribution", "2.8.2")
    assert isinstance(row, RegistryUrls)
    rules = read_rules("config.yml", text.encode())
    with serve(tmp_path, more=more) as registry, registry.uploader() as push:
        for kind, media_type in KINDS.items():
            for stored in (True, False):
                image = foreign_image(media_type, "http://127.0.0.1:9", stored=stored, label=kind)
                for blob in (image.config, *image.layers):
                    if blob.stored:
                        push.blob(f"pushed/{stored}".lower(), blob)
                answer = push.manifest(f"pushed/{stored}".lower(), "1", image.manifest)
                refused = row.urls == "configured" and rules.refuses(image.layers[0].urls[0])
                lenient = stored or row.takes_without_blob(media_type) or media_type == KINDS["ordinary, with urls"]
                assert (answer.status_code != 201) is (refused or not lenient), (kind, stored, answer.text)
                if refused:
                    assert "MANIFEST_BLOB_UNKNOWN" in answer.text
                    assert row.symptom.partition(":")[0] == "MANIFEST_BLOB_UNKNOWN"
