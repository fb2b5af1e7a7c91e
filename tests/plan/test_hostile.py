"""Hostile plans and lists: no crash, bounded work, only our errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import AuditorError
from auditor.plan.load import load_plan_files
from auditor.plan.model import Plan
from tests.plan.made import HEAD, POOL, plan_of, refused

LOAD = "import sys\nfrom auditor.plan.load import load_plan_files\nload_plan_files('p', {'p': sys.stdin.buffer.read()})\n"
DISK = "import sys\nfrom pathlib import Path\nfrom auditor.plan.load import load_plan\nload_plan(Path(sys.argv[1]))\n"
LIST = """
import sys
from auditor.readers.lists import ListSource, read_list
read_list(ListSource('l', ('p',)), sys.stdin.buffer.read())
"""


def in_process(code: str, data: bytes = b"", argument: str = "") -> subprocess.CompletedProcess[bytes]:
    """Run code in a separate process, because it may crash the interpreter or not end."""
    return subprocess.run([sys.executable, "-c", code, argument], input=data, capture_output=True, timeout=20, check=False)


@pytest.mark.parametrize("opening", [b"[", b"{a: ", b"- ", b"? "], ids=["flow-list", "flow-mapping", "list", "key"])
def test_deep_nesting_does_not_crash_the_process(opening: bytes) -> None:
    done = in_process(LOAD, opening * 50_000)
    assert done.returncode == 1, done.returncode
    assert b"PlanError" in done.stderr


def test_base_60_number_takes_bounded_time() -> None:
    assert b"PlanError" in in_process(LOAD, HEAD.encode() + b"name: 1" + b":59" * 500_000).stderr


def test_unclosed_templates_take_linear_time() -> None:
    assert in_process(LIST, (b"{{" * 2000 + b"\n") * 200).returncode == 0


def test_named_pipe_does_not_block(tmp_path: Path) -> None:
    subprocess.run(["mkfifo", str(tmp_path / "pipe")], check=True)
    (tmp_path / "plan.yaml").write_text(POOL % "trust: [pipe]")
    assert b"regular file" in in_process(DISK, argument=str(tmp_path / "plan.yaml")).stderr


def test_alias_bomb_is_rejected_quickly() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert "more than" in refused("\n".join(rows))


VALUES = (
    *("", "1", "1.5", ".nan", "-1", "yes", "null", "[]", "[1]", "{}", "{a: 1}", "''", "x y", "2027-06-30", "1:30", "0x10"),
    "!!set {a}",
)
KEYS = (
    *("name", "horizon", "cluster", "images", "workloads", "workloads_complete", "copy", "registry", "sources", "endpoints"),
    *("network", "waivers", "severity"),
)
INNER = (
    *(
        "disk",
        "size",
        "host",
        "rate",
        "window",
        "tool",
        "media",
        "staging",
        "options",
        "ref",
        "list",
        "pools",
        "chart",
        "values",
    ),
    *("kind", "rewrites", "insecure", "chain", "reachable", "check", "expires", "distribution", "version"),
)


@pytest.mark.parametrize("key", KEYS)
def test_any_value_under_any_key_gives_a_plan_or_our_error(key: str) -> None:
    texts = [f"{key}: {value}" for value in VALUES]
    texts += [f"{key}: {{{inner}: {value}}}" for inner in INNER for value in VALUES]
    texts += [f"{key}: [{{{inner}: {value}}}]" for inner in INNER for value in VALUES]
    texts += [
        f"{key}: {{{part}: {{{inner}: {value}}}}}"
        for part in ("media", "staging")
        for inner in ("size", "disk")
        for value in VALUES
    ]
    for text in texts:
        try:
            plan_of(f"{HEAD}{text}\n")
        except AuditorError as error:
            assert error.summary


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(alphabet="versionpl:1{}[]-&*!\n\t '\"#|>", max_size=120).map(str.encode)))
def test_any_bytes_give_a_plan_or_our_error(data: bytes) -> None:
    try:
        plan = load_plan_files("plan.yaml", {"plan.yaml": data})
    except AuditorError as error:
        assert error.summary
    else:
        assert isinstance(plan, Plan)
