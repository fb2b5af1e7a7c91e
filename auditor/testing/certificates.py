"""Create certificates and CRLs, valid or wrong in one chosen way. Keys are for tests only."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from auditor.pki.certificate import Certificate, parse_certificate

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
END = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
AT = datetime.datetime(2026, 11, 23, 23, 59, 59, tzinfo=datetime.UTC)
HOST = "registry.plant7.local"
AIA = "http://pki.vendor.example/issuing.cer"

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey
CURVES = {
    "p192": ec.SECP192R1(),
    "p224": ec.SECP224R1(),
    "p384": ec.SECP384R1(),
    "p521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
    "brainpool": ec.BrainpoolP256R1(),
}


@cache
def key(name: str, kind: str = "ec") -> Key:  # noqa: ARG001 - the cache distinguishes names
    """Return the key of this name; the same for each call of a run, as a re-issued CA keeps its key.

    `kind` is ec (P-256), a name in CURVES, rsa (2048 bits), rsa1024, ed25519 or ed448.
    """
    if kind in CURVES:
        return ec.generate_private_key(CURVES[kind])
    if kind == "ed448":
        return ed448.Ed448PrivateKey.generate()
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "rsa1024":
        return rsa.generate_private_key(65537, 1024)  # noqa: S505 - weak on purpose
    return rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())


def name_of(text: str) -> x509.Name:
    """Return the distinguished name with this common name, or an empty one."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])


@dataclass(frozen=True)
class Shape:
    """The fields of a certificate. None omits the extension.

    `aia` and `crl` are URLs, `permitted` and `excluded` name constraints.
    """

    dns: tuple[str, ...] | None = None
    ips: tuple[str, ...] = ()
    ca: bool | None = None
    path_length: int | None = None
    cert_sign: bool | None = None
    ekus: tuple[x509.ObjectIdentifier, ...] | None = None
    aia: tuple[str, ...] = ()
    crl: tuple[str, ...] = ()
    permitted: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    critical_unknown: bool = False
    aki: bool = True
    padding: int = 0  # size in bytes of an unknown extension
    extra: tuple[tuple[x509.ExtensionType, bool], ...] = ()  # more extensions, each with its criticality
    ski: bool = True
    notes: int = 0  # number of small unknown extensions, from 1.3.6.1.4.1.99999.10 on
    start: datetime.datetime = START
    end: datetime.datetime = END
    key_kind: str = "ec"
    key_name: str = ""


CA = Shape(ca=True, cert_sign=True)
SERVER = Shape(dns=(HOST,), ekus=(ExtendedKeyUsageOID.SERVER_AUTH,), ca=False, cert_sign=False)


@dataclass(frozen=True)
class Made:
    """A certificate with its key and its common name."""

    certificate: Certificate
    key: Key
    subject: str

    @property
    def pem(self) -> bytes:
        """Return the certificate as PEM."""
        return self.certificate.parsed.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """Return the key as PEM (PKCS #8, not encrypted)."""
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def _usage(*, cert_sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not cert_sign,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=cert_sign,
        crl_sign=cert_sign,
        encipher_only=False,
        decipher_only=False,
    )


def _subtree(text: str) -> x509.GeneralName:
    if text.startswith("CN="):
        return x509.DirectoryName(name_of(text.removeprefix("CN=")))
    return x509.IPAddress(ipaddress.ip_network(text)) if text[0].isdigit() else x509.DNSName(text)


def _extensions(shape: Shape) -> list[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = []
    if shape.ca is not None:
        found.append((x509.BasicConstraints(ca=shape.ca, path_length=shape.path_length), True))
    if shape.cert_sign is not None:
        found.append((_usage(cert_sign=shape.cert_sign), True))
    if shape.ekus is not None:
        found.append((x509.ExtendedKeyUsage(shape.ekus), False))
    if shape.dns is not None or shape.ips:
        names: list[x509.GeneralName] = [x509.DNSName(name) for name in shape.dns or ()]
        names += [x509.IPAddress(ipaddress.ip_address(address)) for address in shape.ips]
        found.append((x509.SubjectAlternativeName(names), False))
    if shape.aia:
        method = AuthorityInformationAccessOID.CA_ISSUERS
        urls = [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for url in shape.aia]
        ocsp = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.example"))
        found.append((x509.AuthorityInformationAccess([*urls, ocsp]), False))
    if shape.crl:
        points = [x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None) for url in shape.crl]
        found.append((x509.CRLDistributionPoints(points), False))
    if shape.permitted or shape.excluded:
        permitted, excluded = map(_subtree, shape.permitted), map(_subtree, shape.excluded)
        found.append((x509.NameConstraints(list(permitted) or None, list(excluded) or None), True))
    if shape.critical_unknown:
        found.append((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00"), True))
    if shape.padding:
        found.append((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.2"), bytes(shape.padding)), False))
    found.extend(shape.extra)
    for number in range(shape.notes):
        note = x509.UnrecognizedExtension(x509.ObjectIdentifier(f"1.3.6.1.4.1.99999.{10 + number}"), b"\x05\x00")
        found.append((note, False))
    return found


def _hash_for(signer: Key) -> hashes.SHA256 | None:
    return None if isinstance(signer, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey) else hashes.SHA256()


def make_crl(issuer: Made, until: datetime.datetime, revoked: tuple[Certificate, ...] = ()) -> bytes:
    """Return a CRL of `issuer` (DER) that is valid until `until` and lists `revoked`."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.parsed.subject).last_update(START)
    builder = builder.next_update(until)
    for certificate in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(certificate.parsed.serial_number).revocation_date(START)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, _hash_for(issuer.key)).public_bytes(serialization.Encoding.DER)


def make(subject: str, issuer: Made | None, shape: Shape) -> Made:
    """Return a certificate for the common name `subject`, signed by `issuer`, or self-signed if that is None."""
    own = key(shape.key_name or subject or "unnamed", shape.key_kind)
    signer = issuer.key if issuer else own
    signer_name = issuer.certificate.parsed.subject if issuer else name_of(subject)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name_of(subject))
        .issuer_name(signer_name)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(shape.start)
        .not_valid_after(shape.end)
    )
    if shape.ski:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
    if shape.aki:
        known = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(known, critical=False)
    for extension, critical in _extensions(shape):
        builder = builder.add_extension(extension, critical=critical)
    signed = builder.sign(signer, _hash_for(signer))
    return Made(parse_certificate(signed.public_bytes(serialization.Encoding.DER)), own, subject)


@dataclass(frozen=True)
class Hierarchy:
    """Root, issuing CA and server certificate."""

    root: Made
    issuing: Made
    leaf: Made

    @property
    def served(self) -> tuple[Certificate, ...]:
        """Return the chain that a server sends: leaf and issuing CA."""
        return self.leaf.certificate, self.issuing.certificate

    @property
    def whole(self) -> tuple[Certificate, ...]:
        """Return the chain with its root."""
        return *self.served, self.root.certificate


def hierarchy(leaf: Shape = SERVER, issuing: Shape = CA, root: Shape = CA, name: str = HOST) -> Hierarchy:
    """Return root, issuing CA and a server certificate for `name`. Each shape may be wrong."""
    top = make("Corp Root", None, root)
    middle = make("Corp Issuing", top, issuing)
    return Hierarchy(top, middle, make(name, middle, leaf))
