"""YAML and JSON files as values with their locations, within bounds and in linear time."""

from __future__ import annotations

import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from auditor.located import (
    FILES,
    PLAN,
    BeyondLimit,
    Documents,
    Marked,
    NotStructured,
    head_matches,
    iter_marked,
    load_marked,
)


def _nested(inner: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)


def test_every_value_has_its_line() -> None:
    """Across documents, lists and mappings."""
    first, second = load_marked(b"a:\n  - x: 1.30\n---\n\nb: yes\n")
    item = first.mapping["a"].list[0]
    assert (item.line, item.text_at("x"), item.mapping["x"].value) == (2, "1.30", 1.3)
    assert (second.line, second.mapping["b"].value) == (5, True)


def test_empty_documents_are_left_out() -> None:
    """A trailing separator adds no document."""
    assert len(load_marked(b"---\n---\na: 1\n---\n")) == 1


def test_json_with_tabs_is_read() -> None:
    """YAML forbids these tabs."""
    (document,) = load_marked(b'{\n\t"a": [\n\t\t{"b": "c"}\n\t]\n}\n')
    found = document.get("a")
    assert found is not None
    assert found.list[0].text_at("b") == "c"
    assert found.list[0].line == 3


def test_merge_keys_add_missing_keys() -> None:
    """The mapping's own keys win, then the first merged one."""
    (document,) = load_marked(b"one: &one {a: 1, b: 1}\ntwo: &two {b: 2, c: 2}\nx:\n  <<: [*one, *two]\n  a: 0\n")
    x = document.mapping["x"]
    assert {key: value.value for key, value in x.items()} == {"a": 0, "b": 1, "c": 2}


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        (b"a: 1\nb:\n\t- x\n", 3, "tabs"),
        (b"a: 1\na: 2\n", 2, "occurs twice"),
        (b"a: 1\n\xff\n", 2, "UTF-8"),
        (b"a: 1\nb: \x01\n", 2, "U.0001"),
        (b"? [a]\n: 1\n", 1, "plain keys"),
        (b"a: " + b"[" * 200 + b"]" * 200, 1, "nested"),
        (b"a: &a [*a]\n", 1, "nested"),
        (b"---\n" * 500_100, 500_001, "documents"),
    ],
)
def test_unreadable_file_reports_line_and_reason(data: bytes, line: int, said: str) -> None:
    """The error has the line and the reason."""
    with pytest.raises(NotStructured, match=said) as caught:
        load_marked(data)
    assert caught.value.line == line


def test_aliases_count_each_time() -> None:
    """An alias bomb of a few lines is rejected before it is expanded."""
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 8))
    with pytest.raises(NotStructured, match="aliases"):
        load_marked(bomb.encode())


def test_large_file_is_rejected_before_parsing() -> None:
    """The size alone decides."""
    with pytest.raises(NotStructured, match="bytes"):
        load_marked(b" " * (FILES.bytes + 1))


def test_head_matches_needs_every_needle() -> None:
    """One of two is not enough."""
    assert head_matches(b"kind: Images", b"kind", b"Images")
    assert not head_matches(b"kind: Images", b"kind", b"Charts")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_rejected(data: bytes) -> None:
    """No other exception is raised."""
    try:
        load_marked(data)
    except NotStructured as error:
        assert error.line >= 1


def test_many_documents_are_read_one_after_another() -> None:
    found = iter_marked(b"---\na: 1\n" * 60_000)
    assert next(found).line == 2
    assert sum(1 for _ in found) == 59_999


def test_documents_before_an_error_are_read() -> None:
    found = iter_marked(b"a: 1\n---\nb: [\n")
    assert next(found).text_at("a") == "1"
    with pytest.raises(NotStructured, match="not YAML"):
        next(found)


def test_document_with_too_many_values_is_rejected_during_the_read() -> None:
    with pytest.raises(BeyondLimit, match="values") as caught:
        load_marked(b"- a\n" * (FILES.values + 5))
    assert caught.value.line == FILES.values


def test_alias_to_a_deep_value_counts_its_depth() -> None:
    deep = "a: &a " + "[" * 80 + "]" * 80 + "\nb: " + "[" * 80 + "*a" + "]" * 80
    with pytest.raises(NotStructured, match="nested") as caught:
        load_marked(deep.encode())
    assert caught.value.line == 2


