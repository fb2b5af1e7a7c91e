"""Errors of the command-line parser, in the same form as every other error."""

from __future__ import annotations

import typer

from auditor.errors import UsageError

# The base class of the parser's errors. Typer does not export it, and some releases of Typer contain their own copy.
REFUSED: type[Exception] = typer.BadParameter.__mro__[1]


def refused(error: Exception) -> UsageError:
    """Return an error that names the option and the problem, with the help of the command as a hint."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "auditor"
    return UsageError(_summary(error), f"See `{command} --help`.")


def _summary(error: Exception) -> str:
    parameter = getattr(error, "param", None)
    said = _said(str(error.message)) if hasattr(error, "message") else str(error)
    if parameter is None:
        return said
    options = [name for name in parameter.opts if name.startswith("--")]
    name = options[0] if options else parameter.metavar or parameter.name.upper()
    if type(error).__name__ == "MissingParameter":
        return f"{name} is missing"
    return f"{name}: {said}"


def _said(message: str) -> str:
    """Return the message without parser internals, in lower case and without a full stop."""
    text = " ".join(message.split()).removeprefix("Value error, ").replace("Input should be", "it must be", 1)
    text = text.partition(", unable to parse")[0].rstrip(".")
    return text[:1].lower() + text[1:]
