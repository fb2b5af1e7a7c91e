"""JSON by the grammar of Go's encoding/json: the rejected documents, Go's message and the location."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.located import NotStructured
from auditor.readers.go_json import MAX_DEPTH, load_go_json
from tests.peers.programs import require

REFUSED = [
    ('{"a": [],}', "invalid character '}' looking for beginning of object key string", "no comma after the last element"),
    ("[1,]", "invalid character ']' looking for beginning of value", "no comma after the last element"),
    ("{'a': 1}", r"invalid character '\'' looking for beginning of object key string", "requires double quotes"),
    ("{a: 1}", "invalid character 'a' looking for beginning of object key string", ""),
    ("// x\n{}", "invalid character '/' looking for beginning of value", "has no comments"),
    ('{"a": 1 # x\n}', "invalid character '#' after object key:value pair", "has no comments"),
    ('{"a" 1}', "invalid character '1' after object key", ""),
    ("[1 2]", "invalid character '2' after array element", ""),
    ("{} {}", "invalid character '{' after top-level value", ""),
    ('{"a": tru}', "invalid character '}' in literal true (expecting 'e')", ""),
    ('{"a": yes}', "invalid character 'y' looking for beginning of value", ""),
    ('{"a": 01}', "invalid character '1' after object key:value pair", ""),
    ('{"a": 1.}', "invalid character '}' after decimal point in numeric literal", ""),
    ('{"a": "\\x"}', "invalid character 'x' in string escape code", ""),
    ('{"a": "\t"}', "invalid character '\\t' in string literal", ""),
    ('{"a": "b', "unexpected end of JSON input", ""),
    ("{", "unexpected end of JSON input", ""),
    ("a: 1\n", "invalid character 'a' looking for beginning of value", ""),
]


@pytest.mark.parametrize(("text", "message", "hint"), REFUSED)
def test_document_that_go_rejects_is_an_error(text: str, message: str, hint: str) -> None:
    with pytest.raises(NotStructured) as caught:
        load_go_json(text.encode())
    assert str(caught.value).startswith(message)
    assert hint in str(caught.value)


def test_the_place_is_line_and_column() -> None:
    with pytest.raises(NotStructured) as caught:
        load_go_json(b'{\n  "a": [\n    1,\n  ]\n}')
    assert (caught.value.line, caught.value.column) == (4, 3)


def test_values_keys_and_keys_that_occur_twice() -> None:
    found = load_go_json(b'{"a": 1,\n "b": {"c": [true, null, -1.5e3, "\\u00e9\\n"]},\n "a": 2}')
    assert found.root is not None
    assert found.root.plain() == {"a": 2, "b": {"c": [True, None, -1500.0, "é\n"]}}
    assert found.keys["b", "c"] == (2, 8)
    assert found.twice == ((("a",), 3, 2),)


@pytest.mark.parametrize("data", [b"", b" \n", b"\xef\xbb\xbf"])
def test_an_empty_file_holds_nothing(data: bytes) -> None:
    assert load_go_json(data).root is None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_allowed(encoding: str) -> None:
    found = load_go_json('{"a": "é"}'.encode(encoding))
    assert found.root is not None
    assert found.root.plain() == {"a": "é"}


def test_deep_and_hostile_files_are_rejected_quickly() -> None:
    for text in ("[" * (MAX_DEPTH + 2), '{"a":' * 5000, '"' + "\\" * 200_001, "1" * 200_000 + "x", '"' + "a" * 200_000):
        with pytest.raises(NotStructured):
            load_go_json(text.encode())


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(),
        lambda some: st.lists(some) | st.dictionaries(st.text(), some),
    )
)
def test_any_json_is_read_back(value: object) -> None:
    found = load_go_json(json.dumps(value).encode())
    assert found.root is not None
    assert found.root.plain() == value


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_document_or_our_error(data: bytes) -> None:
    try:
        load_go_json(data)
    except NotStructured as error:
        assert error.line >= 1


@pytest.mark.peer
def test_go_gives_the_same_result(tmp_path: Path) -> None:
    program = """package main
import ("bufio"; "encoding/json"; "fmt"; "os")
func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var text string
		var value any
		json.Unmarshal(lines.Bytes(), &text)
		fmt.Println(json.Unmarshal([]byte(text), &value))
	}
}
"""
    (tmp_path / "main.go").write_text(program)
    texts = [text for text, _, _ in REFUSED]
    given_lines = "".join(f"{json.dumps(text)}\n" for text in texts)
    done = subprocess.run(
        [require("go"), "run", str(tmp_path / "main.go")],
        input=given_lines,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert done.stdout.splitlines() == [message for _, message, _ in REFUSED]
