"""Collections of unpacked sizes through a gateway, and layers for them."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from auditor.evidence.model import Seen
from auditor.evidence.store import Store
from auditor.oci.unpacked import UnpackedSeen
from tests.collectors.asking import LINUX, gather, plan_of
from tests.peers.gateway import Fault, Gateway, Sent
from tests.peers.images import LAYER, Blob, BuiltImage, tar_of

ZSTD_LAYER = "application/vnd.oci.image.layer.v1.tar+zstd"


PLAIN = tar_of("content " * 500)


GIB = 2**30


def gzip_layer(text: str, media_type: str = LAYER) -> Blob:
    return Blob(gzip.compress(tar_of(text), mtime=0), media_type)


BASE, TOP = gzip_layer("base " * 900), gzip_layer("top " * 300)


@dataclass(frozen=True)
class Sizes:
    """A collection through a gateway, and its result."""

    gateway: Gateway
    store: Store

    def gather(self, *names: str, platform: str = LINUX, **more: Any) -> int:
        """Collect images with the sizes of their layers. Return the number of failures."""
        plan = more.pop("plan", plan_of(platform))
        names = tuple(f"{self.gateway.host}/sizes/{name}" for name in names)
        return gather(self.store, plan, *names, **{"unpacked": True, **more}).failures

    def seen(self, layer: Blob) -> UnpackedSeen:
        """Return the observed size of a layer."""
        found = self.store.unpacked(layer.digest)
        assert isinstance(found, Seen), found
        return found.value

    @property
    def parts(self) -> list[str]:
        """The requested ranges, in order."""
        return [one.part for one in self.gateway.log if one.part]


Push = Callable[[str, BuiltImage], None]


def instead(status: int, body: bytes = b"", **headers: str) -> Fault:
    """Send another answer."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, _sent: handler.send(Sent(status, named, body))
