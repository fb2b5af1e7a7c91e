"""`make quick`: its list names tests that exist, and leaves out what needs another program."""

from __future__ import annotations

import re

from tests.quick import LIST, ROOT, WITH_PEERS, WITH_PROCESSES, listed


def test_every_listed_test_exists() -> None:
    for name in listed():
        path, _, function = name.partition("::")
        assert (ROOT / path).is_file(), f"{LIST.name} names {name}: correct the line, or run `make slow-list`"
        assert not function or re.search(rf"^def {function}\(", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), name


def test_omitted_folders_exist() -> None:
    assert all((ROOT / name).is_dir() for name in WITH_PEERS + WITH_PROCESSES)


def test_every_test_that_starts_a_peer_has_the_marker() -> None:
    """A file that requires a program, outside of the folders that are left out whole, marks the tests that do."""
    starts = re.compile(r"\b(?:require\((?!\"bash\")|serve\(|cut_off\()")
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        name = path.relative_to(ROOT).as_posix()
        text = path.read_text(encoding="utf-8")
        if not name.startswith(WITH_PEERS) and "from tests.peers.programs import" in text and starts.search(text):
            assert "mark.peer" in text, f"{name} starts a program without the marker `peer`"
