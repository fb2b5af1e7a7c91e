"""Certificates out of bytes of unknown make: PEM bundles, DER and PKCS#7. One bad certificate never spoils the rest."""

from __future__ import annotations

import base64
import binascii
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from auditor.pki.certificate import MAX_CERTIFICATE, Certificate, UnreadableCertificate, parse_certificate
from auditor.text import printable

MAX_CERTIFICATES = 10_000
MAX_PROBLEMS = 100
_BEGIN, _END, _DASHES = b"-----BEGIN ", b"-----END ", b"-----"
_CERTIFICATES = frozenset({b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE"})
_ENVELOPES = frozenset({b"PKCS7", b"CMS"})


@dataclass(frozen=True, slots=True)
class Loaded:
    """The certificates that could be read, in order and each once, and what is wrong with the others."""

    certificates: tuple[Certificate, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Block:
    label: bytes
    body: bytes
    line: int


def load_certificates(data: bytes) -> Loaded:
    """Every certificate in `data`, at most 10,000 of at most 1 MiB each. Never raises; keys and comments are passed over."""
    certificates: dict[Certificate, None] = {}
    problems: list[str] = []
    for item in _certificates(without_utf16(data)):
        if isinstance(item, str):
            problems.append(item)
        else:
            certificates[item] = None
        if len(certificates) >= MAX_CERTIFICATES or len(problems) >= MAX_PROBLEMS:
            problems.append("there is more, which was not read")
            break
    if not certificates and not problems:
        problems.append("there is no certificate in it")
    return Loaded(tuple(certificates), tuple(problems))


def without_utf16(data: bytes) -> bytes:
    """Text of Windows PowerShell, whose `>` writes UTF-16 with a mark, as UTF-8; other bytes as they are, without a mark."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", errors="replace").encode("utf-8", errors="replace")
    return data.removeprefix(b"\xef\xbb\xbf")


def _certificates(data: bytes) -> Iterator[Certificate | str]:
    if _BEGIN not in data:
        yield from _from_der(data)
        return
    for block in _blocks(data):
        place = f"line {block.line}"
        if block.label in _CERTIFICATES:
            yield _from_pem(block, place)
        elif block.label in _ENVELOPES:
            decoded = _decoded(block)
            yield from _from_pkcs7(decoded, place) if decoded is not None else (f"{place}: no base64",)


def _blocks(data: bytes) -> Iterator[_Block]:
    """PEM blocks in one pass: a search starts where the last ended, so that the cost is linear in the size."""
    position, line, counted = 0, 1, 0
    while (begin := data.find(_BEGIN, position)) >= 0:
        line, counted = line + data.count(b"\n", counted, begin), begin
        label_end = data.find(_DASHES, begin + len(_BEGIN), begin + 80)
        end = data.find(_END, begin)
        if end < 0:
            return
        if label_end < 0 or label_end > end:
            position = begin + len(_BEGIN)
            continue
        yield _Block(data[begin + len(_BEGIN) : label_end], data[label_end + len(_DASHES) : end], line)
        position = end + len(_END)


def _decoded(block: _Block) -> bytes | None:
    if len(block.body) > 2 * MAX_CERTIFICATE:
        return None
    try:
        return base64.b64decode(b"".join(block.body.split()), validate=True)
    except binascii.Error:
        return None


def _from_pem(block: _Block, place: str) -> Certificate | str:
    der = _decoded(block)
    if der is None:
        return f"{place}: no base64, or too much of it"
    try:
        # OpenSSL's TRUSTED CERTIFICATE is the certificate with settings behind it.
        return parse_certificate(_first_element(der) if block.label.startswith(b"TRUSTED") else der)
    except UnreadableCertificate as error:
        return f"{place}: {error}"


def _first_element(der: bytes) -> bytes:
    """The first DER element, without what follows it."""
    if len(der) < 2 or der[1] < 0x80:
        return der[: 2 + der[1]] if len(der) > 1 else der
    octets = der[1] & 0x7F
    return der[: 2 + octets + int.from_bytes(der[2 : 2 + octets], "big")]


def _from_der(data: bytes) -> Iterator[Certificate | str]:
    try:
        yield parse_certificate(data)
    except UnreadableCertificate as error:
        # 1.2.840.113549.1.7.2, SignedData, comes first in every PKCS#7 bundle.
        if b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" in data[:64]:
            yield from _from_pkcs7(data, "PKCS#7")
        elif data.strip():
            yield f"neither PEM, nor a DER certificate, nor PKCS#7: {error}"


def _from_pkcs7(data: bytes, place: str) -> Iterator[Certificate | str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # BER instead of DER is only a warning: Windows writes it
            found = pkcs7.load_der_pkcs7_certificates(data)
    except Exception as error:  # noqa: BLE001 - the library raises what it likes for odd bundles
        yield f"{place}: {printable(str(error), 200) or type(error).__name__}"
        return
    for number, certificate in enumerate(found, start=1):
        try:
            yield parse_certificate(certificate.public_bytes(Encoding.DER))
        except UnreadableCertificate as error:
            yield f"{place}, certificate {number}: {error}"
