"""Writes the generated pages of docs/: the check catalogue and the command-line reference. `make docs` runs it.

The words are the code's own: module docstrings, option helps, fact tables. CI fails when a page differs from what this writes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

from auditor.cli.selection import rules
from checks import CATALOGUE

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "checks" / "examples"
COMMANDS = ("audit", "collect", "inspect", "checks", "explain", "init", "schema")
HEADER = "<!-- Written by docs/generate.py; edit the code and run `make docs`. -->\n"


def _example(check: str) -> str:
    path = EXAMPLES / f"{check}.yaml"
    if not path.exists():
        return ""
    failing = next((case for case in yaml.safe_load(path.read_text("utf-8")) if case["outcome"] == "failing"), None)
    if failing is None:
        return ""
    parts = [f"### Example: {failing['name']}", "", "```yaml", failing["plan"].strip(), "```", ""]
    for name, text in failing.get("files", {}).items():
        parts += [f"`{name}`:", "", "```", str(text).strip(), "```", ""]
    return "\n".join(parts)


def checks_page() -> str:
    """docs/checks.md."""
    all_rules = rules(CATALOGUE)
    lines = [HEADER, "# The checks", "", "| id | family | severity | found when |", "|---|---|---|---|"]
    lines += [f"| [`{rule.id}`](#{rule.id}) | {rule.family} | {rule.severity.value} | {rule.title} |" for rule in all_rules]
    for rule in all_rules:
        page = rule.page.strip().replace("## ", "### ")
        lines += ["", f"## {rule.id}", "", f"**{rule.title}.** Family {rule.family}, {rule.severity.value}.", "", page]
        if example := _example(rule.id):
            lines += ["", example.rstrip()]
    return "\n".join(lines) + "\n"


def _help(*arguments: str) -> str:
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    command = [sys.executable, "-m", "auditor", *arguments, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


def cli_page() -> str:
    """docs/cli.md."""
    lines = [HEADER, "# The command line", "", "```", _help(), "```"]
    for command in COMMANDS:
        lines += ["", f"## auditor {command}", "", "```", _help(command), "```"]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write every page."""
    (HERE / "checks.md").write_text(checks_page(), encoding="utf-8", newline="\n")
    (HERE / "cli.md").write_text(cli_page(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
