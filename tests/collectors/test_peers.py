"""Images pushed by real programs, a registry that rejects what it should, and interrupted collections."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import tarfile
import textwrap
import time
from pathlib import Path

import httpx
import pytest

from auditor.evidence.model import Seen
from auditor.evidence.store import Store
from auditor.oci.document import Manifest, parse_document
from tests.collectors.asking import LINUX, WIN, body_of, gather, plan_of, tag_digest
from tests.peers.gateway import Gateway, Handler, Sent
from tests.peers.images import build_image, build_index, digest_of, windows_image
from tests.peers.programs import require
from tests.peers.registry import RunningRegistry, serve

pytestmark = pytest.mark.peer
URL = "https://mcr.microsoft.com/v2/windows/blobs/sha256:0"


def run(*command: str) -> str:
    """Run a peer program with limits."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_foreign_layers_are_observed_after_a_crane_copy(registry: RunningRegistry) -> None:
    crane = require("crane")
    index = build_index(build_image(LINUX, label="foreign"), windows_image(WIN, url=URL))
    with registry.uploader() as uploader:
        uploader.index("foreign/source", index, "1")
    source, target = f"{registry.host}/foreign/source:1", f"{registry.host}/foreign/crane:1"
    run(crane, "copy", "--insecure", "--allow-nondistributable-artifacts", source, target)
    with Store.memory() as store:
        assert gather(store, plan_of(WIN), target).failures == 0
        manifest = parse_document(body_of(store, f"{registry.host}/foreign/crane", index.children[1].digest))
        assert isinstance(manifest, Manifest)
        assert manifest.layers[0].urls == (URL,)
        assert manifest.layers[0].is_nondistributable
        assert tag_digest(store, target) == run(crane, "digest", "--insecure", target).strip() == index.digest


def test_crane_pushes_an_archive(registry: RunningRegistry, tmp_path: Path) -> None:
    layer, archive = tmp_path / "layer.tar", tmp_path / "image.tar"
    (tmp_path / "hello").write_text("hello")
    with tarfile.open(layer, "w") as tar:
        tar.add(tmp_path / "hello", "hello")
    crane, target = require("crane"), f"{registry.host}/pushed/crane:1"
    config = json.dumps(
        {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [digest_of(layer.read_bytes())]}}
    )
    (tmp_path / "config.json").write_text(config)
    (tmp_path / "manifest.json").write_text(
        json.dumps([{"Config": "config.json", "RepoTags": [target], "Layers": ["layer.tar"]}])
    )
    with tarfile.open(archive, "w") as tar:
        for name in ("manifest.json", "config.json", "layer.tar"):
            tar.add(tmp_path / name, name)
    run(crane, "push", "--insecure", str(archive), target)
    with Store.memory() as store:
        assert gather(store, plan_of(LINUX), target).failures == 0
        assert tag_digest(store, target) == run(crane, "digest", "--insecure", target).strip()


@pytest.mark.usefixtures("shop")
def test_skopeo_copies_all(registry: RunningRegistry) -> None:
    skopeo = require("skopeo")
    source, target = f"{registry.host}/shop/web:1", f"{registry.host}/copied/skopeo:1"
    run(
        skopeo, "copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", f"docker://{source}", f"docker://{target}"
    )
    with Store.memory() as store:
        assert gather(store, plan_of(LINUX, WIN), target).failures == 0
        raw = run(skopeo, "inspect", "--raw", "--tls-verify=false", f"docker://{target}")
        assert tag_digest(store, target) == digest_of(raw.encode())


def test_distribution_refuses_urls_by_default(registry: RunningRegistry, tmp_path: Path) -> None:
    image = windows_image(WIN, url=URL, label="refused")
    with serve(tmp_path / "default") as default, default.uploader() as uploader:
        with pytest.raises(httpx.HTTPStatusError) as refused:
            uploader.image("refused/web", image, "1")
        assert refused.value.response.status_code == 500
        assert "MANIFEST_BLOB_UNKNOWN" in refused.value.response.text
    with registry.uploader() as uploader:
        uploader.image("refused/web", windows_image(WIN, url=URL, stored=False, label="refused"), "1")


def slow(handler: Handler, sent: Sent) -> None:
    """Delay the answer, so that a collection can be interrupted."""
    time.sleep(0.02)
    handler.send(sent)


COLLECT = """
    import sys
    from pathlib import Path
    from auditor.evidence import database
    from auditor.evidence.store import Store
    from tests.collectors.asking import LINUX, gather, plan_of
    database.BATCH = 5
    with Store.create(Path(sys.argv[1])) as evidence:
        gather(evidence, plan_of(LINUX), *sys.argv[2:], jobs=4)
"""


def _interrupted(gateway: Gateway, path: Path, names: list[str], how: signal.Signals) -> int:
    """Start a collection in another process and interrupt it. Return its exit status."""
    gateway.inject("/manifests/", slow, times=10_000)
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(COLLECT), str(path), *names],
        cwd=Path(__file__).parents[2],
        stderr=subprocess.DEVNULL,
    )
    with contextlib.suppress(subprocess.TimeoutExpired):
        deadline = time.monotonic() + 20
        while len(gateway.log) < 30 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(how)
        process.wait(timeout=20)
    return process.returncode


@pytest.fixture
def many(gateway: Gateway, registry: RunningRegistry) -> list[str]:
    """Forty images."""
    with registry.uploader() as uploader:
        for number in range(40):
            uploader.index("many/web", build_index(build_image(LINUX, label=f"many {number}")), f"v{number}")
    gateway.log.clear()
    return [f"{gateway.host}/many/web:v{number}" for number in range(40)]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_interrupted_collection_is_continued(how: signal.Signals, gateway: Gateway, many: list[str], tmp_path: Path) -> None:
    path = tmp_path / "site.evidence"
    assert _interrupted(gateway, path, many, how) != 0
    before = {one.path for one in gateway.log if one.method == "GET"}
    gateway.log.clear()
    with Store.create(path) as store:
        known = [name for name in many if isinstance(store.tag(name), Seen)]
        assert 0 < len(known) < len(many)
        done = gather(store, plan_of(LINUX), *many)
        assert done.failures == 0
        assert all(isinstance(store.tag(name), Seen) for name in many)
    again = before & {one.path for one in gateway.log}
    heads = [one for one in gateway.log if one.method == "HEAD"]
    assert len(heads) <= 4, "what this run has seen counts, but for what a crash lost beside a document"
    assert len(again) <= (12 if how is signal.SIGKILL else 4), "only what the crash lost is asked again"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["site.evidence"]
