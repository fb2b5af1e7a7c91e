"""The only redaction layer: no text leaves the program with a secret in it. Secrets are found by value and by form.

By value: `remember` takes every credential that a run reads. `redact` replaces each one in every encoding that a server, a
program or a renderer may use. By form (auditor/secret_forms.py): passwords in URLs, signed query parameters, options and
assignments that carry a secret, Authorization headers, JSON Web Tokens and private keys, whatever their origin.
"""

from __future__ import annotations

import base64
import dataclasses
import enum
import json
import operator
import re
import shlex
import urllib.parse
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, cast

from auditor.secret_forms import REDACTED as REDACTED  # noqa: PLC0414 - the name by which others know it
from auditor.secret_forms import found_in, without_forms

MAX_REMEMBERED = 10_000
SHORTEST = 4  # shorter values occur in too many words; the forms find them where they are passwords
WHOLE_WORD = 8  # shorter values are replaced only as whole words
_FEW = 100  # up to this many encodings are searched one by one
_MAX_ENCODED = 4096  # longer secrets are replaced only as written and in base64
# Characters that UTF-8 or XML cannot represent: lone surrogates and noncharacters.
_BEYOND = "".join(chr(plane << 16 | low) for plane in range(1, 17) for low in (0xFFFE, 0xFFFF))
_UNFIT = re.compile(f"[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff{_BEYOND}]")

_SECRET_NAME = re.compile(
    r"token|secret|passw|passphrase|credential|(?:api|access|private|signing|encryption|deploy|account|master)_?key"
    r"|(?:^|_)(?:pass|pwd|pw|auth|jwt|cookie|psk|sas|sig)(?:_|$)",
    re.IGNORECASE,
)
_NO_SECRET_NAME = re.compile(
    r"^(?:OLD)?PWD$|_(?:SOCK|PATH|FILE|DIR|URL|URI|HOST|USER|USERNAME|NAME|ID|IMAGE|TAG|VERSION|TYPE|MODE)$", re.IGNORECASE
)
_values: dict[str, None] = {}
_encodings: dict[str, None] = {}  # longest first
_words: dict[str, re.Pattern[str]] = {}
_by_start: defaultdict[str, list[str]] = defaultdict(list)


def remember(*secrets: str) -> None:
    """Add secrets that this process has read. The forms handle values of fewer than four characters."""
    new: list[str] = []
    for secret in secrets:
        if len(secret) < SHORTEST or secret in _values or len(_values) >= MAX_REMEMBERED or REDACTED in secret:
            continue
        _values[secret] = None
        if len(secret) < WHOLE_WORD:
            _words[secret] = re.compile(rf"(?<![A-Za-z0-9]){re.escape(secret)}(?![A-Za-z0-9])")
        new += (text for text in _encoded(secret) if text not in _encodings and (len(text) >= WHOLE_WORD or text != secret))
    if new:
        ordered = sorted({*_encodings, *new}, key=lambda text: (-len(text), text))
        _encodings.clear()
        _encodings.update(dict.fromkeys(ordered))
        _by_start.clear()
        for text in ordered:
            _by_start[text[:SHORTEST]].append(text)


def remember_login(username: str, password: str) -> None:
    """Add a password, and its HTTP Basic encoding with the user name."""
    remember(password)
    if len(password) >= SHORTEST:
        remember(base64.b64encode(_utf8(f"{username}:{password}")).decode("ascii"))


def remember_url(url: str) -> None:
    """Add the password of a URL, such as that of a proxy, as written and as sent."""
    login, at, _ = url.partition("://")[2].partition("/")[0].rpartition("@")
    username, colon, password = login.partition(":")
    if at and colon:
        remember(password)
        remember_login(urllib.parse.unquote(username), urllib.parse.unquote(password))


def remember_found(data: bytes) -> None:
    """Add the secrets that the forms find in a file, unless they look like words. An error or a report may repeat them."""
    text = _decoded(data)[0]
    remember(*(secret for secret in found_in(text) if _is_unlike_words(secret)))


def remember_environment(environment: Mapping[str, str]) -> None:
    """Add the credentials among the environment variables, because a file that a plan names may repeat them.

    A variable counts if its name is that of a secret and its value does not look like a word: in `POSTGRES_PASSWORD=postgres`,
    the value is also an image name.
    """
    for name, value in environment.items():
        if "://" in value and "@" in value:
            remember(*(secret for secret in found_in(value) if _is_unlike_words(secret)))
        elif _SECRET_NAME.search(name) and not _NO_SECRET_NAME.search(name):
            remember(*(line.strip() for line in value.splitlines() if _is_credential(line.strip())))


