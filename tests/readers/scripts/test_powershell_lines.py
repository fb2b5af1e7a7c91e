"""PowerShell lines from practice: each one is parsed, or reported once as unparsed. None gives a wrong finding."""

from __future__ import annotations

import pytest

from auditor.readers.scripts import Script, UnreadableScript, read_script

READ = [
    "crane copy --platform all a b",
    "& crane copy a b",
    '& "C:\\tools\\crane.exe" copy a b',
    "& $crane copy $src $dst",
    "crane copy a `\n  b `\n  --platform=linux/amd64",
    '$list = @("copy", "a", "b")\n& crane @list',
    'Start-Process crane -ArgumentList @("copy", "a") -Wait',
    'Get-Content images.txt | ForEach-Object { crane copy $_ "$Reg/$_" }',
    'foreach ($i in Get-Content .\\images.txt) { crane copy $i "$Reg/$i" }',
    "$images | % { crane copy $_ x }",
    "try { crane copy a b } catch { exit 1 } finally { cd .. }",
    "[CmdletBinding()]\nparam(\n  [ValidateNotNullOrEmpty()][string]$Reg\n)\ncrane copy a $Reg/a",
    '$text = @"\nfoo $bar\n"@\ncrane copy a b',
    '$line = ("a", "b") -join ","\ncrane copy a b',
    '[string]$x = "a"\ncrane copy a $x',
    'crane copy a ("{0}/{1}" -f $Reg, "a")',
    "crane copy a \"$($env:REGISTRY)/a:$($i.Split(':')[1])\"",
    "crane copy a $Reg/a",
    "crane copy $Reg/a b",
    "crane copy a ${Reg}/b",
    "crane copy a $env:REG/a",
    "crane copy a $Reg:5000/a",
    "crane copy a $Reg.x/y",
    "crane copy a $($Reg)/b",
    'crane copy a "$Reg"/b',
    "crane copy a $map[$k]/x",
    "crane copy docker://$Reg/a b",
    'switch ($p) { "linux" { crane copy a b } default { crane copy c d } }',
    'switch ($p) {\n  "linux" { crane copy a b }\n  default { throw "x" }\n}',
    "$images.ForEach({ crane copy $_ x })",
    "$images.Where({ $_ }).ForEach({ crane copy $_ x })",
    "function F { param($a) crane copy $a b }",
    "function F { param($A) process { crane copy $A b } }",
    ":outer foreach ($i in $x) { crane copy $i b; continue outer }",
    "crane copy a b 2>&1 | Tee-Object -FilePath log.txt",
    "crane copy a b *>&1 | Out-File log.txt -Append",
    '$o = [PSCustomObject]@{ A = "b" }\ncrane copy a b',
    "1..3 | % { crane copy a b }",
    "#Requires -Version 5.1\nusing namespace System.IO\ncrane copy a b",
    "$done = 3\n$share = ($done / 4) * 100\ncrane copy a b",
]


def read(text: str) -> Script:
    return read_script("copy.ps1", text.encode())


@pytest.mark.parametrize("text", READ)
def test_lines_that_are_read(text: str) -> None:
    script = read(text)
    assert script.unread == ()
    assert any("crane" in word.text for command in script.commands for word in command.words)


@pytest.mark.parametrize(
    "text", ['$x = $a ? "b" : "c"\n', '$x ??= "b"\n', "$x = $y ?? 1\n", "$x?.Foo()\n", "crane copy a b -- c\n"]
)
def test_unparsed_text_is_reported_once(text: str) -> None:
    (trouble,) = read(text).unread
    assert trouble.location.line == 1
    assert "cannot be parsed: `" in str(trouble)


def test_a_word_that_begins_with_a_variable_keeps_its_text() -> None:
    commands = read('$Reg = "r.local"\ncrane copy a $Reg/a ${Reg}/b $env:X/c "$Reg"/d\n').commands
    assert [(word.text, word.is_known) for word in commands[-1].words[3:]] == [
        ("r.local/a", True),
        ("r.local/b", True),
        ("$env:X/c", False),
        ('"$Reg"/d', False),
    ]


@pytest.mark.parametrize(
    ("text", "is_ignored"),
    [
        ("do { crane copy a b } while ($LASTEXITCODE -ne 0)\n", False),
        ("do { crane copy a b } while ($true)\n", True),
        ("do { crane copy a b; Start-Sleep 1 } until ($LASTEXITCODE -eq 0)\n", True),
        ("crane copy a b | Out-Null\nif ($LASTEXITCODE) { exit 1 }\n", False),
        ("$out = & crane copy a b 2>&1\nif (-not $?) { throw $out }\n", False),
        ("Start-Process crane -ArgumentList 'copy a b' -Wait\nif ($LASTEXITCODE -ne 0) { exit 1 }\n", True),
        ("$p = Start-Process crane -ArgumentList 'copy a b' -Wait -PassThru\nif ($p.ExitCode -ne 0) { exit 1 }\n", False),
    ],
)  # fmt: skip
def test_failures_are_noticed_or_hidden(text: str, is_ignored: bool) -> None:
    command = next(one for one in read(text).commands if any(word.text == "crane" for word in one.words))
    assert bool(command.ignored) is is_ignored


def test_replacement_characters_are_rejected() -> None:
    with pytest.raises(UnreadableScript, match="control character"):
        read("crane copy \x02 b")
