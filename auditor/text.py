"""Format values for people. No other module turns bytes, counts, lists, digests or durations into words.

Data keeps whole values: these functions are for prose, tables and error messages only.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

from auditor.redaction import redact

LONGEST = 80  # characters of a quoted value
MAX_QUOTED = 4096  # redaction reads at most this much of a quoted value
MAX_PRINTABLE = 300
# Control, zero-width and direction characters, lone surrogates, noncharacters: readers do not see them, but some terminals obey
# them.
MAX_TEXT = 2000  # characters; no value of a plan needs more
FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufdd0-\ufdef\ufeff\ufffe\uffff]"
)
_BYTES = ("kB", "MB", "GB", "TB", "PB", "EB")
_SECONDS = ((86400, "day"), (3600, "h"), (60, "min"), (1, "s"))
_DIGEST = re.compile(r"\b(sha(?:256|384|512):[0-9a-f]{12})[0-9a-f]{20,}")


def format_size(count: int, *, up: bool = False) -> str:
    """Return bytes in decimal units with one digit after the point: `512 B`, `45.2 MB`, `11.8 GB`.

    `up` rounds up: use it for an amount that a reader must provide.
    """
    if abs(count) < 1000:
        return f"{count} B"
    factor = 1000
    for unit in _BYTES:
        tenths = -(-count * 10 // factor) if up else _nearest(count * 10, factor)
        if abs(tenths) < 10_000 or unit == _BYTES[-1]:
            break
        factor *= 1000
    sign, tenths = "-" * (tenths < 0), abs(tenths)
    return f"{sign}{tenths // 10}.{tenths % 10} {unit}"


def _nearest(dividend: int, divisor: int) -> int:
    return (2 * dividend + divisor) // (2 * divisor)


def many(count: int, one: str, more: str = "") -> str:
    """Return a count with its noun: `1 error`, `10,000 images`. `more` is the plural where adding an s is wrong."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"


def listed(items: Sequence[str], most: int | None = None, *, last: str = "and") -> str:
    """Return `a, b and c`; with more than `most` items `a, b and 3 more`. `last` joins the last item: `and`, `or`."""
    left_out = 0 if most is None else len(items) - most
    if left_out > 0:
        return f"{', '.join(items[:most])} and {left_out:,} more"
    return f" {last} ".join(filter(None, (", ".join(items[:-1]), *items[-1:])))


def first_of(items: Sequence[str], most: int) -> tuple[str, ...]:
    """Return the first `most` items and, if there are more, `and 3 more` as the last one."""
    left_out = len(items) - most
    return (*items[:most], f"and {left_out:,} more") if left_out > 0 else tuple(items)


def and_more(first: str, count: int) -> str:
    """Return the first of `count` items and the number of the others: `a`, `a and 3 more`."""
    return f"{first} and {count - 1:,} more" if count > 1 else first


def in_brackets(count: int) -> str:
    """Return ` (and 3 more)` for the items after the first of `count`, or an empty string for one item."""
    return f" (and {count - 1:,} more)" if count > 1 else ""


def short(text: str, most: int = LONGEST) -> str:
    """Return at most `most` characters of `text`. An ellipsis marks the cut."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def clean(text: str) -> str:
    r"""Return `text` with every control and direction character escaped as `\u202e`."""
    return FORBIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def shown(value: object) -> str:
    """Return a value of an input file for a message: redacted, cleaned and cut; a string in quotes."""
    if not isinstance(value, str):
        return clean(short(redact(str(value)[:MAX_QUOTED])))
    return f"'{clean(short(redact(value[:MAX_QUOTED])))}'"


def printable(text: str, most: int = MAX_PRINTABLE) -> str:
    """Return at most `most` characters of a text from a certificate or an archive, with non-printable characters escaped."""
    head = text[: most + 1]
    safe = head if head.isprintable() else "".join(char if char.isprintable() else _escaped(char) for char in head)
    return short(safe, most)


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def one_line(text: str, most: int) -> str:
    """Return at most `most` characters of a text from the network on one line, without control characters."""
    head = "".join(char if char.isprintable() else " " for char in text[: 4 * most])
    return short(" ".join(head.split()), most)


def short_digest(digest: str) -> str:
    """Return a digest with 12 hexadecimal digits: `sha256:0123456789ab…`. A text that is not a digest is shortened and
    cleaned."""
    return short_digests(digest) if _DIGEST.fullmatch(digest) else clean(short(digest))


def short_hash(digits: str) -> str:
    """Return the first 12 digits of a hash that is written without its algorithm, such as a commit."""
    return digits[:12]


def short_digests(text: str) -> str:
    """Return `text` with every digest shortened to 12 hexadecimal digits."""
    return _DIGEST.sub("\\1…", text)


def percent(part: int, whole: int) -> str:
    """Return a share in whole percent; a share that is not zero never shows as `0 %`."""
    share = 100 * part / whole if whole else 0.0
    return "less than 1 %" if 0 < share < 1 else f"{share:.0f} %"


def duration(seconds: float) -> str:
    """Return a duration in its two largest units, rounded up: `5 h 12 min`, `30 days`, `2 min 1 s`, `3.2 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds % 1 else f"{int(seconds)} s"
    level = next(level for level, (unit, _) in enumerate(_SECONDS) if seconds >= unit)
    (large, name), (small, rest_name) = _SECONDS[level : level + 2]
    rounded = -int(-seconds // small) * small
    if rounded != seconds:
        return duration(rounded)
    count, rest = divmod(rounded // small, large // small)
    head = many(count, name) if name == "day" else f"{count} {name}"
    return f"{head} {rest} {rest_name}" if rest else head


def moment(at: datetime.datetime) -> str:
    """Return a date and time to the minute in UTC: `2026-11-23 08:15 UTC`."""
    return at.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")


def days(first: datetime.datetime, last: datetime.datetime) -> str:
    """Return the day, or the first and the last day: `2026-11-01`, `2026-11-01 to 2026-11-23`."""
    oldest, newest = first.date().isoformat(), last.date().isoformat()
    return oldest if oldest == newest else f"{oldest} to {newest}"
