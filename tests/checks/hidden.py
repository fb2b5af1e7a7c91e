"""Outcomes about the images of a folder of manifests, for tests of hidden images."""

from __future__ import annotations

import datetime

from auditor.check import Finding, Outcome, Undetermined
from auditor.testing import site_of
from checks import CATALOGUE

TODAY = datetime.date(2026, 11, 23)


BY_ID = {check.id: check for check in CATALOGUE}


PLAN = """version: 1
pools: {control: {platform: linux/amd64}}
images: [{list: images.txt}]
workloads: [{manifests: deploy}]
workloads_complete: true
"""


def pod_of(kind: str, image: str, more: str = "") -> str:
    return (
        f"apiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: operator, namespace: system}}\nspec:\n  template:\n    spec:\n"
        f"      containers:\n        - name: operator\n          image: {image}\n{more}"
    )


def said(files: dict[str, str], *listed: str, check: str = "image-not-listed", plan: str = PLAN) -> list[Outcome]:
    lists = {"images.txt": "".join(f"{line}\n" for line in ("example.com/listed:1", *listed))}
    site = site_of(
        {"plan": plan, "files": {**lists, **{f"deploy/{name}": text for name, text in files.items()}}, "observed": {}}
    )
    return list(BY_ID[check].run(site, TODAY))


def unknowns(outcomes: list[Outcome]) -> list[Undetermined]:
    assert not [item for item in outcomes if isinstance(item, Finding)]
    return [item for item in outcomes if isinstance(item, Undetermined)]


OPERATOR = "example.com/listed:1"
