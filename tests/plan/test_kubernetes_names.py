"""Names of releases and namespaces, and the errors about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import PlanError
from auditor.plan.kubernetes_names import is_label, is_release, release_from
from auditor.plan.load import load_plan


def test_labels_and_releases() -> None:
    assert all(map(is_label, ("a", "shop-1", "1", "x" * 63)))
    assert not any(map(is_label, ("", "-a", "a-", "a.b", "A", "a_b", "é", "a\n", "x" * 64)))
    assert all(map(is_release, ("a", "shop-1.0", "x" * 53)))
    assert not any(map(is_release, ("", ".", "a..b", "a.", "-a", "--post-renderer=x", "x" * 54, "a b")))


@pytest.mark.parametrize(
    ("name", "release"),
    [
        ("shop", "shop"),
        ("shop-1.0.0", "shop-1.0.0"),
        ("My_Chart", "my-chart"),
        ("--post-renderer=.", "post-renderer"),
        (".", "release-name"),
        ("図", "release-name"),
        (f"{'x' * 51}-y", f"{'x' * 51}-y"),
        (f"{'x' * 52}-yy", "x" * 52),
    ],
)
def test_release_name_is_derived_from_a_folder_name(name: str, release: str) -> None:
    assert release_from(name) == release


def test_invalid_name_is_an_error_with_location_and_hint(tmp_path: Path) -> None:
    (tmp_path / "hc").mkdir()
    (tmp_path / "hc" / "Chart.yaml").write_text("name: hc\n")
    path = tmp_path / "plan.yaml"
    path.write_text(
        "version: 1\npools: {one: {platform: linux/amd64}}\nworkloads:\n"
        "  - chart: hc\n    release: --post-renderer=./evil.sh\n    namespace: Shop\n"
    )
    with pytest.raises(PlanError) as raised:
        load_plan(path)
    release, namespace = raised.value.problems
    assert (release.location.line, release.location.column) == (5, 5)
    assert release.message == "'--post-renderer=./evil.sh' is not a valid Helm release name"
    assert release.hint.startswith("Use at most 53 lower-case letters")
    assert (namespace.location.line, namespace.location.column) == (6, 5)
    assert "is not a valid Kubernetes namespace" in namespace.message
    assert namespace.hint.startswith("Use at most 63 lower-case letters")
