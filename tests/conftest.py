"""Fixtures for every test: golden files, which `pytest --update-golden` writes again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from auditor import redaction

pytest_plugins = ("tests.quick",)
GOLDEN = Path(__file__).parent / "golden"
Golden = Callable[[str, str], None]

# Time is measured in bench/. A deadline fails at random where other processes share the cores.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files instead of comparing with them")


@pytest.fixture(autouse=True)
def no_secret_of_another_test() -> Iterator[None]:
    """What a test let the process remember is forgotten after it."""
    yield
    redaction.forget()


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """`golden(name, text)` asserts that `text` is what tests/golden/`name` holds."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        assert path.is_file(), f"{path} is missing: run pytest --update-golden and read what it wrote"
        assert text == path.read_text(encoding="utf-8"), f"{path} differs: run pytest --update-golden and read the diff"

    return check
