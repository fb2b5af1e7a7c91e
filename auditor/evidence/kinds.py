"""Where images are looked for, how closely, and why an answer is missing: plain names, which options need too."""

from __future__ import annotations

import enum


class Kind(enum.StrEnum):
    """Why something could not be determined."""

    UNREACHABLE = "unreachable"  # no answer, or no usable one: DNS, connection, TLS, 5xx, time-out
    DENIED = "denied"  # 401, 403, or credentials that may not be sent there
    MALFORMED = "malformed"  # an answer that cannot be understood or contradicts itself
    MISSING_EVIDENCE = "missing-evidence"  # nobody looked
    UNSUPPORTED = "unsupported"  # understood, but outside of what this version can judge
    BUG = "bug"  # the auditor itself failed


class Place(enum.StrEnum):
    """Where images are looked for. A site is judged on the places that were to be asked, answered or not."""

    SOURCE = "source"  # the registries that their references name
    TARGET = "target"  # the registry inside, where the plan's rewrites put them
    ARCHIVES = "archives"  # the archives that the plan names


class Verify(enum.StrEnum):
    """How much of the internal registry is read: `size` hashes manifests and configs, `full` every layer as well."""

    SIZE = "size"
    FULL = "full"
