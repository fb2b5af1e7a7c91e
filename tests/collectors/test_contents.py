"""A hostile registry on loopback: every contradiction is an error, and crane rejects it too."""

from __future__ import annotations

import datetime
import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.check import Severity
from auditor.engine import evaluate
from auditor.evidence.model import BlobSeen, Failed, Kind, Place, Seen, Verify
from auditor.evidence.store import Store
from auditor.needs.model import Needs, Reason
from auditor.oci.media_types import OCI_INDEX, OCI_MANIFEST
from auditor.plan.model import Registry
from auditor.site import Site
from checks import CATALOGUE
from tests.collectors.asking import LINUX, PLACE, gather, needs_of, plan_of
from tests.peers.gateway import Gateway, Handler, Sent
from tests.peers.images import BuiltImage, digest_of, real_image, to_bytes
from tests.peers.programs import require

pytestmark = pytest.mark.peer
TODAY = datetime.date(2026, 11, 23)
NAME = "example.com/app:1"
IDS = frozenset({"content-mismatch", "source-mismatch", "image-missing-in-target", "index-incomplete", "image-absent"})


class Served:
    """An image as a registry serves it; tests change documents and answers before `put`."""

    def __init__(self, image: BuiltImage) -> None:
        self.image = image
        self.manifest: dict[str, Any] = json.loads(image.manifest.body)
        self.index: dict[str, Any] = {"schemaVersion": 2, "mediaType": OCI_INDEX}
        self.types = {"manifest": OCI_MANIFEST, "index": OCI_INDEX}
        self.bodies: dict[str, bytes] = {blob.digest: blob.body for blob in (image.config, *image.layers)}
        self.child: bytes | None = None  # instead of the manifest, under its digest
        self.size = 0  # of the manifest, as the index states it

    def put(self, gateway: Gateway) -> None:
        """Let a gateway serve it."""
        manifest = to_bytes(self.manifest)
        entry = {"mediaType": OCI_MANIFEST, "digest": digest_of(manifest), "size": self.size or len(manifest)}
        platform = {"platform": {"os": "linux", "architecture": "amd64"}}
        index = to_bytes({"manifests": [{**entry, **platform}], **self.index})
        documents = {"1": (index, "index"), digest_of(index): (index, "index")}
        documents[digest_of(manifest)] = (self.child if self.child is not None else manifest, "manifest")
        for target, (body, form) in documents.items():
            digest = digest_of(index) if target == "1" else target
            headers = {"Content-Type": self.types[form], "Docker-Content-Digest": digest}
            gateway.answers[f"/v2/app/manifests/{target}"] = Sent(200, headers, body)
        for digest, body in self.bodies.items():
            gateway.answers[f"/v2/app/blobs/{digest}"] = Sent(200, {"Docker-Content-Digest": digest}, body)
        gateway.answers["/v2/"] = Sent(200, {}, b"{}")


def _layer(served: Served) -> dict[str, Any]:
    layer: dict[str, Any] = served.manifest["layers"][0]
    return layer


def layer_cut(served: Served) -> None:
    served.bodies[served.image.layers[0].digest] = served.image.layers[0].body[:10]


def layer_empty(served: Served) -> None:
    served.bodies[served.image.layers[0].digest] = b""


def layer_size_huge(served: Served) -> None:
    _layer(served)["size"] = 2**70


def layer_size_negative(served: Served) -> None:
    _layer(served)["size"] = -1


def config_missing(served: Served) -> None:
    del served.bodies[served.image.config.digest]


def config_wrong(served: Served) -> None:
    served.bodies[served.image.config.digest] = served.image.config.body.replace(b"linux", b"linuy")


def config_long(served: Served) -> None:
    served.bodies[served.image.config.digest] = served.image.config.body + b" "


def config_size_wrong(served: Served) -> None:
    served.manifest["config"]["size"] += 1


def child_rotted(served: Served) -> None:
    served.child = to_bytes(served.manifest)[:-2]


def child_size_wrong(served: Served) -> None:
    served.size = 416


def child_other_bytes(served: Served) -> None:
    served.child = to_bytes(served.manifest).replace(b"  ", b"\t ", 1)


def child_type_index(served: Served) -> None:
    served.types["manifest"] = OCI_INDEX


