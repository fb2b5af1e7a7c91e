"""`auditor checks` and `auditor explain`: the list of all checks, and the page of one."""

from __future__ import annotations

from typing import Annotated

import typer
from tabulate import tabulate

from auditor.cli.completing import page_ids
from auditor.cli.output import write_stdout
from auditor.cli.worked import markdown, worked
from auditor.pipeline.catalogue import catalogue, rule_named, rules
from reports.words import words_in


def checks() -> None:
    """List every check with its family and severity."""
    rows = [(rule.id, rule.family, rule.severity.value, rule.title) for rule in rules(catalogue())]
    write_stdout(tabulate(rows, headers=("id", "family", "severity", "found when"), tablefmt="simple") + "\n")


def explain(
    check: Annotated[
        str,
        typer.Argument(metavar="ID", help="A check's id, as in findings and `auditor checks`.", autocompletion=page_ids),
    ],
) -> None:
    """Show the page of one check: what it checks, why it matters, how to fix it, when it is undetermined, and an example."""
    rule = rule_named(check)
    page = f"# {rule.id} ({rule.family}, {rule.severity.value})\n\n{rule.title}.\n\n{rule.page.strip()}\n"
    if example := worked(rule.id):
        page += "\n" + "\n".join(markdown(example, "##")) + "\n"
    if words := words_in(f"{rule.title} {rule.page}"):
        page += "\n## Words\n" + "".join(f"- {word}: {meaning}.\n" for word, meaning in words.items())
    write_stdout(page)
