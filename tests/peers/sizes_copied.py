"""Sizes of copies: estimated from the answers of a registry, and measured by `du -b` on copies of real tools."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import zstandard

from auditor.collectors.collect import collect
from auditor.evidence.store import Store
from auditor.needs.resolve import resolve_needs
from auditor.plan.load import load_plan
from auditor.site import Site
from auditor.sizing.ranged import Amount
from tests.collectors.asking import options
from tests.peers.copying import run, version_of
from tests.peers.images import (
    DOCKER_LAYER,
    LAYER,
    Blob,
    BuiltImage,
    BuiltIndex,
    build_image,
    build_index,
    digest_of,
    tar_of,
    to_bytes,
    with_diff_ids,
)
from tests.peers.programs import require
from tests.peers.registry import RunningRegistry

LINUX, ARM, WINDOWS = "linux/amd64", "linux/arm64", "windows/amd64:10.0.20348.2"
ALL = (LINUX, ARM, WINDOWS)
ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
SINGLE = ("shop/web", "shop/api")
INDEXES = ("shop/job", "shop/bus")
EVERY = (*SINGLE, *INDEXES)
LINK = 71  # bytes: a digest, `sha256:` and 64 digits


@cache
def content(name: str) -> bytes:
    """A layer as a tar: half of it noise, half of it words."""
    return tar_of(random.Random(name).randbytes(75_000).hex() + f"the words of {name} " * 7500)


def packed(plain: bytes, how: str, *, docker: bool = False) -> Blob:
    """A layer as registries have it: one gzip file, several in a row, or zstd."""
    if how == "zstd":
        return Blob(zstandard.ZstdCompressor().compress(plain), ZSTD)
    members = [plain[:-50_000], plain[-50_000:]] if how == "members" else [plain]
    return Blob(b"".join(gzip.compress(part, 6, mtime=0) for part in members), DOCKER_LAYER if docker else LAYER)


def image(platform: str, *names: str, how: str = "gzip", docker: bool = False) -> BuiltImage:
    """An image of named layers."""
    plain = [content(name) for name in names]
    layers = (packed(body, how, docker=docker) for body in plain)
    return with_diff_ids(build_image(platform, *layers, label=" ".join(names), docker=docker), plain)


def index(name: str) -> BuiltIndex:
    """The same on three platforms, on top of bases that other images have too."""
    return build_index(image(LINUX, "base", name), image(ARM, "arm", name), image(WINDOWS, "core", "month", name))


@cache
def images() -> Mapping[str, BuiltImage | BuiltIndex]:
    """What is copied, by repository: layers that are shared, several platforms, and layers packed in several ways."""
    return {
        "shop/web": image(LINUX, "base", "runtime", "web"),
        "shop/api": image(LINUX, "base", "runtime", "api", docker=True),
        "shop/job": index("job"),
        "shop/bus": index("bus"),
        "shop/fast": image(LINUX, "base", "fast", how="zstd"),
        "shop/parts": image(LINUX, "base", "parts", how="members"),
    }


@dataclass(frozen=True)
class Weighed:
    """A copy: what it should weigh, and what it does, in bytes."""

    estimate: Amount
    measured: int

    @property
    def off(self) -> int:
        """By how much the copy weighs more than the likely estimate."""
        return self.measured - self.estimate.likely


@dataclass(frozen=True)
class Case:
    """A tool with its options as a plan has them, and what it copies: of each image the platforms, or with `whole` the index.

    The estimate may be `off` by so many bytes, which have a `reason`; where it is `guessed`, the copy lies within its bounds.
    """

    tool: str
    options: str
    images: tuple[str, ...] = EVERY
    platforms: tuple[str, ...] = (LINUX,)
    whole: bool = False
    off: int = 0
    reason: str = ""
    guessed: bool = False

    def is_met(self, found: Weighed) -> bool:
        """Whether a copy weighs what it should."""
        amount = found.estimate
        if self.guessed:
            return amount.estimated > 0 and amount.low <= found.measured <= amount.high
        return amount.estimated == 0 and amount.low == amount.high and abs(found.off) <= self.off

    def __str__(self) -> str:
        which = "whole indexes" if self.whole else ", ".join(platform.partition(":")[0] for platform in self.platforms)
        return f"{self.tool} {self.options or '(as it is)'}: {' '.join(self.images).replace('shop/', '')}; {which}"


_DIGITS = "digits and media types in index.json"
_ALONG = "platforms that no pool needs come along"
_NAMES = "the names in index.json are the user's"
CASES = (
    Case("crane", ""),
    Case("crane", "--platform linux/arm64", INDEXES, (ARM,)),
    Case("crane", "", ("shop/fast", "shop/parts")),
    Case("crane", "--format legacy"),
    Case("crane", "--format oci", SINGLE, off=80, reason=_DIGITS),
    Case("crane", "--format oci", EVERY, ALL, whole=True, off=80, reason=_DIGITS),
    Case("crane", "--format oci", INDEXES, (LINUX, WINDOWS), whole=True, guessed=True, reason=_ALONG),
    Case("skopeo", "docker-archive"),
    Case("skopeo", "docker-archive", INDEXES, ALL),
    Case("skopeo", "docker-archive", ("shop/parts",), guessed=True, reason="the end of several gzip members tells nothing"),
    Case("skopeo", "oci", off=300, reason=f"a manifest of Docker's becomes one of OCI's; {_NAMES}"),
    Case("skopeo", "oci", ("shop/fast", "shop/parts"), off=80, reason=_NAMES),
    Case(
        "skopeo", "oci --all", EVERY, ALL, whole=True, off=300, reason=f"a manifest of Docker's becomes one of OCI's; {_NAMES}"
    ),
    Case("skopeo", "oci-archive"),
    Case("skopeo", "oci-archive --all", EVERY, ALL, whole=True),
    Case("skopeo", "dir"),
    Case("skopeo", "dir --all", EVERY, ALL, whole=True),
    Case("skopeo", "oci-archive --all", INDEXES, (ARM, WINDOWS), whole=True, guessed=True, reason=_ALONG),
    Case("regctl", "", INDEXES, ALL, whole=True),
    Case("regctl", "ocidir", INDEXES, (LINUX,), whole=True, guessed=True, reason=_ALONG),
    Case("regctl", "", SINGLE, off=4096, reason="manifest.json is next to a manifest that is not an index"),
    Case("regctl", "ocidir", EVERY, ALL, whole=True, off=160, reason=_NAMES),
)
PLAN = """version: 1
pools:
{pools}images: [{images}]
copy: {{tool: {tool} {version}, options: [{options}], media: {{size: 64GB, filesystem: fat32}}, staging: {{disk: 64GB}}}}
registry: {{host: '{host}', disk: 64GB}}
"""


def push(registry: RunningRegistry) -> None:
    """Put all images into a registry."""
    with registry.uploader() as uploader:
        for name, made in images().items():
            if isinstance(made, BuiltIndex):
                uploader.index(name, made, "1")
            else:
                uploader.image(name, made, "1")


def site_of(case: Case, registry: RunningRegistry, folder: Path, store: Store) -> Site:
    """What the auditor knows of a case, once it has asked the registry; nothing was downloaded."""
    pools = "".join(f"  p{n}: {{platform: '{platform}', disk: 64GB}}\n" for n, platform in enumerate(case.platforms))
    listed = ", ".join(f"{{ref: '{registry.host}/{name}:1'}}" for name in case.images)
    told = {"pools": pools, "images": listed, "host": registry.host, "version": version_of(case.tool)}
    path = folder / "plan.yaml"
    path.write_text(PLAN.format(tool=case.tool, options=", ".join(f"'{word}'" for word in case.options.split()), **told))
    plan = load_plan(path)
    needs = resolve_needs(plan)
    done = collect(plan, needs, store, options())
    assert done.failures == 0, done
    return Site(plan, needs, store)


def weigh(case: Case, registry: RunningRegistry, folder: Path) -> Weighed:
    """Estimate, copy, measure."""
    target = folder / "media"
    target.mkdir()
    with Store.memory() as store:
        archives = site_of(case, registry, folder, store).storage.archive_set
    assert archives is not None
    for words in calls(case, registry, target):
        done = run(words)
        assert done.returncode == 0, f"{done.args}: {done.stdout}{done.stderr}"
    return Weighed(archives.amount, du(target))


def calls(case: Case, registry: RunningRegistry, target: Path) -> Iterator[list[str]]:
    """The calls of the tool that copy all that the case says."""
    named = {name.rpartition("/")[2]: f"{registry.host}/{name}:1" for name in case.images}
    program, words = require(case.tool), case.options.split()
    if case.tool == "crane":
        yield [program, "--insecure", "pull", *words, *named.values(), f"{target}/all"]
        return
    for name, reference in named.items():
        if case.tool == "regctl":
            plain = [program, "--host", f"reg={registry.host},tls=disabled", "image"]
            kept = ["copy", reference, f"ocidir://{target}/all:{name}"]
            yield [*plain, *(kept if words == ["ocidir"] else ["export", reference, f"{target}/{name}.tar"])]
            continue
        for number, platform in enumerate(case.platforms[:1] if case.whole else case.platforms):
            system, architecture = platform.partition(":")[0].split("/")
            chosen = [] if case.whole else ["--override-os", system, "--override-arch", architecture]
            to = _named(words[0], target, name, number)
            taken = ["copy", "--src-tls-verify=false", *words[1:], f"docker://{reference}", to]
            yield [program, "--insecure-policy", *chosen, *taken]


def _named(form: str, target: Path, name: str, number: int) -> str:
    """Where skopeo puts an image: into the one layout, or beside the others."""
    if form == "oci":
        return f"oci:{target}/all:{name}:1"
    return f"{form}:{target}/{name}-{number}" + ("" if form == "dir" else f":{name}:1")


def du(*places: Path) -> int:
    """The bytes of all files below some folders, by `du -b`; folders themselves take none."""
    files = [str(path) for place in places for path in place.rglob("*") if path.is_file()]
    done = subprocess.run(["du", "-b", "-c", *files], capture_output=True, text=True, timeout=60, check=True)
    return int(done.stdout.splitlines()[-1].split()[0])


def put_sparse(registry: RunningRegistry, storage: Path, name: str, compressed: int, unpacked: int) -> None:
    """An image whose one layer is a gzip file with nothing between its beginning and its end; it takes no room on the disk."""
    layer = {"mediaType": LAYER, "digest": digest_of(name.encode()), "size": compressed}
    algorithm, _, digits = str(layer["digest"]).partition(":")
    blob = storage / "docker/registry/v2/blobs" / algorithm / digits[:2] / digits / "data"
    link = storage / "docker/registry/v2/repositories" / name / "_layers" / algorithm / digits / "link"
    for path in (blob, link):
        path.parent.mkdir(parents=True)
    link.write_text(str(layer["digest"]))
    with blob.open("wb") as file:
        file.write(b"\x1f\x8b\x08")
        file.seek(compressed - 4)
        file.write((unpacked % 2**32).to_bytes(4, "little"))
    small = build_image(LINUX, label=name)
    manifest = json.loads(small.manifest.body) | {"layers": [layer]}
    with registry.uploader() as uploader:
        uploader.blob(name, small.config)
        uploader.manifest(name, "1", replace(small.manifest, body=to_bytes(manifest))).raise_for_status()


def weigh_registry(registry: RunningRegistry, storage: Path, folder: Path) -> tuple[Weighed, int]:
    """The registry's own disk, and how many of its bytes are links from repositories to blobs."""
    with Store.memory() as store:
        stage = site_of(Case("crane", "", tuple(images()), ALL), registry, folder, store).storage.registry
    links = [path for path in storage.rglob("link") if path.is_file()]
    assert {path.stat().st_size for path in links} == {LINK}
    return Weighed(Amount(stage.budget, stage.low, stage.high, stage.estimated), du(storage)), LINK * len(links)
