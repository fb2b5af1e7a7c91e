"""What a plan must say for a question to make sense. A check that requires what is absent is not applicable."""

from __future__ import annotations

import enum


class Requirement(enum.Enum):
    """A part of the plan; the value says, for the report, why a check without it does not apply."""

    IMAGES = "the plan names no images"
    LISTS = "the plan names no image list"
    WORKLOADS = "the plan names no workloads"
    WORKLOAD_FILES = "the plan names no manifests and no charts"
    COMPLETE_WORKLOADS = "the plan does not say that its workloads are complete"
    WINDOWS_POOLS = "the plan has no Windows pools"
    DEFAULTS = "the plan names no distribution, and no runtime of a pool"
    REGISTRY = "the plan names no registry"
    REGISTRY_DISK = "the plan does not say how large the registry's disk is"
    CAPACITY = "the plan does not say how large any disk is"
    NODE_DISK = "the plan does not say how large the disk of any pool's nodes is"
    MEDIA = "the plan names no media"
    FILESYSTEM = "the plan does not name the filesystem of its media"
    STAGING = "the plan does not say how large the staging disk is"
    SOURCE = "the source registries were not to be asked"
    COPIES = "nobody was to look at copies: neither into archives nor at the registry inside (--via)"
    TARGET = "the internal registry was not to be asked (--via target)"
    ARCHIVES = "no archives were to be read"
    COPY_TOOL = "the plan names no copy tool"
    COPY_SCRIPTS = "the plan names no scripts that copy"
    TO_COPY = "neither the source registries nor archives were to be looked at, so that nothing is known of what is copied"
    REGISTRY_KIND = "the plan does not say what kind of registry it is"
    DISTRIBUTION_CONFIG = "the plan gives no configuration of a registry of the kind distribution"
    COPY_WINDOW = "the plan does not give both a rate and a window for the copy"
    DOCKER = "neither the copy nor a pool uses Docker"
    ENDPOINTS = "the plan names no TLS endpoints"
    CONFIG_FILES = "neither a pool nor the Docker that copies names configuration files"
    NODE_CONFIG = "no pool names its node configuration"
