"""Settings of nodes that decide about imported images: the embedded mirror, kubelet's image collection, AlwaysPullImages.

Keys: K3s and RKE2 `embedded-registry` and `kubelet-arg` (docs.k3s.io/installation/registry-mirror); KubeletConfiguration
v1beta1 `imageGCHighThresholdPercent` and `imageMaximumGCAge`; kube-apiserver `--enable-admission-plugins`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.errors import Location
from auditor.located import Marked, NotStructured, load_marked
from auditor.plan.model import Plan, Pool
from auditor.plan.plan_paths import is_inside, normal, shown_path

ALWAYS_PULL = b"AlwaysPullImages"
_FLAG = "image-gc-high-threshold"
_AGE_FLAG = "image-maximum-gc-age"
_PINS = b"io.cri-containerd.pinned"
_TRUE = frozenset({"true", "t", "1"})
_NO_AGE = frozenset({"", "0", "0s"})
_CLUES = (b"embedded-registry", b"KubeletConfiguration", b"imageGC", b"imageMaximumGCAge", _FLAG.encode(), _AGE_FLAG.encode())


@dataclass(frozen=True, slots=True)
class NodePreloads:
    """The settings in the files of one pool.

    `high_percent` is the disk usage at which kubelet starts to remove images, None if no file sets it. `max_age` is the age at
    which it removes unused images, empty for no limit. `embeds_mirror`: the nodes share images with each other.
    """

    embeds_mirror: bool = False
    high_percent: int | None = None
    max_age: str = ""
    location: Location | None = None


def node_preloads(plan: Plan, pool: Pool) -> NodePreloads:
    """Return the settings of a pool. Files that cannot be read are left out: other checks report them."""
    embeds, percent, age, where = False, None, "", None
    for path, data in _files(plan, pool):
        if not any(clue in data for clue in _CLUES):
            continue
        try:
            documents = load_marked(data)
        except NotStructured:
            continue
        for document in documents:
            flag = document.get("embedded-registry")
            embeds |= flag is not None and flag.text.lower() in _TRUE  # K3s also accepts the text "true"
            for name, value in _kubelet(document):
                if name == _FLAG and value.text.rpartition("=")[2].isdigit():
                    percent = int(value.text.rpartition("=")[2])
                elif name == _AGE_FLAG and value.text.rpartition("=")[2] not in _NO_AGE:
                    age = value.text.rpartition("=")[2]
                else:
                    continue
                where = Location(shown_path(plan.path, path), value.line, value.column)
    return NodePreloads(embeds, percent, age, where)


def _files(plan: Plan, pool: Pool) -> Iterator[tuple[str, bytes]]:
    names = [normal(name) for name in pool.config]
    yield from ((path, data) for path, data in plan.files.items() if any(is_inside(path, name) for name in names))


def _kubelet(document: Marked) -> Iterator[tuple[str, Marked]]:
    """Yield the flags and fields of kubelet that concern its collection of images."""
    if document.text_at("kind") == "KubeletConfiguration":
        for field, name in (("imageGCHighThresholdPercent", _FLAG), ("imageMaximumGCAge", _AGE_FLAG)):
            if (value := document.get(field)) is not None:
                yield name, value
    arguments = document.get("kubelet-arg")
    for one in (arguments.list or [arguments]) if arguments is not None else ():
        yield one.text.removeprefix("--").partition("=")[0], one


def always_pulls(plan: Plan) -> Location | None:
    """Return where the plan's files enable the admission plug-in AlwaysPullImages, or None."""
    for path, data in plan.files.items():
        if ALWAYS_PULL not in data:
            continue
        for number, line in enumerate(data.split(b"\n"), 1):
            if ALWAYS_PULL in line and b"disable" not in line and not line.lstrip().startswith(b"#"):
                return Location(shown_path(plan.path, path), number)
    return None


def pins_by_label(plan: Plan) -> str:
    """Return the file of the plan that labels images as pinned, as a script does after the import; empty if none does."""
    return next((shown_path(plan.path, path) for path, data in plan.files.items() if _PINS in data), "")
