"""A real docker-registry whose storage was damaged: crane fails, and the audit reports an error, also on the second run."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.runner import auditor
from tests.peers.images import BuiltImage, BuiltIndex, build_index, real_image
from tests.peers.programs import require
from tests.peers.registry import free_port, serve

pytestmark = pytest.mark.peer
LINUX, ARM = "linux/amd64", "linux/arm64"
TARGET = ("--via", "target")


@dataclass(frozen=True, slots=True)
class Shop:
    """An internal registry with `shop/web:1`. It is stopped and started again around every damage: it caches sizes."""

    folder: Path
    port: int
    image: BuiltImage
    index: BuiltIndex

    @property
    def host(self) -> str:
        """Its address."""
        return f"127.0.0.1:{self.port}"

    def data(self, digest: str) -> Path:
        """Where it keeps the bytes of a digest."""
        named = digest.partition(":")[2]
        return self.folder / "storage/docker/registry/v2/blobs/sha256" / named[:2] / named / "data"

    def serve(self) -> Any:
        """Run it until the block ends."""
        return serve(self.folder, port=self.port)

    def plan(self, folder: Path) -> Path:
        """A plan for two pools whose image lies there."""
        text = (
            "version: 1\nname: shop\npools:\n  amd: {platform: linux/amd64}\n  arm: {platform: linux/arm64}\n"
            f"images: [{{ref: 'example.com/shop/web:1'}}]\nregistry: {{host: '{self.host}'}}\n"
        )
        path = folder / "plan.yaml"
        path.write_text(text)
        return path


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A filled registry, not running."""
    image = real_image(LINUX)
    made = Shop(tmp_path / "registry", free_port(), image, build_index(image, real_image(ARM)))
    with made.serve() as running, running.uploader() as uploader:
        uploader.index("shop/web", made.index, "1")
    return made


def change(path: Path, change_bytes: Callable[[bytes], bytes]) -> None:
    """Change the bytes of a stored blob."""
    path.write_bytes(change_bytes(path.read_bytes()))


def other_space(body: bytes) -> bytes:
    """The same document with another space: as long, and with another digest."""
    return body.replace(b"  ", b"\t ", 1)


DAMAGES: dict[str, Callable[[Shop], None]] = {
    "layer of 10 bytes": lambda shop: change(shop.data(shop.image.layers[0].digest), lambda body: body[:10]),
    "layer of 0 bytes": lambda shop: change(shop.data(shop.image.layers[1].digest), lambda _: b""),
    "layer deleted": lambda shop: shop.data(shop.image.layers[0].digest).unlink(),
    "config deleted": lambda shop: shop.data(shop.image.config.digest).unlink(),
    "config with other bytes": lambda shop: change(shop.data(shop.image.config.digest), other_space),
    "config too long": lambda shop: change(shop.data(shop.image.config.digest), lambda body: body + b" "),
    "config cut off": lambda shop: change(shop.data(shop.image.config.digest), lambda body: body[:-2]),
    "manifest with other bytes": lambda shop: change(shop.data(shop.image.digest), other_space),
    "manifest too long": lambda shop: change(shop.data(shop.image.digest), lambda body: body + b"\n"),
    "manifest deleted": lambda shop: shop.data(shop.image.digest).unlink(),
}
READ_ERRORS = {"manifest cut off": lambda shop: change(shop.data(shop.image.digest), lambda body: body[:-2])}


def audit(*arguments: str, cwd: Path) -> tuple[int, dict[str, Any]]:
    """Exit code and JSON report; only image checks, as a bare site has no endpoints."""
    done = auditor("audit", *arguments, "--format", "json", "--at", "2026-12-01", cwd=cwd)
    assert done.returncode in {0, 1, 3}, done.stderr
    return done.returncode, json.loads(done.stdout)


def errors(report: dict[str, Any]) -> set[str]:
    """The checks that found an error."""
    return {finding["check"] for finding in report["findings"] if finding["severity"] == "error"}


