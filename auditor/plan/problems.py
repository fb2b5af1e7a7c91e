"""What pydantic found wrong, in the words and at the places of the plan's author."""

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
    "string_pattern_mismatch": "{value} is no name: use letters, digits, '.', '_' and '-'",
}
_NEEDED = {
    "tuple_type": "a list is needed: [one, two]",
    "dict_type": "a mapping is needed: {key: value}",
    "model_type": "a mapping is needed: {key: value}",
    "int_type": "a whole number is needed",
    "int_from_float": "a whole number is needed",
    "bool_type": "true or false is needed",
    "bool_parsing": "true or false is needed",
    NOT_TEXT: "text is needed",
}


def plan_error(problems: Iterable[Problem], file: str) -> PlanError:
    """The problems in the order of the file, each once, short and safe to print; of very many the first."""
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
    """The model that an annotation such as `dict[str, PoolPart] | None` holds."""
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
    """What to call the place where a path leads: its key, or which item of a list it is."""
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
            return f"unknown key {shown(str(path[-1]))}", nearest(last, known) or f"known here: {', '.join(known)}"
        case _ if kind in _SAID:
            return _SAID[kind].format(last=last, value=value, said=error["msg"]), ""
        case "value_error":
            return str(error["ctx"]["error"]), getattr(error["ctx"]["error"], "hint", "")
        case "literal_error":
            expected = error["ctx"]["expected"]
            near = nearest(value.strip("'"), expected.replace("'", "").replace(" or ", ", ").split(", "))
            return f"{last}: {value} is not one of {expected}", near
        case _ if error["input"] is None:
            return f"{last} is empty: {_NEEDED.get(kind, 'a value is needed')}, or remove the key", ""
        case _ if kind == NOT_TEXT and isinstance(error["input"], int | float):
            return f"{last}: text is needed, and {value} is none to YAML", f'put it in quotes: "{value}"'
        case _ if kind in _NEEDED:
            return f"{last}: {_NEEDED[kind]}" + (f", not {value}" if value else ""), ""
        case _:
            return f"{last}: {value} {error['msg'].removeprefix('Input ')}", ""


def _quoted(value: object, written: str | None) -> str:
    """A value as its author wrote it; nothing for what is too large to quote."""
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