def root_type_manifest(served: Served) -> None:
    served.types["index"] = OCI_MANIFEST


def child_states_index(served: Served) -> None:
    served.manifest["mediaType"] = OCI_INDEX


def root_states_manifest(served: Served) -> None:
    served.index["mediaType"] = OCI_MANIFEST


REFUSED_BY_CRANE = (
    layer_cut,
    layer_empty,
    layer_size_huge,
    layer_size_negative,
    config_missing,
    config_wrong,
    config_long,
    config_size_wrong,
    child_rotted,
    child_other_bytes,
    root_type_manifest,
)
# crane reads the descriptor of a child alone. containerd compares it with the document, and the Content-Type by digest.
REFUSED_BY_CONTAINERD = (child_type_index, child_states_index, root_states_manifest, child_size_wrong)
Change = Callable[[Served], None]


def site_of(gateway: Gateway, store: Store, place: Place, verify: Verify = Verify.SIZE) -> Site:
    """Collect at one place, and return the site on that evidence."""
    plan = plan_of(LINUX, registry=Registry(gateway.host, PLACE, rewrites={"example.com": gateway.host}))
    names = [NAME if place is Place.TARGET else f"{gateway.host}/app:1"]
    gather(store, plan, *names, places=frozenset({place}), verify=verify)
    needs = tuple(replace(need, why=(Reason("list", PLACE),)) for need in needs_of(plan, *names).needs)
    return Site(plan, Needs(needs=needs), store, frozenset({place}), verify)


def errors(site: Site) -> set[str]:
    """The checks that report an error."""
    found = evaluate(site, CATALOGUE, TODAY, selected=IDS)
    return {one.check for result in found.results for one in result.findings if one.severity is Severity.ERROR}


def undetermined(site: Site) -> set[str]:
    """The checks that could not decide."""
    return {one.check for result in evaluate(site, CATALOGUE, TODAY, selected=IDS).results for one in result.undetermined}


def crane(*arguments: str) -> int:
    """The exit code of crane."""
    done = subprocess.run([require("crane"), *arguments], capture_output=True, timeout=60, check=False)
    return done.returncode


@pytest.fixture
def served() -> Served:
    """A complete image."""
    return Served(real_image(LINUX))


@pytest.mark.parametrize("place", [Place.TARGET, Place.SOURCE])
def test_a_whole_image_passes(place: Place, served: Served, hostile: Gateway, tmp_path: Path) -> None:
    served.put(hostile)
    with Store.memory() as store:
        site = site_of(hostile, store, place)
        assert (errors(site), undetermined(site)) == (set(), set())
    assert crane("pull", "--platform", LINUX, f"{hostile.host}/app:1", str(tmp_path / "out.tar")) == 0


@pytest.mark.parametrize("change", [*REFUSED_BY_CRANE, *REFUSED_BY_CONTAINERD], ids=lambda change: change.__name__)
def test_a_contradiction_inside_is_an_error(change: Change, served: Served, hostile: Gateway, tmp_path: Path) -> None:
    change(served)
    served.put(hostile)
    with Store.memory() as store:
        assert errors(site_of(hostile, store, Place.TARGET))
    if change in REFUSED_BY_CRANE:
        assert crane("pull", "--platform", LINUX, f"{hostile.host}/app:1", str(tmp_path / "out.tar")) != 0


@pytest.mark.parametrize(
    "change",
    [
        layer_size_huge,
        layer_size_negative,
        child_rotted,
        child_size_wrong,
        child_other_bytes,
        child_type_index,
        root_type_manifest,
        child_states_index,
        root_states_manifest,
    ],
    ids=lambda change: change.__name__,
)
def test_a_contradiction_at_a_source_is_an_error(change: Change, served: Served, hostile: Gateway) -> None:
    change(served)
    served.put(hostile)
    with Store.memory() as store:
        assert "source-mismatch" in errors(site_of(hostile, store, Place.SOURCE))
        assert "source-mismatch" in errors(site_of(hostile, store, Place.SOURCE)), "the second run, by HEAD"


@pytest.mark.parametrize("change", [layer_cut, config_wrong, child_rotted], ids=lambda change: change.__name__)
def test_repaired_image_passes_in_the_next_run(change: Change, served: Served, hostile: Gateway) -> None:
    change(served)
    served.put(hostile)
    with Store.memory() as store:
        assert errors(site_of(hostile, store, Place.TARGET))
        Served(served.image).put(hostile)
        site = site_of(hostile, store, Place.TARGET)
        assert (errors(site), undetermined(site)) == (set(), set())


