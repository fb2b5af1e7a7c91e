"""What has to be done for one image, tool by tool alike: the steps that scripts are written from.

References hold only what the grammar of references allows, and digests only what that of digests does: both were checked when
they were made, and are quoted all the same where they become words of a shell.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from auditor.oci.reference import Reference


@dataclass(frozen=True, slots=True)
class CopyManifest:
    """Bring a manifest, or an index with all that it lists, under a tag or a digest. `digest` is empty where it is not known.

    `foreign`: it has layers that tools leave behind unless they are told otherwise.
    """

    source: Reference
    target: Reference
    digest: str = ""
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class CopyBlob:
    """Bring one layer or config of a manifest that is there already."""

    source: Reference
    target: Reference
    digest: str


@dataclass(frozen=True, slots=True)
class WriteIndex:
    """Put manifests that are there into a new index under a tag."""

    target: Reference
    manifests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rewrite:
    """Bring manifests without the `urls` of their layers, under one tag: in an index where the image has more than one.

    Their digests change. `whole`: the one manifest may be an index, with all that it lists.
    """

    source: Reference
    target: Reference
    manifests: tuple[str, ...]
    whole: bool = False

    @property
    def in_place(self) -> bool:
        """Whether they are on the registry inside already, with all their layers."""
        return self.source.repository == self.target.repository


@dataclass(frozen=True, slots=True)
class Push:
    """Bring an image out of an archive. `path` is as the plan names it, `form` one of the archive formats.

    `name` is the one that the archive gives it, `alone` says that it holds nothing else, `is_folder` that it is no tar.
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
    """One image that is not where the nodes will get it from, or not as they need it, and the steps that mend that.

    `root` is the digest of the whole image at its source, `layers` are those of foreign layers that it brings.
    """

    reference: Reference
    target: Reference
    steps: tuple[Step, ...]
    root: str = ""
    layers: frozenset[str] = frozenset()

    @property
    def new_name(self) -> str:
        """The name under which it is found afterwards, where that is not where its digest would lead."""
        return str(self.target) if self.reference.digest and self.target.digest != self.reference.digest else ""


def tagged(target: Reference) -> Reference:
    """Where a rewritten image goes: under its tag, and under one of its own where it is pinned to a digest that changes."""
    if not target.digest:
        return target
    tag = target.tag or f"without-urls-{target.digest.partition(':')[2][:12]}"
    return replace(target, tag=tag, digest="")
