"""Media types of images, and which of them forbid redistribution."""

from __future__ import annotations

import enum
from functools import cache

from auditor.facts import Fact, table

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"

INDEXES = frozenset({OCI_INDEX, DOCKER_LIST})
MANIFESTS = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
SCHEMA1 = frozenset({DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED})

# containerd does not detect the compression of these types (images.DiffCompression); it does for Docker's plain type.
OCI_PLAIN_LAYERS = frozenset(
    {"application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.nondistributable.v1.tar"}
)

ACCEPT = ", ".join((OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST, DOCKER_SCHEMA1_SIGNED, DOCKER_SCHEMA1))


class DocumentKind(enum.StrEnum):
    """The kind of document that a media type names."""

    INDEX = "index"
    MANIFEST = "manifest"
    SCHEMA1 = "schema 1 manifest"


_FORMS = {
    **dict.fromkeys(INDEXES, DocumentKind.INDEX),
    **dict.fromkeys(MANIFESTS, DocumentKind.MANIFEST),
    **dict.fromkeys(SCHEMA1, DocumentKind.SCHEMA1),
}


def form_of(media_type: str) -> DocumentKind | None:
    """Return the kind of document that a media type names, or None for any other media type."""
    return _FORMS.get(media_type)


class NondistributableType(Fact, frozen=True, kw_only=True):
    """A media type prefix that marks a layer as not redistributable."""

    prefix: str


@cache
def is_nondistributable(media_type: str) -> bool:
    """Return whether a layer of this media type is foreign, with containerd's prefix test."""
    return media_type.startswith(tuple(row.prefix for row in table("media_types", NondistributableType)))
