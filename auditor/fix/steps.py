"""The steps to copy one image, independent of the tool. The scripts are written from them.

References and digests were validated when they were parsed. They are quoted as well when they become words of a shell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from auditor.oci.reference import Reference


@dataclass(frozen=True, slots=True)
class CopyManifest:
    """Copy a manifest, or an index with all its manifests, to a tag or a digest. `digest` is empty if it is unknown.

    `foreign`: it has layers that tools skip by default.
    """

    source: Reference
    target: Reference
    digest: str = ""
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class CopyBlob:
    """Copy one layer or config of a manifest that is already in the target."""

    source: Reference
    target: Reference
    digest: str


@dataclass(frozen=True, slots=True)
class WriteIndex:
    """Write a new index under a tag, from manifests that are already in the target."""

    target: Reference
    manifests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Copy manifests without the `urls` of their layers to one tag, in an index if there is more than one.

    Their digests change. `whole`: the one manifest may be an index; all its manifests are copied.
    """

    source: Reference
    target: Reference
    manifests: tuple[str, ...]
    whole: bool = False

    @property
    def in_place(self) -> bool:
        """Whether the internal registry already has the manifests with all their layers."""
        return self.source.repository == self.target.repository


@dataclass(frozen=True, slots=True)
class Push:
    """Push an image from an archive. `path` is the path in the plan, `form` is one of the archive formats.

    `name` is its name in the archive. `alone`: the archive has no other image. `is_folder`: the archive is not a tar file.
    """

    path: str
    form: str
    name: str
    target: Reference
    alone: bool
    is_folder: bool


Step = CopyManifest | CopyBlob | WriteIndex | Rewrite | Push


@dataclass(frozen=True, slots=True)
class Errand:
    """One image that is missing or unusable in the internal registry, and the steps that fix it.

    `root` is the digest of the image at its source; `layers` are the digests of its foreign layers.
    """

    reference: Reference
    target: Reference
    steps: tuple[Step, ...]
    root: str = ""
    layers: frozenset[str] = frozenset()

    @property
    def new_name(self) -> str:
        """The new name of the image, if its old digest does not lead to it; else empty."""
        return str(self.target) if self.reference.digest and self.target.digest != self.reference.digest else ""


def tagged(target: Reference) -> Reference:
    """Return the target of a rewritten image: its tag, or a generated tag if it is pinned to a digest that changes."""
    if not target.digest:
        return target
    tag = target.tag or f"without-urls-{target.digest.partition(':')[2][:12]}"
    return replace(target, tag=tag, digest="")
