"""Apply the plan's rewrites: where they put an image on the internal registry."""

from __future__ import annotations

from dataclasses import replace

from auditor.oci.reference import Reference
from auditor.plan.model import Registry


def placed(registry: Registry, reference: Reference) -> Reference:
    """Return the image at the target of the longest matching rewrite; without one, under its own path on the internal registry.

    An image that is already there is returned unchanged.
    """
    parts = reference.repository.split("/")
    for length in range(len(parts), 0, -1):
        if (place := registry.rewrites.get("/".join(parts[:length]))) is not None:
            return _under(place, parts[length:], reference)
    if reference.repository.startswith(f"{registry.host.rstrip('/')}/"):
        return reference
    return _under(registry.host, [reference.path], reference)


def _under(place: str, rest: list[str], reference: Reference) -> Reference:
    domain, _, prefix = place.rstrip("/").partition("/")
    return replace(reference, domain=domain, path="/".join([prefix, *rest] if prefix else rest))
