"""The values of options without pydantic, where they are simple.

Since 0.29, typer builds a pydantic adapter for every parameter of a command, even if it is not given. That takes 11 times as
long as starting Python. A text, a path, a flag, a member of an enumeration, a list of these and a default need no adapter.
Everything else, and every error, is left to typer. An earlier typer has no adapters, and nothing is changed.
"""

from __future__ import annotations

import enum
import inspect
import os
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

_LEFT = object()  # the value is left to typer


def without_adapters(parameters: list[Any], callback: Callable[..., Any] | None) -> list[Any]:
    """Let the parameters of a command take simple values as they are. Return the same parameters.

    `callback` is what typer made of the function whose annotations describe them; `--help` and such are not among these.
    """
    new = [one for one in parameters if hasattr(one, "get_runtime_param") and "process_value" not in vars(one)]
    hints = get_type_hints(inspect.unwrap(callback)) if new and callback is not None else {}
    for parameter in new:
        parameter.process_value = _quick(parameter, hints.get(parameter.name, bool))
    return parameters


def _quick(parameter: Any, hint: object) -> Callable[[Any, Any], Any]:  # noqa: ANN401 - typer's own types are not exported
    by_typer = parameter.process_value
    plain = _plain(hint)
    is_many = parameter.multiple or parameter.nargs == -1

    def process(context: Any, value: Any) -> Any:  # noqa: ANN401 - as above
        if value is None:
            found: Any = () if is_many else None
        else:
            found = value if value is parameter.default and type(value) is plain else _simple(plain, value)
        is_missing = parameter.required and found in (None, (), [])
        if is_missing and context.resilient_parsing:
            raise ValueError(parameter.name)  # the line is being completed: the parser goes on without the value
        if found is _LEFT or is_missing:
            return by_typer(context, value)
        return found if parameter.callback is None else parameter.callback(context, parameter, found)

    return process


def _plain(hint: object) -> object:
    """The type of a value that is there: `Path` of `Path | None`."""
    if get_origin(hint) in {types.UnionType, Union}:
        there = [one for one in get_args(hint) if one is not type(None)]
        return there[0] if len(there) == 1 else hint
    return hint


def _simple(kind: Any, value: Any) -> Any:  # noqa: ANN401 - any value of the command line
    """The value as the type that the function wants; `_LEFT` where typer has to convert or refuse it."""
    if get_origin(kind) is list:
        (item,) = get_args(kind)
        found = [_simple(item, one) for one in value] if isinstance(value, tuple | list) else [_LEFT]
        return _LEFT if any(one is _LEFT for one in found) else found
    if not isinstance(kind, type):
        return _LEFT
    if issubclass(kind, enum.Enum):
        return next((one for one in kind if value is one or (type(value) is str and value == one.value)), _LEFT)
    if kind is bool or kind is str:
        return value if type(value) is kind else _LEFT
    if kind is Path and isinstance(value, str | Path):
        return _path(value)
    return _LEFT


def _path(value: str | Path) -> object:
    """A path that does not exist, or can be read; of any other, typer says what is wrong."""
    try:
        os.stat(value)  # noqa: PTH116 - as typer asks
    except OSError:
        return Path(value)
    except ValueError:
        return _LEFT
    return Path(value) if os.access(value, os.R_OK) else _LEFT
