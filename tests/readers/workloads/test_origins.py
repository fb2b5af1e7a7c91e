"""Map the output of helm to the chart's own files: template, line, values, and the rendered lines."""

from __future__ import annotations

import pytest

from auditor.readers.demands import Demand
from auditor.readers.workloads import read_workloads
from auditor.readers.workloads.rendered import rendered_name
from auditor.testing import plan_of

PLAN = "version: 1\npools: {lin: {platform: linux/amd64}}\nworkloads: [{chart: charts/shop, values: [site.yaml]}]\n"
TEMPLATE = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n"
    "        - name: web\n"
    '          image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"\n'
)
RENDERED = (
    "# rendered from: x\n---\n# Source: shop/templates/web.yaml\napiVersion: apps/v1\nkind: Deployment\n"
    "metadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n"
    '          image: "example.com/shop/web:4.2"\n          password: correct-horse\n'
)
FILES = {
    "charts/shop/Chart.yaml": "name: shop\n",
    "charts/shop/values.yaml": "image:\n  repository: example.com/shop/web\n  tag: '4.1'\n",
    "charts/shop/templates/web.yaml": TEMPLATE,
    "site.yaml": "image: {tag: '4.2'}\n",
}


def demands(rendered: str, plan: str = PLAN, **files: str) -> tuple[Demand, ...]:
    given = {name: text.encode() for name, text in {**FILES, **files}.items()}
    name = rendered_name(0, plan_of(plan, given).workloads[0])
    return read_workloads(plan_of(plan, {**given, name: rendered.encode()})).demands


def test_a_finding_points_to_the_template_and_the_values() -> None:
    """The location is never in the rendering, which is not the user's file. Rendered lines are shown without secrets."""
    (demand,) = demands(RENDERED)
    assert (demand.location.file, demand.location.line) == ("charts/shop/templates/web.yaml", 9)
    assert demand.rendered is not None
    assert demand.rendered.template == "shop/templates/web.yaml"
    assert demand.rendered.values == ("image.repository (charts/shop/values.yaml:2:15)", "image.tag (site.yaml:1:14)")
    assert demand.rendered.lines[2] == '12:           image: "example.com/shop/web:4.2"'
    assert "correct-horse" not in "".join(demand.rendered.lines)
    assert len(demand.rendered.lines) == 4


@pytest.mark.parametrize(
    ("template", "line"),
    [
        (TEMPLATE.replace("image:", "{{- with .Values.image }}\n          image:"), 10),
        ("{{ include .Values.pod . }}\n", 0),
        (TEMPLATE + '          image: "{{ .Values.other }}"\n', 0),  # two lines would do, and only one was rendered
        (TEMPLATE + TEMPLATE.replace("{{ .Values.image.repository }}:{{ .Values.image.tag }}", "example.com/shop/web:4.2"), 18),
    ],
)
def test_line_is_reported_only_if_it_is_certain(template: str, line: int) -> None:
    (demand,) = demands(RENDERED, **{"charts/shop/templates/web.yaml": template})
    assert (demand.location.file, demand.location.line) == ("charts/shop/templates/web.yaml", line)


def test_finding_in_a_packed_chart_names_the_chart() -> None:
    """An editor cannot open its templates."""
    plan = PLAN.replace("charts/shop,", "charts/shop-1.tgz,")
    (demand,) = demands(RENDERED, plan, **{"charts/shop-1.tgz": "packed"})
    assert (demand.location.file, demand.location.line) == ("charts/shop-1.tgz", 0)
    assert demand.rendered is not None
    assert demand.rendered.template == "shop/templates/web.yaml"


def test_values_of_a_subchart_are_found_under_its_name() -> None:
    """The parent's values win over its own."""
    files = {
        "charts/shop/charts/agent/templates/web.yaml": TEMPLATE,
        "charts/shop/charts/agent/values.yaml": "image: {repository: r, tag: t}\n",
        "charts/shop/values.yaml": "agent: {image: {tag: '4.2'}}\n",
    }
    (demand,) = demands(RENDERED.replace("shop/templates/", "shop/charts/agent/templates/"), **files)
    assert demand.location.file == "charts/shop/charts/agent/templates/web.yaml"
    assert demand.rendered is not None
    assert demand.rendered.values == (
        "image.repository (charts/shop/charts/agent/values.yaml:1:21)",
        "image.tag (charts/shop/values.yaml:1:22)",
    )


def test_broken_rendering_names_its_template() -> None:
    (demand,) = demands(RENDERED + "\tx: {\n")
    assert demand.error
    assert ".auditor-rendered" not in str(demand.location)
    assert demand.location.file == "charts/shop/templates/web.yaml"
