"""What a plan must state before a check applies. A check whose requirement is absent is not applicable."""

from __future__ import annotations

import enum


class Requirement(enum.Enum):
    """A part of the plan. The value is the report's reason why a check without it does not apply."""

    IMAGES = "the plan names no images"
    LISTS = "the plan names no image list"
    WORKLOADS = "the plan names no workloads"
    WORKLOAD_FILES = "the plan names no manifests and no charts"
    OCI_CHARTS = "no release among the workloads pulls a chart from an OCI registry"
    SIGNATURES = "neither the workloads nor the node configuration has a policy about signatures"
    COMPLETE_WORKLOADS = "the plan does not state that its workloads are complete"
    WINDOWS_POOLS = "the plan has no Windows pools"
    DEFAULTS = "the plan names no distribution, and no runtime of a pool"
    REGISTRY = "the plan names no registry"
    REGISTRY_DISK = "the plan does not state the size of the registry's disk"
    CAPACITY = "the plan states no disk size"
    NODE_DISK = "the plan states no disk size for any pool's nodes"
    MEDIA = "the plan names no media"
    FILESYSTEM = "the plan does not state the filesystem of its media"
    STAGING = "the plan does not state the size of the staging disk"
    SOURCE = "the source registries were not selected (--via source)"
    COPIES = "no copies were selected: neither archives nor the internal registry (--via)"
    TARGET = "the internal registry was not selected (--via target)"
    ARCHIVES = "archives were not selected (--via archives)"
    COPY_TOOL = "the plan names no copy tool"
    COPY_SCRIPTS = "the plan names no copy scripts"
    TO_COPY = "neither source registries nor archives were selected, so the images to copy are unknown"
    REGISTRY_KIND = "the plan does not state the kind of registry"
    DISTRIBUTION_CONFIG = "the plan names no configuration for a registry of kind distribution"
    COPY_WINDOW = "the plan does not state both a rate and a window for the copy"
    DOCKER = "neither the copy nor a pool uses Docker"
    CLUSTER = "the plan names no cluster"
    IMPORTS = "images are not imported from archives only: the plan names a registry, or no archives"
    LIMITS = "the plan names neither a copy nor an internal registry"
    REGISTRY_LOGIN = "the plan does not declare that the registry needs a login (`registry.auth: required`)"
    TOKEN = "the plan states no expiry date of a registry token"  # noqa: S105 - a reason, not a secret
    CARRIED_CERTIFICATES = "neither the workloads nor `signing_roots` hold a certificate"
    ENDPOINTS = "the plan names no TLS endpoints"
    CONFIG_FILES = "neither a pool nor the copying Docker names configuration files"
    NODE_CONFIG = "no pool names its node configuration"
