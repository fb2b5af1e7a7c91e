"""The note in evidence of where images were looked for: on what its reader must judge, answered or not."""

from __future__ import annotations

from auditor.evidence.model import Place
from auditor.evidence.store import Store

_KEY = "collected.places"


def noted_places(store: Store) -> frozenset[Place]:
    """Every place that a collection was to ask; none for evidence that nobody has collected into."""
    return frozenset(Place(name) for name in store.meta(_KEY).split(",") if name in set(Place))


def note_places(store: Store, places: frozenset[Place]) -> None:
    """Add the places of this collection to those of earlier ones."""
    store.put_meta(_KEY, ",".join(sorted(noted_places(store) | places)))
