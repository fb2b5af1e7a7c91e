"""Writes the generated pages of docs/: the checks, the command line and the plan. `make docs` runs it.

It also writes checks/catalogue.json, by which a run knows its checks without importing them, and checks/worked.json, which
`auditor explain` prints; that is made from checks/examples and checks/said.yaml.

The words are the code's own: module docstrings, option helps, fact tables. CI fails when a page differs from what this writes.
"""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from auditor.cli.worked import markdown, worked
from auditor.engine import evaluate
from auditor.pipeline.catalogue import rules
from auditor.plan.schema import json_schema
from auditor.plan.starter import starter_plan
from auditor.testing import site_of
from auditor.testing.values import day
from checks import MODULES, catalogue_text, check_in
from reports.words import WORDS

sys.path.insert(0, str(Path(__file__).parent))  # the neighbours below are no package
import kit
import manual

HERE = Path(__file__).parent
CATALOGUE = tuple(map(check_in, MODULES))  # the modules, not the file that this writes
TODAY = datetime.date(2026, 11, 23)
EXAMPLES = HERE.parent / "checks" / "examples"
HEADER = "<!-- Written by docs/generate.py; edit the code and run `make docs`. -->\n"


def said_file() -> str:
    """checks/said.yaml: what the auditor says to the first failing example of each check, in its own words."""
    said = {}
    for check in CATALOGUE:
        forms = yaml.safe_load((EXAMPLES / f"{check.id}.yaml").read_text("utf-8"))
        failing = next(form for form in forms if form["outcome"] == "failing")
        outcomes = evaluate(site_of(failing), (check,), day(failing.get("today", TODAY)))
        finding = outcomes.results[0].findings[0]
        remedy = finding.remedies[0]
        said[check.id] = {
            "severity": finding.severity.value,
            "message": finding.message,
            "fix": remedy.text,
            "commands": list(remedy.commands),
        }
    return "# Written by docs/generate.py; edit the code and run `make docs`.\n" + yaml.safe_dump(
        said, sort_keys=False, allow_unicode=True, width=120
    )


def worked_file() -> str:
    """checks/worked.json: the example of each check as `auditor explain` prints it."""
    pages = {check.id: "\n".join(markdown(example, "##")) for check in CATALOGUE if (example := worked(check.id))}
    return json.dumps(pages, indent=1, ensure_ascii=False) + "\n"


CHECKS_INTRODUCTION = """
Each check asks one question of a planned site: its plan, its images, and the evidence collected about both. It finds
something, or says that what it examined is fine, or that it could not tell, or that the plan gives it nothing to look at.
The id is the name to use in `--only`, `--skip`, waivers and `severity:`; `auditor explain ID` prints the same page.

*error*: something that the plan needs fails offline. *warning*: it fails only if something else happens as well. *info*: worth
knowing. The severity shown is the worst that a check gives by itself; a plan may change it. [severity.md](severity.md) has
the rule, and the reason for every severity of every check.

Each page ends with a worked example: a plan, what was observed of the outside world, and what the auditor says to it.
Observations are in the short form of the [test kit](testing.md): `platforms` are what an image's index offers, `single` is
an image without an index, `serves` are the certificates that an endpoint sends, its own first.

## Words
"""


def checks_page() -> str:
    """docs/checks.md."""
    all_rules = rules(CATALOGUE)
    lines = [HEADER, "# The checks", CHECKS_INTRODUCTION]
    lines += [*(f"- **{word}**: {meaning}." for word, meaning in WORDS.items()), "", "## The list", ""]
    for family in dict.fromkeys(rule.family for rule in all_rules):
        lines += [f"**{family}**", "", "| id | severity | found when |", "|---|---|---|"]
        lines += [
            f"| [`{rule.id}`](#{rule.id}) | {rule.severity.value} | {rule.title} |"
            for rule in all_rules
            if rule.family == family
        ]
        lines += [""]
    for rule in all_rules:
        page = rule.page.strip().replace("## ", "### ")
        lines += [f"## {rule.id}", "", f"**{rule.title}.** Family {rule.family}, {rule.severity.value}.", "", page, ""]
        if example := worked(rule.id):
            lines += [*markdown(example, "###"), ""]
    return "\n".join(lines).rstrip() + "\n"


