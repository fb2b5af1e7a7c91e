"""The page of agreement lists exactly the differences that the comparisons with real verifiers know."""

from __future__ import annotations

import re
from pathlib import Path

from tests.peers.test_java import KNOWN
from tests.peers.trust_suites import LIMBO_GO, LIMBO_OPENSSL

PAGE = (Path(__file__).parents[2] / "docs" / "trust-agreement.md").read_text(encoding="utf-8")


def listed(title: str) -> set[str]:
    """The cases of the table below a heading."""
    section = PAGE.partition(f"### {title}\n")[2].partition("\n### ")[0]
    return set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))


def test_page_lists_every_known_difference() -> None:
    assert listed("x509-limbo, Go") == set(LIMBO_GO)
    assert listed("x509-limbo, OpenSSL") == set(LIMBO_OPENSSL)
    assert listed("Java") == set(KNOWN)
