"""The kinds of connections to external hosts. A module without imports, because the catalogue of checks needs them too."""

from __future__ import annotations

import enum


class ConnectionKind(enum.Enum):
    """What a connection is for. Exactly one check reports each kind."""

    LAYER = "layer"  # a node downloads a layer from a URL in its manifest
    REGISTRY = "registry"  # a node connects to a registry that no mirror replaces
    REVOCATION = "revocation"  # a TLS client requests a CRL or an OCSP response
    ISSUER = "issuer"  # a TLS client downloads a certificate that the endpoint does not send
    ROOT_UPDATE = "root-update"  # Windows downloads a root from Microsoft's list
    UNKNOWN_ROOT = "unknown-root"  # Windows searches for a root that is in no list
    CHART = "chart"  # a tool or a controller downloads a chart or manifests
    DOWNLOAD = "download"  # a script downloads a file
    CACHED_REGISTRY = "cached-registry"  # the internal registry connects to the registry whose images it caches
    REGISTRY_CLIENT = "registry-client"  # a controller in the cluster requests a registry itself
    POD_DOWNLOAD = "pod-download"  # a container of a workload downloads a file, or its program connects to a service
