"""Signatures lost by `crane copy`: predicted, observed, fixed by the commands of the remedy, and then READY."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.runner import auditor
from tests.peers.programs import cut_off, require
from tests.peers.signatures_copied import KINDS, Copying, copy, environment, ran, registry_of, sign

pytestmark = pytest.mark.peer
AT = ("--at", "2026-11-30")
POLICY = """apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {{name: require-signed}}
spec:
  validationFailureAction: Enforce
  rules:
  - name: check
    match: {{any: [{{resources: {{kinds: [Pod]}}}}]}}
    verifyImages:
    - imageReferences: ["{host}/*"]
      attestors:
      - entries:
        - keys:
            publicKeys: |-
{key}
            rekor: {{ignoreTlog: true}}
            ctlog: {{ignoreSCT: true}}
"""
POD = """apiVersion: v1
kind: Pod
metadata: {{name: web, namespace: shop}}
spec: {{containers: [{{name: web, image: "{image}"}}]}}
"""


@dataclass(frozen=True)
class Yard:
    """A source with a signed image, an empty internal registry, and the plan for both."""

    folder: Path
    source: str
    inside: str

    def audit(self, *more: str) -> dict[str, Any]:
        """Return the JSON report."""
        done = auditor("audit", "plan.yaml", *AT, "--format", "json", *more, cwd=self.folder)
        assert done.returncode in {0, 1, 3}, done.stderr
        report: dict[str, Any] = json.loads(done.stdout)
        return report


@pytest.fixture(params=KINDS)
def yard(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Yard]:
    with registry_of(request.param, tmp_path / "s") as source, registry_of(request.param, tmp_path / "t") as inside:
        sign(source, "shop/web", tmp_path)
        key = "\n".join(f"              {line}" for line in (tmp_path / "cosign.pub").read_text().strip().splitlines())
        folder = tmp_path / "k8s"
        folder.mkdir()
        (folder / "policy.yaml").write_text(POLICY.format(host=inside, key=key))
        (folder / "web.yaml").write_text(POD.format(image=f"{inside}/shop/web:1"))
        (tmp_path / "plan.yaml").write_text(
            "version: 1\nname: signed\npools: {linux: {platform: linux/amd64}}\n"
            f'images: [{{ref: "{source}/shop/web:1"}}, {{ref: "{inside}/shop/web:1"}}]\n'
            "workloads: [{manifests: k8s}]\ncopy: {tool: crane 0.20.6}\n"
            f'registry: {{host: "{inside}", rewrites: {{"{source}": "{inside}"}}}}\nnetwork: {{reachable: ["127.0.0.1"]}}\n'
        )
        yield Yard(tmp_path, source, inside)


def dropped(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the errors about signatures that were not copied."""
    return [one for one in report["findings"] if one["check"] == "signature-dropped" and one["severity"] == "error"]


def test_lost_signature_is_predicted_fixed_and_ready(yard: Yard) -> None:
    (predicted,) = dropped(yard.audit("--via", "source"))
    assert "crane 0.20.6 copies the image and leaves the signature behind" in predicted["message"]
    copy(Copying("crane"), f"{yard.source}/shop/web:1", f"{yard.inside}/shop/web:1", yard.folder)
    (observed,) = dropped(yard.audit("--via", "source", "--via", "target"))
    assert f"but {yard.inside}/shop/web:1 does not" in observed["message"]
    assert "no signatures found" in observed["message"]
    assert "Error: no signatures found" in verified(yard).stderr
    commands = [command for remedy in observed["remedies"] for command in remedy["commands"]]
    for command in commands:
        program, *words = shlex.split(command)
        ran([require(program), *words], yard.folder)
    # The registries of this test have no TLS, which Kyverno itself would refuse.
    report = yard.audit("--via", "target", "--skip", "in-cluster-registry-client")
    assert dropped(report) == []
    assert report["verdict"] == "ready", report["undetermined"]
    assert verified(yard).returncode == 0


