"""The manual page of the command line, auditor(1), in roff. docs/generate.py writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Protocol

import typer.main

from auditor import __version__
from auditor.cli.app import app


class Part(Protocol):
    """The attributes used here of typer's commands, options and arguments, which have no public types."""

    params: list[Any]
    metavar: str | None
    name: str


ABOUT = (
    "The auditor checks a planned air-gapped Kubernetes environment with Linux and Windows nodes against evidence that was "
    "collected on the connected side. It reports with proof what will fail offline, and how to fix it."
)
EXITS = (
    ("0", "ready"),
    ("1", "not ready: a finding at or above --fail-on"),
    ("2", "the command line, the plan or a list is wrong"),
    ("3", "undetermined: something could not be observed, and there is no error"),
    ("4", "an internal error"),
)
VARIABLES = (
    (
        "AUDITOR_CACHE",
        "the folder for the evidence of connected audits (default: airgap-auditor in the user's cache folder)",
    ),
    ("AUDITOR_KEY_PASSPHRASE", "the passphrase of the private key of `auditor sign`"),
    (
        "AUDITOR_STATE",
        "the folder for the last report of each plan, which auditor show reads; off keeps none (default: ~/.local/state)",
    ),
    ("AUDITOR_CONFIG", "off uses no defaults from auditor.toml or pyproject.toml"),
    ("NO_COLOR, FORCE_COLOR", "no colours, or colours also without a terminal; NO_COLOR wins"),
    ("FORCE_HYPERLINK", "1 writes links to files also without a terminal, 0 never"),
    ("COLUMNS", "the width of the screen, from 60 to 200 columns"),
    ("HTTPS_PROXY, HTTP_PROXY, NO_PROXY", "proxies for registries and endpoints"),
    ("DOCKER_CONFIG, REGISTRY_AUTH_FILE", "the location of the logins of Docker and Podman"),
    ("CI", "no progress bars"),
)


def page() -> str:
    """Return docs/auditor.1."""
    return "\n".join([*_lines()]) + "\n"


def _lines() -> Iterator[str]:
    root: Any = typer.main.get_command(app)
    yield '.\\" Written by docs/generate.py; edit the code and run `make docs`.'
    yield f'.TH AUDITOR 1 "" "airgap-auditor {__version__}" "User Commands"'
    yield from (".SH NAME", "auditor \\- audits a planned air\\-gapped Kubernetes environment")
    yield from (".SH SYNOPSIS", ".B auditor", "[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]")
    yield from (".SH DESCRIPTION", _roff(ABOUT))
    yield ".SH OPTIONS"
    yield from _options(root)
    yield ".SH COMMANDS"
    for name, deferred in root.commands.items():
        command = deferred.load()
        arguments = " ".join(_argument(part) for part in command.params if part.param_type_name == "argument")
        yield f".SS auditor {_roff(name)} {_roff(arguments)}".rstrip()
        yield _roff(command.help or "")
        yield from _options(command)
    for title, rows in (("EXIT STATUS", EXITS), ("ENVIRONMENT", VARIABLES)):
        yield f".SH {title}"
        for name, text in rows:
            yield from (".TP", f".B {_roff(name)}", _roff(text))
    yield from (".SH SEE ALSO", _roff("auditor explain ID prints the page of a check; auditor schema prints the JSON Schemas."))


def _argument(part: Part) -> str:
    return str(part.metavar or part.name.upper())


def _options(command: Part) -> Iterator[str]:
    for part in command.params:
        if part.param_type_name != "option" or part.hidden:
            continue
        metavar = "" if part.is_flag else f" {part.metavar or 'VALUE'}"
        yield from (".TP", f".B {_roff(', '.join((*part.opts, *part.secondary_opts)) + metavar)}", _roff(part.help or ""))


def _roff(text: str) -> str:
    """Escape text for roff: hyphens of options stay hyphens, and no line starts a request."""
    words = re.sub(r"\s+", " ", text).strip().replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return f"\\&{words}" if words.startswith((".", "'")) else words
