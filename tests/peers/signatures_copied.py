"""What a copy carries of an image's signatures: predicted by the model, and observed in real copies between real registries."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx

from auditor.transfer.copy_options import read_options
from auditor.transfer.hops import Hop
from tests.peers.copying import version_of
from tests.peers.images import BuiltIndex, Uploader, build_index, real_image
from tests.peers.programs import require
from tests.peers.referrers_registry import serve_referrers
from tests.peers.registry import serve, serve_v3

NOTATION = "application/vnd.cncf.notary.signature"
KINDS = ("docker-registry", "distribution v3", "referrers API")
# Copies within each kind, and in both directions between a registry with the referrers API and one without.
ROUTES = (*((kind, kind) for kind in KINDS), (KINDS[0], KINDS[2]), (KINDS[2], KINDS[0]))
FORMS = ("sig", "att", "referrer")
ATTACHMENTS = "use-sigstore-attachments"


@dataclass(frozen=True)
class Copying:
    """One tool with its options, and whether it goes through an archive."""

    tool: str
    options: tuple[str, ...] = ()
    through: str = ""  # the format of the archive between the registries

    def __str__(self) -> str:
        return " ".join((self.tool, *self.options, *((f"through {self.through}",) if self.through else ())))

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The way as the model knows it."""
        places = ("registry", *((self.through,) if self.through else ()), "registry")
        given = read_options(self.options)
        return tuple(Hop(self.tool, version_of(self.tool), origin, to, given) for origin, to in itertools.pairwise(places))


CASES = (
    Copying("cosign"),
    Copying("cosign", through="oci-layout"),
    Copying("oras"),
    Copying("oras", ("--recursive",)),
    Copying("oras", ("--recursive",), "oci-layout"),
    Copying("regctl"),
    Copying("regctl", ("--referrers",)),
    Copying("regctl", ("--digest-tags",)),
    Copying("regctl", ("--referrers", "--digest-tags")),
    Copying("regctl", ("--referrers", "--digest-tags"), "oci-layout"),
    Copying("crane"),
    Copying("crane", ("--all-tags",)),
    Copying("crane", (), "oci-layout"),
    Copying("skopeo"),
    Copying("skopeo", ("--all",)),
    Copying("skopeo", ("--all", ATTACHMENTS)),
    Copying("skopeo", ("--all",), "oci-layout"),
)


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a tool without any configuration of the machine's user."""
    return {**os.environ, "HOME": str(folder), "COSIGN_PASSWORD": ""}


