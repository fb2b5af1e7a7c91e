"""The cells of the image matrix that an outcome concerns, from its check or else from its subject."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace
from typing import Generic, TypeVar

from auditor.check import Affected, Finding, Subject, Undetermined
from auditor.evidence.model import Kind

_EVERYTHING = (Affected(),)
Item = TypeVar("Item", bound=Hashable)


def affected_by(outcome: Finding | Undetermined) -> tuple[Affected, ...]:
    """Return the cells as images and pools; empty if the outcome is not about an image. A crashed check concerns all."""
    if isinstance(outcome, Undetermined) and outcome.kind is Kind.BUG:
        return _EVERYTHING
    if outcome.affects is not None:
        return outcome.affects
    clients = outcome.facts.get("clients") if isinstance(outcome, Finding) else None
    return tuple(_of_subject(outcome.subject, clients if isinstance(clients, tuple) else ()))


def _of_subject(subject: Subject, clients: tuple[str, ...]) -> Iterator[Affected]:
    pools = (subject.pool,) if subject.pool else ()
    match subject.kind:
        case "image":
            yield Affected((subject.id,), pools)
        case "pool":
            yield Affected(pools=(subject.id,))
        case "endpoint":
            yield Affected(pools=pools, endpoint=subject.id, clients=(subject.client,) if subject.client else clients)


def endpoint_of(subject: Subject) -> str:
    """Return the endpoint (`host:port`) of a subject, or an empty string. A certificate's id is `host:port: NAME`."""
    match subject.kind:
        case "endpoint":
            return subject.id
        case "certificate":
            return subject.id.partition(": ")[0]
        case _:
            return ""


class Affecting(Generic[Item]):
    """Items by the cells that they concern. Items for all images are stored once, so that many images stay cheap."""

    def __init__(self, given: Iterable[tuple[Item, tuple[Affected, ...]]]) -> None:
        self._named: dict[str, list[tuple[Item, Affected]]] = {}
        self._through: dict[str, list[tuple[Item, Affected]]] = {}
        shared: dict[tuple[Item, Affected], tuple[Item, Affected]] = {}  # many outcomes differ only in their image
        for item, affected in given:
            for one in affected:
                pair = (item, replace(one, images=()) if one.images else one)
                pair = shared.setdefault(pair, pair)
                for image in dict.fromkeys(one.images):
                    self._named.setdefault(image, []).append(pair)
                if not one.images:
                    self._through.setdefault(one.endpoint, []).append(pair)

    def of(self, image: str, pool: str, endpoint: str, client: str) -> Iterator[tuple[Item, Affected]]:
        """Return the items that concern an image on a pool, with their cells but without the images.

        The pool pulls the image as `client` through `endpoint`, which may be empty.
        """
        named, general = self._named.get(image, ()), self._through.get("", ())
        for item, one in (*named, *general, *(self._through.get(endpoint, ()) if endpoint else ())):
            is_here = one.endpoint in {"", endpoint} and (not one.pools or pool in one.pools)
            if is_here and (not one.clients or client in one.clients):
                yield item, one
