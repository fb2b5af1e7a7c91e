"""Parse a command line with the defaults of a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from auditor.cli.config_file import find_config
from auditor.cli.saying import note

_COMMANDS = frozenset({"audit", "collect", "fix"})
_HELP = frozenset({"-h", "--help"})
_PLATFORM, _INPUTS, _FORMAT = "platform", "inputs", "format"


def with_defaults(command: Any, name: str, given: list[str], *args: Any, **more: Any) -> Any:  # noqa: ANN401 - the parser's types
    """Return the context of a command. What the command line states wins over the file.

    Platforms of the file are for image lists: a plan has its own. Raises PlanError for an invalid file.
    """
    path = find_config(Path.cwd()) if command.name in _COMMANDS and not _HELP & {*given} else None
    if path is None or more.get("resilient_parsing"):
        return command.make_context(name, given, *args, **more)
    from auditor.cli.config import load_config  # noqa: PLC0415 - few folders have such a file
    from auditor.pipeline.inputs import is_site  # noqa: PLC0415 - as above

    defaults = load_config(path, Path.cwd())
    parameters = {one.name for one in command.params} - {_PLATFORM, *((_FORMAT,) if command.name != "audit" else ())}
    context = command.make_context(
        name, given, *args, default_map={key: value for key, value in defaults.items() if key in parameters}, **more
    )
    platforms = defaults.get(_PLATFORM)
    if platforms and not context.params.get(_PLATFORM) and not all(map(is_site, context.params[_INPUTS])):
        context.params[_PLATFORM] = platforms
    note(f"auditor: defaults from {path}")
    return context
