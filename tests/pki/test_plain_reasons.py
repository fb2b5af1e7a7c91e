"""A certificate that the library refuses gets a reason in plain words."""

from __future__ import annotations

import pytest

from auditor.pki.certificate import UnreadableCertificate, parse_certificate
from tests.pki.cases import whole

DER = whole().served[0].der
VERSION = b"\xa0\x03\x02\x01"


@pytest.mark.parametrize("value", [1, 3, 9])
def test_unknown_version_is_named(value: int) -> None:
    odd = DER.replace(VERSION + b"\x02", VERSION + bytes([value]), 1)
    with pytest.raises(UnreadableCertificate) as refused:
        parse_certificate(odd)
    assert str(refused.value) == f"its version field has the value {value}, and the auditor reads only versions 1 and 3"


def test_empty_part_of_a_name_is_named() -> None:
    start = DER.index(b"\x31", DER.index(b"Corp Issuing") - 16)
    length = DER[start + 1]
    odd = DER[:start] + b"\x31\x00" + b"\x31" + bytes([length - 2]) + DER[start + 4 : start + 2 + length]
    with pytest.raises(UnreadableCertificate) as refused:
        parse_certificate(odd)
    assert "ParseError" not in str(refused.value)
