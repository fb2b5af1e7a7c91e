"""Defaults of the command line from `auditor.toml`, or from `[tool.airgap-auditor]` in pyproject.toml.

The command line wins. The file may come from an untrusted checkout: no key is a command, a secret or a certificate, and each
path must lead to a file below the folder of the file.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.check import Severity
from auditor.cli.config_file import MAX_BYTES, PROJECT
from auditor.errors import Location, PlanError, Problem, strerror
from auditor.evidence.kinds import Place, Verify
from auditor.formats import names
from auditor.plan.areas import REQUIRABLE
from auditor.plan.spelling import nearest
from auditor.readers.node_config.marked_toml import Toml, load_toml
from auditor.readers.node_config.model import Unreadable
from auditor.text import shown

TABLE = ("tool", "airgap-auditor")
MOST_VALUES = 200


class Form(enum.Enum):
    """The form of a value."""

    FLAG = "true or false"
    NUMBER = "a number"
    TEXT = "a text in quotes"
    TEXTS = 'a list of texts, such as ["a", "b"]'


@dataclass(frozen=True, slots=True)
class DefaultKey:
    """One key: its form, the option that it is the default of, and its values. `is_path`: a path below the file's folder."""

    form: Form
    option: str
    help: str
    values: tuple[str, ...] = ()
    is_path: bool = False
    limits: tuple[float, float] = (0, 0)


KEYS: dict[str, DefaultKey] = {
    "inputs": DefaultKey(
        Form.TEXTS,
        "inputs",
        "Plans or lists, if the command line names none; a list may have platforms (`linux.txt=linux/amd64`).",
        is_path=True,
    ),
    "platforms": DefaultKey(Form.TEXTS, "platform", "Platforms of lists that have none (`--platform`). Not used for a plan."),
    "format": DefaultKey(Form.TEXTS, "format", "Formats for stdout (`--format`), without a file.", names()),
    "fail-on": DefaultKey(
        Form.TEXT, "fail_on", "The severity from which the site is not ready (`--fail-on`).", tuple(Severity)
    ),
    "strict": DefaultKey(Form.FLAG, "strict", "Undetermined counts as not ready (`--strict`)."),
    "only": DefaultKey(Form.TEXTS, "only", "Ids of the only checks to run (`--only`)."),
    "skip": DefaultKey(Form.TEXTS, "skip", "Ids of checks that do not run (`--skip`)."),
    "require": DefaultKey(Form.TEXTS, "require", "Areas that must be examined (`--require`).", REQUIRABLE),
    "waivers": DefaultKey(Form.TEXT, "waivers", "A file of waivers (`--waivers`).", is_path=True),
    "baseline": DefaultKey(
        Form.TEXT, "baseline", "A JSON report whose findings do not count again (`--baseline`).", is_path=True
    ),
    "via": DefaultKey(Form.TEXTS, "via", "Where to look for images (`--via`).", tuple(Place)),
    "verify": DefaultKey(Form.TEXT, "verify", "How much of the internal registry to read (`--verify`).", tuple(Verify)),
    "jobs": DefaultKey(Form.NUMBER, "jobs", "Concurrent connections (`--jobs`), from 1 to 64.", limits=(1, 64)),
    "timeout": DefaultKey(
        Form.NUMBER, "timeout", "Seconds until a host must answer (`--timeout`), from 0.1 to 600.", limits=(0.1, 600)
    ),
    "keep-report": DefaultKey(Form.FLAG, "keep_report", "Whether the report is kept for `auditor show` (default: true)."),
}
REFUSED = {
    "ca": "a checkout must not add a CA: pass `--ca`, or write `ca` into the plan",
    "render-charts": "a checkout must not start a program: pass `--render-charts`",
    "at": "a fixed date hides what expires: pass `--at`",
    "evidence": "pass `--evidence`, or name the evidence file under `inputs`",
    "offline": "pass `--offline`",
}


