"""Write media/rke2-images-windows.tar: an archive as a technician copies it, with two faults that occur in practice.

The pause image has a name that nodes do not pull, as in a release of RKE2. The last image is incomplete, as if the stick had
been removed too early.
"""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

from standin import Images, digest_of

ARCHIVE = Path(__file__).parent / "media" / "rke2-images-windows.tar"
PAUSE = "docker.io/rancher/mirrored-pause:3.6"
RUNTIME = "docker.io/rancher/rke2-runtime:v1.33.5-rke2r1-windows-amd64"
NAMES = {PAUSE: "rancher/mirrored-pause:i-was-a-digest", RUNTIME: RUNTIME.removeprefix("docker.io/")}
BUILD = "windows/amd64:10.0.17763"
CUT = 1024  # missing bytes, including the end of the archive


def make_media(table: dict[str, list[dict]]) -> None:
    """Return a docker-archive of the stand-in's images. The content of a layer is its name."""
    files: dict[str, bytes] = {}
    listed = []
    for image, name in NAMES.items():
        (entry,) = (entry for entry in table[image] if entry["platform"].startswith(BUILD))
        alone = Images({image: [entry]})
        manifest = json.loads(alone.documents[alone.manifests[0]][1])
        config = manifest["config"]["digest"]
        layers = [layer["name"].encode() for layer in entry["layers"]]
        paths = [f"{digest_of(body).removeprefix('sha256:')}/layer.tar" for body in layers]
        files |= {f"{config.removeprefix('sha256:')}.json": alone.documents[config][1], **dict(zip(paths, layers, strict=True))}
        listed.append({"Config": f"{config.removeprefix('sha256:')}.json", "RepoTags": [name], "Layers": paths})
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, body in {"manifest.json": json.dumps(listed).encode(), **files}.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
        end = archive.offset
    ARCHIVE.parent.mkdir(exist_ok=True)
    ARCHIVE.write_bytes(made.getvalue()[: end - CUT])
