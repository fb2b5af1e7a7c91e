"""Which answers count for a run: those of itself before it was interrupted, and none of a run that finished."""

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


def test_a_finished_run_counts_for_nothing() -> None:
    with Store.memory() as store:
        store.begin_run("one", AT)
        store.note_asked("a", AT)
        store.finish_run()
        assert store.begin_run("one", AT) == frozenset()


def test_another_run_takes_over_nothing() -> None:
    with Store.memory() as store:
        store.begin_run("one", AT)
        store.note_asked("a", AT)
        assert store.begin_run("other", AT + MINUTE) == frozenset()
        assert store.begin_run("one", AT + MINUTE) == frozenset(), "its notes are gone"


def test_answers_older_than_an_hour_are_asked_again() -> None:
    with Store.memory() as store:
        store.begin_run("one", AT)
        store.note_asked("old", AT)
        store.note_asked("new", AT + 30 * MINUTE)
        assert store.begin_run("one", AT + RESUMED + MINUTE) == {"new"}
        assert store.begin_run("one", AT + RESUMED - MINUTE) == {"new"}, "what was dropped stays dropped"


def test_a_clock_that_was_set_back_counts_for_nothing() -> None:
    with Store.memory() as store:
        store.begin_run("one", AT)
        store.note_asked("a", AT)
        assert store.begin_run("one", AT - MINUTE) == frozenset()
