"""`auditor checks` and `auditor explain`: the catalogue, and one check's page."""

from __future__ import annotations

from typing import Annotated

import typer
from tabulate import tabulate

from auditor.check import Rule
from auditor.cli.completing import page_ids
from auditor.cli.output import write_stdout
from auditor.cli.selection import catalogue, rules, selected
from auditor.cli.worked import markdown, worked
from auditor.errors import UsageError
from auditor.text import shown
from reports.words import words_in


def checks() -> None:
    """List every check with its family and severity."""
    rows = [(rule.id, rule.family, rule.severity.value, rule.title) for rule in rules(catalogue())]
    write_stdout(tabulate(rows, headers=("id", "family", "severity", "found when"), tablefmt="simple") + "\n")


def _named(name: str) -> Rule:
    known = catalogue()
    for rule in rules(known):
        if rule.id == name:
            return rule
    selected(known, [name], [])  # raises, with the nearest id as a hint
    raise UsageError(f"there is no check {shown(name)}")


def explain(
    check: Annotated[
        str,
        typer.Argument(metavar="ID", help="A check's id, as in findings and `auditor checks`.", autocompletion=page_ids),
    ],
) -> None:
    """Show one check's page: what it checks, why it matters, how to fix it, when it cannot tell, an example, its words."""
    rule = _named(check)
    page = f"# {rule.id} ({rule.family}, {rule.severity.value})\n\n{rule.title}.\n\n{rule.page.strip()}\n"
    if example := worked(rule.id):
        page += "\n" + "\n".join(markdown(example, "##")) + "\n"
    if words := words_in(f"{rule.title} {rule.page}"):
        page += "\n## Words\n" + "".join(f"- {word}: {meaning}.\n" for word, meaning in words.items())
    write_stdout(page)
