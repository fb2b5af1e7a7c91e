"""The JSON Schema of a plan and the models that validate one, built from the keys that the parts declare."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_origin

from pydantic import BaseModel, ConfigDict, Field, create_model, model_validator

from auditor.plan.fields import FORMS
from auditor.plan.host_port import split_host_port
from auditor.plan.keys import NO_DEFAULT, Declared, Key, PlanSection, keys_of, section_of
from auditor.plan.model import Endpoint, Plan, Waiver


class Edge(BaseModel):
    """The base of all models: unknown keys are errors, values are immutable. Only the outermost model needs a validator."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, arbitrary_types_allowed=True, defer_build=True)


def attribute(name: str) -> str:
    """Return the attribute of a model that holds the key `name`."""
    return f"{name}_" if hasattr(BaseModel, name) else name


def model_of(part: type[Any]) -> type[Edge]:
    """Return the model that validates a part of the plan."""
    section = section_of(part)
    about = (part.__doc__ or "").split("\n\n", maxsplit=1)[0]
    fields = {attribute(one.name): _field(one) for one in keys_of(part)}
    return _model(section, about, fields, _validators(part, section))


def _model(section: PlanSection, about: str, fields: dict[str, Any], validators: dict[str, Any]) -> type[Edge]:
    extra = {"title": section.title} if section.title else {"json_schema_extra": _or_string} if section.shorthand else {}
    base = type(section.name, (Edge,), {"model_config": extra, "__module__": __name__}) if extra else Edge
    return create_model(section.name, __base__=base, __module__=__name__, __doc__=about, __validators__=validators, **fields)


def _field(one: Declared) -> tuple[Any, Any]:
    """Return the type of a key's value and its pydantic field."""
    key = one.key
    if key.inside is not None:
        assert key.form is not None  # noqa: S101 - a value inside a mapping is no part
        default: dict[str, Any] = {} if key.inside.required else {"default": one.default}
        inner = Field(**default, description=key.inside.description, **_examples(key.inside.examples))
        fields = {attribute(key.inside.key): (FORMS[key.form], inner)}
        return _model(PlanSection(key.inside.section), key.inside.about, fields, {}) | None, Field(
            default=None, description=key.description
        )
    kind = _type(one)
    options = {"description": key.description, **_examples(key.examples), **_bounds(key)}
    if attribute(one.name) != one.name:
        options["alias"] = one.name
    if key.or_file:
        options["json_schema_extra"] = _or_a_file
    if key.required or (one.default is NO_DEFAULT and not key.optional):
        return kind, Field(**options)
    if key.optional or one.default is None or one.default == "":
        return kind | None, Field(default=None, **options)
    if get_origin(kind) is dict:
        return kind, Field(default_factory=dict, **options)
    return kind, Field(default=() if get_origin(kind) is tuple else one.default, **options)


def _type(one: Declared) -> Any:  # noqa: ANN401 - a type, or an annotated one
    if one.part is None:
        assert one.key.form is not None  # noqa: S101 - a key holds a part or has a form
        return FORMS[one.key.form]
    model = model_of(one.part)
    if one.key.by is not None:
        name = FORMS[one.key.by]
        return dict[name, model]  # type: ignore[valid-type]
    return tuple[model, ...] if one.is_many else model  # type: ignore[valid-type]


def _examples(examples: tuple[object, ...]) -> dict[str, Any]:
    return {"examples": list(examples)} if examples else {}


def _bounds(key: Key) -> dict[str, Any]:
    if key.least is not None or key.most is not None:
        return {"ge": key.least, "le": key.most, "strict": True}
    return {"min_length": key.fewest} if key.fewest is not None else {}


def _validators(part: type[Any], section: PlanSection) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if section.exactly_one:
        found["_one"] = model_validator(mode="after")(_exactly_one(section.exactly_one))
    if section.shorthand:
        found["_from_text"] = model_validator(mode="before")(_from_text(section.shorthand))
    if part is Endpoint:
        found["_has_port"] = model_validator(mode="after")(_has_port)
    return found


def _exactly_one(names: tuple[str, ...]) -> Callable[[Any], Any]:
    def check(model: Any) -> Any:  # noqa: ANN401 - a model
        given = [name for name in names if getattr(model, attribute(name))]
        if len(given) != 1:
            both = " and ".join(given)
            raise ValueError(f"either {' or '.join(names)}, not {both}" if given else f"{' or '.join(names)} is required")
        return model

    return check


def _from_text(key: str) -> Callable[[object], object]:
    def read(value: object) -> object:
        return {key: value} if isinstance(value, str) else value

    return read


def _has_port(model: Any) -> Any:  # noqa: ANN401 - a model
    if split_host_port(model.host)[1] is None:
        raise ValueError(f"{model.host!r} has no port: write {model.host}:443")
    return model


def _or_string(schema: dict[str, Any]) -> None:
    mapping = {key: schema.pop(key) for key in ("type", "properties", "required", "additionalProperties") if key in schema}
    schema["anyOf"] = [{"type": "string"}, mapping]


def _or_a_file(schema: dict[str, Any]) -> None:
    """Allow a file name in place of the list. The loader inserts the file's content before the plan is validated."""
    listed = {key: schema.pop(key) for key in ("type", "items")}
    schema["anyOf"] = [listed, {"type": "string", "minLength": 1}]


PlanPart = model_of(Plan)
WaiverPart = model_of(Waiver)


class WaiversPart(Edge):
    """A file of waivers."""

    waivers: tuple[WaiverPart, ...]  # type: ignore[valid-type]


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a plan."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **PlanPart.model_json_schema(by_alias=True)}
