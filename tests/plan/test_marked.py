"""Structured files of other tools: values with their lines, within bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.plan.marked import MAX_BYTES, NotStructured, head_matches, load_marked


def test_every_value_knows_its_line() -> None:
    """Across documents, lists and mappings."""
    first, second = load_marked(b"a:\n  - x: 1.30\n---\n\nb: yes\n")
    item = first.mapping["a"].list[0]
    assert (item.line, item.text_at("x"), item.mapping["x"].value) == (2, "1.30", 1.3)
    assert (second.line, second.mapping["b"].value) == (5, True)


def test_empty_documents_are_left_out() -> None:
    """A trailing separator makes none."""
    assert len(load_marked(b"---\n---\na: 1\n---\n")) == 1


def test_json_with_tabs_is_read() -> None:
    """YAML would refuse the tabs."""
    (document,) = load_marked(b'{\n\t"a": [\n\t\t{"b": "c"}\n\t]\n}\n')
    found = document.get("a")
    assert found is not None
    assert found.list[0].text_at("b") == "c"
    assert found.list[0].line == 3


def test_merge_keys_fill_what_is_not_written() -> None:
    """The mapping's own keys win, then the first merged one."""
    (document,) = load_marked(b"one: &one {a: 1, b: 1}\ntwo: &two {b: 2, c: 2}\nx:\n  <<: [*one, *two]\n  a: 0\n")
    x = document.mapping["x"]
    assert {key: value.value for key, value in x.items()} == {"a": 0, "b": 1, "c": 2}


@pytest.mark.parametrize(
    ("data", "line", "said"),
    [
        (b"a: 1\nb:\n\t- x\n", 3, "tabs"),
        (b"a: 1\na: 2\n", 2, "stands here again"),
        (b"a: 1\n\xff\n", 2, "UTF-8"),
        (b"a: 1\nb: \x01\n", 2, "U.0001"),
        (b"? [a]\n: 1\n", 1, "plain keys"),
        (b"a: " + b"[" * 200 + b"]" * 200, 1, "nested"),
        (b"a: &a [*a]\n", 1, "nested"),
        (b"---\n" * 25_000, 20_001, "documents"),
    ],
)
def test_what_cannot_be_read_says_where(data: bytes, line: int, said: str) -> None:
    """With the line, and what to look for."""
    with pytest.raises(NotStructured, match=said) as caught:
        load_marked(data)
    assert caught.value.line == line


def test_aliases_count_each_time() -> None:
    """A bomb of a few lines is refused before it is unfolded."""
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 8))
    with pytest.raises(NotStructured, match="aliases"):
        load_marked(bomb.encode())


def test_large_files_are_refused_unread() -> None:
    """By their size alone."""
    with pytest.raises(NotStructured, match="bytes"):
        load_marked(b" " * (MAX_BYTES + 1))


def test_needles_are_all_needed() -> None:
    """One of two is not enough."""
    assert head_matches(b"kind: Images", b"kind", b"Images")
    assert not head_matches(b"kind: Images", b"kind", b"Charts")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Never another exception."""
    try:
        load_marked(data)
    except NotStructured as error:
        assert error.line >= 1
