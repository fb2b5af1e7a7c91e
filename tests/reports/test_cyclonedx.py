"""The BOM: each image once, with its digest, and accepted by the strict validator of another project."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from auditor.report import Cell, CellStatus, ImageRow, Report
from reports import render
from tests.conftest import Golden
from tests.peers.validators import cyclonedx_faults
from tests.reports.sample import ready_report, sample_report
from tests.reports.strategies import reports

INDEX, LINUX, WINDOWS = ("sha256:" + digit * 64 for digit in "123")


def bom(report: Report) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(render(report, "cyclonedx"))
    return found


def with_image(reference: str, digest: str, *cells: Cell) -> dict[str, Any]:
    """The only component of a report about one image."""
    (component,) = bom(dataclasses.replace(ready_report(), images=(ImageRow(reference, digest, ("list a:1",), cells),)))[
        "components"
    ]
    return dict(component)


def test_cyclonedx_equals_the_golden_file(golden: Golden) -> None:
    golden("reports/sample.cdx.json", render(sample_report(), "cyclonedx"))


def test_image_has_its_digest_and_package_url() -> None:
    found = with_image("registry.example.com:5000/team/App:1.2", INDEX)
    assert (found["name"], found["version"]) == ("registry.example.com:5000/team/App", "1.2")
    assert found["hashes"] == [{"alg": "SHA-256", "content": "1" * 64}]
    assert found["purl"] == f"pkg:oci/app@{INDEX}?repository_url=registry.example.com:5000/team/App&tag=1.2"


def test_each_platform_is_a_component_of_the_image() -> None:
    cells = (
        Cell("linux/amd64", "a", CellStatus.OK, LINUX, bytes=5),
        Cell("linux/amd64", "b", CellStatus.OK, LINUX),
        Cell("windows/amd64:10.0.20348", "w", CellStatus.BLOCKED, WINDOWS, os_version="10.0.20348.1"),
    )
    found = with_image("docker.io/library/app:1", INDEX, *cells)
    linux, windows = found["components"]
    assert linux["purl"] == f"pkg:oci/app@{LINUX}?arch=amd64&repository_url=docker.io/library/app&tag=1"
    assert windows["purl"].startswith(f"pkg:oci/app@{WINDOWS}?arch=amd64&")
    assert {"name": "airgap-auditor:pool:w", "value": "windows/amd64:10.0.20348: blocked"} in found["properties"]


@pytest.mark.parametrize("digest", ["", "sha256:12", "md5:" + "1" * 32, "sha256:" + "G" * 64, "nonsense"])
def test_image_without_a_usable_digest_has_no_package_url(digest: str) -> None:
    found = with_image("docker.io/library/app:1", digest)
    assert not {"purl", "hashes"} & found.keys()


def test_digest_in_the_reference_is_used() -> None:
    found = with_image(f"docker.io/library/app@{INDEX}", "")
    assert (found["name"], found["version"]) == ("docker.io/library/app", INDEX)
    assert found["purl"] == f"pkg:oci/app@{INDEX}?repository_url=docker.io/library/app"


def test_bom_is_the_same_each_time_and_its_serial_number_follows_the_content() -> None:
    assert render(sample_report(), "cyclonedx") == render(sample_report(), "cyclonedx")
    assert bom(sample_report())["serialNumber"] != bom(ready_report())["serialNumber"]


@settings(max_examples=40, deadline=None)
@given(reports)
def test_any_report_lists_every_image_once(report: Report) -> None:
    assert len(bom(report)["components"]) == len(report.images)


@pytest.mark.peer
def test_another_project_accepts_the_bom(tmp_path: Path) -> None:
    path = tmp_path / "bom.json"
    for report in (sample_report(), ready_report(), dataclasses.replace(ready_report(), images=())):
        path.write_text(render(report, "cyclonedx"))
        assert cyclonedx_faults(path) == ""
    path.write_text(render(sample_report(), "cyclonedx").replace('"container"', '"image"', 1))
    assert "image" in cyclonedx_faults(path)
