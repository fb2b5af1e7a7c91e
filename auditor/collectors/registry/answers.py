"""What a registry's answer means: there, absent, or a failure with its kind."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import msgspec

from auditor.collectors.registry.failures import Unanswered, plain
from auditor.collectors.registry.sender import Reply
from auditor.evidence.causes import Cause, cause_of_status
from auditor.evidence.model import Absent, Failed, Kind
from auditor.evidence.store import hashes_to
from auditor.oci.reference import is_digest

_GENERIC = frozenset({"", "application/json", "application/octet-stream", "text/plain", "binary/octet-stream"})
_MOST_CODES = 3


@dataclass(frozen=True, slots=True)
class Fetched:
    """Bytes that hash to the digest."""

    digest: str
    media_type: str
    body: bytes
    is_vouched: bool  # the digest was asked for, or the registry named it


class _Error(msgspec.Struct, frozen=True):
    code: str = ""
    message: str = ""


class _Errors(msgspec.Struct, frozen=True):
    errors: tuple[_Error, ...] = ()


class _Named(msgspec.Struct, frozen=True, rename="camel"):
    media_type: str = ""


def now() -> datetime.datetime:
    """The time of an observation."""
    return datetime.datetime.now(datetime.UTC)


def registry_words(reply: Reply) -> str:
    """The error codes and messages of an answer in the registry's own words; empty when there are none."""
    try:
        errors = msgspec.json.decode(reply.body, type=_Errors).errors
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    words = (f"{error.code}: {error.message}" if error.message else error.code for error in errors[:_MOST_CODES])
    return plain("; ".join(dict.fromkeys(words)))


def refusal(reply: Reply, source: str, *, asked_by_head: bool = False) -> Absent | Failed | None:
    """What a status other than 200 means; None for 200."""
    if reply.status == 200:
        return None
    words = registry_words(reply)
    if reply.status == 404:
        if asked_by_head:
            return Absent("status 404, asked by HEAD", now(), source)
        return Absent(
            words or "status 404 without a registry error code: a proxy or a web server may have said it", now(), source
        )
    detail = f"status {reply.status}" + (f": {words}" if words else "")
    kind = Kind.DENIED if reply.status in {401, 403} else Kind.UNREACHABLE
    return Failed(kind, detail, now(), source, cause_of_status(reply.status))


def media_type_of(reply: Reply) -> str:
    """The media type of an answer, without parameters and in lower case."""
    header: str = reply.headers.get("content-type", "")
    return header.partition(";")[0].strip().lower()[:200]


def digest_header(reply: Reply) -> str:
    """The digest that the registry names for what it serves; empty when it names none, or nonsense."""
    named = reply.headers.get("docker-content-digest", "").strip()
    return named if is_digest(named) else ""


def verified(reply: Reply, digest: str, hasher_digest: str) -> Fetched:
    """The document of a 200 answer, checked against the digest asked for and the one that the registry names.

    `digest` is empty for a tag; `hasher_digest` is what the bytes hash to. Raises Unanswered (malformed).
    """
    if reply.is_cut:
        raise Unanswered(Kind.MALFORMED, f"more than {len(reply.body):,} bytes")
    if media_type_of(reply) == "text/html" or reply.body.lstrip()[:1] == b"<":
        detail = "HTML where JSON was expected: a proxy or a login page may have answered"
        raise Unanswered(Kind.MALFORMED, detail, Cause.WEB_PAGE)
    named = digest_header(reply)
    for expected, who in ((digest, "asked for"), (named, "named by the registry")):
        if expected and not hashes_to(expected, reply.body):
            raise Unanswered(Kind.MALFORMED, f"the bytes hash to {hasher_digest}, not to the digest {who}, {expected}")
    media_type = media_type_of(reply)
    if media_type in _GENERIC:
        media_type = _named_media_type(reply.body) or media_type
    return Fetched(digest or named or hasher_digest, media_type, reply.body, bool(digest or named))


def _named_media_type(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Named).media_type[:200]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
