"""The one redaction layer: what leaves the program has no secret in it, neither by value nor by form.

By value: `remember` takes every credential that a run reads; `redact` strikes out each of them in all encodings in which a
server, a program or a renderer may repeat it. By form: passwords in URLs, signed query parameters, options and assignments that
carry a secret, Authorization headers, JSON Web Tokens and private keys, whoever wrote them.
"""

from __future__ import annotations

import base64
import dataclasses
import html
import json
import re
import shlex
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

REDACTED = "[redacted]"
MAX_REMEMBERED = 10_000
SHORTEST = 4  # a shorter value stands in too many words; forms find it where it is a password

_values: dict[str, None] = {}
_encodings: dict[str, None] = {}


def remember(*secrets: str) -> None:
    """Add secrets that this process has read. Values of fewer than four characters are left to the forms."""
    for secret in secrets:
        if len(secret) < SHORTEST or secret in _values or len(_values) >= MAX_REMEMBERED:
            continue
        _values[secret] = None
        _encodings.update(dict.fromkeys(_encoded(secret)))


def remember_login(username: str, password: str) -> None:
    """Add a password, and what HTTP Basic makes of it with its user name."""
    remember(password)
    if len(password) >= SHORTEST:
        remember(base64.b64encode(f"{username}:{password}".encode()).decode("ascii"))


def forget() -> None:
    """Drop all values: for tests and for a process that serves several users."""
    _values.clear()
    _encodings.clear()


def _encoded(secret: str) -> Iterator[str]:
    """The secret as it is, and as common encoders write it. Longer texts come first, so that none leaves a part."""
    raw = secret.encode("utf-8", "surrogatepass")
    plain = [secret, *_base64_forms(raw), raw.hex(), raw.hex().upper()]
    found = {text for text in plain if len(text) >= SHORTEST}
    for text in list(found):
        quoted = urllib.parse.quote(text, safe="")
        found |= {quoted, _lower_percent(quoted), urllib.parse.quote(text), urllib.parse.quote_plus(text)}
        found |= {
            urllib.parse.quote(quoted, safe=""),
            "".join(f"%{byte:02X}" for byte in text.encode("utf-8", "surrogatepass")),
        }
    for text in list(found):
        found |= {
            json.dumps(text)[1:-1],
            json.dumps(text, ensure_ascii=False)[1:-1],
            html.escape(text),
            html.escape(text, quote=False),
        }
        found |= {text.replace("'", "&#39;"), text.replace("'", "''"), shlex.quote(text), text.replace("&", "\\u0026")}
        found |= {json.dumps(json.dumps(text)[1:-1])[1:-1]}
    return iter(sorted(found, key=len, reverse=True))


def _base64_forms(raw: bytes) -> Iterator[str]:
    """Base64 of the bytes by themselves, and the inner part of base64 where other bytes stand before and behind them."""
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(raw).decode("ascii")
        yield whole
        yield whole.rstrip("=")
        for shift in (1, 2):
            inner = encode(bytes(shift) + raw).decode("ascii").rstrip("=")[4:]
            yield inner[:-1]
        yield whole.rstrip("=")[:-1]


def _lower_percent(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), text)


# Text in the place of a secret that is none: a variable, a template, a file, a switch.
_NONE = r"(?!\[redacted\]|\*{3}|\$|\{\{|<|%[A-Z_]+%|@|(?:null|true|false|none)\b)"
_QUOTE = r"\\*+[\"']?"
_BARE = r"[^\s\"'\\,;&<>|(){}\[\]`]++"
_NAMES = (
    "password|passwd|passphrase|pwd|secret|token|credentials?|pass|api[_-]?key|access[_-]?key|account[_-]?key|private[_-]?key"
)
_OPTIONS = r"creds|pass(?:word)?|registry-token|token|identity-token|auth-token|access-token|api-key|secret|secret-key"


@dataclass(frozen=True, slots=True)
class _Form:
    """What a secret looks like by what stands around it. `words`: one of them is in every text (in lower case) that has one."""

    words: tuple[str, ...]
    pattern: re.Pattern[str]


def _form(words: str, *pattern: str, ignore_case: bool = True) -> _Form:
    return _Form(tuple(words.split()), re.compile("".join(pattern), re.IGNORECASE if ignore_case else re.NOFLAG))


