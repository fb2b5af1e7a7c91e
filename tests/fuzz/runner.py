"""Run targets on mutated seeds and collect violations: a foreign exception, a hang, too much time or memory."""

from __future__ import annotations

import gc
import random
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import FrameType

from auditor import errors
from auditor.errors import AuditorError
from auditor.redaction import forget
from tests.fuzz.mutation import mutated
from tests.fuzz.targets import Target

LEAST = 0.5  # seconds of CPU time that any input may take: the first of a target also imports and loads facts
HANG = 20
MEMORY = 300  # MB that the process may grow during one input
ADDRESSES = 6 * 1024**3


class Hang(BaseException):
    """The time of one input is over. No code under test may catch it."""


class Unexpected(Exception):
    """An exception that the auditor would report as a failed observation, which is a bug for all that."""


@dataclass
class Defect:
    """What broke the contract, where, and the smallest input that did."""

    target: str
    what: str
    data: bytes
    trace: str = ""
    count: int = 1


@dataclass
class Tally:
    """How many inputs each target had, and the defects by target and kind."""

    inputs: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    defects: dict[tuple[str, str], Defect] = field(default_factory=dict)

    def add(self, defect: Defect) -> None:
        """Count a defect; of several inputs the shortest is kept."""
        known = self.defects.setdefault((defect.target, defect.what), defect)
        if known is not defect:
            known.count += 1
            if len(defect.data) < len(known.data):
                known.data, known.trace = defect.data, defect.trace


def rethrow_unexpected() -> None:
    """Let an exception that the auditor did not expect reach the runner, where it is counted."""

    def thrown(doing: str, error: Exception) -> str:
        raise Unexpected(f"{doing}: {type(error).__name__}") from error

    for module in list(sys.modules.values()):
        if module is not errors and getattr(module, "unexpected", None) is errors.unexpected:
            module.unexpected = thrown  # type: ignore[attr-defined]


def run(targets: Sequence[Target], inputs: int, seed: int) -> Iterator[Tally]:
    """Run so many inputs in all; yield the tally after each thousand or so. The same seed gives the same inputs."""
    tally = Tally()
    total = sum(target.weight for target in targets)
    before, hang = resource.getrlimit(resource.RLIMIT_AS), signal.getsignal(signal.SIGVTALRM)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, before[1]))
    signal.signal(signal.SIGVTALRM, _hang)
    generators = {target.name: random.Random(f"{seed} {target.name}") for target in targets}
    done = 0
    try:
        while done < inputs:
            for target in targets:
                share = min(max(1, 1000 * target.weight // total), inputs - done)
                _batch(target, share, generators[target.name], tally)
                done += share
            forget()
            gc.collect()
            yield tally
    finally:  # later tests in the process start browsers, which need more addresses
        resource.setrlimit(resource.RLIMIT_AS, before)
        signal.signal(signal.SIGVTALRM, hang)


def _hang(_number: int, _frame: FrameType | None) -> None:
    raise Hang


def _batch(target: Target, count: int, rng: random.Random, tally: Tally) -> None:
    known = target.seeds()
    begin = time.process_time()
    for _ in range(count):
        _one(target, mutated(rng, known, binary=target.binary), tally)
    tally.inputs[target.name] = tally.inputs.get(target.name, 0) + count
    tally.seconds[target.name] = tally.seconds.get(target.name, 0.0) + time.process_time() - begin


def _one(target: Target, data: bytes, tally: Tally) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signal.setitimer(signal.ITIMER_VIRTUAL, HANG)
    start = time.process_time()
    try:
        target.run(data)
    except (AuditorError, *target.allowed):
        pass
    except Hang:
        tally.add(Defect(target.name, f"more than {HANG} s", data))
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        inner = error.__cause__ if isinstance(error, Unexpected) and error.__cause__ is not None else error
        place = traceback.extract_tb(inner.__traceback__)[-1]
        what = f"{type(inner).__name__} in {place.filename.rpartition('/')[2]}:{place.lineno} {place.name}"
        tally.add(Defect(target.name, what, data, "".join(traceback.format_exception(inner))[-2000:]))
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    taken = time.process_time() - start
    if taken > LEAST + target.per_byte * len(data):
        tally.add(Defect(target.name, "slow", data, f"{taken:.2f} s for {len(data):,} bytes"))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    if grown > MEMORY:
        tally.add(Defect(target.name, "memory", data, f"{grown} MB for {len(data):,} bytes"))
