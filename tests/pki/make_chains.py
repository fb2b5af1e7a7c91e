"""Makes certificates for tests: small authorities that can be wrong in one chosen way.

`python -m tests.pki.make_chains FOLDER` writes the hierarchy of `written` as PEM files.
"""

from __future__ import annotations

import datetime
import ipaddress
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from auditor.pki.certificate import Certificate, parse_certificate
from auditor.pki.loading import load_certificates

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
END = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
AT = datetime.datetime(2026, 11, 23, 23, 59, 59, tzinfo=datetime.UTC)
HOST = "registry.plant7.local"
AIA = "http://pki.vendor.example/issuing.cer"

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@cache
def key(name: str, kind: str = "ec") -> Key:
    """The same key for the same name within a run, as a re-issued authority keeps its key."""
    assert name
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "rsa1024":
        return rsa.generate_private_key(65537, 1024)  # noqa: S505 - weak on purpose
    return rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())


def name_of(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])


@dataclass(frozen=True)
class Shape:
    """What to put into a certificate. None leaves the extension out."""

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
    padding: int = 0  # bytes of an extension that nobody reads
    notes: int = 0  # so many small ones of that kind, under 1.3.6.1.4.1.99999.10 and on
    start: datetime.datetime = START
    end: datetime.datetime = END
    key_kind: str = "ec"
    key_name: str = ""


CA = Shape(ca=True, cert_sign=True)
SERVER = Shape(dns=(HOST,), ekus=(ExtendedKeyUsageOID.SERVER_AUTH,), ca=False, cert_sign=False)


@dataclass(frozen=True)
class Made:
    """A certificate with its key."""

    certificate: Certificate
    key: Key
    subject: str

    @property
    def pem(self) -> bytes:
        return self.certificate.parsed.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
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
    for number in range(shape.notes):
        note = x509.UnrecognizedExtension(x509.ObjectIdentifier(f"1.3.6.1.4.1.99999.{10 + number}"), b"\x05\x00")
        found.append((note, False))
    return found


def _hash_for(signer: Key) -> hashes.SHA256 | None:
    return None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()