def crane_fails(shop: Shop, folder: Path) -> bool:
    """Whether crane cannot pull the image."""
    command = [require("crane"), "pull", "--insecure", "--platform", LINUX, f"{shop.host}/shop/web:1", str(folder / "out.tar")]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode != 0


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_between_two_runs_is_an_error_in_the_second(damage: Callable[[Shop], None], shop: Shop, tmp_path: Path) -> None:
    plan, evidence = shop.plan(tmp_path), tmp_path / "site.evidence"
    collect = ("collect", str(plan), "-o", str(evidence), *TARGET)
    with shop.serve():
        assert auditor(*collect, cwd=tmp_path).returncode == 0
        assert not errors(audit(str(evidence), cwd=tmp_path)[1]), "whole before"
        assert not errors(audit(str(plan), *TARGET, cwd=tmp_path)[1]), "whole before, through the cache"
    damage(shop)
    with shop.serve():
        assert crane_fails(shop, tmp_path)
        auditor(*collect, cwd=tmp_path)
        code, report = audit(str(evidence), cwd=tmp_path)
        assert (code, bool(errors(report))) == (1, True)
        code, report = audit(str(plan), *TARGET, cwd=tmp_path)
        assert (code, bool(errors(report))) == (1, True), "through the cache"


@pytest.mark.parametrize("damage", READ_ERRORS.values(), ids=READ_ERRORS.keys())
def test_manifest_that_the_registry_cannot_read_is_never_ready(
    damage: Callable[[Shop], None], shop: Shop, tmp_path: Path
) -> None:
    plan, evidence = shop.plan(tmp_path), tmp_path / "site.evidence"
    with shop.serve():
        auditor("collect", str(plan), "-o", str(evidence), *TARGET, cwd=tmp_path)
    damage(shop)
    with shop.serve():
        assert crane_fails(shop, tmp_path)
        auditor("collect", str(plan), "-o", str(evidence), *TARGET, cwd=tmp_path)
        for report in (audit(str(evidence), cwd=tmp_path)[1], audit(str(plan), *TARGET, cwd=tmp_path)[1]):
            undecided = {one["check"] for one in report["undetermined"]}
            assert {"content-mismatch", "index-incomplete"} <= undecided | errors(report), "docker-registry answers 500"


def test_only_a_full_read_detects_changed_bytes_in_a_layer(shop: Shop, tmp_path: Path) -> None:
    plan, layer = shop.plan(tmp_path), shop.image.layers[0]
    with shop.serve():
        _, whole = audit(str(plan), *TARGET, "--verify", "full", cwd=tmp_path)
        assert "content-mismatch" not in errors(whole) | {one["check"] for one in whole["undetermined"]}
    change(shop.data(layer.digest), lambda body: body[:-1] + bytes([body[-1] ^ 1]))
    with shop.serve():
        assert crane_fails(shop, tmp_path)
        assert "content-mismatch" not in errors(audit(str(plan), *TARGET, cwd=tmp_path)[1]), "its size is right"
        _, report = audit(str(plan), *TARGET, "--verify", "full", cwd=tmp_path)
    found = next(finding for finding in report["findings"] if finding["check"] == "content-mismatch")
    assert found["facts"]["digest"] == layer.digest
    assert found["facts"]["expected"] == layer.digest
    assert found["facts"]["actual"].startswith("sha256:")
    assert found["subject"]["id"] == "example.com/shop/web:1"


def test_registry_down_in_the_second_run_is_undetermined_unless_offline(shop: Shop, tmp_path: Path) -> None:
    plan = shop.plan(tmp_path)
    with shop.serve():
        before, _ = audit(str(plan), *TARGET, cwd=tmp_path)
    code, report = audit(str(plan), *TARGET, cwd=tmp_path)
    assert code == 3
    assert {"content-mismatch", "image-missing-in-target"} <= {one["check"] for one in report["undetermined"]}
    after, _ = audit(str(plan), *TARGET, "--offline", cwd=tmp_path)
    assert after == before