SEVERITY_INTRODUCTION = """
One rule decides every severity: **if the finding is true, does something that the plan needs fail offline?**

| severity | when |
|---|---|
| error | yes, certainly |
| warning | only if something else happens as well |
| info | no, but it is worth knowing |

An error needs certainty. A finding that rests on a fact of low confidence, on an estimate, or on something that the plan may
not need is a warning. What cannot be decided at all is *undetermined*, which is never a pass.

A plan may change severities (`severity:`), and a waiver may accept a finding. Both change the verdict only. The image matrix
goes by the severities of this page: an image is `blocked` on a pool if an error says that its nodes cannot pull or run it,
even if the plan calls that an info. A waived finding still blocks; the cell then says that a waiver accepts it.

The policy's own rules are about waivers and the plan; they say how the verdict may be misread.
"""


def severity_page() -> str:
    """docs/severity.md: every severity that a check gives, in which case and why."""
    cases = yaml.safe_load((HERE.parent / "checks" / "severity.yaml").read_text("utf-8"))
    lines = [HEADER, "# Severities", SEVERITY_INTRODUCTION, "| check | severity | case | why |", "|---|---|---|---|"]
    for rule in rules(CATALOGUE):
        for severity, case, why in cases[rule.id]:
            lines.append(f"| [`{rule.id}`](checks.md#{rule.id}) | {severity} | {case} | {why} |")
    return "\n".join(lines) + "\n"


def _help(*arguments: str) -> str:
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    start = "import sys; sys.argv[0] = 'auditor'; from auditor.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", start, *arguments, "--help"], capture_output=True, text=True, env=environment, check=True
    )
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


# What a newcomer would type; tests/test_docs.py sees that each is understood.
COMMAND_EXAMPLES = {
    "audit": (
        "auditor audit plan.yaml                                    # collect into a cache, then judge",
        "auditor audit site.evidence --at 2027-03-01                # no network at all: what breaks in March?",
        "auditor audit plan.yaml --evidence site.evidence --format html=report.html --format text",
        "auditor audit images.txt --platform linux/amd64 --platform windows/amd64:ltsc2022",
        "auditor audit plan.yaml --via target --only image-absent   # inside: has everything arrived?",
        "auditor audit plan.yaml --baseline before.json --format github   # gate only on what is new",
    ),
    "collect": (
        "auditor collect plan.yaml -o site.evidence",
        "auditor collect images.txt --platform windows/amd64:ltsc2022 -o lists.evidence",
    ),
    "diff": (
        "auditor diff before.json after.json                        # what is new, gone, worse?",
        "auditor diff before.json after.json --format json --fail-on warning",
    ),
    "images": (
        "auditor images plan.yaml",
        "auditor images site.evidence",
        "auditor images deploy/ charts/shop --platform linux/amd64 --format json",
    ),
    "inspect": (
        "auditor inspect mcr.microsoft.com/windows/servercore:ltsc2022",
        "auditor inspect rancher/mirrored-pause:3.6 --evidence site.evidence --format json",
    ),
    "chain": (
        "auditor chain registry.plant7.local:5000 --trust certs/corp-root.pem --trust nodes/win2022.json",
        "auditor chain chain.pem --host registry.plant7.local --platform windows/amd64:ltsc2019 --client curl",
        "auditor chain --dump-script > windows-trust.ps1",
    ),
    "fix": (
        "auditor fix plan.yaml --via source --via target -o fix   # what the registry inside lacks",
        "auditor fix site.evidence -o fix                         # no network at all",
        "auditor fix plan.yaml --waivers accepted.yaml -o fix     # nothing for what somebody accepted",
        "auditor fix report.json -o fix                           # of a report: the copy scripts alone",
    ),
    "checks": (),
    "explain": ("auditor explain foreign-layer-egress",),
    "init": ("auditor init plan.yaml", "auditor init -   # look at it first"),
    "schema": ("auditor schema plan > plan.schema.json", "auditor schema report > report.schema.json"),
}


CLI_INTRODUCTION = """
The usual way is `auditor init`, then `auditor audit plan.yaml`. With a gap between: `auditor collect plan.yaml -o
site.evidence` on the connected side, `auditor audit site.evidence` on the other. Data goes to stdout, progress and
warnings to stderr.

| exit code | means |
|---|---|
| 0 | ready |
| 1 | not ready: a finding at or over `--fail-on` |
| 2 | the command line, the plan or a list is wrong |
| 3 | undetermined: something could not be observed, and nothing is worse; of `collect`: something was not observed |
| 4 | an internal error |
| 129, 130, 143 | ended by SIGHUP, Ctrl-C or SIGTERM |

`auditor COMMAND --help` prints what stands here.
"""


