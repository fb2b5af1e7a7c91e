"""Scripts in common styles, with correct line numbers; hostile scripts never raise or hang."""

from __future__ import annotations

import shlex
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.readers.scripts import Command, Script, UnreadableScript, read_script


def read(text: str, file: str = "mirror.sh") -> Script:
    return read_script(file, text.encode())


def first(text: str, name: str, file: str = "mirror.sh") -> Command:
    return next(command for command in read(text, file).commands if command.words and command.words[0].text == name)


def words(text: str, file: str = "mirror.sh") -> list[str]:
    return [word.text if word.is_known else f"?{word.text}" for word in first(text, "crane", file).words]


def test_quotes_continuations_and_escapes() -> None:
    assert words("crane copy 'a b' \\\n  \"c d\"e f\\ g") == ["crane", "copy", "a b", "c de", "f g"]


def test_constants_are_expanded_and_split_like_in_the_shell() -> None:
    text = 'R=reg:5000\nO="--all --x"\nA=(--one "t w o")\ncrane copy $O "${A[@]}" "$R/a" ${R}/b "$O"'
    assert words(text) == ["crane", "copy", "--all", "--x", "--one", "t w o", "reg:5000/a", "reg:5000/b", "--all --x"]


@pytest.mark.parametrize(
    "text",
    [
        "R=a\nR=b\ncrane $R",
        "if x; then R=a; fi\ncrane $R",
        "crane $R\nR=a",
        "R=a\neval x\ncrane $R",
        "R=$(x)\ncrane $R",
        "R=a\nR+=b\ncrane $R",
        "R=a\nread R\ncrane $R",
        "f() { R=a; }\ncrane $R",
        "R=a\nfor R in b; do crane $R; done",
        "crane ${R:-a}",
    ],
)
def test_uncertain_values_are_unknown(text: str) -> None:
    assert words(text)[1].startswith("?$")


@pytest.mark.parametrize("text", ["$R/$i", "$R/a/$i:1", "$R/${i}", '"$R/$i"', "$R/$i/$i"])
def test_adjacent_variables_form_one_word(text: str) -> None:
    assert words(f"R=reg:5000\nfor i in $(cat l); do crane copy $i {text} --all; done") == [
        "crane", "copy", "?$i", f"?{text}", "--all"
    ]  # fmt: skip


def test_loop_variable_is_one_word_and_external_variable_may_be_many() -> None:
    many = [word.is_many for word in first("for i in a b; do crane $i $OUT; done", "crane").words]
    assert many == [False, False, True]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("set -e\ncrane a || echo no", "echo no"),
        ("set -e\ncrane a || true\n", "true"),
        ("set -e\nwarn() { echo no; }\ncrane a || warn", "|| warn"),
        ("set -e\ncrane a | tee log", "pipefail"),
        ("set -e\ncrane a &\nwait", "background"),
        ("set -e\n! crane a\ntrue", "`!`"),
        ("crane a; true", "set -e"),
        ("for i in a b; do crane $i; done", "set -e"),
        ("set -e\nset +e\ncrane a\necho", "`set +e` is in effect"),
    ],
)
def test_hidden_failures(text: str, why: str) -> None:
    assert why in first(text, "crane").ignored


@pytest.mark.parametrize(
    "text",
    [
        "#!/bin/sh -e\ncrane a\necho",
        "set -euo pipefail\ncrane a | tee log\necho",
        "set -o errexit\ncrane a\necho",
        "crane a || exit 1\necho",
        "crane a || { echo no; exit 1; }\necho",
        "fail() { echo no; exit 1; }\ncrane a || fail\necho",
        "crane a || failed=1\necho",
        "if ! crane a; then exit 1; fi",
        "crane a\nif [ $? -ne 0 ]; then exit 1; fi",
        "crane a",
    ],
)
def test_tested_failures_are_noticed(text: str) -> None:
    assert first(text, "crane").ignored == ""


def test_lines_and_columns() -> None:
    command = first("# one\nif x; then\n  crane a \\\n    b\nfi\n", "crane")
    assert (command.location.line, command.location.column) == (3, 3)


