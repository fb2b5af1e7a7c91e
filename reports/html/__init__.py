"""The report as one HTML file: readable without the tool, without a network and without JavaScript.

Style and scripts are inlined and allowed by their hashes. The content security policy forbids everything else, so a string that
escaped the escaping could neither run nor connect to a host.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from auditor.report import Report
from auditor.text import format_size, many
from reports import calendar, cover, headline, hosts, summary, ways
from reports.cleaning import clean
from reports.html import firewall, matrix, overview, scale, shapes, shared
from reports.html.page import coded, examines, paragraphs
from reports.words import WORDS

_STYLE = ("report.css",)
_EARLY = ("early.js",)
_SCRIPT = ("rows.js", "grid.js", "parts.js", "lists.js", "overview.js", "hash.js", "page.js")


def render(report: Report) -> str:
    """Return the report as a complete HTML document."""
    return _environment().get_template("report.html.j2").render(report=report) + "\n"


def render_index(rows: Sequence[object], titles: Sequence[str], areas: Sequence[tuple[str, str]]) -> str:
    """Return the index page of several reports.

    `rows` are pairs of an entry and its links. `titles` name its counts, `areas` are pairs of a short and a long name.
    """
    return _environment().get_template("index.html.j2").render(rows=rows, titles=titles, areas=areas) + "\n"


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
    environment.filters.update(
        size=format_size,
        many=many,
        paragraphs=paragraphs,
        coded=coded,
        examines=examines,
        fact=shapes.fact,
        tone=shapes.tone,
        word_tone=matrix.word_tone,
        flat=_flat,
    )
    environment.globals.update(
        summary=summary,
        headline=headline,
        hosts=hosts,
        cover=cover,
        shapes=shapes,
        firewall=firewall,
        scale=scale,
        repeated=shared,
        ways=ways,
        dates=calendar,
        words=WORDS,
        matrices=matrix,
        overview=overview,
        policy=_policy(),
        style=_asset(_STYLE),
        early=_asset(_EARLY),
        script=_asset(_SCRIPT),
    )
    return environment


def _shown(value: object) -> object:
    """Clean the value of a template expression. Jinja escapes it afterwards."""
    return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _flat(rows: Markup) -> Markup:
    """Join the lines of a template block, because the page's script expects one row per line."""
    return rows.replace("\n", "")


@cache
def _asset(names: tuple[str, ...]) -> Markup:
    """Return the concatenated files of this package."""
    folder = resources.files(__name__).joinpath("templates")
    return Markup("\n").join(Markup(folder.joinpath(name).read_text(encoding="utf-8")) for name in names)  # noqa: S704


def _policy() -> str:
    """Return the content security policy: the page loads nothing, and only the inlined styles and scripts apply."""
    style, early, script = map(_hash, (_STYLE, _EARLY, _SCRIPT))
    scripts = f"script-src {early} {script}"
    return f"default-src 'none'; style-src {style}; {scripts}; img-src data:; base-uri 'none'; form-action 'none'"


def _hash(names: tuple[str, ...]) -> str:
    digest = hashlib.sha256(_asset(names).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
