"""The answers that a run reuses: its own from before an interruption, and none of a finished run."""

from __future__ import annotations

import datetime

from auditor.evidence.asked import RESUMED
from auditor.evidence.store import Store
from auditor.testing.memory import AT

MINUTE = datetime.timedelta(minutes=1)


def test_an_interrupted_run_continues() -> None:
    with Store.memory() as store:
        assert store.begin_run("one", AT) == frozenset()
        store.note_asked("a sha256:1", AT)
        assert store.begin_run("one", AT + MINUTE) == {"a sha256:1"}
        assert store.begin_run("one", AT + 2 * MINUTE) == {"a sha256:1"}


def test_finished_run_leaves_no_answers() -> None:
    with Store.memory() as store:
        store.begin_run("one", AT)
        store.note_asked("a", AT)
        store.finish_run()
        assert store.begin_run("one", AT) == frozenset()


def test_run_with_another_key_reuses_no_answers() -> None:
    with Store.memory() as store:
        store.begin_run("one", AT)
        store.note_asked("a", AT)
        assert store.begin_run("other", AT + MINUTE) == frozenset()
        assert store.begin_run("one", AT + MINUTE) == frozenset(), "its notes are gone"


def test_answers_older_than_an_hour_are_not_reused() -> None:
    with Store.memory() as store:
        store.begin_run("one", AT)
        store.note_asked("old", AT)
        store.note_asked("new", AT + 30 * MINUTE)
        assert store.begin_run("one", AT + RESUMED + MINUTE) == {"new"}
        assert store.begin_run("one", AT + RESUMED - MINUTE) == {"new"}, "what was dropped stays dropped"


def test_answers_from_the_future_are_not_reused() -> None:
    with Store.memory() as store:
        store.begin_run("one", AT)
        store.note_asked("a", AT)
        assert store.begin_run("one", AT - MINUTE) == frozenset()
