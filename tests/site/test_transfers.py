"""The view of the planned copy: the route of each image, and how tools and registries are recognised."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from auditor.oci.reference import parse_reference
from auditor.site.transfers import Transfer
from auditor.testing import site_from, site_of

WEB = "registry.example.com/shop/web:4.2"
URL = "https://mcr.microsoft.com/v2/windows/nanoserver/blobs/sha256:3ab3"
LAYERS = [{"size": "117MB", "foreign": True, "name": "base", "urls": [URL]}]
IMAGE = {"single": {"platform": "windows/amd64:10.0.20348.524", "layers": LAYERS}}
PLAN = """
version: 1
pools: {{win: {{platform: "windows/amd64:ltsc2022", runtime: containerd 2.1.6}}}}
images: [{{ref: "{image}"}}]
copy: {copy}
registry: {{host: "{host}"}}
"""


def plan(copy: str, host: str = "r.local:5000") -> str:
    return PLAN.format(image=WEB, copy=copy, host=host)


def transfer_of(form: dict[str, Any]) -> Transfer:
    found = site_of(form).transfer
    assert found is not None
    return found


def ways(form: dict[str, Any]) -> list[list[str]]:
    """Each way as the places where it stops."""
    found = transfer_of(form).ways(parse_reference(WEB))
    return [[way[0].origin, *(hop.to for hop in way)] for way in found]


HELD = {"m.tar": {"format": "oci-layout", "images": [{"names": [WEB], **IMAGE}]}}
LACKING = {"m.tar": {"format": "oci-layout", "images": []}}


@pytest.mark.parametrize(
    ("copy", "more", "expected"),
    [
        ("{tool: crane 0.20.6}", {"observed": {WEB: IMAGE}}, [["registry", "registry"]]),
        ("{tool: crane 0.20.6, archives: [m.tar]}", {"observed": {WEB: IMAGE}}, [["registry", "docker-archive", "registry"]]),
        (
            "{tool: crane 0.20.6, archives: [m.tar], options: [--format=oci]}",
            {"observed": {WEB: IMAGE}},
            [["registry", "oci-layout", "registry"]],
        ),
        (
            "{tool: skopeo 1.20.0, archives: [m.tar]}",
            {"observed": {WEB: IMAGE}},
            [["registry", kind, "registry"] for kind in ("docker-archive", "oci-layout", "dir")],
        ),
        # What an archive holds is pushed on; what it lacks must come from its source, or not at all.
        (
            "{tool: crane 0.20.6, archives: [m.tar]}",
            {"observed": {WEB: IMAGE}, "archives": HELD},
            [["oci-layout", "registry"]],
        ),
        ("{tool: crane 0.20.6, archives: [m.tar]}", {"archives": HELD}, [["oci-layout", "registry"]]),
        (
            "{tool: crane 0.20.6, archives: [m.tar]}",
            {"observed": {WEB: IMAGE}, "archives": LACKING},
            [["registry", "registry"]],
        ),
        ("{tool: crane 0.20.6, archives: [m.tar]}", {"archives": LACKING}, []),
    ],
)
def test_routes_of_an_image_follow_the_plan(copy: str, more: dict[str, Any], expected: list[list[str]]) -> None:
    assert ways({"plan": plan(copy), **more}) == expected


def test_without_a_registry_the_route_ends_in_the_archive() -> None:
    text = plan("{tool: crane 0.20.6, archives: [m.tar]}").partition("registry: {host")[0]
    assert ways({"plan": text, "observed": {WEB: IMAGE}}) == [["registry", "docker-archive"]]
    assert ways({"plan": text, "observed": {WEB: IMAGE}, "archives": HELD}) == []
    assert ways({"plan": text, "observed": {WEB: IMAGE}, "archives": LACKING}) == []


def test_without_a_tool_no_transfer_is_planned() -> None:
    site = site_from(yaml.safe_dump({"plan": plan("{archives: [m.tar]}"), "observed": {WEB: IMAGE}}))
    assert site.transfer is None
    assert site.carriages == ()


def test_layer_missing_from_an_archive_is_not_predicted() -> None:
    copy = plan("{tool: crane 0.20.6, archives: [m.tar]}")
    gone = {"single": {"platform": "windows/amd64:10.0.20348.524", "layers": [{**LAYERS[0], "blob": "absent"}]}}
    lost = {"m.tar": {"format": "oci-layout", "images": [{"names": [WEB], **gone}]}}
    assert len(site_of({"plan": copy, "observed": {WEB: IMAGE}, "archives": HELD}).carriages) == 1
    assert site_of({"plan": copy, "observed": {WEB: IMAGE}, "archives": lost}).carriages == ()


@pytest.mark.parametrize(
    ("options", "daemon", "sends"),
    [
        ("[]", "", False),
        ("['--allow-nondistributable-artifacts=r.local:5000']", "", True),
        ("['--allow-nondistributable-artifacts=other:5000']", "", False),
        ("['--allow-nondistributable-artifacts']", "", True),
        ("[]", '{"allow-nondistributable-artifacts": ["r.local:5000"]}', True),
        ("[]", '{"allow-nondistributable-artifacts": ["r.local:5001", "10.0.0.0/8"]}', False),
        ("[]", '{"allow-nondistributable-artifacts": 7}', False),
    ],
)
def test_docker_pushes_foreign_layers_only_to_listed_registries(options: str, daemon: str, sends: bool) -> None:
    copy = f"{{tool: docker 27.5.1, options: {options}, config: [daemon.json]}}"
    form = {"plan": plan(copy), "observed": {WEB: IMAGE}, "files": {"daemon.json": daemon} if daemon else {}}
    assert transfer_of(form).sends_foreign is sends
    (carriage,) = site_of(form).carriages
    assert bool(carriage.left) is not sends


def test_listed_network_covers_its_addresses() -> None:
    copy = "{tool: docker 27.5.1, options: ['--allow-nondistributable-artifacts 10.0.0.0/8']}"
    assert transfer_of({"plan": plan(copy, "10.1.2.3:5000"), "observed": {WEB: IMAGE}}).sends_foreign
    assert not transfer_of({"plan": plan(copy, "192.168.1.1:5000"), "observed": {WEB: IMAGE}}).sends_foreign


def test_image_store_of_docker_is_read_from_its_configuration() -> None:
    copy = "{tool: docker 29.1.0, config: [daemon.json]}"
    for store, urls in (("true", True), ("false", False)):
        files = {"daemon.json": f'{{"features": {{"containerd-snapshotter": {store}}}}}'}
        (carriage,) = site_of({"plan": plan(copy), "observed": {WEB: IMAGE}, "files": files}).carriages
        ((_, fate),) = carriage.fates
        assert carriage.unpredicted is None
        assert fate.said == (True, urls)  # type: ignore[union-attr]
