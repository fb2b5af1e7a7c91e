"""Find private keys and credentials in a plan's files, which must not be copied to the offline side, and
exclude look-alikes."""

from __future__ import annotations

import base64
import re

from auditor.redaction import redact_file

# Text in a secret's position that is not a secret: nothing, a variable, a template, a nested mapping, a switch, a method.
_NO_SECRET = (
    rb"(?![\[\"']{0,2}(?:(?:basic|bearer|token) )?REDACTED|\"\"|''|[\r\n#,}]|\{[^\r\n]{0,200}[:=}]|[{\[][ \t]*[\r\n\]]"
    rb"|[\"']?(?:\{\{|\$|<|~|null\b|true\b|false\b|none\b)"
    rb"|[\"']?(?:htpasswd|token|basic|ldap|oidc)[\"']?[ \t]*:?[ \t]*\r?$)"
)
_SECRET_NAMES = (
    rb"(?:password|passwd|passphrase|(?<![a-z0-9])(?:token|auth|authorization|secret|api[_-]?key|account[_-]?key"
    rb"|(?:identity|registry|access|refresh|bearer)[_-]?token|(?:client|http)[_-]?secret|secret[_-]?(?:access[_-]?)?key))"
)
# YAML needs a space after the colon of a plain key: without one, `secret:v1` is an image and its tag.
_ASSIGNED = rb"(?:[\"']?[ \t]{0,20}=[ \t]{0,20}|[\"'][ \t]{0,20}:[ \t]{0,20}|[ \t]{0,20}:[ \t]{1,20}|:(?=[\"']|basic |bearer ))"
_SECRETS = re.compile(
    rb"^[^#\r\n]{0,4096}?(?<![/.@-])" + _SECRET_NAMES + _ASSIGNED + _NO_SECRET + rb"\S"
    rb"|(?:--?(?:src-|dest-)?(?:password|creds|registry-token|token)|\blogin\b[^\r\n]{0,200}\s-p)[ =]"
    + _NO_SECRET
    + rb"[^\s=-]"
    rb"|(?<=\s)(?:-u|--user)[ =](?!\d+:\d+(?:\s|$))" + _NO_SECRET + rb"[^\s:]{1,200}:" + _NO_SECRET + rb"[^\s]"
    rb"|://[^/\s:@\"']{1,200}:(?!\$|REDACTED)[^/\s@\"']{1,200}@",
    re.IGNORECASE | re.MULTILINE,
)
_SECRET_OBJECT = re.compile(
    rb"^kind:[ \t]*[\"']?Secret[\"']?[ \t]*\r?$|\"kind\"\s{0,20}:\s{0,20}\"Secret\"",
    re.IGNORECASE | re.MULTILINE,
)
_COMMENT = re.compile(rb"(?:^|[ \t])#")
_SECRET_WORDS = re.compile(
    rb"passw|passphrase|secret|token|credential|login|\b(?:pass|pwd|pw|user)\b|api[_-]?key", re.IGNORECASE
)
_PEM_KEY = re.compile(
    rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?:[^-]|-(?!----)){0,200000}-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----"
)
_KEY_MARKS = (b"PRIVATE KEY-----", b"PuTTY-User-Key-File-")
_JAVA_KEYSTORES = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
# After the outer SEQUENCE: a small version number (PKCS#1, PKCS#8, SEC1; 3 for PKCS#12), or PBES (encrypted PKCS#8). A
# certificate has a SEQUENCE of a SEQUENCE or of a tagged version there.
_DER_KEY = re.compile(
    rb"\x30(?:[\x00-\x7f]|\x81.|\x82..|\x83...)"
    rb"(?:\x02\x01[\x00\x01\x03]|\x30(?:[\x00-\x7f]|\x81.|\x82..)\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05)",
    re.DOTALL,
)


def _as_bytes(data: bytes) -> bytes:
    """Return UTF-16, which Windows PowerShell writes, as UTF-8; return other bytes unchanged."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return data.decode("utf-16", errors="replace").encode("utf-8", errors="replace")
    return data


def _is_private_key(data: bytes) -> bool:
    return any(mark in data for mark in _KEY_MARKS) or data.startswith(_JAVA_KEYSTORES) or _DER_KEY.match(data) is not None


def _holds_encoded_key(data: bytes) -> bool:
    """Return whether the data holds base64 of a PEM key, as Kubernetes Secrets do."""
    found = re.finditer(rb"LS0tLS1CRUdJTi[A-Za-z0-9+/]{20,120}", data)
    return any(b"PRIVATE KEY" in base64.b64decode(match[0][: len(match[0]) // 4 * 4]) for match in found)


def key_in(data: bytes) -> str:
    """Return the kind of secret, as `secret_in` does, for private keys only."""
    data = _as_bytes(data)
    return "it holds a private key" if _is_private_key(data) or _holds_encoded_key(data) else ""


def secret_in(data: bytes, *, is_blanked: bool = False) -> str:
    """Return the kind of secret in a file that must not be copied, or an empty string.

    `is_blanked`: the values of Kubernetes Secrets in it were removed.
    """
    if reason := key_in(data):
        return reason
    data = _as_bytes(data)
    if _SECRETS.search(data) or (not is_blanked and _SECRET_OBJECT.search(data)):
        return "it holds credentials"
    return ""


def without_keys(data: bytes, instead: bytes = b"") -> bytes:
    """Return the data with `instead` for each private key. Blank lines fill up, so that line numbers stay."""
    return _PEM_KEY.sub(lambda match: instead + b"\n" * match[0].count(b"\n"), data)


def redacted(data: bytes) -> bytes:
    """Return a file without private keys and secrets, with the same line numbers."""
    return redact_file(without_keys(data, b"(private key struck out)"))


def redacted_list(data: bytes) -> bytes:
    """Return an image list without secrets, with all its lines. A comment that may hold a secret is removed."""
    clean = redacted(data)
    if _is_private_key(_as_bytes(clean)) or _holds_encoded_key(clean):
        return b"(struck out: the file holds a private key)\n"
    if not _SECRETS.search(clean) and not _SECRET_WORDS.search(clean):
        return clean
    return b"\n".join(_without_credentials(line) for line in clean.split(b"\n"))


def _without_credentials(line: bytes) -> bytes:
    match = _COMMENT.search(line)
    entry, comment = (line[: match.end()], line[match.end() :]) if match else (line, b"")
    if _SECRETS.search(entry):
        return b"(struck out: it held credentials)"
    return entry + b" (struck out)" if _SECRET_WORDS.search(comment) else line
