"""Turn the validated models of a plan into the values that the rest of the program uses.

Every key becomes the field that declares it; a missing key leaves the field's default. `_ADJUST` lists the few parts with a
field that is not simply the value of its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from auditor.errors import Location
from auditor.plan.areas import areas_of
from auditor.plan.host_port import split_host_port
from auditor.plan.keys import Declared, keys_of
from auditor.plan.model import Endpoint, ImageSource, Plan, Waiver, Workload
from auditor.plan.schema import attribute

Where = Mapping[str, Location]
_Part = TypeVar("_Part")


def to_plan(model: BaseModel, path: str, sha256: str, where: Where, kind: type[Plan] = Plan) -> Plan:
    """Return the plan as frozen values. The loader adds its files."""
    found = _values(kind, model, "", where)
    names = tuple(pool.name for pool in found["pools"])
    images = (
        *(image if image.pools else replace(image, pools=names) for image in found["images"]),
        *_operator_images(model, names, where),
    )
    found["name"] = found.get("name") or PurePosixPath(path).stem
    found["require"] = areas_of(found["require"])
    found["severities"] = dict(found["severities"])
    return kind(**{**found, "path": path, "sha256": sha256, "images": images, "locations": where})


def to_waivers(models: tuple[BaseModel, ...], where: Where) -> tuple[Waiver, ...]:
    """Return the waivers of a separate file."""
    return tuple(_built(Waiver, model, f"waivers.{number}", where) for number, model in enumerate(models))


def _built(part: type[_Part], model: BaseModel, path: str, where: Where, **more: object) -> _Part:
    """Return a part at a path of the plan. `more` are fields without a key, such as the name of a pool."""
    found = {**_values(part, model, path, where), **more}
    if "location" in part.__dataclass_fields__:  # type: ignore[attr-defined]
        found["location"] = where[path]
    if adjust := _ADJUST.get(part):
        adjust(found, path, where)
    return part(**found)


def _values(part: type[Any], model: BaseModel, path: str, where: Where) -> dict[str, Any]:
    found = {}
    for one in keys_of(part):
        value = getattr(model, attribute(one.name))
        if value is not None and one.key.inside is not None:
            value = getattr(value, attribute(one.key.inside.key))
        if value is not None:  # a missing key leaves the field's default
            found[one.field] = _value(one, value, f"{path}.{one.name}" if path else one.name, where)
    return found


def _value(one: Declared, value: Any, path: str, where: Where) -> object:  # noqa: ANN401 - whatever the key holds
    part = one.part
    if part is None:
        return value
    if one.key.by is not None:
        named = "name" if "name" in part.__dataclass_fields__ else "host"
        return tuple(_built(part, model, f"{path}.{name}", where, **{named: name}) for name, model in value.items())
    if one.is_many:
        return tuple(_built(part, model, f"{path}.{number}", where) for number, model in enumerate(value))
    return _built(part, value, path, where)


def _image(found: dict[str, Any], path: str, where: Where) -> None:
    found["location"] = where.get(f"{path}.ref", where[path])
    found.setdefault("pools", ())  # all pools: `to_plan` has their names


def _operator_images(model: Any, names: tuple[str, ...], where: Where) -> Iterator[ImageSource]:  # noqa: ANN401 - a model
    """Yield the image lists of controllers, which are lists like any other."""
    for number, workload in enumerate(model.workloads):
        for kind, path in workload.operator_images.items():
            yield ImageSource(names, where[f"workloads.{number}.operator_images.{kind}"], path)


def _workload(found: dict[str, Any], _path: str, _where: Where) -> None:
    found["operator_images"] = tuple(found["operator_images"])


def _endpoint(found: dict[str, Any], _path: str, _where: Where) -> None:
    host, port = split_host_port(found["host"])
    found["host"], found["port"] = host, port or 443
    found["clients"] = tuple(map(str.lower, found["clients"]))


_ADJUST = cast(
    "dict[type[Any], Callable[[dict[str, Any], str, Where], None]]",
    {Endpoint: _endpoint, ImageSource: _image, Workload: _workload},
)