def load_config(path: Path, start: Path) -> dict[str, Any]:
    """Return the defaults in a file by parameter, with paths relative to `start`.

    Raises PlanError, which lists every problem with its line.
    """
    name = os.path.relpath(path, start)
    try:
        with path.open("rb") as file:
            toml = load_toml(file.read(MAX_BYTES + 1))
    except OSError as error:
        raise PlanError([Problem(Location(name), f"cannot read: {strerror(error)}")]) from error
    except Unreadable as error:
        raise PlanError([Problem(Location(name, error.line, error.column), str(error))]) from error
    prefix = TABLE if path.name == PROJECT else ()
    table = toml.get(*prefix) if prefix else toml.data
    if not isinstance(table, dict):
        return {}
    reader = _Reader(path, name, toml, prefix, start)
    values = {key: reader.value(key, given) for key, given in table.items()}
    if reader.problems:
        raise PlanError(reader.problems, "docs/config.md lists every key.")
    return {KEYS[key].option: value for key, value in values.items()}


class _Reader:
    """Reads the values of one file and collects its problems."""

    def __init__(self, path: Path, name: str, toml: Toml, prefix: tuple[str, ...], start: Path) -> None:
        self.problems: list[Problem] = []
        self._folder = path.parent.resolve()
        self._name = name
        self._toml = toml
        self._prefix = prefix
        self._start = start

    def value(self, key: str, given: object) -> Any:  # noqa: ANN401 - the value of an option
        """Return the value of an option, or None with a problem."""
        known = KEYS.get(key)
        if known is None:
            why = REFUSED.get(key.replace("_", "-"))
            hint = why or nearest(key, KEYS) or f"the keys are {', '.join(KEYS)}"
            return self._problem(key, f"{shown(key)} is not a key of this file", hint)
        if not _has_form(known.form, given):
            return self._problem(key, f"{key} must be {known.form.value}")
        if known.form is Form.NUMBER:
            return self._number(key, known, given)
        if known.form is Form.FLAG:
            return given
        texts = given if isinstance(given, list) else [given]
        if len(texts) > MOST_VALUES:
            return self._problem(key, f"{key} has more than {MOST_VALUES} values")
        made = [self._text(key, known, str(text)) for text in texts]
        return made if known.form is Form.TEXTS else made[0]

    def _number(self, key: str, known: DefaultKey, given: Any) -> Any:  # noqa: ANN401 - a number
        low, high = known.limits
        assert isinstance(given, int | float)  # noqa: S101 - the form was tested
        if not low <= given <= high or (isinstance(low, int) and not isinstance(given, int)):
            return self._problem(key, f"{key} must be {known.form.value} from {low:g} to {high:g}")
        return given

    def _text(self, key: str, known: DefaultKey, text: str) -> str:
        if not text or any(ord(char) < 32 for char in text):
            self._problem(key, f"{key} has an empty value, or one with control characters")
        elif known.values and text not in known.values:
            hint = nearest(text, known.values) or f"write one of {', '.join(known.values)}"
            self._problem(key, f"{key}: {shown(text)} is not a value of it", hint)
        elif known.is_path:
            return self._path(key, text)
        return text

    def _path(self, key: str, text: str) -> str:
        """Return a path below the file's folder, relative to the current folder. `inputs` keep their platforms."""
        name, equals, platforms = text.partition("=") if key == "inputs" else (text, "", "")
        try:
            path = (self._folder / name).resolve()
            is_below = path.is_relative_to(self._folder) and not Path(name).is_absolute()
        except (OSError, ValueError, RuntimeError):
            is_below = False
        if not is_below:
            self._problem(key, f"{key}: {shown(name)} is not below the folder of this file")
            return text
        if not path.exists():
            self._problem(key, f"{key}: {shown(name)}: there is no such file")
        place = os.path.relpath(path, self._start.resolve())
        return f"{place}{equals}{platforms}"

    def _problem(self, key: str, message: str, hint: str = "") -> None:
        line = self._toml.line(*self._prefix, key)
        self.problems.append(Problem(Location(self._name, line), message, hint))


def _has_form(form: Form, given: object) -> bool:
    checks: dict[Form, Callable[[object], bool]] = {
        Form.FLAG: lambda value: isinstance(value, bool),
        Form.NUMBER: lambda value: isinstance(value, int | float) and not isinstance(value, bool),
        Form.TEXT: lambda value: isinstance(value, str),
        Form.TEXTS: lambda value: isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value),
    }
    return checks[form](given)