def make_crl(issuer: Made, until: datetime.datetime, revoked: tuple[Certificate, ...] = ()) -> bytes:
    """A CRL of `issuer`, DER."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.parsed.subject).last_update(START)
    builder = builder.next_update(until)
    for certificate in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(certificate.parsed.serial_number).revocation_date(START)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(issuer.key, _hash_for(issuer.key)).public_bytes(serialization.Encoding.DER)


def make(subject: str, issuer: Made | None, shape: Shape) -> Made:
    """A certificate for `subject`, signed by `issuer`, or by itself."""
    own = key(shape.key_name or subject or "nobody", shape.key_kind)
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
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
    )
    if shape.aki:
        known = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(known, critical=False)
    for extension, critical in _extensions(shape):
        builder = builder.add_extension(extension, critical=critical)
    signed = builder.sign(signer, _hash_for(signer))
    return Made(parse_certificate(signed.public_bytes(serialization.Encoding.DER)), own, subject)


def patched(made: Made, issuer: Made, old: bytes, new: bytes) -> Made:
    """The certificate with some bytes of its content replaced by as many others, and signed anew by a P-256 issuer.

    So a certificate can hold what no library would put into one.
    """
    assert isinstance(issuer.key, ec.EllipticCurvePrivateKey)
    content = _replaced(made.certificate.parsed.tbs_certificate_bytes, old, new)
    signature = issuer.key.sign(content, ec.ECDSA(hashes.SHA256()))
    return _assembled(made, content, bytes.fromhex("06082a8648ce3d040302"), signature)


def weakly_signed(made: Made, issuer: Made, name: Literal["sha1", "md5"]) -> Made:
    """The certificate signed anew by an RSA issuer over a digest that no library signs certificates with any more."""
    assert isinstance(issuer.key, rsa.RSAPrivateKey)
    sha256 = bytes.fromhex("06092a864886f70d01010b0500")
    algorithm = sha256.replace(b"\x0b", b"\x05" if name == "sha1" else b"\x04")
    digest = hashes.SHA1() if name == "sha1" else hashes.MD5()  # noqa: S303 - weak on purpose
    content = _replaced(made.certificate.parsed.tbs_certificate_bytes, sha256, algorithm)
    return _assembled(made, content, algorithm, issuer.key.sign(content, padding.PKCS1v15(), digest))


def _replaced(content: bytes, old: bytes, new: bytes) -> bytes:
    assert (content.count(old), len(new)) == (1, len(old))
    return content.replace(old, new)


def _assembled(made: Made, content: bytes, algorithm: bytes, signature: bytes) -> Made:
    der = _tlv(0x30, content + _tlv(0x30, algorithm) + _tlv(0x03, b"\x00" + signature))
    return Made(parse_certificate(der), made.key, made.subject)


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content).to_bytes(2, "big")
    return bytes([tag]) + (b"\x82" + size if len(content) > 127 else size[1:]) + content


@dataclass(frozen=True)
class Hierarchy:
    """Root, issuing CA and server certificate."""

    root: Made
    issuing: Made
    leaf: Made

    @property
    def served(self) -> tuple[Certificate, ...]:
        return self.leaf.certificate, self.issuing.certificate

    @property
    def whole(self) -> tuple[Certificate, ...]:
        return *self.served, self.root.certificate


def hierarchy(leaf: Shape = SERVER, issuing: Shape = CA, root: Shape = CA, name: str = HOST) -> Hierarchy:
    """Three tiers, of which each can be wrong."""
    top = make("Corp Root", None, root)
    middle = make("Corp Issuing", top, issuing)
    return Hierarchy(top, middle, make(name, middle, leaf))


def with_openssl(openssl: str, folder: Path, digest: str) -> tuple[Certificate, ...]:
    """A leaf signed with a digest that `cryptography` refuses to sign with, and its RSA root."""
    root, leaf = folder / "root.pem", folder / "leaf.pem"
    settings = folder / "leaf.cnf"
    settings.write_text(
        f"subjectAltName=DNS:{HOST}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\n", encoding="utf-8"
    )
    for command in (
        f"req -x509 -newkey rsa:2048 -nodes -subj /CN=Old -days 3650 -sha256 -keyout root.key -out {root}",
        f"req -newkey rsa:2048 -nodes -subj /CN={HOST} -keyout leaf.key -out leaf.csr",
        f"x509 -req -in leaf.csr -CA {root} -CAkey root.key -{digest} -CAcreateserial -days 3650 -extfile leaf.cnf -out {leaf}",
    ):
        subprocess.run([openssl, *command.split()], check=True, capture_output=True, cwd=folder)
    return load_certificates(leaf.read_bytes() + root.read_bytes()).certificates


def self_signed(openssl: str, folder: Path, algorithm: str) -> Certificate:
    """A root with a key of one of OpenSSL's algorithms."""
    parameters = folder / "parameters.pem"
    if algorithm == "dsa":
        generate = f"genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:1024 -out {parameters}"
        subprocess.run([openssl, *generate.split()], check=True, capture_output=True, cwd=folder)
        algorithm = f"param:{parameters}"
    new_key, *options = algorithm.split(maxsplit=1)
    command = f"req -x509 -newkey {new_key} {' '.join(options)} -nodes -subj /CN=Root -days 30 -keyout root.key -out root.pem"
    subprocess.run([openssl, *command.split()], check=True, capture_output=True, cwd=folder)
    return load_certificates((folder / "root.pem").read_bytes()).certificates[0]


def written(folder: Path) -> None:
    """Write root.pem, issuing.pem, leaf.pem, leaf.key and chain.pem."""
    made = hierarchy(leaf=replace(SERVER, aia=(AIA,)))
    for name, part in (("root", made.root), ("issuing", made.issuing), ("leaf", made.leaf)):
        (folder / f"{name}.pem").write_bytes(part.pem)
    (folder / "leaf.key").write_bytes(made.leaf.key_pem)
    (folder / "chain.pem").write_bytes(made.leaf.pem + made.issuing.pem)


if __name__ == "__main__":
    written(Path(sys.argv[1]))
