"""What Go's certificate parser rejects although other parsers accept it, with the error text of Go.

Source: golang/go src/crypto/x509/parser.go at go1.26.8. crypto/tls parses every certificate that a server sends, so one
rejected certificate ends the handshake. In a CA file, Go skips a rejected certificate without a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from auditor.pki.certificate import Certificate
from auditor.pki.der import NULL, OBJECT_ID, SEQUENCE, NotDer, elements
from auditor.pki.raw_certificate import RawExtension, inside, raw_certificate

_RSA, _EC = bytes.fromhex("2a864886f70d010101"), bytes.fromhex("2a8648ce3d0201")
# P-224, P-256, P-384 and P-521: namedCurveFromOID of x509.go.
_CURVES = frozenset(map(bytes.fromhex, ("2b81040021", "2a8648ce3d030107", "2b81040022", "2b81040023")))
_SAN, _SKI, _NAMES, _POLICIES, _AKI, _USAGES = (bytes((0x55, 0x1D, number)) for number in (17, 14, 30, 32, 35, 37))
_AIA = bytes.fromhex("2b06010505070101")
_EMAIL, _DNS, _URI, _IP = 0x81, 0x82, 0x86, 0x87
_SEEN_AS = {_EMAIL: "rfc822Name", _DNS: "dNSName", _URI: "uniformResourceIdentifier"}

UNSUPPORTED_CURVE = "x509: unsupported elliptic curve"


@lru_cache(maxsize=16_384)
def go_parse_error(certificate: Certificate) -> str:
    """Return the error of Go's x509.ParseCertificate for a certificate that we could read, or an empty string."""
    try:
        return next(_errors(certificate), "")
    except NotDer:
        return "x509: malformed certificate"


def _errors(certificate: Certificate) -> Iterator[str]:
    raw = raw_certificate(certificate.der)
    if certificate.serial < 0:
        yield "x509: negative serial number"
    if raw.inner_algorithm != raw.outer_algorithm:
        yield "x509: inner and outer signature algorithm identifiers don't match"
    yield from _key(raw.key_algorithm)
    seen: set[bytes] = set()
    for extension in raw.extensions:
        if extension.oid in seen:
            yield f'x509: certificate contains duplicate extension with OID "{dotted(extension.oid)}"'
        seen.add(extension.oid)
    for extension in raw.extensions:
        if reader := _READERS.get(extension.oid):
            yield from reader(extension)


@lru_cache(maxsize=16_384)
def has_name_constraints(certificate: Certificate) -> bool:
    """Return whether a certificate has name constraints, even if its extensions cannot be read as a whole."""
    try:
        return any(extension.oid == _NAMES for extension in raw_certificate(certificate.der).extensions)
    except NotDer:
        return True


def dotted(oid: bytes) -> str:
    """Return the dotted form of an OID's content octets."""
    numbers, value = list[int](), 0
    for octet in oid:
        value = (value << 7) | (octet & 0x7F)
        if octet < 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2) if numbers else 0
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:]))) if numbers else ""


def _key(algorithm: bytes) -> Iterator[str]:
    parts = list(elements(algorithm))
    kind = parts[0].content if parts else b""
    parameters = parts[1] if len(parts) > 1 else None
    if kind == _RSA and (parameters is None or parameters.tag != NULL):
        yield "x509: RSA key missing NULL parameters"
    if kind == _EC:
        if parameters is None or parameters.tag != OBJECT_ID:
            yield "x509: invalid ECDSA parameters"
        elif parameters.content not in _CURVES:
            yield UNSUPPORTED_CURVE


def _critical(what: str) -> Callable[[RawExtension], Iterator[str]]:
    def read(extension: RawExtension) -> Iterator[str]:
        if extension.critical:
            yield f"x509: {what} incorrectly marked critical"

    return read


def _names(extension: RawExtension) -> Iterator[str]:
    for name in elements(inside(extension.value)):
        if name.tag in _SEEN_AS and not name.content.isascii():
            yield f"x509: SAN {_SEEN_AS[name.tag]} is malformed"
        if name.tag == _IP and len(name.content) not in {4, 16}:
            yield f"x509: cannot parse IP address of length {len(name.content)}"


def _policies(extension: RawExtension) -> Iterator[str]:
    seen: set[bytes] = set()
    for policy in elements(inside(extension.value)):
        oid = inside(policy.content, OBJECT_ID) if policy.tag == SEQUENCE else b""
        if not oid or oid in seen:
            yield "x509: invalid certificate policies"
        seen.add(oid)


def _usages(extension: RawExtension) -> Iterator[str]:
    if any(usage.tag != OBJECT_ID for usage in elements(inside(extension.value))):
        yield "x509: invalid extended key usages"


def _constraints(extension: RawExtension) -> Iterator[str]:
    parts = list(elements(inside(extension.value)))
    trees = [tree for part in parts for tree in elements(part.content)]
    if any(part.tag not in {0xA0, 0xA1} for part in parts):
        yield "x509: invalid NameConstraints extension"
    if not trees:
        yield "x509: empty name constraints extension"
    for tree in trees:
        base = next(elements(tree.content), None) if tree.tag == SEQUENCE else None
        if base is None:
            yield "x509: invalid NameConstraints extension"
        elif base.tag == _IP:
            yield from _range(base.content)
        elif base.tag in _SEEN_AS:
            yield from _constraint(base.tag, base.content)


def _range(content: bytes) -> Iterator[str]:
    if len(content) not in {8, 32}:
        yield f"x509: IP constraint contained value of length {len(content)}"
        return
    mask = content[len(content) // 2 :]
    bits = int.from_bytes(mask, "big")
    host = bits ^ ((1 << 8 * len(mask)) - 1)
    if host & (host + 1):
        yield f"x509: IP constraint contained invalid mask {mask.hex()}"


def _constraint(tag: int, content: bytes) -> Iterator[str]:
    text = content.decode("utf-8", errors="replace")
    if not content.isascii():
        yield f'x509: invalid constraint value: x509: "{text}" cannot be encoded as an IA5String'
    elif "@" not in text and not valid_domain(text, constraint=True):
        what = {_DNS: "dnsName", _EMAIL: "rfc822Name", _URI: "URI"}[tag]
        yield f'x509: failed to parse {what} constraint "{text}"'


def valid_domain(name: str, *, constraint: bool = False) -> bool:
    """Return whether Go accepts a name where name constraints apply: domainNameValid of verify.go."""
    if not name:
        return True
    labels = (name.removeprefix(".") if constraint else name).split(".")
    return all(labels) and all("!" <= character <= "~" for character in name)


_READERS: Mapping[bytes, Callable[[RawExtension], Iterator[str]]] = {
    _SAN: _names,
    _SKI: _critical("subject key identifier"),
    _AKI: _critical("authority key identifier"),
    _AIA: _critical("authority info access"),
    _POLICIES: _policies,
    _USAGES: _usages,
    _NAMES: _constraints,
}
