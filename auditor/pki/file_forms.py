"""What a file is that holds no usable certificate, and the command that makes a usable file of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

_PEM_BEGIN = b"-----BEGIN "
_HEAD = 4096
_JAVA = {b"\xfe\xed\xfe\xed": "JKS", b"\xce\xce\xce\xce": "JCEKS", b"\x00\x00\x00\x02": "BKS", b"\x00\x00\x00\x01": "BKS"}
_PKCS12 = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"
_PACKED = {
    b"\x1f\x8b": ("a gzip archive", "gunzip"),
    b"PK\x03\x04": ("a zip archive", "unzip"),
    b"BZh": ("a bzip2 archive", "bunzip2"),
    b"\xfd7zXZ": ("an xz archive", "xz -d"),
    b"\x28\xb5\x2f\xfd": ("a zstd archive", "zstd -d"),
}
_BASE64 = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n\t ")
_ARMOUR = (  # a label of a PEM block that is no certificate, and what it holds
    (
        b"PRIVATE KEY",
        "a private key",
        "Remove the private key from the plan, and name the certificate of the CA.",
    ),
    (b"CERTIFICATE REQUEST", "a certificate signing request", "Name the certificate that the CA issued for it."),
    (b"X509 CRL", "a certificate revocation list (CRL)", "Name the certificate of the CA that issued it."),
    (b"PUBLIC KEY", "a public key", "Name the certificate with this key."),
    (b"PGP ", "an OpenPGP file", "Name an X.509 certificate in PEM or DER."),
    (b"SSH", "an SSH key", "Name an X.509 certificate in PEM or DER."),
)


@dataclass(frozen=True, slots=True)
class FileForm:
    """The kind of a file without a usable certificate, and how to get a usable one."""

    what: str
    hint: str


def form_of(data: bytes) -> FileForm | None:
    """Return the form of a file that a trust store cannot use, or None if it is not recognised. Reads a bounded part."""
    readers: tuple[Callable[[bytes], FileForm | None], ...] = (
        _empty,
        _keystore,
        _packed,
        _page,
        _armour,
        _bare,
        _cut_der,
        _text,
    )
    return next((form for read in readers if (form := read(data)) is not None), None)


def _empty(data: bytes) -> FileForm | None:
    return None if data.strip(b"\0 \r\n\t\xef\xbb\xbf") else FileForm("empty", "Copy the file again, and compare its checksum.")


def _keystore(data: bytes) -> FileForm | None:
    if is_pkcs12(data):
        return FileForm("a PKCS#12 keystore (PFX)", "Write it as PEM: openssl pkcs12 -nokeys -in store.pfx -out store.pem")
    if (kind := _JAVA.get(data[:4], "")) and len(data) >= 8:
        store = "" if kind == "JKS" else f" -storetype {kind}"
        return FileForm(
            f"a Java keystore ({kind})", f"Write it as PEM: keytool -list -rfc{store} -keystore cacerts > cacerts.pem"
        )
    return None


def is_pkcs12(data: bytes) -> bool:
    """Return whether the data is a SEQUENCE of version 3 and of data, as PKCS#12 has it."""
    return data[:1] == b"\x30" and b"\x02\x01\x03\x30" in data[:16] and _PKCS12 in data[:64]


def _packed(data: bytes) -> FileForm | None:
    for magic, (what, command) in _PACKED.items():
        if data.startswith(magic):
            return FileForm(what, f"Unpack it with {command}, and name the certificate files.")
    if data[257:262] == b"ustar":
        return FileForm("a tar archive", "Unpack it with tar -xf, and name the certificate files.")
    return None


def _page(data: bytes) -> FileForm | None:
    head = data[:_HEAD].lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html", b"<?xml")):
        hint = "A proxy or a login page answered instead of the file. Download it again, and check its first line."
        return FileForm("an HTML or XML page", hint)
    return None


def _armour(data: bytes) -> FileForm | None:
    labels = {data[at + len(_PEM_BEGIN) :][:60].partition(b"-----")[0] for at in _begins(data)}
    if any(label.endswith(b"CERTIFICATE") for label in labels):
        return None if _ended(data) else FileForm("a PEM file that is cut off", _COPY)
    for part, what, hint in _ARMOUR:
        if any(part in label for label in labels) or (part == b"SSH" and data.startswith((b"ssh-", b"ecdsa-sha2-"))):
            return FileForm(what, hint)
    return None


_COPY = "Copy the file again. Each certificate ends with the line -----END CERTIFICATE-----."


def _begins(data: bytes) -> list[int]:
    found: list[int] = []
    at = data.find(_PEM_BEGIN)
    while at >= 0 and len(found) < 1_000:
        found.append(at)
        at = data.find(_PEM_BEGIN, at + 1)
    return found


def _ended(data: bytes) -> bool:
    return data.count(b"-----BEGIN ") <= data.count(b"-----END ")


def _bare(data: bytes) -> FileForm | None:
    head = data[:_HEAD].strip()
    if len(head) > 64 and head[:2] in {b"MI", b"MH"} and not set(head) - _BASE64:
        hint = "Decode it: base64 -d FILE > ca.der, then openssl x509 -inform der -in ca.der -out ca.pem"
        return FileForm("base64 text without the lines BEGIN and END CERTIFICATE", hint)
    return None


def _cut_der(data: bytes) -> FileForm | None:
    if data[:1] != b"\x30" or len(data) < 4 or data[1] < 0x81 or data[1] > 0x84:
        return None
    octets = data[1] & 0x7F
    length = int.from_bytes(data[2 : 2 + octets], "big") + 2 + octets
    if length > len(data):
        return FileForm(f"a DER file that is cut off: {len(data):,} of {length:,} bytes", "Copy the file again.")
    return None


def _text(data: bytes) -> FileForm | None:
    if b"\0" in data[:_HEAD] or _PEM_BEGIN in data:
        return None
    try:
        data[:_HEAD].decode("utf-8", errors="strict")
    except UnicodeDecodeError:
        return None
    return FileForm("text without a certificate", "Name a file with a block BEGIN CERTIFICATE, or a DER certificate.")


_READERS: tuple[Callable[[bytes], FileForm | None], ...] = (
    _empty,
    _keystore,
    _packed,
    _page,
    _armour,
    _bare,
    _cut_der,
    _text,
)


def hint_for(data: bytes, problem: str) -> str:
    """Return how to make a file usable that has a problem: by its form, else by the problem."""
    if (form := form_of(data)) is not None:
        return form.hint
    if not _ended(data):
        return _COPY
    if "base64" in problem:
        return "Export the certificate again. A program changed the text of the block, for example an editor or a mail program."
    return "Export the certificate again as PEM: openssl x509 -in FILE -out ca.pem (add -inform der for a DER file)."
