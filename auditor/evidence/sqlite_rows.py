"""Convert observations to rows and back. An impossible row raises EvidenceError, because the file was changed."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

import msgspec

from auditor.errors import EvidenceError
from auditor.evidence.causes import Cause
from auditor.evidence.model import Absent, Failed, Handshakes, Kind, Observation, Seen
from auditor.evidence.seal import DAMAGED
from auditor.redaction import redact

MAX_TEXT = 64 * 1024
MAX_HANDSHAKES = 256 * 1024
SEEN = "seen"
ABSENT = "absent"
# A failure is stored as its kind, then a slash and its cause if known (`unreachable/timeout`).
_FAILURES = {f"{kind.value}/{cause.value}".rstrip("/"): (kind, cause) for kind in Kind for cause in Cause}
_FAILED = {outcome: text for text, outcome in _FAILURES.items()}

T = TypeVar("T")
Row = tuple[object, ...]


def to_text(at: datetime.datetime) -> str:
    """Return a UTC time in the stored form."""
    return at.astimezone(datetime.UTC).isoformat(timespec="seconds")


@lru_cache(maxsize=4096)
def to_time(text: str) -> datetime.datetime:
    """Parse a stored time. Raises ValueError if it is invalid or has no zone."""
    at = datetime.datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return at


def to_columns(observation: Observation[T]) -> tuple[str, str, str, str]:
    """Return the columns that every observation has: outcome, detail (which may quote a server) without secrets, at, source."""
    match observation:
        case Seen(_, at, source):
            return (SEEN, "", to_text(at), source)
        case Absent(detail, at, source):
            return (ABSENT, redact(detail), to_text(at), source)
        case Failed(kind, detail, at, source, cause):
            return (_FAILED[kind, cause], redact(detail), to_text(at), source)


def to_observation(row: Row, value: Callable[[], T], name: str) -> Observation[T]:
    """Return the observation of a row that begins with outcome, detail, at, source; `value` builds the observed value."""
    try:
        outcome, detail, when, source = as_text(row[0]), as_text(row[1]), as_text(row[2]), as_text(row[3])
        at = to_time(when)
        if outcome == SEEN:
            return Seen(value(), at, source)
        if outcome == ABSENT:
            return Absent(detail, at, source)
        kind, cause = _FAILURES[outcome]
        return Failed(kind, detail, at, source, cause)
    except (ValueError, KeyError) as error:
        raise EvidenceError(f"{name}: it holds an invalid observation: {error}", DAMAGED) from error


def as_text(value: object) -> str:
    """Return a column that must be text. Raises ValueError."""
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ValueError(
            f"{value!r:.80} is not text of a valid length" if isinstance(value, str) else f"{value!r:.80} is not text"
        )
    return value


def as_size(value: object) -> int:
    """Return a column that must be a number of bytes. Raises ValueError."""
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r:.80} is not a size")
    return value


def as_names(value: object) -> tuple[str, ...]:
    """Return a column of names separated by spaces. Raises ValueError."""
    names = tuple(as_text(value).split(" ")) if value != "" else ()
    if not all(names):
        raise ValueError(f"{value!r:.80} is not a list of names")
    return names


def as_handshakes(value: object) -> Handshakes:
    """Return a column of handshakes, which is JSON. Raises ValueError."""
    if not isinstance(value, str) or len(value) > MAX_HANDSHAKES:
        raise ValueError("the handshakes are not text of a valid length")
    return msgspec.json.decode(value, type=Handshakes)


def handshakes_text(handshakes: Handshakes) -> str:
    """Return the stored form of handshakes, without secrets in what the endpoint said."""
    told = msgspec.structs.replace(handshakes, refusal=redact(handshakes.refusal))
    return msgspec.json.encode(told).decode("utf-8")


def as_bytes(value: object) -> bytes:
    """Return a column that must be bytes. Raises ValueError."""
    if isinstance(value, bytes):
        return value
    raise ValueError(f"{value!r:.80} is not bytes, or too long")
