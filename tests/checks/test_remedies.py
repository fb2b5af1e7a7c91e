"""Remedies name real objects: one path per image, no placeholder, and no source without a request."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from auditor.check import Finding, Remedy
from tests.fix.made import found

URL = "https://mcr.microsoft.com/v2/windows/nanoserver/blobs/sha256:3ab3"
FOREIGN = f"{{platform: 'windows/amd64:10.0.20348.524', layers: [{{size: 117MB, foreign: true, name: base, urls: ['{URL}']}}]}}"
PLAN = """
version: 1
pools: {win2022: {platform: "windows/amd64:ltsc2022", runtime: containerd 2.1.6}}
images: [{ref: "src.example/shop/web:4"}, {ref: "src.example/shop/api:4"}]
copy: {tool: crane 0.20.6}
registry: {host: "in.example:5000", kind: distribution 2.8.2}
"""


def form(**more: Any) -> dict[str, Any]:
    entry = yaml.safe_load(FOREIGN)
    return {"plan": PLAN, "observed": {f"src.example/shop/{name}:4": {"single": entry} for name in ("web", "api")}, **more}


def remedies(findings: dict[str, Finding]) -> list[Remedy]:
    return [remedy for finding in findings.values() for remedy in finding.remedies]


def about_layers(findings: dict[str, Finding]) -> dict[str, tuple[Remedy, ...]]:
    checks = {
        "foreign-layer-egress",
        "copy-drops-foreign-layers",
        "copy-keeps-urls",
        "registry-refuses-urls",
        "foreign-layer-unavailable",
    }
    return {finding.check: finding.remedies for finding in findings.values() if finding.check in checks}


@pytest.mark.parametrize("options", ["", ", options: [--allow-nondistributable-artifacts]"])
def test_every_check_gives_the_same_path_for_an_image(options: str) -> None:
    made = form()
    made["plan"] = PLAN.replace("crane 0.20.6", f"crane 0.20.6{options}")
    given = about_layers(found(made))
    assert {"foreign-layer-egress"} < given.keys()
    assert all(len(one) == 1 and one[0].kind == "rewrite" for one in given.values())


def test_path_is_complete_for_all_images_of_a_layer() -> None:
    (remedy,) = about_layers(found(form()))["foreign-layer-egress"]
    pushed = [command for command in remedy.commands if command.startswith("regctl image copy ocidir:")]
    assert [command.rpartition(" ")[2] for command in pushed] == ["in.example:5000/shop/web:4", "in.example:5000/shop/api:4"]


def test_existing_image_is_rewritten_in_place() -> None:
    entry = yaml.safe_load(FOREIGN)
    inside = {f"in.example:5000/shop/{name}:4": {"single": entry} for name in ("web", "api")}
    (remedy,) = about_layers(found(form(target=inside)))["foreign-layer-egress"]
    assert remedy.commands[0] == "regctl image mod in.example:5000/shop/web:4 --replace --external-urls-rm"


@pytest.mark.parametrize("inside", [None, {}])
@pytest.mark.parametrize("registry", [True, False])
def test_remedy_never_holds_a_placeholder(inside: dict[str, Any] | None, registry: bool) -> None:
    made = form() if inside is None else form(target=inside)
    made["plan"] = PLAN if registry else PLAN.partition("registry:")[0]
    if not registry:
        made.pop("target", None)
    for remedy in remedies(found(made)):
        assert "TARGET" not in " ".join([remedy.text, *remedy.commands])


def test_without_sources_no_command_reads_from_a_source() -> None:
    entry = yaml.safe_load(FOREIGN)
    entry["layers"][0]["blob"] = "absent"
    made = {
        "plan": PLAN,
        "target": {"in.example:5000/shop/web:4": {"single": entry}, "in.example:5000/shop/api:4": {"absent": "no"}},
    }
    given = found(made)
    assert {"image-missing-in-target", "foreign-layer-unavailable"} <= {finding.check for finding in given.values()}
    commands = [command for remedy in remedies(given) for command in remedy.commands]
    assert not [command for command in commands if "src.example" in command or "mcr.microsoft.com" in command]
    assert any("--via source" in remedy.text for remedy in remedies(given))
