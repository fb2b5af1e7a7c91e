"""What pydantic found wrong, in the words and at the places of the plan's author."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from auditor.errors import Location, Problem
from auditor.plan.schema import PlanPart

Where = Callable[[tuple[str | int, ...]], Location]


def nearest(word: str, known: Iterable[str]) -> str:
    """The nearest right spelling as a hint; empty when nothing is near."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The model that an annotation such as `dict[str, PoolPart] | None` holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part)) is not None), None)


def _keys_at(path: tuple[str | int, ...]) -> list[str]:
    """The keys that are known where `path` leads."""
    model: type[BaseModel] = PlanPart
    for part in path:
        field = _fields(model).get(str(part))
        if field is not None:
            model = _model_in(field) or model
    return list(_fields(model))


def _fields(model: type[BaseModel]) -> dict[str, object]:
    return {info.alias or name: info.annotation for name, info in model.model_fields.items()}


def _words(error: dict[str, Any]) -> tuple[str, str]:
    """Message and hint for one pydantic error."""
    path, kind, value = tuple(error["loc"]), error["type"], error.get("input")
    last = str(path[-1]) if path else "the plan"
    match kind:
        case "extra_forbidden":
            known = _keys_at(path[:-1])
            return f"unknown key {last!r}", nearest(last, known) or f"known here: {', '.join(known)}"
        case "missing":
            return f"{last!r} is missing", ""
        case "value_error":
            return str(error["ctx"]["error"]), ""
        case "literal_error":
            expected = error["ctx"]["expected"]
            return f"{last}: {value!r} is not one of {expected}", nearest(str(value), expected.replace("'", "").split(", "))
        case "string_pattern_mismatch":
            return f"{value!r} is no name: use letters, digits, '.', '_' and '-'", ""
        case "too_short":
            return f"{last!r} must not be empty", ""
        case _ if isinstance(value, dict | list) or value is None:
            return f"{last}: {error['msg'].removeprefix('Input ')}", ""
        case _:
            return f"{last}: {value!r} {error['msg'].removeprefix('Input ')}", ""


def from_validation(error: ValidationError, where: Where) -> list[Problem]:
    """Every problem of a validation, at its place."""
    problems = []
    for item in error.errors():
        path = tuple(part for part in item["loc"] if part != "[key]")
        message, hint = _words({**item, "loc": path})
        problems.append(Problem(where(path), message, hint))
    return problems
