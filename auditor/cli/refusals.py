"""What the parser of the command line refuses, in the words and the form of every other message."""

from __future__ import annotations

import typer

from auditor.errors import UsageError

# The base of what the parser raises for a wrong command line. Typer exports no name for it, and some releases of it bring
# their own copy of the class.
REFUSED: type[Exception] = typer.BadParameter.__mro__[1]


def refused(error: Exception) -> UsageError:
    """The parser's error as ours: what is wrong with which option, and where the right ones are listed."""
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
    """The message without how it was found out, with a small letter in front and no full stop behind."""
    text = " ".join(message.split()).removeprefix("Value error, ").replace("Input should be", "it must be", 1)
    text = text.partition(", unable to parse")[0].rstrip(".")
    return text[:1].lower() + text[1:]