def test_here_document_is_not_a_command_and_the_next_line_is() -> None:
    found = [[word.text for word in command.words] for command in read("cat <<E\ncrane no\nE\ncrane yes\n").commands]
    assert found == [["cat"], ["crane", "yes"]]


def test_powershell_words() -> None:
    text = "$R = 'reg:5000'\n$O = @('--all', '--x')\ncrane copy @O `\n --platform=linux/amd64 \"$R/a\" \"b c\" $env:X 2>$null\n"
    assert words(text, "a.ps1") == [
        "crane",
        "copy",
        "--all",
        "--x",
        "--platform=linux/amd64",
        "reg:5000/a",
        "b c",
        "?$env:X",
    ]


@pytest.mark.parametrize(
    ("text", "is_ignored"),
    [
        ("$ErrorActionPreference = 'Stop'\ncrane a\n", True),
        ("try { crane a } catch { throw }\n", True),
        ("crane a || Write-Host no\n", True),
        ("crane a\nif ($LASTEXITCODE -ne 0) { throw 'no' }\n", False),
        ("crane a || throw 'no'\n", False),
        ("$ErrorActionPreference = 'Stop'\n$PSNativeCommandUseErrorActionPreference = $true\ncrane a\n", False),
    ],
)
def test_failures_in_powershell(text: str, is_ignored: bool) -> None:
    assert bool(first(text, "crane", "a.ps1").ignored) is is_ignored


def test_a_loop_of_powershell_repeats_and_its_block_is_read() -> None:
    command = first("Get-Content l.txt | ForEach-Object {\n  crane pull $_\n}\n", "crane", "a.ps1")
    assert command.is_repeated
    assert command.location.line == 2


