"""The help of commands: options in groups, whole summaries, and examples."""

from __future__ import annotations

from typing import Any

from auditor.cli.examples import EXAMPLES

ARGUMENTS, OPTIONS = "Arguments", "Options"
_COMMENT = 2  # spaces between a call and its note


class HelpPage:
    """The parts of a command's help that differ from the parser's own. Mixed into its class of commands."""

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - the parser's own types are not exported
        """Write the arguments, then the options by group, those without a group last."""
        groups: dict[str, list[tuple[str, str]]] = {ARGUMENTS: []}
        for parameter in self.get_params(ctx):  # type: ignore[attr-defined]
            if parameter.param_type_name == "argument":
                groups[ARGUMENTS].append((parameter.metavar or parameter.name.upper(), parameter.help or ""))
            elif (record := parameter.get_help_record(ctx)) is not None:
                groups.setdefault(getattr(parameter, "rich_help_panel", None) or OPTIONS, []).append(record)
        for name, records in sorted(groups.items(), key=lambda pair: pair[0] == OPTIONS):
            if not records:
                continue
            with formatter.section(name):
                formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - as above
        """Write the examples, each on a line of its own that can be copied."""
        del ctx
        examples = EXAMPLES.get(str(self.name), ())  # type: ignore[attr-defined]
        if examples:
            with formatter.section("Examples"):
                for call, note in examples:
                    formatter.write(f"  {call}\n" if not note else _example(call, note, formatter.width))


def _example(call: str, note: str, width: int) -> str:
    """Return a call with its note after it, or above it if the line is too short."""
    line = f"  {call}{' ' * _COMMENT}# {note}\n"
    return line if len(line) <= width + 1 else f"  # {note}\n  {call}\n"


def summaries(commands: list[tuple[str, Any]]) -> list[tuple[str, str]]:
    """Return each command with the first sentence of its help, which is not cut."""
    return [(name, " ".join((command.help or "").split()).partition(". ")[0].rstrip(".") + ".") for name, command in commands]
