"""A short run of the fuzzer, always with the same inputs."""

from __future__ import annotations

import random
import resource
from collections.abc import Callable

import pytest

from tests.fuzz.mutation import mutated
from tests.fuzz.runner import Tally, run
from tests.fuzz.targets import TARGETS, Target


def last(targets: list[Target], inputs: int, seed: int) -> Tally:
    *_, tally = run(targets, inputs, seed)
    return tally


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_hostile_input_gives_a_result_or_an_auditor_error(target: Target) -> None:
    tally = last([target], 60, seed=20261130)
    assert {what: (defect.data, defect.trace) for what, defect in tally.defects.items()} == {}
    assert tally.inputs == {target.name: 60}


def test_equal_seeds_make_equal_inputs() -> None:
    seeds = [b'{"a": [1, "x"]}', b"a: 1\nb: [2]\n"]
    first, second = random.Random("7 a"), random.Random("7 a")
    assert [mutated(first, seeds) for _ in range(200)] == [mutated(second, seeds) for _ in range(200)]


def test_runner_finds_errors_hangs_and_memory_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.runner.HANG", 0.2)
    monkeypatch.setattr("tests.fuzz.runner.LEAST", 0.05)
    monkeypatch.setattr("tests.fuzz.runner.MEMORY", 50)

    def spin(_: bytes) -> None:
        while True:
            pass

    def kinds(run_one: Callable[[bytes], object]) -> set[str]:
        return {what.partition(" in ")[0] for _, what in last([Target("made", run_one, lambda: (b"a",))], 1, 1).defects}

    assert kinds(lambda data: data.index(b"never there")) == {"ValueError"}
    assert "more than 0.2 s" in kinds(spin)
    assert "memory" in kinds(lambda data: data * 1024**3)
    assert kinds(len) == set()


def test_run_restores_the_limit_of_addresses() -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    assert list(run([Target("echo", lambda _data: None, lambda: [b"x"])], 10, 1))
    assert resource.getrlimit(resource.RLIMIT_AS) == before
