"""Where images are looked up, how thoroughly, and why an answer is missing. A module without imports, because options need it
too."""

from __future__ import annotations

import enum


class Kind(enum.StrEnum):
    """Why something could not be determined."""

    UNREACHABLE = "unreachable"  # no answer, or an unusable one: DNS, connection, TLS, 5xx, time-out
    DENIED = "denied"  # 401, 403, or credentials that may not be sent there
    MALFORMED = "malformed"  # an invalid or contradictory answer
    MISSING_EVIDENCE = "missing-evidence"  # not observed
    UNSUPPORTED = "unsupported"  # valid, but this version cannot evaluate it
    BUG = "bug"  # the auditor itself failed


class Place(enum.StrEnum):
    """The sources of images. A site is evaluated on the sources that a collection had to query, whether or
    not they answered."""

    SOURCE = "source"  # the registries in their references
    TARGET = "target"  # the internal registry, at the targets of the plan's rewrites
    ARCHIVES = "archives"  # the archives in the plan


class Verify(enum.StrEnum):
    """How much of the internal registry is read: `size` hashes manifests and configs, `full` every layer as well."""

    SIZE = "size"
    FULL = "full"
