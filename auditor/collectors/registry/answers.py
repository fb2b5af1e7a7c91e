"""Interpret a registry's answer: present, absent, or failed with a kind."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import msgspec

from auditor.collectors.registry.failures import Unanswered, plain
from auditor.collectors.registry.sender import Reply
from auditor.evidence.causes import Cause, cause_of_status
from auditor.evidence.model import Absent, Failed, Kind
from auditor.evidence.store import digest_like
from auditor.oci.reference import is_digest

_GENERIC = frozenset({"", "application/json", "application/octet-stream", "text/plain", "binary/octet-stream"})
_MOST_CODES = 3
_LENGTH_DIGITS = 19  # so that a length fits into 63 bits


@dataclass(frozen=True, slots=True)
class VerifiedBytes:
    """Bytes that match the digest."""

    digest: str
    media_type: str
    body: bytes
    is_vouched: bool  # the digest was requested, or the registry named it
    stated: str = ""  # the Content-Type, without parameters


@dataclass(frozen=True, slots=True)
class Misfit:
    """Bytes that do not match `digest`: of `size` bytes, and with the digest `hashed` if all of them were read."""

    digest: str
    media_type: str
    size: int
    hashed: str
    detail: str


class _Error(msgspec.Struct, frozen=True):
    code: str = ""
    message: str = ""


class _Errors(msgspec.Struct, frozen=True):
    errors: tuple[_Error, ...] = ()


class _Named(msgspec.Struct, frozen=True, rename="camel"):
    media_type: str = ""


def now() -> datetime.datetime:
    """Return the time of an observation, in UTC."""
    return datetime.datetime.now(datetime.UTC)


def registry_words(reply: Reply) -> str:
    """Return the error codes and messages of an answer, or an empty string."""
    try:
        errors = msgspec.json.decode(reply.body, type=_Errors).errors
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    words = (f"{error.code}: {error.message}" if error.message else error.code for error in errors[:_MOST_CODES])
    return plain("; ".join(dict.fromkeys(words)))


def refusal(reply: Reply, source: str, *, asked_by_head: bool = False) -> Absent | Failed | None:
    """Return the outcome of a status other than 200; None for 200."""
    if reply.status == 200:
        return None
    words = registry_words(reply)
    if reply.status == 404:
        if asked_by_head:
            return Absent("status 404 to a HEAD request", now(), source)
        return Absent(
            words or "status 404 without a registry error code: it may come from a proxy or a web server", now(), source
        )
    detail = f"status {reply.status}" + (f": {words}" if words else "")
    # docker-registry answers 500 for a manifest that is damaged on its disk.
    kind = Kind.DENIED if reply.status in {401, 403} else Kind.UNREACHABLE
    return Failed(kind, detail, now(), source, cause_of_status(reply.status), is_specific=reply.status == 500)


def media_type_of(reply: Reply) -> str:
    """Return the media type of an answer, without parameters and in lower case."""
    header: str = reply.headers.get("content-type", "")
    return header.partition(";")[0].strip().lower()[:200]


def digest_header(reply: Reply) -> str:
    """Return the digest in the registry's header, or an empty string if it is missing or invalid."""
    named = reply.headers.get("docker-content-digest", "").strip()
    return named if is_digest(named) else ""


def length_of(reply: Reply) -> int | None:
    """Return the Content-Length of an answer in bytes; None if it is missing, not a number, or too large."""
    length = reply.headers.get("content-length", "").strip()
    return int(length) if length.isascii() and length.isdecimal() and len(length) < _LENGTH_DIGITS else None


def verified(reply: Reply, digest: str) -> VerifiedBytes | Misfit:
    """Return the document of a 200 answer, verified against the requested digest and the registry's.

    `digest` is empty for a tag. Raises Unanswered (malformed).
    """
    named, stated = digest_header(reply), media_type_of(reply)
    if reply.is_cut:
        length = length_of(reply)
        if length is None or not digest:
            raise Unanswered(Kind.MALFORMED, f"more than {len(reply.body):,} bytes")
        return Misfit(digest, stated, length, "", f"{length:,} bytes: too large for a document")
    if stated == "text/html" or reply.body.lstrip()[:1] == b"<":
        detail = "HTML where JSON was expected: a proxy or a login page may have answered"
        raise Unanswered(Kind.MALFORMED, detail, Cause.WEB_PAGE)
    for expected, who in ((digest, "requested"), (named, "named by the registry")):
        if expected and (hashed := digest_like(expected, reply.body)) != expected:
            detail = f"the bytes hash to {hashed}, not to the digest {who}, {expected}"
            if not hashed:
                raise Unanswered(Kind.UNSUPPORTED, f"the bytes cannot be verified against {expected}")
            return Misfit(expected, stated, len(reply.body), hashed, detail)
    media_type = stated
    if media_type in _GENERIC:
        media_type = _named_media_type(reply.body) or media_type
    return VerifiedBytes(
        digest or named or digest_like("sha256:", reply.body), media_type, reply.body, bool(digest or named), stated
    )


def _named_media_type(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Named).media_type[:200]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
