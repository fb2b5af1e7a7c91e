"""The one table of formats."""

from __future__ import annotations

import subprocess
import sys

import pytest

from reports import FORMATS, format_named, format_names, render
from reports.style import Style
from tests.reports.sample import sample_report


def test_every_format_renders_and_ends_with_one_newline() -> None:
    for row in FORMATS:
        shown = render(sample_report(), row.name)
        assert shown.endswith("\n")
        assert not shown.endswith("\n\n")
        assert "plant-7" in shown or row.name == "csv"


def test_names_are_unique_and_known() -> None:
    assert format_names() == (
        "text",
        "lines",
        "json",
        "html",
        "egress",
        "sarif",
        "junit",
        "github",
        "gitlab",
        "markdown",
        "oscal",
        "cyclonedx",
        "csv",
    )
    assert [format_named(name) for name in format_names()] == list(FORMATS)
    with pytest.raises(KeyError):
        format_named("pdf")


def test_colour_changes_only_the_text_format() -> None:
    for row in FORMATS:
        plain, coloured = render(sample_report(), row.name), render(sample_report(), row.name, Style(colour=True))
        assert (plain != coloured) is row.is_drawn


def test_list_of_formats_loads_no_renderer() -> None:
    code = "import sys, reports; assert not {'jinja2', 'tabulate'} & set(sys.modules), 'loaded too early'"
    subprocess.run([sys.executable, "-c", code], check=True)
