"""A plan of lists is the same with and without the schema."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import PlanError
from auditor.plan.lists_only import plan_of_lists
from auditor.plan.model import Plan
from auditor.plan.tree import parse_tree
from auditor.plan.validated import plan_in

TEXTS = st.sampled_from(
    [
        *("lists/a.txt", "./a/../b.txt", "/srv/images.list", "a b.txt", "", " "),
        *("x" * 300, "a:b", "-a", "https://u:p@h/l", "a\u200b"),
    ]
)
POOLS = st.sampled_from(["linux-amd64", "win.2022", "a", "_a", "a b", "", "x" * 70, "1"])
PLATFORMS = st.sampled_from(
    ["linux/amd64", "linux/arm64/v8", "windows/amd64:ltsc2022", "windows/amd64", "plan9/386", "", "linux"]
)
ODD = st.sampled_from([None, 1, 1.0, True, "1", [], {}, ["a"], {"a": 1}])


def parts(text: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(text, text, text, ODD)


PLANS = st.fixed_dictionaries(
    {
        "version": st.sampled_from([1, 1, 1, 1, 2, "1", True, 1.0]),
        "name": parts(TEXTS),
        "pools": parts(
            st.dictionaries(
                POOLS,
                parts(st.fixed_dictionaries({"platform": parts(PLATFORMS)}, optional={"nodes": st.just(3)})),
                max_size=3,
            )
        ),
        "images": parts(
            st.lists(
                parts(
                    st.fixed_dictionaries(
                        {"list": parts(TEXTS)}, optional={"pools": st.lists(POOLS, max_size=2), "ref": st.just("a/b:1")}
                    )
                ),
                max_size=3,
            )
        ),
    },
    optional={"workloads": st.just([]), "severity": st.just({})},
)


def by_schema(text: str) -> Plan | None:
    try:
        return plan_in(parse_tree("plan.yaml", text.encode()), "plan.yaml", "00", [])
    except PlanError:
        return None


@given(PLANS)
def test_plan_without_schema_equals_plan_with_schema(data: dict[str, Any]) -> None:
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    try:
        tree = parse_tree("plan.yaml", text.encode())
    except PlanError:
        return
    found = None if tree.problems else plan_of_lists(tree, "plan.yaml", "00")
    if found is not None:
        assert found == by_schema(text)


def test_plan_of_lists_loads_without_the_schema() -> None:
    data = {
        "version": 1,
        "name": "linux.txt, windows.txt",
        "pools": {"linux-amd64": {"platform": "linux/amd64"}, "w": {"platform": "windows/amd64:ltsc2022"}},
        "images": [{"list": "linux.txt", "pools": ["linux-amd64"]}, {"list": "lists/windows.txt"}],
    }
    text = yaml.safe_dump(data, sort_keys=False)
    found = plan_of_lists(parse_tree("plan.yaml", text.encode()), "plan.yaml", "00")
    assert found is not None
    assert found == by_schema(text)
    assert found.images[1].pools == ("linux-amd64", "w")
