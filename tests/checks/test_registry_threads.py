"""Failures that users reported, as sites in registry_threads.yaml: each is predicted, with the words that the user saw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.engine import CheckResult
from auditor.testing import reported, run_check, site_of
from checks import CATALOGUE

ROWS = yaml.safe_load(Path(__file__).with_name("registry_threads.yaml").read_text(encoding="utf-8"))
THREADS: dict[str, dict[str, Any]] = {row["thread"]: row for row in ROWS}
CHECKS = {check.id: check for check in CATALOGUE}


def result(thread: str, **changed: Any) -> CheckResult:
    row = {**THREADS[thread], **changed}
    site = {key: row[key] for key in ("plan", "files") if key in row}
    return run_check(CHECKS[row["check"]], site_of(site))


@pytest.mark.parametrize("thread", THREADS)
def test_thread_is_predicted_in_its_words(thread: str) -> None:
    found = result(thread)
    told = reported(found)
    assert found.findings
    assert not [text for text in THREADS[thread]["expect"] if text not in told], told


@pytest.mark.parametrize("version", ["v1.33.5+k3s1", "v1.33.7+k3s1", "v1.34.1+k3s1", "v1.34.3+k3s1", "v1.36.2+k3s1"])
def test_mirror_of_other_releases_serves_imported_images(version: str) -> None:
    plan = THREADS["k3s-io/k3s#13222"]["plan"].replace("v1.33.6+k3s1", version)
    assert not result("k3s-io/k3s#13222", plan=plan).findings


def test_hundred_images_of_docker_hub_are_within_the_limit() -> None:
    lines = THREADS["zarf-dev/zarf#2081"]["files"]["images.txt"].splitlines()[:100]
    found = result("zarf-dev/zarf#2081", files={"images.txt": "\n".join(lines)})
    assert found.findings == ()
