"""The list format: the real `sha256sum -c` accepts what we write, and we read what the real `sha256sum` writes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.custody.sums import MalformedList, from_list, to_list
from tests.peers.programs import require

NAMES = (
    "plain.tar", "with space", " lead", "trail ", "-n", "*star", "#hash", "back\\slash", "new\nline", "cr\rx", "\\n", "\\\\n\n",
    "ümlaut", "\udcff\udcfe", "quote'\"", "$(touch x)", "a/b/c", "(paren) = x", "SHA256 (x) = y", "tab\tx", "\u202ex",
)  # fmt: skip
X = "0" * 64
names = st.binary(min_size=1, max_size=40).filter(lambda raw: b"\0" not in raw and not raw.startswith(b"./")).map(os.fsdecode)


def written(folder: Path) -> dict[str, str]:
    """Write a file of each name; its content is its name."""
    for name in NAMES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.fsencode(name))
    return {name: hashlib.sha256(os.fsencode(name)).hexdigest() for name in NAMES}


@pytest.mark.peer
@pytest.mark.skipif(sys.platform == "win32", reason="names of POSIX")
def test_sha256sum_accepts_our_list(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(to_list(written(tmp_path).items()))
    command = [require("sha256sum"), "-c", "--strict", "list"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    (tmp_path / "new\nline").write_text("changed")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert done.returncode == 1


@pytest.mark.peer
@pytest.mark.skipif(sys.platform == "win32", reason="names of POSIX")
@pytest.mark.parametrize("options", [(), ("--tag",), ("--binary",)])
def test_list_of_sha256sum_is_read(options: tuple[str, ...], tmp_path: Path) -> None:
    expected = written(tmp_path)
    command = [require("sha256sum"), *options, "--", *NAMES]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60, check=True)
    assert from_list(done.stdout) == expected


@given(st.dictionaries(names, st.binary(min_size=32, max_size=32).map(bytes.hex)))
def test_any_names_are_read_back(files: dict[str, str]) -> None:
    assert from_list(to_list(files.items())) == files


@given(st.binary(max_size=300))
def test_any_bytes_are_a_list_or_an_error_with_a_line(data: bytes) -> None:
    try:
        from_list(data)
    except MalformedList as error:
        assert error.line >= 1


def test_lists_of_other_tools_are_read() -> None:
    data = f"\ufeff# a comment\r\n{X.upper()}  ./a\r\n\r\n{X} *b\n{X}  a\n".encode()
    assert from_list(data.replace(b"0", b"a")) == {"a": "a" * 64, "b": "a" * 64}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("abc  file", "64 hexadecimal digits"), (f"{X} file", "64 hexadecimal digits"), (f"{X}  ", "64 hexadecimal digits"),
        (f"{'0' * 128}  file", "64 hexadecimal digits"), (f"\\{X}  a\\x", "unknown escape"), (f"\\{X}  a\\", "unknown escape"),
        (f"{'1' * 64}  a", "occurs twice"), ("<html>", "64 hexadecimal digits"), (f"MD5 (a) = {X}", "64 hexadecimal digits"),
    ],
)  # fmt: skip
def test_malformed_line_is_named(line: str, reason: str) -> None:
    with pytest.raises(MalformedList, match=reason) as caught:
        from_list(f"{X}  a\n{X}  b\n{line}\n".encode())
    assert caught.value.line == 3
