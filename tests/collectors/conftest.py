"""Real registries for the collector's tests, started once per test process."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from auditor.evidence.store import Store
from tests.collectors.asking import ARM, LINUX, WIN, WIN_2019
from tests.collectors.sized_layers import BASE, TOP, Sizes
from tests.peers.authority import make_authority
from tests.peers.gateway import Gateway, serve_gateway
from tests.peers.images import BuiltImage, BuiltIndex, attestation, build_image, build_index, entry
from tests.peers.registry import RunningRegistry, allow_urls, serve


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    """A plain registry that accepts `urls`."""
    with serve(tmp_path_factory.mktemp("registry"), more=allow_urls()) as running:
        yield running


@pytest.fixture
def gateway(registry: RunningRegistry) -> Iterator[Gateway]:
    """A gateway in front of the plain registry."""
    with serve_gateway(registry.host) as running:
        yield running


@pytest.fixture
def hostile() -> Iterator[Gateway]:
    """A server with nothing behind it."""
    with serve_gateway() as running:
        yield running


@pytest.fixture(scope="session")
def shop(registry: RunningRegistry) -> BuiltIndex:
    """`shop/web:1`: two Linux and two Windows images and an attestation, in that order."""
    images = [build_image(platform, label="shop") for platform in (LINUX, ARM, WIN_2019, WIN)]
    attests, told = attestation(images[0])
    index = build_index(*images, attests, entries=(*(entry(image) for image in images), told))
    with registry.uploader() as uploader:
        uploader.index("shop/web", index, "1")
    return index


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    """A registry behind TLS of a private CA and a password, with `locked/web:1` for Linux."""
    folder = tmp_path_factory.mktemp("locked")
    authority = make_authority(folder)
    with serve(folder / "registry", authority=authority, login=("robot", "pass-w0rd")) as running:
        with running.uploader() as uploader:
            uploader.index("locked/web", build_index(build_image(LINUX, label="locked")), "1")
        yield running


@pytest.fixture
def sizes(gateway: Gateway) -> Iterator[Sizes]:
    with Store.memory() as store:
        yield Sizes(gateway, store)


@pytest.fixture(scope="session")
def pushed(registry: RunningRegistry) -> Callable[[str, BuiltImage], None]:
    """Push an image under `sizes/NAME`."""

    def push(name: str, image: BuiltImage) -> None:
        repository, _, tag = name.partition(":")
        with registry.uploader() as uploader:
            uploader.image(f"sizes/{repository}", image)
            uploader.index(f"sizes/{repository}", build_index(image), tag)

    push("web:1", build_image(LINUX, BASE, TOP, label="sizes"))
    return push
