"""DSSE envelopes: the bytes that are signed, and the JSON form of a signature (secure-systems-lab/dsse v1.0.2)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

MAX_ENVELOPE: Final = 256 * 1024 * 1024
MAX_SIGNATURES: Final = 16
_URL_SAFE: Final = str.maketrans("-_", "+/")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]*={0,2}")


@dataclass(frozen=True, slots=True)
class EnvelopeSignature:
    """One signature. `key_id` is a hint only: nothing authenticates it."""

    value: bytes
    key_id: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The payload with its type and its signatures."""

    payload_type: str
    payload: bytes
    signatures: tuple[EnvelopeSignature, ...]

    @property
    def signed_bytes(self) -> bytes:
        """The bytes that each signature covers."""
        return pae(self.payload_type, self.payload)


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the Pre-Authentication Encoding of a payload and its type."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def to_json(envelope: Envelope) -> str:
    """Return the envelope as one line of JSON with a final newline."""
    signatures = [{"keyid": one.key_id, "sig": _text(one.value)} for one in envelope.signatures]
    form = {"payloadType": envelope.payload_type, "payload": _text(envelope.payload), "signatures": signatures}
    return json.dumps(form, separators=(",", ":")) + "\n"


def from_json(data: bytes) -> Envelope:
    """Parse an envelope. Raises ValueError with the reason in words if it is not one."""
    document = json_object(data)
    payload_type = document.get("payloadType")
    if not isinstance(payload_type, str):
        raise ValueError("it has no `payloadType`")  # noqa: TRY004 - a value of a document, not of a caller
    return Envelope(payload_type, _bytes(document, "payload"), tuple(_signatures(document.get("signatures"))))


def json_object(data: bytes) -> dict[str, Any]:
    """Return a JSON object whose keys are unique on each level. Raises ValueError.

    Two readers can choose different values for a repeated key, so a repeated key is an error.
    """
    try:
        document = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refused)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8 text") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON: {error.msg} in line {error.lineno}") from error
    if not isinstance(document, dict):
        raise ValueError("it is not a JSON object")  # noqa: TRY004 - as above
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1) if len(names) < 1000 else "a key"
        raise ValueError(f"the key {repeated[:80]!r} occurs twice")
    return found


def _refused(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def _signatures(rows: object) -> Iterator[EnvelopeSignature]:
    if not isinstance(rows, list) or not rows:
        raise ValueError("it has no signature")
    if len(rows) > MAX_SIGNATURES:
        raise ValueError(f"it has more than {MAX_SIGNATURES} signatures")
    for row in rows:
        if not isinstance(row, dict):
            raise ValueError("a signature is not a JSON object")  # noqa: TRY004 - as above
        key_id = row.get("keyid")
        yield EnvelopeSignature(_bytes(row, "sig"), key_id if isinstance(key_id, str) else "")


def _bytes(document: dict[str, Any], key: str) -> bytes:
    """Decode base64 in the standard or the URL-safe alphabet. Verifiers must accept both."""
    text = document.get(key)
    if not isinstance(text, str):
        raise ValueError(f"it has no `{key}`")  # noqa: TRY004 - as above
    text = text.translate(_URL_SAFE)
    if _BASE64.fullmatch(text) is None:
        raise ValueError(f"`{key}` is not base64")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError(f"`{key}` is not base64") from error


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
