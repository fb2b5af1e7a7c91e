"""Random damage to evidence files: an audit rejects every file that is not the original, byte for byte.

`AUDITOR_CORRUPTIONS` is the number of damaged files (default: 1,000; half of them are copies of the example).
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import EvidenceError
from auditor.evidence.model import ChainSeen, Seen
from auditor.evidence.store import Store
from auditor.pipeline.audit import audit
from auditor.pipeline.catalogue import catalogue
from auditor.pipeline.inputs import LoadedPlan, plan_in
from auditor.pipeline.settings import Settings
from auditor.testing.memory import AT
from reports import render
from tests.cli.runner import EXAMPLE
from tests.evidence.test_seal import TABLES, full

COUNT = int(os.environ.get("AUDITOR_CORRUPTIONS", "1000"))
TODAY = datetime.date(2026, 11, 23)
PAGE = 4096
PLAN = """version: 1
name: small
pools: {linux: {platform: linux/amd64, runtime: containerd 2.1.6}}
images: [{list: images.txt}]
registry: {host: r.local}
endpoints: [{host: "git.local:443"}]
"""


def judged(path: Path) -> dict[str, Any]:
    """Return verdict, findings and undetermined outcomes of an audit of the evidence file alone."""
    known = catalogue()
    settings = Settings(TODAY, known, frozenset(check.id for check in known), now=TODAY)
    report = json.loads(render(audit(LoadedPlan(plan_in(path), path), settings), "json"))
    return {key: report[key] for key in ("verdict", "exit_code", "findings", "undetermined", "checks", "evidence")}


def flipped(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice([1, 1, 1, 2, 8])):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def zeroed(content: bytearray, chance: random.Random) -> None:
    length = chance.choice([1, 16, 512, PAGE, 3 * PAGE])
    start = chance.randrange(len(content))
    end = min(len(content), start + length)
    content[start:end] = bytes(end - start)


def overwritten(content: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(content))
    end = min(len(content), start + chance.choice([1, 4, 64, 1000]))
    content[start:end] = chance.randbytes(end - start)


def truncated(content: bytearray, chance: random.Random) -> None:
    del content[chance.choice([chance.randrange(len(content)), PAGE * chance.randrange(len(content) // PAGE)]) :]


def appended(content: bytearray, chance: random.Random) -> None:
    content += chance.randbytes(chance.choice([1, 100, PAGE]))


def pages_swapped(content: bytearray, chance: random.Random) -> None:
    one, two = (PAGE * chance.randrange(len(content) // PAGE) for _ in range(2))
    first, second = content[one : one + PAGE], content[two : two + PAGE]
    content[one : one + PAGE], content[two : two + PAGE] = second, first


def page_repeated(content: bytearray, chance: random.Random) -> None:
    one, two = (PAGE * chance.randrange(len(content) // PAGE) for _ in range(2))
    content[one : one + PAGE] = content[two : two + PAGE]


BYTES: tuple[Callable[[bytearray, random.Random], None], ...] = (
    flipped,
    flipped,
    flipped,
    zeroed,
    overwritten,
    truncated,
    appended,
    pages_swapped,
    page_repeated,
)


def rows_edited(path: Path, chance: random.Random) -> str:
    """Edit one row of one table through SQL. Return a description."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        table = chance.choice([*TABLES, "seal"])
        rows = connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - constants
        if not rows:
            return "no row to edit"
        row = list(chance.choice(rows))
        columns = [column[1] for column in connection.execute(f"PRAGMA table_info({table})")]
        where = " AND ".join(f"{column} IS ?" for column in columns)
        place = chance.randrange(len(row))
        what = chance.choice(["delete", "update", "insert"])
        changed = [*row]
        changed[place] = _other(row[place], chance)
        with contextlib.suppress(sqlite3.IntegrityError):
            if what == "delete":
                connection.execute(f"DELETE FROM {table} WHERE {where}", row)  # noqa: S608
            elif what == "update":
                connection.execute(f"UPDATE {table} SET {columns[place]} = ? WHERE {where}", (changed[place], *row))  # noqa: S608
            else:
                connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", changed)  # noqa: S608
        return f"{what} in {table}"


def _other(value: object, chance: random.Random) -> object:
    if isinstance(value, int):
        return value + chance.choice([-1, 1, 1000])
    if isinstance(value, bytes):
        return value[: chance.randrange(len(value) + 1)] + b"x"
    return chance.choice(["", "seen", "absent", f"{value}x", str(value)[1:]])


def damaged(path: Path, copy: Path, chance: random.Random) -> str:
    """Make a damaged copy. Return a description."""
    copy.unlink(missing_ok=True)
    shutil.copy(path, copy)
    if chance.random() < 0.25:
        return rows_edited(copy, chance)
    content = bytearray(path.read_bytes())
    how = chance.choice(BYTES)
    how(content, chance)
    copy.write_bytes(content)
    return how.__name__


def small(path: Path) -> Path:
    """Create evidence with rows in every table, and a plan that uses them."""
    with Store.create(full(path)) as store:
        images = "\n".join(f"r.example/app{number}" for number in range(3))
        store.replace_files({"plan.yaml": PLAN.encode(), "images.txt": images.encode()})
        for endpoint in ("git.local:443", "r.local:443"):
            store.put_chain(endpoint, Seen(ChainSeen((b"no certificate",), "TLSv1.3"), AT, f"tls://{endpoint}"))
        store.put_meta("plan.path", "plan.yaml")
        store.put_meta("plan.name", "small")
    return path


@pytest.mark.parametrize("of", ["the example", "a small file"])
def test_every_damaged_file_is_rejected(of: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = EXAMPLE / "plant-7.evidence" if of == "the example" else small(tmp_path / "small.evidence")
    assert judged(path)["findings"]
    chance, copy, original = random.Random(f"{of} 14"), tmp_path / "site.evidence", path.read_bytes()
    missed: list[tuple[int, str]] = []
    for number in range(COUNT // 2):
        how = damaged(path, copy, chance)
        while copy.read_bytes() == original:  # such as zeros over zeros
            how = damaged(path, copy, chance)
        try:
            judged(copy)
            missed.append((number, how))
        except EvidenceError as error:
            assert error.exit_code == 2
            assert error.hint
    with capsys.disabled():
        print(f"\n{COUNT // 2} damaged copies of {of}: {COUNT // 2 - len(missed)} rejected")
    assert not missed
