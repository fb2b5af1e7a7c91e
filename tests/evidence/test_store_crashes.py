"""Evidence survives a killed process and a damaged file: an error or correct data, never wrong data."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.errors import EvidenceError
from auditor.evidence import database
from auditor.evidence.model import Absent, Seen
from auditor.evidence.store import Store
from tests.evidence.stored import BODY, filled, read_all


def test_rows_are_committed_before_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BATCH_SECONDS", 0.0)
    path = tmp_path / "site.evidence"
    script = f"""
        import datetime, os, signal
        from pathlib import Path
        from auditor.evidence import database
        from auditor.evidence.model import Absent
        from auditor.evidence.store import Store
        database.BATCH = 10
        evidence = Store.create(Path({str(path)!r}))
        for number in range(1004):
            evidence.put_tag(str(number), Absent("", datetime.datetime.now(datetime.UTC), ""))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=False, timeout=30)
    assert done.returncode == -signal.SIGKILL
    with Store.open(path) as store:
        assert isinstance(store.tag("980"), Absent)


def test_crash_during_a_commit_is_rolled_back(tmp_path: Path) -> None:
    path = filled(tmp_path / "site.evidence")
    before = path.read_bytes()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("PRAGMA cache_size=1; BEGIN; UPDATE file SET body = zeroblob(50000)")
    for number in range(200):
        connection.execute("INSERT INTO file VALUES (?, zeroblob(9000))", (str(number),))
    journal = path.with_name(f"{path.name}-journal").read_bytes()
    torn = path.read_bytes()
    connection.execute("ROLLBACK")
    connection.close()
    crashed = tmp_path / "crashed"
    crashed.write_bytes(torn)
    (tmp_path / "crashed-journal").write_bytes(journal)
    assert torn != before
    with Store.open(crashed) as store:
        assert store.files() == {"plan.yaml": b"version: 1"}
    assert crashed.stat().st_size == len(before)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_file_gives_an_error_or_correct_data(data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "site.evidence"
    path.unlink(missing_ok=True)
    content = bytearray(filled(path).read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        found = read_all(path)
    except EvidenceError:
        return
    assert not isinstance(found, Seen) or found.value.body == BODY


CREATE = """
    import resource, signal, sys
    from pathlib import Path
    from auditor.evidence.store import Store
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
    with Store.create(Path(sys.argv[1])) as store:
        store.put_file("plan.yaml", b"version: 1")
"""


@pytest.mark.parametrize("size", [0, 500, 600, 4096, 8192, 30_000, 60_000, 80_000])
def test_next_run_writes_a_file_whose_creation_was_killed(size: int, tmp_path: Path) -> None:
    """The kernel kills the writer at the first byte beyond `size`, during the commit that creates the tables."""
    path = tmp_path / "site.evidence"
    command = [sys.executable, "-c", textwrap.dedent(CREATE), str(path), str(size)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], check=False, timeout=30)
    assert done.returncode == -signal.SIGXFSZ
    with Store.create(path) as store:
        assert store.is_sealed
        store.put_file("plan.yaml", b"version: 1")
    with Store.open(path) as store:
        assert store.files() == {"plan.yaml": b"version: 1"}
    assert [entry.name for entry in tmp_path.iterdir()] == ["site.evidence"]