# The first group of each pattern stays, and the rest is struck out.
_FORMS: tuple[_Form, ...] = (
    _form(
        "-----begin",
        r"()-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[^-]{0,20000}(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----)?",
    ),
    # user:password@host, after a scheme or without one; a tag before a digest is no password.
    _form("@", r"(://[^\s/:@\"'<>]{0,200}:)", _NONE, r"[^\s/@\"'<>]{1,400}(?=@)"),
    _form("@", r"((?<=[^\s/@:'\"]:))", _NONE, r"[^\s/@'\"]{1,200}(?=@(?!sha(?:256|384|512):))"),
    # Signed URLs and tokens in a query, also where `&` is escaped for HTML or JSON.
    _form(
        "=",
        r"((?:[?&;]|\\u0026)(?:[\w.~%-]{0,48}(?:token|secret|passw|pwd|signature|credential|api[_-]?key|access[_-]?key)",
        r"[\w.~%-]{0,24}|sig|auth)=)",
        _NONE,
        r"[^\s&#\"'<>\\]++",
    ),
    # Options of copy tools and registry clients; the value follows `=` or a space.
    _form(
        "--creds -creds --pass -pass -token -key -secret",
        r"((?<![\w-])--?(?:src-|dest-|registry-|docker-|from-|to-|source-|target-)?",
        rf"(?:{_OPTIONS})(?:=|[ \t]{{1,8}}){_QUOTE})",
        _NONE,
        r"(?!-)",
        _BARE,
    ),
    _form("login", rf"(\blogin\b[^\n]{{0,200}}?[ \t]-p[ =]?{_QUOTE})", _NONE, _BARE),
    _form("-u --user", rf"((?<!\S)(?:-u|--user)[ =]{_QUOTE}[^\s:\"']{{1,100}}:)", _NONE, r"(?!\d+(?:\s|$))", _BARE),
    _form(
        "authorization",
        rf"(\bauthorization{_QUOTE}[ \t]{{0,4}}[:=][ \t]{{0,4}}{_QUOTE}(?:basic|bearer|token)[ \t]{{1,4}})",
        _BARE,
    ),
    _form("basic bearer", r"(\b(?:basic|bearer)[ \t]{1,4})(?=[A-Za-z+/_.~-]{0,200}[0-9+/=])[A-Za-z0-9+/_.~-]{12,}+=*+"),
    # password: text, DB_PASSWORD=text, "apiToken": "some text".
    _form(
        "passw pwd passphrase secret token credential pass: pass= pass\" pass' key",
        rf"((?<![\w-])[\w.-]{{0,64}}?(?:{_NAMES}){_QUOTE}[ \t]{{0,4}}(?:=|:(?=[ \t\"'\\]))[ \t]{{0,8}}(?=\\*+[\"']|{_BARE}))",
        rf"(?:\\*+\"{_NONE}[^\"\\\n]{{1,400}}+|'{_NONE}[^'\n]{{1,400}}+|{_NONE}{_BARE})",
    ),
    _form("eyj", r"()\beyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]*+", ignore_case=False),
)


def redact_values(text: str) -> str:
    """Return the text without the remembered secrets, in any encoding. For rendered reports, whose syntax has to stay."""
    for secret in _encodings:
        if secret in text:
            text = text.replace(secret, REDACTED)
    return text


def redact(text: str) -> str:
    """Return the text without secrets, by value and by form."""
    text = redact_values(text)
    small = text.lower()
    for form in _FORMS:
        if any(word in small for word in form.words):
            text = form.pattern.sub(_struck_out, text)
    return text


def _struck_out(match: re.Match[str]) -> str:
    """What stands before the secret, the quotes around it, and a note in its place."""
    secret = match[0][len(match[1]) :]
    bare = secret.lstrip("\\")
    opening = secret[: len(secret) - len(bare) + 1] if bare[:1] in {'"', "'"} else ""
    return f"{match[1]}{opening}{REDACTED}"


Value = TypeVar("Value")


def redact_deep(value: Value, known: dict[str, str] | None = None) -> Value:
    """Return the value with every text in it redacted. Parts without a secret stay the same objects."""
    return cast("Value", _deep(value, {} if known is None else known))


def _deep(value: Any, known: dict[str, str]) -> Any:  # noqa: ANN401 - any value of a report
    if type(value) is str:
        if (done := known.get(value)) is None:
            done = known[value] = redact(value)
        return done
    if isinstance(value, tuple | list):
        parts = [_deep(part, known) for part in value]
        return value if all(new is old for new, old in zip(parts, value, strict=True)) else type(value)(parts)
    if isinstance(value, Mapping):
        pairs = {_deep(key, known): _deep(part, known) for key, part in value.items()}
        return value if all(new is old for new, old in zip(pairs.values(), value.values(), strict=False)) else pairs
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {}
        for field in dataclasses.fields(value):
            old = getattr(value, field.name)
            if field.init and (new := _deep(old, known)) is not old:
                changed[field.name] = new
        return dataclasses.replace(value, **changed) if changed else value
    return value