def test_alias_and_anchor_are_allowed_on_keys() -> None:
    (document,) = load_marked(b"&k name: &v text\nother: {*v : 1, second: *k}\n")
    other = document.mapping["other"]
    assert {key: value.text for key, value in other.items()} == {"text": "1", "second": "name"}


def test_error_names_an_unknown_alias() -> None:
    with pytest.raises(NotStructured, match="the anchor 'b' is not defined"):
        load_marked(b"a: *b\n")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text("ab:-#\"'{}[]<&*!| \n", max_size=8),
        _nested,
        max_leaves=20,
    )
)
def test_values_equal_those_of_the_yaml_library(value: object) -> None:
    text = yaml.safe_dump([value])
    assert [document.plain() for document in load_marked(text.encode())] == [[value]]


@pytest.mark.parametrize("text", ["!!bool x", "!!int ''", "!!float ''", "!!int x", "!!timestamp x", "!!null x", "!!binary x"])
def test_value_that_does_not_fit_its_tag_stays_text(text: str) -> None:
    (document,) = load_marked(f"a: {text}\n".encode())
    assert document.mapping["a"].text == text.partition(" ")[2].strip("'")


DEEP = [
    *(opening * count for opening in ("[", "- ", "{a: ") for count in (151, 1_100, 20_000)),
    "".join(" " * level + "a:\n" for level in range(1_200)),
]


@pytest.mark.parametrize("limits", [FILES, PLAN], ids=["file", "plan"])
@pytest.mark.parametrize("text", DEEP, ids=lambda text: f"{text[:4]}{len(text)}")
def test_deep_nesting_has_the_same_message_for_every_parser(text: str, limits: Any) -> None:
    """libyaml has its own limit, which its scanner may reach before our events do."""
    with pytest.raises(NotStructured, match=f"nested deeper than {limits.depth} levels"):
        list(Documents(text.encode(), limits))


@pytest.mark.parametrize("depth", [149, 150])
def test_depth_of_aliases_adds_up(depth: int) -> None:
    """An alias counts with the depth of its value."""
    inner = 100
    text = f"a: &a {'[' * inner}{']' * inner}\nb: {'[' * (depth - inner)}*a{']' * (depth - inner)}\n"
    if depth < FILES.depth:
        load_marked(text.encode())
        return
    with pytest.raises(NotStructured, match="nested deeper"):
        load_marked(text.encode())


# PyYAML writes line separators and other control characters in a form that it does not read back.
PRINTABLE = st.characters(categories=["L", "N", "P", "S", "Zs"])
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(PRINTABLE, max_size=8))
KEYS = st.text(PRINTABLE, min_size=1, max_size=5)
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4))


@given(TREES)
def test_plan_and_other_files_have_the_same_values(tree: Any) -> None:
    """Without tags and merge keys, the strict limits change only the key locations."""
    data = yaml.safe_dump({"a": tree}, allow_unicode=True).encode()
    (of_plan,) = Documents(data, PLAN)
    (of_file,) = load_marked(data)
    assert without_keys(of_plan) == of_file


def without_keys(marked: Marked) -> Marked:
    match marked.value:
        case dict(pairs):
            return Marked({key: without_keys(value) for key, value in pairs.items()}, marked.line, marked.column)
        case list(items):
            return Marked([without_keys(item) for item in items], marked.line, marked.column)
        case _:
            return Marked(marked.value, marked.line, marked.column, marked.text)


def test_plan_keys_have_locations_and_faults_are_collected() -> None:
    """A repeated key and a key that is not a scalar are left out with their values."""
    documents = Documents(b"a: 1\na: {b: [2]}\n? [x, {y: z}]\n: {q: r}\nc: 3\n", PLAN)
    (document,) = documents
    assert document.plain() == {"a": 1, "c": 3}
    assert [value.key for value in document.mapping.values()] == [(1, 1), (5, 1)]
    assert [(fault.line, fault.column) for fault in documents.faults] == [(2, 1), (3, 3)]


def seconds_for(count: int) -> float:
    text = "base: &base [1, 2, 3]\nitems:\n" + "".join(f"- {{name: n{n}, twice: *base}}\n" for n in range(count))
    start = time.process_time()
    load_marked(text.encode())
    return time.process_time() - start


def test_parse_time_is_linear() -> None:
    """Twenty times the items take at most sixty times as long."""
    small = min(seconds_for(500) for _ in range(3))
    assert min(seconds_for(10_000) for _ in range(2)) < 60 * max(small, 0.005)
