"""`auditor checks` and `auditor explain`: the list of all checks, and the page of one."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from auditor.check import Rule
from auditor.cli.completing import page_ids
from auditor.cli.output import write_stdout
from auditor.own_files import text_in
from auditor.pipeline.catalogue import catalogue, rule_named, rules
from reports.table import columns
from reports.words import words_in


def checks() -> None:
    """List every check with its family and severity."""
    rows = [(rule.id, rule.family, rule.severity.value, rule.title) for rule in rules(catalogue())]
    write_stdout("".join(f"{line}\n" for line in columns(("id", "family", "severity", "found when"), rows)))


def explain(
    check: Annotated[
        str,
        typer.Argument(metavar="ID", help="A check's id, as in findings and `auditor checks`.", autocompletion=page_ids),
    ],
) -> None:
    """Show the page of one check: what it checks, why it matters, how to fix it, when it is undetermined, and an example."""
    rule = rule_named(check)
    page = f"# {rule.id} ({rule.family}, {rule.severity.value})\n\n{rule.title}.\n\n{rule.page.strip()}\n"
    if example := _examples().get(rule.id):
        page += f"\n{example}\n"
    if rule.controls:
        page += "\n## Controls\n" + "".join(f"- {line}\n" for line in control_lines(rule))
    if words := words_in(f"{rule.title} {rule.page}"):
        page += "\n## Terms\n" + "".join(f"- {word}: {meaning}.\n" for word, meaning in words.items())
    write_stdout(page)


def control_lines(rule: Rule) -> list[str]:
    """Return one line for each control that the rule evidences."""
    return [f"{one.framework_title}, {one.id} {one.title}: {one.why}" for one in rule.controls]


def _examples() -> dict[str, str]:
    """The worked example of each check of ours, as docs/generate.py writes them: plug-ins and the policy have none."""
    found: dict[str, str] = json.loads(text_in("checks", "worked.json"))
    return found