def forget() -> None:
    """Drop all values, for tests and for a process that serves several users."""
    for known in (_values, _encodings, _words, _by_start):
        known.clear()


def _is_credential(value: str) -> bool:
    """Return whether the value of a secret's variable differs from a word, a number, a path and a switch."""
    if len(value) < WHOLE_WORD or value.startswith(("/", ".", "-----")) or any(map(str.isspace, value)):
        return False
    kinds = (str.isdigit, str.islower, str.isupper, lambda char: not char.isalnum() and char not in "-_./:")
    return sum(any(map(kind, value)) for kind in kinds) >= 2


def _is_unlike_words(secret: str) -> bool:
    """Return whether a secret that was found only by its form may be replaced everywhere: it is no name, path, version or
    number."""
    if len(secret) < WHOLE_WORD or secret.startswith(("/", ".")) or "://" in secret:
        return False
    has_digit, has_letter = any(map(str.isdigit, secret)), any(map(str.isalpha, secret))
    is_reference = "/" in secret and (":" in secret or "." in secret.partition("/")[0])
    return has_digit and has_letter and not is_reference and not secret[:1].isdigit() | ("." in secret and secret[:1] == "v")


def _encoded(secret: str) -> Iterator[str]:
    """Yield the secret as written, and as common encoders write it."""
    raw = _utf8(secret)
    found = {text for text in (secret, *_base64_forms(raw)) if len(text) >= SHORTEST}
    if len(secret) > _MAX_ENCODED:
        return iter(found)
    found |= {raw.hex(), raw.hex().upper()} if len(raw) >= WHOLE_WORD else set()
    for text in list(found):
        plain = _utf8(text)
        quoted = urllib.parse.quote(plain, safe="")
        found |= {quoted, _lower_percent(quoted), urllib.parse.quote(plain), urllib.parse.quote_plus(plain)}
        found.add(urllib.parse.quote(quoted, safe=""))
    every = "".join(f"%{byte:02X}" for byte in raw)
    found |= {every, every.lower()}
    import html  # noqa: PLC0415 - its table of entities is large, and few runs read a secret

    for text in list(found):
        in_json = json.dumps(text)[1:-1]
        found |= {in_json, json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(in_json)[1:-1], in_json.replace("/", "\\/")}
        found |= {html.escape(text), html.escape(text, quote=False), html.escape(text).replace("&#x27;", "&#39;")}
        found |= {html.escape(text).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"), html.escape(html.escape(text))}
        found |= {text.replace("'", "''"), shlex.quote(text), repr(text)[1:-1]}
        found.add("".join(f"\\u{ord(char):04x}" if char in "&<>'\"" else char for char in in_json))
    return iter(found)


def _utf8(text: str) -> bytes:
    """Return the bytes of a text. Lone surrogates are bytes of a file that is not UTF-8, or come from a JSON escape."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _base64_forms(raw: bytes) -> Iterator[str]:
    """Yield the base64 of the bytes alone, and its inner part for use between other bytes."""
    if len(raw) < SHORTEST:
        return
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(raw).decode("ascii")
        yield whole
        yield whole.rstrip("=")
        yield encode(raw[: len(raw) // 3 * 3]).decode("ascii")
        for shift in (1, 2):
            inner = raw[3 - shift :]
            part = encode(inner[: len(inner) // 3 * 3]).decode("ascii")
            if len(part) >= WHOLE_WORD:
                yield part


def _lower_percent(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), text)


def redact_values(text: str) -> str:
    """Return the text without the remembered secrets, in any encoding. For rendered reports, whose syntax must stay intact."""
    if not _values:
        return text
    for secret in _encodings if len(_encodings) <= _FEW else _starting_in(text):
        if secret in text:
            text = text.replace(secret, REDACTED)
    for secret, word in _words.items():
        if secret in text:
            text = word.sub(REDACTED, text)
    return text


def _starting_in(text: str) -> list[str]:
    """Return the encodings whose first characters occur in the text, longest first."""
    if len(text) > MAX_REMEMBERED:  # in a whole report, searching each encoding is faster than looking up each position
        return list(_encodings)
    found = {text[at : at + SHORTEST] for at in range(len(text) - SHORTEST + 1)} & _by_start.keys()
    return sorted((secret for start in found for secret in _by_start[start]), key=len, reverse=True)


def redact(text: str) -> str:
    """Return the text without secrets, by value and by form."""
    text = redact_values(text)
    if text in _clean:
        return text
    done = without_forms(text)
    if done == text and len(text) <= _LONGEST_CLEAN:
        if len(_clean) >= _MOST_CLEAN:
            _clean.clear()
        _clean.add(text)
    return done


# Texts that contain no form of a secret, such as check pages, which every report has: each is searched once.
_clean: set[str] = set()
_MOST_CLEAN, _LONGEST_CLEAN = 4096, 16_384


def redact_file(data: bytes) -> bytes:
    """Return a text file without secrets and with the same line numbers. UTF-16 stays UTF-16; other bytes stay unchanged."""
    text, encoding = _decoded(data)
    clean = redact(text)
    return data if clean == text else clean.encode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")


def _decoded(data: bytes) -> tuple[str, str]:
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:  # Windows PowerShell writes it
        return data.decode("utf-16", "replace"), "utf-16"
    return data.decode("utf-8", "surrogateescape"), "utf-8"


def fit(text: str) -> str:
    """Return rendered text that is safe to write: without remembered secrets and without characters that files cannot hold.

    Lone surrogates and noncharacters (U+FFFE, U+FFFF and similar) become U+FFFD.
    """
    text = redact_values(text)
    return text if text.isascii() else _UNFIT.sub("\ufffd", text)


Value = TypeVar("Value")


def redact_deep(value: Value, known: dict[Any, Any] | None = None) -> Value:
    """Return the value with every text in it redacted. Parts without a secret stay the same objects.

    `known` caches results. Share one between calls whose values live as long as it does.
    """
    return cast("Value", _deep(value, {} if known is None else known))


_PLAIN = (int, float, bytes, enum.Enum, type(None))
_Walk = Callable[[Any, dict[Any, Any]], Any]
_WALKS: dict[type, _Walk] = {}
_FIELDS: dict[type, tuple[str, ...]] = {}  # the fields of a dataclass that may hold text
_is = operator.is_


def _deep(value: Any, known: dict[Any, Any]) -> Any:  # noqa: ANN401 - any value of a report
    kind = type(value)
    if kind is str:
        if (done := known.get(value)) is None:
            done = known[value] = redact(value)
        return value if done == value else done  # keep the object itself, not an equal copy
    walk = _WALKS.get(kind)
    if walk is None:
        walk = _WALKS[kind] = _walk_of(kind)
    return walk(value, known)


def _walk_of(kind: type) -> _Walk:
    """Return the walker for the values of a type. Each type is inspected once: a report has many values of few types."""
    if issubclass(kind, _PLAIN):
        return _whole
    if kind is tuple or kind is list:
        return _items
    if issubclass(kind, Mapping):
        return _pairs
    if hasattr(kind, "__dataclass_fields__") and not getattr(kind, "is_own_text", False):
        _FIELDS[kind] = tuple(field.name for field in dataclasses.fields(cast("Any", kind)) if field.init)
        return _dataclass
    return _whole


def _whole(value: Any, _known: dict[Any, Any]) -> Any:  # noqa: ANN401 - any value without text
    return value


def _items(value: Any, known: dict[Any, Any]) -> Any:  # noqa: ANN401 - a tuple or a list
    parts = [_deep(part, known) for part in value]
    return value if all(map(_is, parts, value)) else type(value)(parts)


def _pairs(value: Any, known: dict[Any, Any]) -> Any:  # noqa: ANN401 - any mapping
    pairs = {_deep(key, known): _deep(part, known) for key, part in value.items()}
    is_same = all(map(_is, pairs, value)) and all(map(_is, pairs.values(), value.values()))
    return value if is_same and len(pairs) == len(value) else pairs


def _dataclass(value: Any, known: dict[Any, Any]) -> Any:  # noqa: ANN401 - any dataclass
    entry = known.get(id(value))
    if entry is not None and entry[0] is value:
        return entry[1]
    changed = {}
    for name in _FIELDS[type(value)]:
        old = getattr(value, name)
        if (new := _deep(old, known)) is not old:
            changed[name] = new
    done = dataclasses.replace(value, **changed) if changed else value
    known[id(value)] = (value, done)
    known[id(done)] = (done, done)
    return done