ARCHIVES = {
    "cosign save": ("Cosign", "cosign 2.5.3", "", True),
    "regctl": ("Cosign", "regctl 0.11.7", "--referrers, --digest-tags", True),
    "regctl for Notation": ("Notary", "regctl 0.11.7", "--referrers, --digest-tags", True),
    "oras": ("Notary", "oras 1.2.3", "--recursive", True),
    "oras for cosign": ("Cosign", "oras 1.2.3", "--recursive", False),
    "crane": ("Cosign", "crane 0.20.6", "", False),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_signatures_in_archives_of_real_tools_are_found(tmp_path: Path, name: str) -> None:
    kind, tool, options, is_carried = ARCHIVES[name]
    with registry_of(KINDS[2], tmp_path / "s") as source:
        sign(source, "shop/web", tmp_path)
        image, media = f"{source}/shop/web:1", tmp_path / "media"
        regctl = ["regctl", "--host", f"reg={source},tls=disabled"]
        commands = {
            "cosign": ["cosign", "save", "--allow-http-registry", "--dir", str(media), image],
            "regctl": [*regctl, "image", "copy", "--referrers", "--digest-tags", image, f"ocidir://{media}:1"],
            "oras": ["oras", "cp", "--no-tty", "--recursive", "--from-plain-http", "--to-oci-layout", image, f"{media}:1"],
            "crane": ["crane", "--insecure", "pull", "--format", "oci", image, str(media)],
        }
        program, *words = commands[tool.partition(" ")[0]]
        ran([require(program), *words], tmp_path)
        (tmp_path / "k8s").mkdir()
        policy = POLICY.format(host=source, key="              x").replace(
            "- imageReferences", f"- type: {kind}\n      imageReferences"
        )
        (tmp_path / "k8s" / "policy.yaml").write_text(policy)
        (tmp_path / "plan.yaml").write_text(
            "version: 1\npools: {linux: {platform: linux/amd64}}\nworkloads: [{manifests: k8s}]\n"
            f'images: [{{ref: "{image}"}}]\ncopy: {{tool: {tool}, archives: [media], options: [{options}]}}\n'
            'registry: {host: "127.0.0.1:9"}\n'
        )
        places = ("--via", "source", "--via", "archives", "--only", "signature-dropped")
        done = auditor("audit", "plan.yaml", *AT, "--format", "json", *places, cwd=tmp_path)
        report = json.loads(done.stdout)
        assert bool(dropped(report)) is not is_carried, done.stdout
        assert not report["undetermined"]


def verified(yard: Yard) -> subprocess.CompletedProcess[str]:
    """Verify the image on the internal registry with cosign, as an admission controller does."""
    words = [require("cosign"), "verify", "--key", "cosign.pub", "--insecure-ignore-tlog", "--allow-http-registry"]
    words.append(f"{yard.inside}/shop/web:1")
    return subprocess.run(
        words, cwd=yard.folder, env=environment(yard.folder), capture_output=True, text=True, timeout=120, check=False
    )


def test_evidence_alone_decides_the_same(yard: Yard) -> None:
    copy(Copying("crane"), f"{yard.source}/shop/web:1", f"{yard.inside}/shop/web:1", yard.folder)
    places = ("--via", "source", "--via", "target")
    assert auditor("collect", "plan.yaml", "-o", "site.evidence", *places, cwd=yard.folder).returncode == 0
    online = dropped(yard.audit(*places))
    done = auditor("audit", "site.evidence", *AT, "--format", "json", cwd=yard.folder)
    assert [one["fingerprint"] for one in dropped(json.loads(done.stdout))] == [one["fingerprint"] for one in online]


def test_cosign_without_network_says_what_the_facts_say(yard: Yard) -> None:
    """The error of the TUF update, from cosign in a network namespace without any route."""
    cosign, key = require("cosign"), "cosign.pub"
    words = [*cut_off(), cosign, "verify", "--key", key, "--allow-http-registry", f"{yard.inside}/shop/web@sha256:{'0' * 64}"]
    done = subprocess.run(
        words, cwd=yard.folder, env=environment(yard.folder), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode != 0
    expected = "updating local metadata and targets: error updating to TUF remote mirror: tuf: failed to download "
    assert expected in done.stderr
    assert "tuf-repo-cdn.sigstore.dev" in done.stderr
