"""The report as one HTML file: readable without the tool, without a network and without JavaScript.

Style and scripts are inlined and allowed by their hashes; the policy forbids everything else, so that even a string
that slipped through the escaping could neither run nor call home.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from auditor.report import Report
from reports import summary, ways
from reports.cleaning import clean
from reports.html import view
from reports.html.page import paragraphs
from reports.quantity import many, size

_STYLES = ("report.css",)
_SCRIPTS = ("early.js", "report.js")


def render(report: Report) -> str:
    """The report as a complete HTML document."""
    return _environment().get_template("report.html.j2").render(report=report) + "\n"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports.html"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(size=size, many=many, paragraphs=paragraphs, fact=view.fact, tone=view.tone)
    environment.globals.update(
        summary=summary,
        view=view,
        ways=ways,
        policy=_policy(),
        style=Markup("\n").join(map(_asset, _STYLES)),
        early=_asset(_SCRIPTS[0]),
        script=_asset(_SCRIPTS[1]),
    )
    return environment


def _shown(value: object) -> object:
    """What an expression of a template puts out: text cleaned, and then escaped by Jinja."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _asset(name: str) -> Markup:
    text = resources.files(__name__).joinpath("templates", name).read_text(encoding="utf-8")
    return Markup(text)  # noqa: S704 - a file of this package, not data


def _policy() -> str:
    """The content security policy: nothing is loaded, and only what this package inlines may style or run."""
    styles = " ".join(map(_hash, _STYLES))
    scripts = " ".join(map(_hash, _SCRIPTS))
    return f"default-src 'none'; style-src {styles}; script-src {scripts}; img-src data:; base-uri 'none'; form-action 'none'"


def _hash(name: str) -> str:
    digest = hashlib.sha256(_asset(name).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
