"""Private keys and credentials in the files of a plan: what must not cross the gap, and what only looks like it."""

from __future__ import annotations

import base64
import re

# What stands where a secret would, and is none: nothing, a variable, a template, a nested mapping, a switch, a method.
_NO_SECRET = (
    rb"(?!\"\"|''|[\r\n#,}]|\{[^\r\n]{0,200}[:=}]|[{\[][ \t]*[\r\n\]]"
    rb"|[\"']?(?:\{\{|\$|<|~|null\b|true\b|false\b|none\b)"
    rb"|[\"']?(?:htpasswd|token|basic|ldap|oidc)[\"']?[ \t]*:?[ \t]*\r?$)"
)
_SECRET_NAMES = (
    rb"(?:password|passwd|passphrase|(?<![a-z0-9])(?:token|auth|authorization|secret|api[_-]?key|account[_-]?key"
    rb"|(?:identity|registry|access|refresh|bearer)[_-]?token|(?:client|http)[_-]?secret|secret[_-]?(?:access[_-]?)?key))"
)
# YAML wants a space behind the colon of a plain key: without one, `secret:v1` is an image and its tag.
_ASSIGNED = rb"(?:[\"']?[ \t]{0,20}=[ \t]{0,20}|[\"'][ \t]{0,20}:[ \t]{0,20}|[ \t]{0,20}:[ \t]{1,20}|:(?=[\"']|basic |bearer ))"
_SECRETS = re.compile(
    rb"^[^#\r\n]{0,4096}?(?<![/.@-])" + _SECRET_NAMES + _ASSIGNED + _NO_SECRET + rb"\S"
    rb"|(?:--?(?:src-|dest-)?(?:password|creds|registry-token|token)|\blogin\b[^\r\n]{0,200}\s-p)[ =]" + _NO_SECRET + rb"[^\s-]"
    rb"|(?<=\s)(?:-u|--user)[ =](?!\d+:\d+(?:\s|$))" + _NO_SECRET + rb"[^\s:]{1,200}:" + _NO_SECRET + rb"[^\s]"
    rb"|://[^/\s:@\"']{1,200}:(?!\$)[^/\s@\"']{1,200}@"
    rb"|^kind:[ \t]*[\"']?Secret[\"']?[ \t]*\r?$|\"kind\"\s{0,20}:\s{0,20}\"Secret\"",
    re.IGNORECASE | re.MULTILINE,
)
_URL_PASSWORD = re.compile(rb"(://[^/\s:@\"']{1,200}:)(?!\$)[^/\s@\"']{1,200}(?=@)")
_PEM_KEY = re.compile(
    rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?:[^-]|-(?!----)){0,200000}-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----"
)
_KEY_MARKS = (b"PRIVATE KEY-----", b"PuTTY-User-Key-File-")
_JAVA_KEYSTORES = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
# After the outer SEQUENCE: a small version number (PKCS#1, PKCS#8, SEC1; 3 for PKCS#12), or PBES (encrypted PKCS#8).
# A certificate holds a SEQUENCE of a SEQUENCE or of a tagged version there.
_DER_KEY = re.compile(
    rb"\x30(?:[\x00-\x7f]|\x81.|\x82..|\x83...)"
    rb"(?:\x02\x01[\x00\x01\x03]|\x30(?:[\x00-\x7f]|\x81.|\x82..)\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05)",
    re.DOTALL,
)


def _as_bytes(data: bytes) -> bytes:
    """UTF-16, which Windows PowerShell writes, as UTF-8; anything else as it is."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", errors="replace").encode("utf-8", errors="replace")
    return data


def _is_private_key(data: bytes) -> bool:
    return any(mark in data for mark in _KEY_MARKS) or data.startswith(_JAVA_KEYSTORES) or _DER_KEY.match(data) is not None


def _holds_encoded_key(data: bytes) -> bool:
    """Base64 of a PEM key, as Kubernetes secrets hold it."""
    found = re.finditer(rb"LS0tLS1CRUdJTi[A-Za-z0-9+/]{20,120}", data)
    return any(b"PRIVATE KEY" in base64.b64decode(match[0][: len(match[0]) // 4 * 4]) for match in found)


def secret_in(data: bytes) -> str:
    """What kind of secret a file holds that must not be carried; empty when none was found."""
    data = _as_bytes(data)
    if _is_private_key(data) or _holds_encoded_key(data):
        return "it holds a private key"
    if _SECRETS.search(data):
        return "it holds credentials"
    return ""


def without_keys(data: bytes, instead: bytes = b"") -> bytes:
    """The data with `instead` where a private key stood; blank lines take its place, so that line numbers stay."""
    return _PEM_KEY.sub(lambda match: instead + b"\n" * match[0].count(b"\n"), data)


def redacted(data: bytes) -> bytes:
    """A plan without the private keys and the passwords of URLs in it, line by line as before."""
    return _URL_PASSWORD.sub(rb"\1***", without_keys(data, b"(private key struck out)"))


def redacted_list(data: bytes) -> bytes:
    """An image list without secrets: each line that held one is still there, and still no reference."""
    clean = redacted(data)
    if _is_private_key(_as_bytes(clean)) or _holds_encoded_key(clean):
        return b"(struck out: the file holds a private key)\n"
    if not _SECRETS.search(clean):
        return clean
    return b"\n".join(_without_credentials(line) for line in clean.split(b"\n"))


def _without_credentials(line: bytes) -> bytes:
    if not _SECRETS.search(line):
        return line
    entry, comment, _ = line.partition(b"#")
    return entry + b"# (struck out)" if comment and not _SECRETS.search(entry) else b"(struck out: it held credentials)"
