"""A report that is read back from its JSON says the same, and no JSON makes the reader fail."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.report import Report
from auditor.report.rebuilt import report_from
from reports import render
from reports.style import PLAIN
from reports.text import details
from tests.reports.sample import beside_report, partly_ready_report, ready_report, sample_report, undetermined_report
from tests.reports.strategies import reports

MADE = [sample_report, beside_report, partly_ready_report, ready_report, undetermined_report]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("make", MADE)
def test_screen_of_the_report_that_was_read_back_is_the_same(make: object) -> None:
    report: Report = make()  # type: ignore[operator]
    again = report_from(json.loads(render(report, "json")))
    assert render(again, "text") == render(report, "text")
    assert again.first_steps == report.first_steps


@settings(max_examples=40, deadline=None)
@given(reports)
def test_any_report_can_be_read_back_and_shown(report: Report) -> None:
    again = report_from(json.loads(render(report, "json")))
    for line in (*render(again, "text").splitlines(), *details.render(again, details.topics(again), PLAIN).splitlines()):
        assert line.isprintable()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_json_is_shown_as_far_as_it_can_be_read(data: st.DataObject) -> None:
    document = json.loads(render(sample_report(), "json"))
    for key in data.draw(st.lists(st.sampled_from(sorted(document)), min_size=1, max_size=6)):
        value = document[key]
        if isinstance(value, list) and value and data.draw(st.booleans()):
            row = data.draw(st.integers(0, len(value) - 1))
            if isinstance(value[row], dict) and value[row]:
                value[row][data.draw(st.sampled_from(sorted(value[row])))] = data.draw(anything)
                continue
        document[key] = data.draw(anything)
    report = report_from(document)
    assert render(report, "text")
    assert details.render(report, details.topics(report), PLAIN)
