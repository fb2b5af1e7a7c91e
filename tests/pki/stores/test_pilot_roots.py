"""Pilot roots in Microsoft's list, and roots in it that are not for TLS servers, do not count as publicly trusted."""

from __future__ import annotations

import datetime

import pytest

from auditor.pki.certificate import Certificate
from auditor.pki.stores.windows_roots import microsoft_list, refusal
from auditor.pki.trust_store import windows_program

AT = datetime.datetime(2026, 11, 30, tzinfo=datetime.UTC)
LEAF_DAY = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)


def named(words: str) -> list[Certificate]:
    return [anchor for anchor in windows_program().anchors if words.lower() in anchor.name.lower()]


@pytest.mark.parametrize("words", ["Pilot", "R1 TEST", "Dev Root"])
def test_pilot_root_is_refused(words: str) -> None:
    for anchor in named(words):
        assert refusal(anchor, anchor, AT) == "Microsoft's list includes it as a pilot root, for tests only"


def test_root_for_other_uses_is_refused() -> None:
    others = [one for one in microsoft_list().roots.values() if one.ekus and "1.3.6.1.5.5.7.3.1" not in one.ekus]
    assert others
    assert all("not for TLS servers" in one.refusal(LEAF_DAY, AT) or "disabled" in one.refusal(LEAF_DAY, AT) for one in others)


def test_other_roots_are_not_taken_for_pilots() -> None:
    (anchor,) = named("ISRG Root X1")
    assert refusal(anchor, anchor, AT) == ""
