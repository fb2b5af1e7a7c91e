"""External sources of charts and manifests, in folders and archives; hostile ones never raise."""

from __future__ import annotations

import gzip
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.readers.workloads.sources import ChartSource, UnknownSources, chart_sources
from auditor.testing import plan_of

PLAN = "version: 1\npools: {control: {platform: linux/amd64}}\nworkloads: [{chart: %s}]\n"
CHART = b"""name: shop
dependencies:
  - name: redis
    repository: https://charts.example.com
"""


def packed(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, body in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return made.getvalue()


def found(chart: str, files: dict[str, bytes]) -> list[ChartSource | UnknownSources]:
    return list(chart_sources(plan_of(PLAN % chart, files)))


def urls(chart: str, files: dict[str, bytes]) -> list[tuple[str, int]]:
    return [(one.url, one.location.line) for one in found(chart, files) if isinstance(one, ChartSource)]


def test_a_packed_chart_is_read_like_a_folder() -> None:
    inside = {"shop/Chart.yaml": CHART, "shop/templates/x.yaml": b""}
    assert urls("shop.tgz", {"shop.tgz": packed(inside)}) == [("https://charts.example.com", 4)]
    assert urls("shop", dict(inside)) == [("https://charts.example.com", 4)]
    named = packed({"redis/Chart.yaml": b"name: redis\n"})
    for has, body in (
        ("shop/charts/redis-20.1.0.tgz", b"no archive"),
        ("shop/charts/redis.tgz", b"no archive"),
        ("shop/charts/renamed.tgz", named),
        ("shop/charts/other/Chart.yaml", b"name: redis\n"),
    ):
        assert urls("shop.tgz", {"shop.tgz": packed(inside | {has: body})}) == []
        assert urls("shop", inside | {has: body}) == []


def test_chart_with_a_similar_name_is_not_the_dependency() -> None:
    other = packed({"other/Chart.yaml": b"name: other\n"})
    files = {"shop/Chart.yaml": CHART, "shop/charts/redisx-1.tgz": b"", "shop/charts/x/Chart.yaml": b"name: other\n"}
    files |= {"shop/charts/redis-1.0.0.tgz": other, "shop/charts/_redis/Chart.yaml": b"name: redis\n", "shop/charts/redis": b""}
    assert urls("shop", files) == [("https://charts.example.com", 4)]


def test_helm_2_chart_has_dependencies_in_requirements_yaml() -> None:
    files = {"shop/Chart.yaml": b"name: shop\n", "shop/requirements.yaml": CHART}
    assert urls("shop", files) == [("https://charts.example.com", 4)]


HOSTILE = {
    "empty": b"",
    "no archive": b"no archive",
    "no tar": gzip.compress(b"no tar" * 400),
    "a bomb": gzip.compress(bytes(65 * 1024 * 1024)),
    "no YAML": packed({"a/Chart.yaml": b"{"}),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_unreadable_chart_is_reported(data: bytes) -> None:
    (said,) = found("shop.tgz", {"shop.tgz": data})
    assert isinstance(said, UnknownSources)
    assert not said.missing


def test_too_many_charts_are_reported() -> None:
    (said,) = found("shop", {"shop/Chart.yaml": CHART} | {f"shop/charts/{number}.tgz": b"" for number in range(201)})
    assert isinstance(said, UnknownSources)
    assert "more than 200 charts" in said.why


@given(st.binary(max_size=2_000))
def test_any_bytes_as_a_chart_give_a_result_or_our_error(data: bytes) -> None:
    for body in (data, gzip.compress(data)):
        for one in found("shop.tgz", {"shop.tgz": body}):
            assert isinstance(one, UnknownSources)


def test_rendered_chart_with_external_sources_is_reported() -> None:
    from auditor.readers.workloads.rendered import rendered_name

    plan = plan_of(PLAN % "shop", {"shop/Chart.yaml": b"name: shop\n"})
    rendered = (
        b"apiVersion: fleet.cattle.io/v1alpha1\nkind: GitRepo\nmetadata: {name: a}\nspec: {repo: 'https://github.com/a/b'}\n"
    )
    files = {"shop/Chart.yaml": b"name: shop\n", rendered_name(0, plan.workloads[0]): rendered}
    # The template is not named, so that the chart is all that is known.
    assert urls("shop", files) == [("https://github.com/a/b", 0)]
