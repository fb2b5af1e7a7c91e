"""The page docs/testing.md: how authors of checks test them, from the docstrings of `auditor.testing`."""

from __future__ import annotations

import inspect
import textwrap

from auditor.testing import chain_forms, copy_forms, examples, image_forms, signature_forms, sites

INTRODUCTION = """
`auditor.testing` builds a site from a few lines of YAML: a plan, the files that it names, and what registries and endpoints
answered. It runs one check on the site and compares the outcome. The tests of this repository and the
[example plug-in](../examples/plugin/README.md) use it. It needs no test framework, opens no connection and starts no program.

The names on this page are kept, like those of the [Python API](api.md). Keys may be added to the forms.

```python
from auditor.testing import run_check, site_from
from plant_rules.image_from_house import CHECK


def test_image_of_unknown_registry() -> None:
    site = site_from(\"\"\"
        plan: |
          version: 1
          pools: {linux: {platform: linux/amd64}}
          images: [{list: images.txt}]
        files: {images.txt: "ghcr.io/plant/line:2"}
    \"\"\")
    (finding,) = run_check(CHECK, site).findings
    assert finding.subject.id == "ghcr.io/plant/line:2"
```

For a check of the catalogue, examples are enough: `checks/examples/ID.yaml` holds them, `tests/test_catalogue.py` runs
them, and one becomes the worked example of [its page](checks.md). A plug-in does the same in two lines:

```python
for example in read_examples(Path("image-from-house.yaml")):
    assert_example(CHECK, example)
```

| name | what it does |
|---|---|
"""

NAMES = {
    "site_from(text)": "Returns the site of an example in YAML.",
    "site_of(example)": "Returns the site of an example that is a mapping.",
    "plan_of(text, files=…)": "Returns only the plan. `files` maps paths to bytes.",
    "evidence_of(observed)": "Returns only the evidence of images.",
    "run_check(check, site, today=…)": (
        "Runs the check as the engine does. Returns `findings`, `undetermined`, `examined` and `not_applicable`."
    ),
    "read_examples(path)": "Returns the examples of a YAML file, validated.",
    "assert_example(check, example)": (
        "Runs the check on an example. Raises AssertionError, with everything that the check reported, if the outcome differs."
    ),
    "reported(result)": "Returns messages, locations, remedies, commands and reasons of a result as text.",
    "MemoryEvidence": "Evidence that a test fills itself: `point`, `store` and mappings. `without(keys)` removes observations.",
    "auditor.testing.certificates": (
        "Creates certificates and CRLs: `make(subject, issuer, shape)`, `make_crl(issuer, until)`, `hierarchy()`."
    ),
    "ExampleError": "An example is invalid. `summary` names the value, `hint` the valid ones.",
    "TODAY": "The default day of an evaluation: 2026-11-23.",
}
PARTS = {
    "An example": sites,
    "The expected outcome": examples,
    "Images": image_forms,
    "Copies": copy_forms,
    "Signatures": signature_forms,
    "Certificates and endpoints": chain_forms,
}


def page() -> str:
    """Return the text of docs/testing.md without the header of generated files."""
    lines = ["# Test a check", INTRODUCTION.rstrip()]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in NAMES.items()]
    for title, module in PARTS.items():
        lines += ["", f"## {title}", "", *_as_markdown(inspect.getdoc(module) or "")]
    return "\n".join(lines) + "\n"


def _as_markdown(docstring: str) -> list[str]:
    """Return the paragraphs of a docstring. Indented ones become code blocks."""
    lines: list[str] = []
    for paragraph in docstring.split("\n\n"):
        code = paragraph.startswith("    ")
        lines += ["```text", *textwrap.dedent(paragraph).splitlines(), "```", ""] if code else [*paragraph.splitlines(), ""]
    return lines[:-1]
