"""Turn pydantic errors into messages with the plan's terms and locations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from auditor.errors import Location, PlanError, Problem
from auditor.plan.fields import NOT_TEXT, UNFIT
from auditor.plan.spelling import nearest
from auditor.plan.tree import Tree
from auditor.text import clean, short, shown

MOST = 50
LONGEST_MESSAGE = 400
_SAID = {
    "missing": "'{last}' is missing",
    "too_short": "'{last}' must not be empty",
    UNFIT: "{last}: {said}",
    "string_pattern_mismatch": "{value} is not a valid name: use letters, digits, '.', '_' and '-'",
}
_NEEDED = {
    "tuple_type": "expected a list: [one, two]",
    "dict_type": "expected a mapping: {key: value}",
    "model_type": "expected a mapping: {key: value}",
    "int_type": "expected a whole number",
    "int_from_float": "expected a whole number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    NOT_TEXT: "expected text",
}


def plan_error(problems: Iterable[Problem], file: str) -> PlanError:
    """Return a PlanError with the problems in file order, each once, short and safe to print; of very many, the first."""
    ordered = sorted(set(problems), key=lambda problem: (problem.location, problem.message))
    told = [
        replace(
            problem, message=clean(short(problem.message, LONGEST_MESSAGE)), hint=clean(short(problem.hint, LONGEST_MESSAGE))
        )
        for problem in ordered[:MOST]
    ]
    if len(ordered) > MOST:
        told.append(Problem(Location(file), f"and {len(ordered) - MOST:,} more problems, which are not shown"))
    return PlanError(told)


def _model_in(annotation: object) -> type[BaseModel] | None:
    """Return the model in an annotation such as `dict[str, PoolPart] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part)) is not None), None)


def _keys_at(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """Return the keys that a model knows where `path` leads."""
    for part in path:
        field = _fields(model).get(str(part))
        if field is not None:
            model = _model_in(field) or model
    return list(_fields(model))


def _fields(model: type[BaseModel]) -> dict[str, object]:
    return {info.alias or name: info.annotation for name, info in model.model_fields.items()}


def _name_of(path: tuple[str | int, ...]) -> str:
    """Return a name for the value at a path: its key, or its number in a list."""
    match path:
        case (*_, str(key)):
            return clean(short(key))
        case (*_, key, int(number)):
            return f"item {number + 1} of {clean(short(str(key)))}"
        case _:
            return "the plan"


def _words(model: type[BaseModel], error: dict[str, Any], value: str) -> tuple[str, str]:
    """Return message and hint for one error of pydantic; `value` is what was written, in quotes."""
    path, kind = tuple(error["loc"]), error["type"]
    last = _name_of(path)
    match kind:
        case "extra_forbidden":
            known = _keys_at(model, path[:-1])
            return f"unknown key {shown(str(path[-1]))}", nearest(last, known) or f"known keys: {', '.join(known)}"
        case _ if kind in _SAID:
            return _SAID[kind].format(last=last, value=value, said=error["msg"]), ""
        case "value_error":
            return str(error["ctx"]["error"]), getattr(error["ctx"]["error"], "hint", "")
        case "literal_error":
            expected = error["ctx"]["expected"]
            near = nearest(value.strip("'"), expected.replace("'", "").replace(" or ", ", ").split(", "))
            return f"{last}: {value} is not one of {expected}", near
        case _ if error["input"] is None:
            return f"{last} is empty: {_NEEDED.get(kind, 'expected a value')}, or remove the key", ""
        case _ if kind == NOT_TEXT and isinstance(error["input"], int | float):
            return f"{last}: expected text, but YAML does not read {value} as text", f'put it in quotes: "{value}"'
        case _ if kind in _NEEDED:
            return f"{last}: {_NEEDED[kind]}" + (f", not {value}" if value else ""), ""
        case _:
            return f"{last}: {value} {error['msg'].removeprefix('Input ')}", ""


def _quoted(value: object, written: str | None) -> str:
    """Return a value as its author wrote it, or an empty string for one that is too large to quote."""
    if isinstance(value, dict | list) or value is None:
        return ""
    return clean(short(written)) if written is not None else shown(value)


def from_validation(
    error: ValidationError, model: type[BaseModel], tree: Tree, where: Callable[[tuple[str | int, ...]], Location]
) -> list[Problem]:
    """Return every problem of a validation with its location. Only the first ones, which are shown, have a message."""
    items = error.errors(include_url=False)
    paths = [tuple(part for part in item["loc"] if part != "[key]") for item in items]
    problems = []
    for number, (place, index) in enumerate(sorted((where(path), index) for index, path in enumerate(paths))):
        item, path = items[index], paths[index]
        message, hint = str(index), ""
        if number < MOST:
            written = tree.written.get(".".join(str(part) for part in path))
            message, hint = _words(model, {**item, "loc": path}, _quoted(item.get("input"), written))
        problems.append(Problem(place, message, hint))
    return problems
