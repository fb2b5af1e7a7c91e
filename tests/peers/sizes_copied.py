"""What copies weigh: estimated from what a registry says, and measured by `du -b` on the copies that real tools made of it."""

from __future__ import annotations

import gzip
import random
import re
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
import zstandard

from auditor.evidence.store import Store
from auditor.plan.load import load_plan
from auditor.plan.needs import resolve_needs
from auditor.site import Site
from auditor.site.storage.load import Load
from tests.collectors.asking import options
from auditor.collectors.collect import collect
from tests.peers.copying import run, version_of
from tests.peers.images import DOCKER_LAYER, LAYER, Blob, BuiltImage, BuiltIndex, build_image, build_index, tar_of, with_diff_ids
from tests.peers.programs import require
from tests.peers.registry import RunningRegistry

LINUX, ARM, WINDOWS = "linux/amd64", "linux/arm64", "windows/amd64:10.0.20348.2"
ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"


@cache
def content(name: str, size: int = 300_000) -> bytes:
    """A layer as a tar: half of it noise, half of it words."""
    noise = random.Random(name).randbytes(size // 4).hex()
    return tar_of(noise + f"the words of {name} " * (size // 40))


def packed(plain: bytes, how: str, *, docker: bool = False) -> Blob:
    """A layer as registries have it."""
    if how == "zstd":
        return Blob(zstandard.ZstdCompressor().compress(plain), ZSTD)
    parts = [plain[:-50_000], plain[-50_000:]] if how == "members" else [plain]
    return Blob(b"".join(gzip.compress(part, 6, mtime=0) for part in parts), DOCKER_LAYER if docker else LAYER)


def image(platform: str, *names: str, how: str = "gzip", docker: bool = False) -> BuiltImage:
    """An image of named layers."""
    plain = [content(name) for name in names]
    built = build_image(platform, *(packed(body, how, docker=docker) for body in plain), docker=docker, label=" ".join(names))
    return with_diff_ids(built, plain)


@cache
def images() -> Mapping[str, BuiltImage | BuiltIndex]:
    """What is copied, by repository: layers that are shared, several platforms, and layers packed in several ways."""
    return {
        "shop/web": image(LINUX, "base", "runtime", "web"),
        "shop/api": image(LINUX, "base", "runtime", "api", docker=True),
        "shop/many": build_index(image(LINUX, "base", "job"), image(ARM, "arm", "job"), image(WINDOWS, "core", "month", "job")),
        "shop/other": build_index(image(LINUX, "base", "other"), image(ARM, "arm", "other"), image(WINDOWS, "core", "month", "other")),
        "shop/fast": image(LINUX, "base", "fast", how="zstd"),
        "shop/parts": image(LINUX, "base", "parts", how="members"),
    }


PLAIN = ("shop/web", "shop/api", "shop/many", "shop/other")
SINGLE = ("shop/web", "shop/api")


@dataclass(frozen=True)
class Case:
    """A tool as the plan has it, and what it copies: each image on each platform in turn, or whole indexes."""

    tool: str
    options: tuple[str, ...]
    images: tuple[str, ...] = PLAIN
    platforms: tuple[str, ...] = (LINUX,)
    whole: bool = False

    def __str__(self) -> str:
        return f"{self.tool} {' '.join(self.options)}: {', '.join(self.images)} for {', '.join(self.platforms)}"


ALL = (LINUX, ARM, WINDOWS)
CASES = (
    Case("crane", ()),
    Case("crane", ("--platform linux/arm64",), ("shop/many", "shop/other"), (ARM,)),
    Case("crane", ("--format legacy",)),
    Case("crane", ("--format oci",), SINGLE),
    Case("crane", ("--format oci",), PLAIN, ALL, whole=True),
    Case("skopeo", ("docker-archive",)),
    Case("skopeo", ("docker-archive",), ("shop/many", "shop/other"), ALL),
    Case("skopeo", ("oci",)),
    Case("skopeo", ("oci", "--all"), PLAIN, ALL, whole=True),
    Case("skopeo", ("oci-archive",)),
    Case("skopeo", ("oci-archive", "--all"), PLAIN, ALL, whole=True),
    Case("skopeo", ("dir",)),
    Case("skopeo", ("dir", "--all"), PLAIN, ALL, whole=True),
    Case("skopeo", ("docker-archive",), ("shop/parts",)),
    Case("skopeo", ("oci",), ("shop/fast", "shop/parts")),
    Case("crane", (), ("shop/fast", "shop/parts")),
    Case("regctl", (), SINGLE),
    Case("regctl", (), PLAIN, ALL, whole=True),
    Case("regctl", ("ocidir",), PLAIN, ALL, whole=True),
)

PLAN = """version: 1
pools:
{pools}images: [{images}]
copy: {{tool: {tool} {version}, options: [{options}], media: {{size: 64GB, filesystem: fat32}}, staging: {{disk: 64GB}}}}
registry: {{host: "{host}", disk: 64GB}}
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
    """What the auditor knows once it has asked the registry."""
    pools = "".join(f"  p{n}: {{platform: '{p}', disk: 64GB}}\n" for n, p in enumerate(case.platforms))
    listed = ", ".join(f"{{ref: '{registry.host}/{name}:1'}}" for name in case.images)
    words = ", ".join(f"'{word}'" for word in case.options)
    text = PLAN.format(pools=pools, images=listed, tool=case.tool, version=version_of(case.tool), options=words, host=registry.host)
    path = folder / "plan.yaml"
    path.write_text(text)
    plan = load_plan(path)
    needs = resolve_needs(plan)
    done = collect(plan, needs, store, options())
    assert done.failures == 0, done
    return Site(plan, needs, store)


def copy(case: Case, registry: RunningRegistry, target: Path) -> None:
    target.mkdir()
    named = {name: f"{registry.host}/{name}:1" for name in case.images}
    words = [word for option in case.options for word in option.split()]
    if case.tool == "crane":
        done = run([require("crane"), "--insecure", "pull", *words, *named.values(), str(target / "all")])
        assert done.returncode == 0, done.stderr
        return
    for number, (name, ref) in enumerate(named.items()):
        if case.tool == "regctl":
            plain = ["--host", f"reg={registry.host},tls=disabled"]
            if "ocidir" in words:
                done = run([require("regctl"), *plain, "image", "copy", ref, f"ocidir://{target}/all:{name.rpartition('/')[2]}"])
            else:
                done = run([require("regctl"), *plain, "image", "export", ref, f"{target}/{number}.tar"])
            assert done.returncode == 0, done.stderr
            continue
        for place, platform in enumerate(("",) if case.whole else case.platforms):
            form = words[0]
            given = words[1:]
            if platform:
                system, arch = platform.split(":")[0].split("/")
                given = [*given, "--override-os", system, "--override-arch", arch]
            to = {"docker-archive": f"{target}/{number}-{place}.tar:{name}:1", "oci-archive": f"{target}/{number}-{place}.tar:{name}:1",
                  "oci": f"{target}/all:{name}:1", "dir": f"{target}/{number}-{place}"}[form]
            done = run([require("skopeo"), "--insecure-policy", *given[:0], *[w for w in given if w.startswith("--override") or not w.startswith("--")], "copy", "--src-tls-verify=false", *[w for w in given if w == "--all"], f"docker://{ref}", f"{form}:{to}"])
            assert done.returncode == 0, done.stderr


def du(target: Path) -> int:
    files = [str(p) for p in target.rglob("*") if p.is_file()]
    done = subprocess.run(["du", "-b", "-c", *files], capture_output=True, text=True, check=True)
    return int(done.stdout.splitlines()[-1].split()[0])
