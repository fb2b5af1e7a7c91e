"""The files of the plan's trust that could not be used, wholly or in part, with the way to make each of them usable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.pki.file_forms import hint_for
from auditor.plan.model import Plan
from auditor.site.trust.pools import Trusts

MAX_SHOWN = 200


@dataclass(frozen=True, slots=True)
class UnusedFile:
    """A file that could not be used as a whole, the pools that name it, and how to make it usable.

    `reader` is the program that reads it: empty for a pool's `trust`. `usable` counts the certificates that were read.
    """

    file: str
    pools: tuple[str, ...]
    problem: str
    hint: str
    usable: int = 0
    reader: str = ""


def unused_files(plan: Plan, trusts: Trusts) -> tuple[UnusedFile, ...]:
    """Return the files of every pool's `trust`, and the CA files of its runtime, that could not be used as a whole."""
    found: dict[tuple[str, str, str, int], list[str]] = {}
    for pool in plan.pools:
        for file, problem, reader, usable in (*_of_trust(trusts, pool.trust), *_of_runtime(trusts, pool.name)):
            pools = found.setdefault((file, problem, reader, usable), [])
            if pool.name not in pools:
                pools.append(pool.name)
    return tuple(
        UnusedFile(file, tuple(pools), *_told(plan, file, problem), usable, reader)
        for (file, problem, reader, usable), pools in list(found.items())[:MAX_SHOWN]
    )


def _of_trust(trusts: Trusts, paths: tuple[str, ...]) -> Iterator[tuple[str, str, str, int]]:
    given = trusts.given(paths)
    for file, problem in given.problems:
        yield file, problem, "", given.usable.get(file, 0)


def _of_runtime(trusts: Trusts, pool: str) -> Iterator[tuple[str, str, str, int]]:
    for ca in trusts.runtime.get(pool, ()):
        if ca.heeded and ca.file:
            for problem in ca.problems:
                yield ca.file, problem, "the container runtime", len(ca.certificates)


def _told(plan: Plan, file: str, problem: str) -> tuple[str, str]:
    """Return the problem and the hint, without the hint in the problem."""
    data = plan.files.get(file)
    hint = "Check the name of the file in the plan." if data is None else hint_for(data, problem)
    return problem.replace(hint, "").strip(" .:"), hint
