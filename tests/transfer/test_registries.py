"""What registries do with `urls` in manifests."""

from __future__ import annotations

import pytest

from auditor.transfer.hops import Unpredicted
from auditor.transfer.registries import RegistryUrls, registry_row

DOCKER = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
OCI = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
ORDINARY = "application/vnd.oci.image.layer.v1.tar+gzip"


@pytest.mark.parametrize(
    ("kind", "version", "urls", "docker", "oci"),
    [
        ("distribution", "2.8.2", "configured", True, True),
        ("registry", "3.0.0", "configured", True, True),
        ("distribution", "", "configured", True, True),
        ("harbor", "2.12", "accepted", True, True),
        ("zot", "2.1.0", "accepted", False, True),
        ("quay", "3.12", "accepted", True, True),
        ("acr", "", "accepted", None, None),
        ("gitea", "1.20", "accepted", False, False),
        ("docker.io", "", "accepted", False, True),
    ],
)
def test_known_registry_has_its_rule(kind: str, version: str, urls: str, docker: bool | None, oci: bool | None) -> None:
    row = registry_row(kind, version)
    assert isinstance(row, RegistryUrls)
    assert row.urls == urls
    assert (row.takes_without_blob(DOCKER), row.takes_without_blob(OCI)) == (docker, oci)
    assert not row.takes_without_blob(ORDINARY)


@pytest.mark.parametrize(
    ("kind", "version", "why"),
    [
        ("shelf", "1.0", "do not list shelf"),
        ("distribution", "2.3.0", "do not cover distribution 2.3.0 (`urls`"),
        ("nexus", "3.80", "do not state whether nexus"),
        ("artifactory", "7", "do not state whether artifactory"),
        ("ghcr", "", "do not state whether ghcr"),
    ],
)
def test_unknown_registry_is_not_predicted(kind: str, version: str, why: str) -> None:
    row = registry_row(kind, version)
    assert isinstance(row, Unpredicted)
    assert why in row.why