def without_length(handler: Handler, _: Sent) -> None:
    """An answer to HEAD that does not state a size."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    handler.close_connection = True


def too_long(handler: Handler, _: Sent) -> None:
    """A size that does not fit into 64 bits."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1180591620717411303424\r\n\r\n")
    handler.close_connection = True


@pytest.mark.parametrize("fault", [without_length, too_long])
def test_a_layer_whose_size_is_not_stated_is_undetermined(fault: Any, served: Served, hostile: Gateway) -> None:
    served.put(hostile)
    hostile.inject(f"/blobs/{served.image.layers[0].digest}", fault, times=99)
    with Store.memory() as store:
        site = site_of(hostile, store, Place.TARGET)
        assert "content-mismatch" in errors(site) | undetermined(site)


@pytest.mark.parametrize("stated", ["text/plain", "application/json", ""])
def test_a_root_without_a_manifest_type_is_undetermined(stated: str, served: Served, hostile: Gateway) -> None:
    served.types["index"] = stated
    served.put(hostile)
    with Store.memory() as store:
        assert "content-mismatch" in undetermined(site_of(hostile, store, Place.TARGET))


def test_a_full_read_hashes_layers_and_reports_other_bytes(served: Served, hostile: Gateway) -> None:
    first, second = served.image.layers
    served.bodies[first.digest] = first.body[:-1] + bytes([first.body[-1] ^ 1])
    served.put(hostile)
    with Store.memory() as store:
        assert not errors(site_of(hostile, store, Place.TARGET)), "the sizes agree"
        site = site_of(hostile, store, Place.TARGET, Verify.FULL)
        assert errors(site) == {"content-mismatch"}
        repository = f"{hostile.host}/app"
        bad, good = store.blob(repository, first.digest), store.blob(repository, second.digest)
        assert isinstance(bad, Seen)
        assert bad.value == BlobSeen(len(first.body), "", digest_of(served.bodies[first.digest]))
        assert isinstance(good, Seen)
        assert good.value.hashed == second.digest
        site_of(hostile, store, Place.TARGET)
        again = store.blob(repository, second.digest)
        assert isinstance(again, Seen)
        assert again.value.hashed == "", "a later run by HEAD proves a size alone"


def test_a_full_read_of_a_longer_layer_stops_and_is_an_error(served: Served, hostile: Gateway) -> None:
    layer = served.image.layers[0]
    served.bodies[layer.digest] = layer.body + b"x" * 3_000_000
    served.put(hostile)
    with Store.memory() as store:
        assert errors(site_of(hostile, store, Place.TARGET, Verify.FULL)) == {"content-mismatch"}
        observed = store.blob(f"{hostile.host}/app", layer.digest)
        assert isinstance(observed, Seen)
        assert observed.value == BlobSeen(len(served.bodies[layer.digest]))


def test_a_full_read_that_ends_early_is_undetermined(served: Served, hostile: Gateway) -> None:
    layer = served.image.layers[0]
    served.put(hostile)

    def cut(handler: Handler, sent: Sent) -> None:
        handler.send(Sent(sent.status, sent.headers, sent.body, cut=len(sent.body) // 2))

    hostile.inject(f"/blobs/{layer.digest}", cut, times=99)
    with Store.memory() as store:
        site = site_of(hostile, store, Place.TARGET, Verify.FULL)
        assert "content-mismatch" in undetermined(site)
        observed = store.blob(f"{hostile.host}/app", layer.digest)
        assert isinstance(observed, Failed)
        assert observed.kind is Kind.UNREACHABLE


def test_full_read_restarts_after_a_lost_connection(served: Served, hostile: Gateway) -> None:
    layer = served.image.layers[0]
    served.put(hostile)
    hostile.inject(
        f"/blobs/{layer.digest}",
        lambda handler, sent: handler.send(Sent(sent.status, sent.headers, sent.body, cut=len(sent.body) // 2)),
    )
    with Store.memory() as store:
        site = site_of(hostile, store, Place.TARGET, Verify.FULL)
        assert (errors(site), undetermined(site)) == (set(), set())
