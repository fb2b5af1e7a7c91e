"""The tables of operators: complete rows, released versions only, and loaded only if a kind needs them."""

from __future__ import annotations

from importlib import resources

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.located import load_marked
from auditor.readers.workloads.installed import Operators, default_of, programs, release_key
from auditor.readers.workloads.operators import _rows, built_images, found_at
from tests.readers.workloads.operator_images import MONITORING, PROMETHEUS, built, custom, demands, operator, unknown


@pytest.mark.parametrize(
    "row", sorted({id(row): row for row in _rows().values()}.values(), key=lambda row: row.source), ids=str
)
def test_rows_are_complete(row: object) -> None:
    """Every row has a known operator, and an empty object breaks none of its rules."""
    group, kinds, name = (getattr(row, key) for key in ("group", "kinds", "operator"))
    assert name in programs()
    for kind in kinds:
        (item,) = load_marked(custom(f"{group}/v1", kind, {}).encode())
        outcome = built_images(item, group, kind, Operators(lambda _needles: iter(())))
        assert outcome is not None


@pytest.mark.parametrize("name", sorted(programs()))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tag=st.from_regex(r"[a-z][a-z0-9.-]{0,10}|v?[1-9][0-9]{2}\.[0-9]\.[0-9]|[0-9]{1,2}\.[0-9]{1,2}", fullmatch=True))
def test_operator_of_an_unknown_version_never_yields_a_default(name: str, tag: str) -> None:
    """A version that was not read has no defaults, whatever its form."""
    columns = (
        "prometheus",
        "node",
        "postgres",
        "minio",
        "collector",
        "export",
        "metrics",
        "kafka-version",
        "jaeger",
        "grafana",
    )
    assert all(default_of(name, tag, column) is None for column in columns)


@given(version=st.text(max_size=20))
def test_only_released_versions_have_a_key(version: str) -> None:
    """Pre-releases and branch builds have none."""
    key = release_key(version)
    assert key is None or version.removeprefix("v").split(".") == [*version.removeprefix("v").split(".")][:3]


def test_paths_select_list_items() -> None:
    """By a name, or each item."""
    (item,) = load_marked(b"a: {b: [{name: x, c: 1}, {name: y.z, c: 2}]}\nd: [{e: 3}]\n")
    assert [value.text for value in found_at(item, "a.b[].c")] == ["1", "2"]
    assert [value.text for value in found_at(item, "a.b[name=y.z].c")] == ["2"]
    assert [value.text for value in found_at(item, "d[].e")] == ["3"]
    assert not list(found_at(item, "a.b[name=q].c"))
    assert not list(found_at(item, "d.e"))


def test_missing_value_is_not_replaced_by_a_default() -> None:
    """A variable from a Secret may have any value."""
    text = operator("docker.io/minio/operator:v7.1.1", env={"TENANT_MINIO_IMAGE": "PLACE"})
    text = text.replace("value: PLACE", "valueFrom: {secretKeyRef: {name: s, key: k}}")
    tenant = custom("minio.min.io/v2", "Tenant", {})
    assert list(built(text, tenant)) == ["quay.io/minio/operator-sidecar:v7.0.1"]
    assert "the value of minio of minio-operator is not in the workloads" in unknown(text, tenant)[0]


def test_defaults_of_an_operator_are_in_the_order_of_versions() -> None:
    """No range spans two minor versions, overlaps with another one, or has an end before its start."""
    _, rows = yaml.safe_load_all(resources.files("auditor.facts").joinpath("operator_defaults.yaml").read_text("utf-8"))
    for row in rows:
        ends = [release_key(word) for line in row["versions"].splitlines() for word in line.split()[:2]]
        known = [key for key in ends if key is not None]
        assert len(known) == len(ends) > 0
        assert known == sorted(known), row["operator"]
        assert all(first[:2] == last[:2] for first, last in zip(known[::2], known[1::2], strict=True)), row["operator"]
        assert all(last < first for last, first in zip(known[1:-1:2], known[2::2], strict=True)), row["operator"]


def test_tables_are_loaded_only_for_kinds_that_no_other_table_has() -> None:
    """Deployments and Services, even the operator's own, read no table of operators."""
    _rows.cache_clear()
    programs.cache_clear()
    demands(operator(PROMETHEUS), custom("v1", "Service", {}))
    assert (_rows.cache_info().misses, programs.cache_info().misses) == (0, 0)
    demands(operator(PROMETHEUS), custom(MONITORING, "ThanosRuler", {}))
    assert (_rows.cache_info().misses, programs.cache_info().misses) == (1, 1)