def cli_page() -> str:
    """docs/cli.md."""
    lines = [HEADER, "# The command line", CLI_INTRODUCTION, "## auditor", "", "```", _help(), "```"]
    for command, examples in COMMAND_EXAMPLES.items():
        lines += ["", f"## auditor {command}", "", "```", _help(command), "```"]
        if examples:
            lines += ["", "```console", *examples, "```"]
    return "\n".join(lines) + "\n"


def _forms(part: dict[str, Any]) -> list[str]:
    """What a value may be, in words; a part of the plan is linked to its table."""
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return [f"[{_heading(name)}](#{_heading(name).replace(' ', '-')})"]
    if "enum" in part or "const" in part:
        return [f"`{value}`" for value in part.get("enum", [part.get("const")])]
    if "anyOf" in part:
        return [form for choice in part["anyOf"] for form in _forms(choice) if form != "null"]
    match part.get("type"):
        case "array":
            return [f"list of {' or '.join(_forms(part['items']))}"]
        case "object":
            values = part.get("additionalProperties") or next(iter(part.get("patternProperties", {}).values()), {})
            return [f"mapping to {' or '.join(_forms(values))}" if values else "mapping"]
        case list(kinds):
            return [_KINDS.get(kind, kind) for kind in kinds]
        case kind:
            return [part["format"] if "format" in part else _KINDS.get(str(kind), str(kind))]


_KINDS = {"string": "text", "integer": "whole number", "boolean": "true or false"}


def _heading(model: str) -> str:
    return f"{model.removesuffix('Part').lower()} part"


def _as_yaml(value: object) -> str:
    return f"`{json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value}`"


def _examples(part: dict[str, Any]) -> list[Any]:
    inner = [part, *part.get("anyOf", []), part.get("items", {})]
    return next((found["examples"] for found in inner if found.get("examples")), [])


def _default(key: str, part: dict[str, Any], value: dict[str, Any]) -> str:
    if key in part.get("required", []):
        return "required"
    default = value.get("default")
    return "" if default in (None, [], {}) else f"`{json.dumps(default)}`"


def _plan_table(part: dict[str, Any]) -> list[str]:
    lines = ["", part["description"], "", "| key | form | default | what it means | example |", "|---|---|---|---|---|"]
    for key, value in part["properties"].items():
        example = ", ".join(map(_as_yaml, _examples(value)))
        cells = (f"`{key}`", ", ".join(_forms(value)), _default(key, part, value), value["description"], example)
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def plan_page() -> str:
    """docs/plan.md."""
    schema = json_schema()
    lines = [
        HEADER,
        "# The plan",
        "",
        "The starter that `auditor init` writes shows every part; `auditor schema plan` prints the",
    ]
    lines += ["JSON Schema that editors use. Unknown keys are errors. Paths are relative to the plan; absolute paths and `..`"]
    lines += [
        "work too. Files under `/proc`, `/sys`, `/dev` and `/run/secrets` are not read, nor files that hold logins or keys,"
    ]
    lines += ["such as `~/.ssh` and `~/.docker/config.json`.", "", "## The whole"]
    lines += _plan_table(schema)
    for name, part in schema["$defs"].items():
        properties = part if "properties" in part else next(choice for choice in part["anyOf"] if "properties" in choice)
        lines += ["", f"## {_heading(name)}"]
        lines += _plan_table({**properties, "description": part["description"]})
    return "\n".join([*lines, "", "## The starter", "", "```yaml", starter_plan().rstrip(), "```"]) + "\n"


def testing_page() -> str:
    """docs/testing.md."""
    return f"{HEADER}\n{kit.page()}"


# What is generated, and by what; in this order, as the page of the checks shows what said.yaml holds.
GENERATED = {
    HERE.parent / "checks" / "catalogue.json": catalogue_text,
    HERE.parent / "checks" / "said.yaml": said_file,
    HERE.parent / "checks" / "worked.json": worked_file,
    HERE / "checks.md": checks_page,
    HERE / "severity.md": severity_page,
    HERE / "plan.md": plan_page,
    HERE / "cli.md": cli_page,
    HERE / "testing.md": testing_page,
    HERE / "auditor.1": manual.page,
}


def main() -> None:
    """Write every page."""
    for path, text in GENERATED.items():
        path.write_text(text(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
