"""Which tests `make quick` leaves out: a pytest plug-in that reads tests/slow.txt, and writes it with `--write-slow`.

`--quick` runs what needs no other program and costs little CPU time. Folders below and files of the list are not even
imported, functions of the list get the marker `slow`. CPU time counts child processes, so that a busy machine changes little.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parent.parent
LIST = Path(__file__).parent / "slow.txt"
WITH_PEERS = ("tests/corpus", "tests/gates", "tests/peers")
WITH_PROCESSES = ("tests/cli", "tests/collectors")  # they start hundreds of processes and servers of our own
SLOW_SECONDS = 0.5  # of CPU, for all cases of a function together
FILE_SECONDS = 3.0  # a file whose remaining functions are few is left out whole
HEAD = """\
# Left out by `make quick`: CPU seconds, then a test function with all of its cases, or a whole file.
# Written by `make slow-list`. The rule is in tests/quick.py.
"""


def listed() -> dict[str, float]:
    """CPU seconds by file (`tests/x/test_y.py`) or function (`tests/x/test_y.py::test_z`)."""
    rows = [line.split(" ", 1) for line in LIST.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {name: float(seconds) for seconds, name in rows}


def function_of(nodeid: str) -> str:
    """A test's name without its case."""
    return nodeid.partition("[")[0]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="only tests that need no other program and little time")
    parser.addoption("--write-slow", action="store_true", help="write tests/slow.txt from this run; not together with -n")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--quick"):
        settings.register_profile("quick", max_examples=25, deadline=None)
        settings.load_profile("quick")  # tests that set a number of examples keep it
    if config.getoption("--write-slow"):
        config.pluginmanager.register(Measuring(), "measuring")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if not config.getoption("--quick") or not collection_path.is_relative_to(ROOT):
        return None
    name = collection_path.relative_to(ROOT).as_posix()
    return True if name in WITH_PEERS + WITH_PROCESSES or name in listed() else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    slow = listed()
    for item in items:
        function = function_of(item.nodeid)
        if function in slow or function.partition("::")[0] in slow:
            item.add_marker("slow")
    if config.getoption("--quick"):
        left_out = [item for item in items if any(item.get_closest_marker(name) for name in ("slow", "peer", "corpus"))]
        config.hook.pytest_deselected(items=left_out)
        gone = set(map(id, left_out))
        items[:] = [item for item in items if id(item) not in gone]
    elif os.environ.get("PYTEST_XDIST_WORKER"):
        # The longest first: nothing long is left when the other workers have nothing more to take over.
        items.sort(key=lambda item: -slow.get(function_of(item.nodeid), 0.0))


class Measuring:
    """Adds up the CPU time of each test function, with its fixtures and child processes."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.peers: set[str] = set()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        function, before = function_of(item.nodeid), sum(os.times()[:4])
        if any(item.get_closest_marker(name) for name in ("peer", "corpus")):
            self.peers.add(function)
        try:
            return (yield)
        finally:
            self.seconds[function] += sum(os.times()[:4]) - before

    def pytest_sessionfinish(self) -> None:
        """Write the list. Files that were not in this run keep their rows."""
        ran = {function.partition("::")[0] for function in self.seconds}
        rows = {name: value for name, value in listed().items() if name.partition("::")[0] not in ran}
        for file in ran:
            own = {name: value for name, value in self.seconds.items() if name.startswith(f"{file}::")}
            slow = {name: value for name, value in own.items() if value >= SLOW_SECONDS}
            quick = [name for name in own if name not in slow and name not in self.peers]
            if sum(slow.values()) >= FILE_SECONDS and len(quick) <= len(own) // 4:
                rows[file] = sum(own.values())
            else:
                rows |= slow
        lines = (f"{seconds:.1f} {name}\n" for name, seconds in sorted(rows.items()))
        LIST.write_text(HEAD + "".join(lines), encoding="utf-8")
