"""Find pod specs in an object, and their fields that are images by definition.

Fields: the Kubernetes API reference, core/v1 PodSpec. `RELATED_IMAGE_*` is the Operator Lifecycle Manager's convention.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.located import Marked

CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_GROUPS = frozenset(CONTAINERS)
_RELATED = "RELATED_IMAGE_"


def is_pod_spec(value: Marked) -> bool:
    """Return whether a mapping has a list of containers, of any group, with at least one image."""
    keys = value.value
    if not isinstance(keys, dict) or _GROUPS.isdisjoint(keys):  # nearly always, and there may be a million mappings
        return False
    return any("image" in item.mapping for group in CONTAINERS if group in keys for item in keys[group].list)


def pod_specs(value: Marked) -> Iterator[Marked]:
    """Yield every pod spec in an object, custom resources included, outermost first. The loader has limited the nesting."""
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if is_pod_spec(here):
            yield here
            continue
        inner = here.value.values() if isinstance(here.value, dict) else here.list
        waiting.extend([one for one in inner if isinstance(one.value, dict | list)][::-1])


def containers_of(spec: Marked) -> Iterator[Marked]:
    """Yield every container of a pod spec: init, main and ephemeral."""
    for group in CONTAINERS:
        found = spec.get(group)
        yield from found.list if found is not None else ()


def volume_images(spec: Marked) -> Iterator[tuple[str, Marked]]:
    """Yield name and image reference of every image volume of a pod spec."""
    volumes = spec.get("volumes")
    for volume in volumes.list if volumes is not None else ():
        if (image := volume.get("image", "reference")) is not None:
            yield volume.text_at("name"), image


def related_images(container: Marked) -> Iterator[tuple[str, Marked]]:
    """Yield name and value of every `RELATED_IMAGE_*` variable of a container."""
    variables = container.get("env")
    for variable in variables.list if variables is not None else ():
        value, name = variable.get("value"), variable.text_at("name")
        if value is not None and value.text and name.startswith(_RELATED) and name != _RELATED:
            yield name, value


def read_images(spec: Marked) -> Iterator[Marked]:
    """Yield every value of a pod spec that is certainly an image."""
    for container in containers_of(spec):
        if (image := container.get("image")) is not None:
            yield image
        yield from (value for _, value in related_images(container))
    yield from (value for _, value in volume_images(spec))
