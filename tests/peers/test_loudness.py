"""The amount of output on stderr, and no secret in it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.cli.runner import auditor
from tests.peers.images import build_index, real_image
from tests.peers.registry import serve

pytestmark = pytest.mark.peer
PASSWORD = "pass-w0rd-of-a-test"


def test_verbose_shows_every_request_and_no_secret(tmp_path: Path) -> None:
    with serve(tmp_path / "registry", login=("robot", PASSWORD)) as registry:
        with registry.uploader() as push:
            push.index("shop/web", build_index(real_image("linux/amd64")), "1")
        image = f"{{ref: '{registry.host}/shop/web:1', pools: [linux]}}"
        plan = f"version: 1\npools: {{linux: {{platform: linux/amd64}}}}\nimages: [{image}]\n"
        (tmp_path / "plan.yaml").write_text(plan)
        secret = base64.b64encode(f"robot:{PASSWORD}".encode()).decode()
        (tmp_path / ".docker").mkdir()
        (tmp_path / ".docker/config.json").write_text(json.dumps({"auths": {registry.host: {"auth": secret}}}))
        told = auditor("--verbose", "collect", "plan.yaml", "-o", "site.evidence", cwd=tmp_path)
        quiet = auditor("--quiet", "collect", "plan.yaml", "-o", "other.evidence", cwd=tmp_path)
    assert (told.returncode, quiet.returncode) == (0, 0), told.stderr + quiet.stderr
    assert "/v2/shop/web/manifests/1: 200" in told.stderr
    assert PASSWORD not in told.stderr
    assert secret not in told.stderr
    assert "documents" in told.stderr
    assert quiet.stderr == ""


def test_error_is_shown_even_if_quiet(tmp_path: Path) -> None:
    done = auditor("--quiet", "audit", "nowhere.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "nowhere.yaml" in done.stderr
    both = auditor("--quiet", "--verbose", "checks", cwd=tmp_path)
    assert (both.returncode, "Leave one of them out" in both.stderr) == (2, True)
