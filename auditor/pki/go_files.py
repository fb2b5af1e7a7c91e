"""A CA file as Go reads it: `AppendCertsFromPEM` of golang/go src/crypto/x509/cert_pool.go with `encoding/pem`.

Go reads blocks `CERTIFICATE` without headers, each at the start of a line. It skips everything else without a message: DER,
PKCS#7, `TRUSTED CERTIFICATE`, UTF-16, a block after a byte order mark, a block without an end, and certificates that it cannot
parse.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class _Block:
    label: bytes
    body: tuple[bytes, ...]
    line: int


def client_go_error(data: bytes) -> str:
    """Return the error of client-go for CA data without a certificate: `createErrorParsingCAData` of transport/transport.go."""
    blocks = [block for block in _blocks(data) if isinstance(block, _Block) and _decoded(block) is not None]
    for block in blocks:
        if block.label != b"CERTIFICATE" or _has_header(block):
            continue
        try:
            refused = go_parse_error(parse_certificate(_decoded(block) or b""))
        except UnreadableCertificate:
            refused = "x509: malformed certificate"
        if refused:
            return f"failed to parse certificate: {refused}"
    is_all_read = bool(blocks) and data.rstrip().endswith(_DASHES)
    return "no valid certificate authority data seen" if is_all_read else "unable to parse bytes as PEM block"


def _items(data: bytes) -> Iterator[Certificate | str]:
    for block in _blocks(data):
        yield from (block,) if isinstance(block, str) else _in_block(block)


def _blocks(data: bytes) -> Iterator[_Block | str]:
    """Yield each block, and the reason for each line BEGIN that starts none."""
    label, began, body = b"", 0, list[bytes]()
    for number, line in enumerate(data.split(b"\n"), start=1):
        text = line.rstrip()
        if text.startswith(_BEGIN) and text.endswith(_DASHES):
            if label:
                yield f"line {began}: the block has no end, so Go skips it"
            label, began, body = text[len(_BEGIN) : -len(_DASHES)], number, []
        elif label and text == _END + label + _DASHES:
            yield _Block(label, tuple(body), began)
            label = b""
        elif label:
            body.append(text)
        elif _BEGIN in text:
            yield f"line {number}: the block does not start at the start of the line, so Go skips it"
    if label:
        yield f"line {began}: the block has no end, so Go skips it"


def _has_header(block: _Block) -> bool:
    return any(b":" in text for text in block.body)


def _decoded(block: _Block) -> bytes | None:
    """Return the content of a block without its headers, or None if it is not base64."""
    try:
        return base64.b64decode(b"".join(text for text in block.body if b":" not in text), validate=True)
    except binascii.Error:
        return None


def _in_block(block: _Block) -> Iterator[Certificate | str]:
    if block.label != b"CERTIFICATE":
        if block.label.endswith((b"CERTIFICATE", b"PKCS7", b"CMS")):
            yield f"line {block.line}: Go skips blocks of the type {block.label.decode('ascii', 'replace')}"
        return
    if _has_header(block):
        yield f"line {block.line}: the block has a header, so Go skips it"
        return
    if (decoded := _decoded(block)) is None:
        yield f"line {block.line}: Go skips the certificate: it is not base64"
        return
    try:
        found = parse_certificate(decoded)
    except UnreadableCertificate as error:
        yield f"line {block.line}: Go skips the certificate: {error}"
        return
    refused = go_parse_error(found)
    yield f"line {block.line}: Go skips the certificate: {refused}" if refused else found
