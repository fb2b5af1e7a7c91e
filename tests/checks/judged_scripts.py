"""Outcomes of the checks about a copy script, for tests in two shells."""

from __future__ import annotations

import datetime

from auditor.engine import evaluate
from auditor.testing import site_of
from checks.transfer import copy_script_flag

WEB, API = "registry.example.com/shop/web:4.2", "registry.example.com/shop/api:1.0"


URL = "https://mcr.microsoft.com/v2/windows/nanoserver/blobs/sha256:3ab3"


PLAN = """
version: 1
pools:
  control: {{platform: linux/amd64}}
  win2022: {{platform: "windows/amd64:ltsc2022", runtime: containerd 2.1.6}}
images: [{{ref: "{web}"}}, {{ref: "{api}", pools: [control]}}]
copy: {{tool: {tool}, scripts: [{name}]}}
registry: {{host: "registry.plant7.local:5000"}}
"""


BASE = {"size": "117MB", "foreign": True, "name": "base", "urls": [URL]}


WINDOWS = {"platform": "windows/amd64:10.0.20348.524", "layers": [BASE, {"size": "3MB", "name": "app"}]}


OBSERVED = {WEB: {"platforms": ["linux/amd64", WINDOWS]}, API: {"platforms": ["linux/amd64", "linux/arm64"]}}


Said = set[tuple[int, str]]


def judged(text: str, tool: str, name: str) -> tuple[Said, Said]:
    """Findings as line and case, and the lines with something unknown, with the kind."""
    plan = PLAN.format(web=WEB, api=API, tool=tool, name=name)
    site = site_of({"plan": plan, "files": {name: text}, "observed": OBSERVED})
    (result,) = evaluate(site, [copy_script_flag.CHECK], datetime.date(2026, 11, 26)).results
    found = {(one.location.line, one.case.split(" ")[0]) for one in result.findings if one.location is not None}
    unknown = {(int(one.detail.split(":")[1]), one.kind.value) for one in result.undetermined}
    return found, unknown
