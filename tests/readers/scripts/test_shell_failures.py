"""Which failures a shell script notices: the error handling of sh and bash, statement by statement.

Each script was run by bash with a `crane` that fails. The failure is noticed if the script ends with a status other than 0.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from auditor.readers.scripts import read_script
from tests.peers.programs import require

NOTICED = [
    "set -e\ncrane\necho",
    "set -ex\nset +e\nset -e\ncrane\necho",
    "set -o errexit\ncrane\necho",
    "set -o errexit -o nounset -o pipefail\ncrane | cat\necho",
    "#!/bin/bash -eu\ncrane\necho",
    "set +e\ncrane\nrc=$?\nset -e\nexit $rc",
    "if crane; then echo; else exit 1; fi\necho",
    "if ! crane; then echo failed; exit 1; fi\necho",
    'if crane; then ok=1; fi\n[ -n "$ok" ]',
    "if crane; then echo; exit 0; fi\nexit 1",
    "crane || exit 1\necho",
    "crane || { echo no >&2; exit 1; }\necho",
    "set -e\ncrane || (echo no; exit 1)\necho",
    "crane && true || exit 1\necho",
    "crane && echo",
    "crane && exit 0\nexit 1",
    'set -e\n[ -z "$X" ] && crane\necho',
    "trap 'exit 1' ERR\ncrane\necho",
    "die() { exit 3; }\ntrap die ERR\ncrane\necho",
    "set -E\ntrap 'exit 1' ERR\nf() { crane; echo; }\nf\necho",
    "set -e\nf() { crane; echo; }\nf\necho",
    "f() { crane; }\nf || exit 1\necho",
    "f() { set -e; crane; echo; }\nf\necho",
    "f() { crane || return 1; }\nf || exit 1\necho",
    "g() { crane; }\nf() { g; }\nf || exit 1\necho",
    "set -e\n(crane)\necho",
    "set -e\n( set +e; true )\ncrane\necho",
    "set -e\n{ crane; }\necho",
    "set -e\nn=$(crane)\necho",
    "set -e\ncase x in x) crane ;; esac\necho",
    "set -e\nfor i in a b; do crane; done\necho",
    "set -e\nwhile read -r i; do crane; done <<< a\necho",
    "crane | cat; exit ${PIPESTATUS[0]}",
    "crane | cat\nif [ ${PIPESTATUS[0]} -ne 0 ]; then exit 1; fi\necho",
    "set -e\ncrane &\nwait $!\necho",
    "crane\n[ $? -eq 0 ] || exit 1\necho",
    "crane\nif (( $? != 0 )); then exit 1; fi\necho",
    "failed=0\nfor i in a b; do crane || failed=1; done\nexit $failed",
    "n=0; until crane; do n=$((n+1)); [ $n -ge 2 ] && exit 1; done\necho",
    "for i in 1 2; do crane && break; [ $i -lt 2 ] || exit 1; done\nfalse",
    'retry() { for i in 1 2; do "$@" && return 0; done; return 1; }\nretry crane || exit 1\necho',
    'set -e\nretry() { for i in 1 2; do "$@" && return 0; done; return 1; }\nretry crane\necho',
    "echo\ncrane",
]
UNNOTICED = [
    "crane\necho",
    "set -ex\nset +e\ncrane\necho",
    "set -ex\nset +e\ncrane\nset -e\necho",
    "if crane; then echo; fi\necho",
    "if crane; then echo; else echo failed; fi\necho",
    "if ! crane; then echo failed; fi\necho",
    "set -e\nif crane; then echo; fi\necho",
    "crane || true\necho",
    "crane || { echo no; }\necho",
    "crane || (echo no; exit 1)\necho",
    "crane && echo\necho",
    "set -e\ncrane && echo\necho",
    "trap 'echo failed' ERR\ncrane\necho",
    "trap 'echo bye' EXIT\ncrane\necho",
    "trap 'exit 1' ERR\nf() { crane; echo; }\nf\necho",
    "set -e\nf() { crane; echo; }\nf || exit 1\necho",
    "set -e\nf() { crane; echo; }\nif f; then echo; else exit 1; fi\necho",
    "f() { crane; }\nf\necho",
    "(set -e; crane; echo) || exit 1\necho",
    "(set -e; crane; echo)\necho",
    "set -e\n( set +e; crane; echo )\necho",
    "set -e\n{ crane; echo; } || exit 1\necho",
    "set -e\n! crane\necho",
    "set -e\nexport N=$(crane)\necho",
    "set -e\necho $(crane)\necho",
    "for i in a b; do crane; echo; done\necho",
    "for i in 1 2; do crane && break; done\necho",
    "set -e\nfor i in 1 2; do crane && break; sleep 0; done\necho",
    "for i in 1 2; do if crane; then break; fi; done\necho",
    "set -e\ncrane | cat\necho",
    "set -e\ncrane &\nwait\necho",
]


def judged(text: str) -> list[str]:
    """Return why each failure of `crane` goes unnoticed; empty if it is noticed."""
    script = read_script("mirror.sh", text.encode())
    assert not script.unread
    return [one.ignored for one in script.commands if any(word.text == "crane" for word in one.words)]


@pytest.mark.parametrize("text", NOTICED)
def test_failure_is_noticed(text: str) -> None:
    assert judged(text)
    assert not any(judged(text))


@pytest.mark.parametrize("text", UNNOTICED)
def test_failure_goes_unnoticed(text: str) -> None:
    assert all(judged(text))


@pytest.mark.parametrize("text", [*NOTICED, *UNNOTICED])
def test_bash_gives_the_same_result(text: str, tmp_path: Path) -> None:
    (tmp_path / "crane").write_text("#!/bin/sh\nexit 7\n")
    (tmp_path / "crane").chmod(0o755)
    shell = [require("bash"), "-eu"] if text.startswith("#!") else [require("bash")]
    done = subprocess.run(
        shell,
        input=text.encode(),
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode != 0) == (text in NOTICED), done.stderr


@pytest.mark.parametrize(
    ("text", "is_noticed"),
    [
        ("bash -ec 'crane; echo'", True),
        ("sh -e -c 'crane; echo'", True),
        ("bash -c 'crane; echo'", False),
        ("bash -c crane", True),
    ],
)
def test_text_for_a_shell_uses_its_own_options(text: str, is_noticed: bool) -> None:
    assert bool(judged(text)[-1]) is not is_noticed
