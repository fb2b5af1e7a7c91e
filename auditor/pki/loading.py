"""Load certificates from bytes of unknown format: PEM bundles, DER and PKCS#7. One bad certificate never affects the others."""

from __future__ import annotations

import base64
import binascii
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from auditor.pki.certificate import MAX_CERTIFICATE, Certificate, UnreadableCertificate, parse_certificate
from auditor.pki.file_forms import form_of
from auditor.text import printable

MAX_CERTIFICATES = 10_000
MAX_PROBLEMS = 100
_BEGIN, _END, _DASHES = b"-----BEGIN ", b"-----END ", b"-----"
_CERTIFICATES = frozenset({b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE"})
_CUT_OFF = b"-----"  # no label contains it
_ENVELOPES = frozenset({b"PKCS7", b"CMS"})


@dataclass(frozen=True, slots=True)
class LoadedCertificates:
    """The readable certificates, in order and without duplicates, and the problems of the others."""

    certificates: tuple[Certificate, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Block:
    label: bytes
    body: bytes
    line: int


def load_certificates(data: bytes) -> LoadedCertificates:
    """Load every certificate in `data`: at most 10,000, each at most 1 MiB. Never raises; skips keys and comments."""
    certificates: dict[Certificate, None] = {}
    problems: list[str] = []
    for item in _certificates(without_utf16(data)):
        if isinstance(item, str):
            problems.append(item)
        else:
            certificates[item] = None
        if len(certificates) >= MAX_CERTIFICATES or len(problems) >= MAX_PROBLEMS:
            problems.append("it holds more certificates than the limit; the rest was not read")
            break
    if not certificates and not problems:
        form = form_of(data)
        problems.append(f"it contains no certificate: it is {form.what}" if form is not None else "it contains no certificate")
    return LoadedCertificates(tuple(certificates), tuple(problems))


def without_utf16(data: bytes) -> bytes:
    """Convert UTF-16 text of Windows PowerShell's `>` to UTF-8, and remove the byte order mark. Other bytes are unchanged."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", errors="replace").encode("utf-8", errors="replace")
    return data.removeprefix(b"\xef\xbb\xbf")


def _certificates(data: bytes) -> Iterator[Certificate | str]:
    if _BEGIN not in data:
        yield from _from_der(data)
        return
    for block in _blocks(data):
        place = f"line {block.line}"
        if block.label == _CUT_OFF:
            yield f"{place}: the block has no end: the file is cut off"
        if block.label in _CERTIFICATES:
            yield _from_pem(block, place)
        elif block.label in _ENVELOPES:
            decoded = _decoded(block)
            yield from _from_pkcs7(decoded, place) if decoded is not None else (f"{place}: not base64",)


def _blocks(data: bytes) -> Iterator[_Block]:
    """Yield PEM blocks in one pass. Each search starts where the last one ended, so the cost is linear in the size."""
    position, line, counted = 0, 1, 0
    while (begin := data.find(_BEGIN, position)) >= 0:
        line, counted = line + data.count(b"\n", counted, begin), begin
        label_end = data.find(_DASHES, begin + len(_BEGIN), begin + 80)
        end = data.find(_END, begin)
        if end < 0:
            yield _Block(_CUT_OFF, b"", line)
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
        return f"{place}: not base64, or larger than the limit"
    try:
        # OpenSSL's TRUSTED CERTIFICATE is the certificate, followed by settings.
        return parse_certificate(_first_element(der) if block.label.startswith(b"TRUSTED") else der)
    except UnreadableCertificate as error:
        return f"{place}: {error}"


def _first_element(der: bytes) -> bytes:
    """Return the first DER element without what follows it."""
    if len(der) < 2 or der[1] < 0x80:
        return der[: 2 + der[1]] if len(der) > 1 else der
    octets = der[1] & 0x7F
    return der[: 2 + octets + int.from_bytes(der[2 : 2 + octets], "big")]


def _from_der(data: bytes) -> Iterator[Certificate | str]:
    try:
        yield parse_certificate(data)
    except UnreadableCertificate as error:
        # Every PKCS#7 bundle starts with 1.2.840.113549.1.7.2, SignedData.
        if b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" in data[:64]:
            yield from _from_pkcs7(data, "PKCS#7")
        elif (form := form_of(data)) is not None and data.strip():
            yield f"it is {form.what}. {form.hint}"
        elif data.strip():
            yield f"not PEM, a DER certificate or PKCS#7: {error}"


def _from_pkcs7(data: bytes, place: str) -> Iterator[Certificate | str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # BER instead of DER is only a warning, because Windows writes it
            found = pkcs7.load_der_pkcs7_certificates(data)
    except Exception as error:  # noqa: BLE001 - the library raises what it likes for odd bundles
        yield f"{place}: {printable(str(error), 200) or type(error).__name__}"
        return
    for number, certificate in enumerate(found, start=1):
        try:
            yield parse_certificate(certificate.public_bytes(Encoding.DER))
        except UnreadableCertificate as error:
            yield f"{place}, certificate {number}: {error}"