def ran(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a tool that must succeed."""
    done = subprocess.run(words, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, f"{words}: {done.stdout[-300:]}{done.stderr[-1000:]}"
    return done


@contextlib.contextmanager
def registry_of(kind: str, folder: Path) -> Iterator[str]:
    """Run an empty registry of that kind. Yield its `host:port`."""
    if kind == "docker-registry":
        with serve(folder) as running:
            yield running.host
    elif kind == "distribution v3":
        with serve_v3(folder) as running:
            yield running.host
    else:
        with serve_referrers() as shelf:
            yield shelf.host


@cache
def signed_image() -> BuiltIndex:
    """Return the image that is signed."""
    return build_index(real_image("linux/amd64", label="signed"), real_image("linux/arm64", label="signed"))


def sign(host: str, name: str, folder: Path, *, key: Path | None = None) -> str:
    """Push an image, a cosign signature, a cosign attestation and a Notation-like referrer. Return the image's digest."""

    image = signed_image()
    with httpx.Client(base_url=f"http://{host}", trust_env=False) as client:
        Uploader(client).index(name, image, "1")
    cosign = require("cosign")
    if key is None:
        key = folder / "cosign.key"
        if not key.exists():
            ran([cosign, "generate-key-pair"], folder)
    at, quiet = f"{host}/{name}@{image.digest}", ["--tlog-upload=false", "--allow-http-registry", "-y"]
    ran([cosign, "sign", "--key", str(key), *quiet, at], folder)
    (folder / "predicate.json").write_text("{}")
    ran([cosign, "attest", "--key", str(key), *quiet, "--predicate", "predicate.json", "--type", "custom", at], folder)
    (folder / "envelope.json").write_text("{}")
    ran(
        [require("oras"), "attach", "--plain-http", "--artifact-type", NOTATION, at, "envelope.json:application/jose+json"],
        folder,
    )
    return image.digest


def copy(case: Copying, source: str, target: str, folder: Path) -> None:
    """Copy an image with its tag, as a user would."""
    layout, program = folder / "layout", require(case.tool)
    options = [word for word in case.options if word != ATTACHMENTS]
    match case.tool:
        case "cosign" if case.through:
            ran([program, "save", "--allow-http-registry", "--dir", str(layout), source], folder)
            ran([program, "load", "--allow-http-registry", "--dir", str(layout), target], folder)
        case "cosign":
            _again([program, "copy", "--allow-http-registry", "--force", source, target], folder)
        case "oras" if case.through:
            ran([program, "cp", "--no-tty", "--from-plain-http", "--to-oci-layout", *options, source, f"{layout}:1"], folder)
            ran([program, "cp", "--no-tty", "--from-oci-layout", "--to-plain-http", *options, f"{layout}:1", target], folder)
        case "oras":
            ran([program, "cp", "--no-tty", "--from-plain-http", "--to-plain-http", *options, source, target], folder)
        case "regctl":
            hosts = {place.partition("/")[0] for place in (source, target)}
            plain = [program, *(word for host in hosts for word in ("--host", f"reg={host},tls=disabled")), "image", "copy"]
            stops = [source, f"ocidir://{layout}:1", target] if case.through else [source, target]
            for origin, to in itertools.pairwise(stops):
                ran([*plain, *options, origin, to], folder)
        case "crane" if case.through:
            ran([program, "--insecure", "pull", "--format", "oci", *options, source, str(layout)], folder)
            ran([program, "--insecure", "push", "--index", str(layout), target], folder)
        case "crane" if "--all-tags" in options:
            ran([program, "--insecure", "copy", *options, source.rpartition(":")[0], target.rpartition(":")[0]], folder)
        case "crane":
            ran([program, "--insecure", "copy", *options, source, target], folder)
        case _:
            _skopeo(case, [program, "--insecure-policy"], options, source, target, layout, folder)


def _again(words: list[str], folder: Path) -> None:
    """Run a tool, up to three times. `cosign copy` pushes an index and its manifests at once, which registries may refuse."""
    for number in range(3):
        try:
            ran(words, folder)
        except AssertionError as error:
            if number == 2 or "MANIFEST_BLOB_UNKNOWN" not in str(error):
                raise
        else:
            return


def _skopeo(
    case: Copying, program: list[str], options: list[str], source: str, target: str, layout: Path, folder: Path
) -> None:
    configured = folder / "registries.d"
    configured.mkdir(exist_ok=True)
    wanted = str(ATTACHMENTS in case.options).lower()
    (configured / "default.yaml").write_text(f"default-docker:\n  use-sigstore-attachments: {wanted}\n")
    base = [*program, "--registries.d", str(configured), "copy", "--src-tls-verify=false", "--dest-tls-verify=false", *options]
    stops = [f"docker://{source}", f"oci:{layout}:1", f"docker://{target}"]
    for origin, to in zip(*((stops, stops[1:]) if case.through else (stops[:1], stops[2:])), strict=False):
        ran([*base, origin, to], folder)


def forms_at(host: str, name: str, digest: str) -> frozenset[str]:
    """Return the forms of signatures that a client of the registry finds for a digest."""
    with httpx.Client(base_url=f"http://{host}", trust_env=False, timeout=20) as client:
        tag = digest.replace(":", "-")
        accept = {"Accept": "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json"}
        found = {
            form
            for form in ("sig", "att")
            if client.get(f"/v2/{name}/manifests/{tag}.{form}", headers=accept).status_code == 200
        }
        answer = client.get(f"/v2/{name}/referrers/{digest}")
        if answer.status_code == 404:
            answer = client.get(f"/v2/{name}/manifests/{tag}", headers=accept)
        listed = answer.json().get("manifests", []) if answer.status_code == 200 else []
        if any(one.get("artifactType") == NOTATION for one in listed):
            found.add("referrer")
        return frozenset(found)
