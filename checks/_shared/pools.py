"""Shared by the checks of pools."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.check import Subject, Undetermined
from auditor.evidence.model import Kind
from auditor.plan.model import Pool
from auditor.readers.node_config import NodeConfig, Unknown


def pool_subject(pool: Pool) -> Subject:
    """Return the pool as a subject."""
    return Subject("pool", pool.name, str(pool.platform), pool.name)


def unread_config(pool: Pool, config: NodeConfig) -> Iterator[Undetermined]:
    """Yield an outcome for each part of a pool's node configuration that was not read and may name a CA file.

    Whether a file has an effect matters only if a file names a CA.
    """
    names_ca = any(setting.ca for setting in config.tls)
    folders = (entry for root in config.roots for entry in root.values() if isinstance(entry, Unknown))
    for unknown in (*config.problems, *folders):
        if names_ca or unknown.is_unread:
            yield Undetermined(pool_subject(pool), Kind(unknown.kind), f"{unknown.location}: {unknown.why}")
