"""Media types of images, and which of them say "do not redistribute"."""

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

# containerd does not look for a compression in these (images.DiffCompression); in Docker's plain type it does.
OCI_PLAIN_LAYERS = frozenset(
    {"application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.nondistributable.v1.tar"}
)

ACCEPT = ", ".join((OCI_INDEX, DOCKER_LIST, OCI_MANIFEST, DOCKER_MANIFEST, DOCKER_SCHEMA1_SIGNED, DOCKER_SCHEMA1))


class Form(enum.StrEnum):
    """What kind of document a media type names."""

    INDEX = "index"
    MANIFEST = "manifest"
    SCHEMA1 = "schema 1 manifest"


_FORMS = {
    **dict.fromkeys(INDEXES, Form.INDEX),
    **dict.fromkeys(MANIFESTS, Form.MANIFEST),
    **dict.fromkeys(SCHEMA1, Form.SCHEMA1),
}


def form_of(media_type: str) -> Form | None:
    """The kind of document that a media type names; None for any other media type."""
    return _FORMS.get(media_type)


class NondistributableType(Fact, frozen=True, kw_only=True):
    """A prefix of media types that mark a layer as not to be redistributed."""

    prefix: str


@cache
def is_nondistributable(media_type: str) -> bool:
    """Whether a layer of this media type is foreign, by the prefix test that containerd makes."""
    return media_type.startswith(tuple(row.prefix for row in table("media_types", NondistributableType)))
