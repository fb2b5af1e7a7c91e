"""Worked examples: the first failing and the first passing example of a check, and the finding for the failing one.

The examples are data of the package `checks`. `docs/generate.py` writes their findings to `checks/said.yaml`, because it takes
test code to build the site of an example.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

# The observations of an example, in the order of the page.
_OBSERVED = ("certificates", "endpoints", "observed", "target", "archives")


@dataclass(frozen=True, slots=True)
class Said:
    """The finding for the failing example, and its first remedy."""

    severity: str
    message: str
    fix: str
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Worked:
    """A failing example: its plan, the files that the plan names and the observations; and the name of a passing one."""

    name: str
    plan: str
    files: Mapping[str, str]
    observed: str
    said: Said
    passing: str


def worked(check: str) -> Worked | None:
    """Return the example of a check, or None for rules of the policy and for checks of plug-ins."""
    folder = resources.files("checks")
    file = folder / "examples" / f"{check}.yaml"
    if not file.is_file():
        return None
    forms = yaml.safe_load(file.read_text("utf-8"))
    failing, passing = _first(forms, "failing"), _first(forms, "passing")
    said = yaml.safe_load((folder / "said.yaml").read_text("utf-8"))[check]
    return Worked(
        name=failing["name"],
        plan=failing["plan"].strip(),
        files={path: _content(content) for path, content in failing.get("files", {}).items()},
        observed=_observed(failing),
        said=Said(said["severity"], said["message"], said["fix"], tuple(said["commands"])),
        passing=passing["name"],
    )


def _first(forms: list[dict[str, Any]], outcome: str) -> dict[str, Any]:
    return next(form for form in forms if form["outcome"] == outcome)


def _content(content: str | list[str]) -> str:
    """Return the content of a file. A list names the certificates that the file consists of."""
    return content.strip() if isinstance(content, str) else f"(PEM: {', '.join(content)})"


class _Plain(yaml.SafeDumper):
    """Writes repeated values out: anchors help the author of an example, but not its reader."""

    def ignore_aliases(self, _data: object) -> bool:
        """Ignore all aliases."""
        return True


def _observed(form: Mapping[str, Any]) -> str:
    shown = {key: form[key] for key in _OBSERVED if key in form}
    return yaml.dump(shown, Dumper=_Plain, sort_keys=False, width=96, allow_unicode=True).strip() if shown else ""


def markdown(example: Worked, level: str) -> Iterator[str]:
    """Yield the example as lines of Markdown. `level` are the hashes of its heading."""
    yield from (f"{level} Example: {example.name}", "")
    yield from _block("plan.yaml", "yaml", example.plan)
    for path, content in example.files.items():
        yield from _block(path, "", content)
    if example.observed:
        yield from _block("Observations", "yaml", example.observed, code=False)
    yield from (f"The finding ({example.said.severity}):", "", *_quote(example.said.message), ">")
    yield from (*_quote(f"Fix: {example.said.fix}"), "")
    if example.said.commands:
        yield from ("```console", *example.said.commands, "```", "")
    yield f"An example that passes: {example.passing}."


def _block(title: str, language: str, text: str, *, code: bool = True) -> Iterator[str]:
    yield from (f"`{title}`:" if code else f"{title}:", "", f"```{language}", text, "```", "")


def _quote(text: str) -> list[str]:
    return textwrap.wrap(text, 96, initial_indent="> ", subsequent_indent="> ", break_long_words=False, break_on_hyphens=False)
