"""The record in evidence of the places that were queried for images. An audit evaluates them, whether or not they answered."""

from __future__ import annotations

from auditor.evidence.model import Place
from auditor.evidence.store import Store

_KEY = "collected.places"
COMMAND = "collected.command"  # the command line of the last collection


def noted_places(store: Store) -> frozenset[Place]:
    """Return every place that a collection had to query; empty for evidence without a collection."""
    return frozenset(Place(name) for name in store.meta(_KEY).split(",") if name in set(Place))


def note_places(store: Store, places: frozenset[Place]) -> None:
    """Add the places of this collection to those of earlier ones."""
    store.put_meta(_KEY, ",".join(sorted(noted_places(store) | places)))