@pytest.mark.parametrize("file", ["a.sh", "a.ps1"])
@pytest.mark.parametrize("unit", ["(", "$(", "`", "a|", "{|", ">", "([[", '"$(', "{'", "$$(", "a\n", "! ", "if x; then "])
def test_hostile_scripts_take_bounded_time(file: str, unit: str) -> None:
    begun = time.monotonic()
    for size in (2_000, 100_000):
        try:
            read_script(file, unit.encode() * (size // len(unit)))
        except UnreadableScript as error:
            assert str(error)
    assert time.monotonic() - begun < 20


def test_file_that_is_too_large_or_not_a_script_is_reported() -> None:
    scripts = (b"a" * 200_000, b"#!/usr/bin/perl\n", b"a\0b", b"|" * 3_001, "crane \u07ca".encode())
    for file, data in (("a.py", b"import x"), *(("a.sh", data) for data in scripts)):
        with pytest.raises(UnreadableScript):
            read_script(file, data)


PIECES = ["crane copy a b", " || ", " && ", "\n", "if ", "; then ", "fi", "{ ", "}", "$(", ")", '"', "'", "$X", "X=a", "for "]
SCRIPTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=25).map("".join)


@settings(max_examples=150, deadline=None)
@given(SCRIPTS, st.sampled_from(["a.sh", "a.ps1"]))
def test_any_text_is_read_or_reported_as_unreadable(text: str, file: str) -> None:
    try:
        script = read(text, file)
    except (UnreadableScript, UnicodeEncodeError):
        return
    lines = text.count("\n") + 1
    assert all(1 <= command.location.line <= lines for command in script.commands)
    assert script.commands == read(text, file).commands


def called(text: str, file: str) -> list[list[str]]:
    return [
        [word.text if word.is_known else f"{word.start}?" for word in command.words] for command in read(text, file).commands
    ]


@pytest.mark.parametrize(
    "text",
    [
        'eval "$(curl https://a.b/c)"',
        "bash <(curl https://a.b/c)",
        "echo x $(curl https://a.b/c) y",
        "V=$(curl https://a.b/c)",
        "export V=$(curl https://a.b/c)",
        'for i in $(curl https://a.b/c); do echo "$i"; done',
        "if ! curl https://a.b/c; then exit 1; fi",
        "( cd /tmp && curl https://a.b/c )",
    ],
)
def test_nested_command_is_read(text: str) -> None:
    assert called(text, "a.sh").count(["curl", "https://a.b/c"]) == 1


@pytest.mark.parametrize(
    ("text", "file", "line"),
    [
        ("bash -c 'crane copy a b'", "a.sh", 1),
        ("sudo -u x /bin/sh -exc 'cd /tmp; crane copy a b'", "a.sh", 1),
        ("sh <<EOF\n\ncrane copy a b\nEOF", "a.sh", 3),
        ("ssh -i key -v host 'bash -c \"crane copy a b\"'", "a.sh", 1),
        ("ssh host crane copy a b", "a.sh", 1),
        ("x() {\n  ssh host <<-'E' >log\n\tcrane copy a b\n\tE\n}", "a.sh", 3),
        ("eval crane copy 'a b'", "a.sh", 1),
        ("find . -name x -exec sh -c 'crane copy a b' {} +", "a.sh", 1),
        ('powershell.exe -NoProfile -ExecutionPolicy Bypass -Command "crane copy a b"', "a.ps1", 1),
        ("iex 'crane copy a b'", "a.ps1", 1),
        ("pwsh -c 'crane copy a b'", "a.sh", 1),
    ],
)
def test_text_for_a_shell_has_its_location(text: str, file: str, line: int) -> None:
    (found,) = [command for command in read(text, file).commands if command.words[0].text == "crane"]
    assert ([word.text for word in found.words], found.location.line) == (["crane", "copy", "a", "b"], line)


@pytest.mark.parametrize(
    "text", ['bash -c "crane copy $x"', "bash script.sh -c 'crane copy'", "bash -s < x", "cat <<EOF\ncrane copy\nEOF"]
)
def test_unknown_text_and_text_for_no_shell_are_not_read(text: str) -> None:
    assert [command for command in read(text).commands if command.words[0].text == "crane" or command.is_read] == []


def test_nested_text_is_read_up_to_a_limit() -> None:
    text = "crane copy a b"
    for _ in range(5):
        text = f"bash -c {shlex.quote(text)}"
    assert not [command for command in read(text).commands if command.words[0].text == "crane"]
    assert sum(command.is_read for command in read(text).commands) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("iex (irm https://a.b/c)", ["irm", "https://a.b/c"]),
        ("$x = (iwr https://a.b/c).Content", ["iwr", "https://a.b/c"]),
        ("(New-Object Net.WebClient).DownloadFile('https://a.b/c', 'c')", [".DownloadFile", "https://a.b/c", "c"]),
        ('iex ((New-Object Net.WebClient).DownloadString("https://a.b/c"))', [".DownloadString", "https://a.b/c"]),
        ("$u = 'https://a.b'\n$w.DownloadFile(\"$u/c\", $to)", [".DownloadFile", "https://a.b/c", "?"]),
        ("Invoke-Command { irm a } -Then { irm https://a.b/c }", ["irm", "https://a.b/c"]),
        ("foreach ($i in 1, 2) { if ($i) { irm https://a.b/c } }", ["irm", "https://a.b/c"]),
    ],
)
def test_powershell_methods_and_nested_commands_are_read(text: str, expected: list[str]) -> None:
    assert called(text, "a.ps1").count(expected) == 1


@pytest.mark.parametrize(
    ("text", "file"),
    [
        ('R=https://a.b\ncurl "$R/c/$V.tgz"', "a.sh"),
        ("R=https://a.b\ncurl $R/c/$V.tgz", "a.sh"),
        ("R=https://a.b\ncurl ${R}/c/${V:-1}", "a.sh"),
        ("$r = 'https://a.b'\ncurl \"$r/c/$v.tgz\"", "a.ps1"),
    ],
)
def test_beginning_of_a_word_may_be_known_alone(text: str, file: str) -> None:
    (word,) = first(text, "curl", file).words[1:]
    assert (word.is_known, word.start) == (False, "https://a.b/c/")


def test_too_many_commands_are_reported() -> None:
    found = read("bash -c 'a; b; c; d'\n" * 1_100)
    assert len(found.commands) == 5_000
    assert "more than 5,000 commands" in str(found.unread[0])
