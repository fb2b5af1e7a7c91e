"""A CA file as Go reads it: `AppendCertsFromPEM` of golang/go src/crypto/x509/cert_pool.go with `encoding/pem`.

Go reads blocks `CERTIFICATE` without headers, each at the start of a line. It skips everything else without a message: DER,
PKCS#7, `TRUSTED CERTIFICATE`, UTF-16, a block after a byte order mark, a block without an end, and certificates that it cannot
parse.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator

from auditor.pki.certificate import Certificate, UnreadableCertificate, parse_certificate
from auditor.pki.go_parser import go_parse_error
from auditor.pki.loading import MAX_CERTIFICATES, MAX_PROBLEMS, LoadedCertificates, load_certificates

_BEGIN, _END, _DASHES = b"-----BEGIN ", b"-----END ", b"-----"
_ONLY_PEM = "it contains no PEM block, and Go reads only PEM"


def load_as_go(data: bytes) -> LoadedCertificates:
    """Return the certificates that Go adds to its pool, and the reason for everything that Go skips. Never raises."""
    certificates: dict[Certificate, None] = {}
    problems: list[str] = []
    for item in _items(data):
        if isinstance(item, str):
            problems.append(item)
        else:
            certificates[item] = None
        if len(certificates) >= MAX_CERTIFICATES or len(problems) >= MAX_PROBLEMS:
            break
    if not certificates and not problems:
        format_is_other = bool(load_certificates(data).certificates)
        problems.append(_ONLY_PEM if format_is_other else "it contains no certificate")
    return LoadedCertificates(tuple(certificates), tuple(problems))


def _items(data: bytes) -> Iterator[Certificate | str]:
    label, began, body = b"", 0, list[bytes]()
    for number, line in enumerate(data.split(b"\n"), start=1):
        text = line.rstrip()
        if text.startswith(_BEGIN) and text.endswith(_DASHES):
            if label:
                yield f"line {began}: the block has no end, so Go skips it"
            label, began, body = text[len(_BEGIN) : -len(_DASHES)], number, []
        elif label and text == _END + label + _DASHES:
            yield from _block(label, body, began)
            label = b""
        elif label:
            body.append(text)
        elif _BEGIN in text:
            yield f"line {number}: the block does not start at the start of the line, so Go skips it"
    if label:
        yield f"line {began}: the block has no end, so Go skips it"


def _block(label: bytes, body: list[bytes], line: int) -> Iterator[Certificate | str]:
    if label != b"CERTIFICATE":
        if label.endswith((b"CERTIFICATE", b"PKCS7", b"CMS")):
            yield f"line {line}: Go skips blocks of the type {label.decode('ascii', 'replace')}"
        return
    if any(b":" in text for text in body):
        yield f"line {line}: the block has a header, so Go skips it"
        return
    try:
        found = parse_certificate(base64.b64decode(b"".join(body), validate=True))
    except (binascii.Error, UnreadableCertificate) as error:
        reason = "it is not base64" if isinstance(error, binascii.Error) else str(error)
        yield f"line {line}: Go skips the certificate: {reason}"
        return
    refused = go_parse_error(found)
    yield f"line {line}: Go skips the certificate: {refused}" if refused else found
