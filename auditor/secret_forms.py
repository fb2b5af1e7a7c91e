"""The forms of secrets: patterns of the text around them. auditor/redaction.py replaces what they match.

All patterns run in linear time. The first group of each pattern stays; the rest is the secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

REDACTED = "REDACTED"  # a bare word, which keeps the syntax of YAML, JSON, TOML, shell scripts and URLs valid
_LONG = 8192  # in a longer text, only lines that may hold a secret are searched

# Text in a secret's position that is not a secret: a variable, a template, a file, a switch.
_NONE = (
    r"(?!REDACTED|\*{3}|\$|\{\{|<|~|%[A-Za-z_]+%|@(?=[\w./-])|(?:null|true|false|none|yes|no|required|optional)\b"
    r"|(?:htpasswd|token|basic|ldap|oidc)(?:[\"']|[ \t]{0,8}(?:[,:}\r\n]|$)))"
)
_QUOTE = r"(?:\\{0,4}[\"']|&(?:quot|#34|#39|#x27);){0,2}"
_BARE = r"[^\s\"'\\,;&<>|(){}\[\]`]++"
_VALUE = (
    rf"(?:\\{{0,4}}\"{_NONE}[^\"\\\n]{{1,400}}+|'{_NONE}[^'\n]{{1,400}}+(?:''[^'\n]{{0,400}}+){{0,20}}+|{_QUOTE}{_NONE}{_BARE})"
)
_TAGGED = r"(?:[&!][\w!/-]{0,64}[ \t]{1,8})?"  # a YAML anchor or tag before a value
_LONG_NAMES = (
    r"password|passwd|passphrase|token|credentials?|connection[_-]?string|secret(?:[_-]?key)?"
    r"|(?:api|access|account|private|storage|shared|encryption|signing|master|license|secret[_-]?access)[_-]?key"
)
_SHORT_NAMES = r"(?:(?<![a-z])(?:pass|pwd|pw|psk|dsn)|(?-i:(?<=[a-z0-9])(?:Pass|Pwd|Pw)))"
_NAMES = rf"(?:{_LONG_NAMES}|{_SHORT_NAMES})"
# Names that are also words of prose ("this is not a pass: it …"): after another word, the value needs a digit.
_PROSE = r"(?!(?<=[A-Za-z][ \t])(?:pass|secret|token|credentials?):[ \t]{1,8}(?![\w.-]{0,40}\d))"


@dataclass(frozen=True)
class SecretForm:
    """One form. Every text that has one contains one of `words` (in lower case). `is_wide`: the form may span lines."""

    words: tuple[str, ...]
    source: str
    flags: re.RegexFlag
    is_wide: bool = False

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The pattern. It is compiled when a text contains one of the words, because few runs need more than half of the
        patterns."""
        return re.compile(self.source, self.flags)


def _form(words: str, *pattern: str, ignore_case: bool = True, wide: bool = False) -> SecretForm:
    flags = (re.IGNORECASE if ignore_case else re.NOFLAG) | re.MULTILINE
    return SecretForm(tuple(words.split()), "".join(pattern), flags, wide)


_NAMED = "passw pwd passphrase secret token credential pass pw psk dsn key string"

FORMS: tuple[SecretForm, ...] = (
    _form(
        "-----begin",
        r"()-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[^-]{0,20000}+(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----)?",
        wide=True,
    ),
    # password: | with the secret on the lines below; a value on the line below its key.
    _form(
        _NAMED,
        rf"({_NAMES}[\"']?:[ \t]{{0,8}}[|>][+-]?\d?[+-]?[ \t]{{0,8}}\n([ \t]{{1,200}}+))(?=\S)[^\n]*+(?:\n\2[^\n]*+)*+",
        wide=True,
    ),
    _form(
        _NAMED,
        rf"({_NAMES}[\"']?:[ \t]{{0,8}}\r?\n[ \t]{{1,200}}+){_NONE}(?![-?#|>!&*{{\[])[^\s:#]++(?=[ \t]*+\r?$)",
        wide=True,
    ),
    # name: DB_PASSWORD, and value: text behind it or on the next line.
    _form(
        "value",
        rf"(name[\"']?:[ \t]{{0,8}}[\"']?[\w.-]{{0,64}}(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key"
        rf"|authorization|cookie|_pass|_pwd|_pw|_auth)[\"']?,?\s{{0,64}}[\"']?value[\"']?:[ \t]{{0,8}})(?![|>]){_VALUE}",
        wide=True,
    ),
    # user:password@host, with or without a scheme; a tag before a digest is not a password.
    _form("@", r"(://[^\s/:@\"'<>]{0,200}:)", _NONE, r"[^\s/\"'<>]{1,400}(?=@)"),
    _form("@", r"(://)[A-Za-z0-9_.~-]{16,400}+(?=@)"),
    _form("@", r"((?<=[^\s/@:'\"]:))", _NONE, r"[^\s/@'\"<>]{1,200}+(?=@(?!sha(?:256|384|512):))"),
    # Options of copy tools, registry clients and PowerShell; the value follows `=`, `:` or a space.
    _form(
        "cred pass token secret key pwd",
        rf"((?<![\w-])--?[\w-]{{0,40}}(?:creds?|credentials?|{_NAMES})(?:=|:|[ \t]{{1,8}})\(?)(?!-)",
        _VALUE,
    ),
    _form("login sshpass", rf"(\b(?:login|sshpass)\b[^\n]{{0,200}}?[ \t]-p[ =]?{_QUOTE})(?!assword)", _NONE, _BARE),
    _form("login", rf"(\blogin\b[^\n]{{0,200}}?<<<[ \t]{{0,8}}{_QUOTE})", _NONE, _BARE),
    _form(
        "login",
        rf"((?:echo|printf|write-output)[ \t]{{1,8}}(?:-[ne]{{1,2}}[ \t]{{1,8}}|[\"']?%s(?:\\n)?[\"']?[ \t]{{1,8}})?{_QUOTE})",
        _NONE,
        rf"{_BARE}(?=[\"']?[ \t]{{0,8}}\|[^\n]{{0,200}}\blogin\b)",
    ),
    _form("securestring", rf"(securestring[ \t]{{1,8}}(?:-\w{{1,16}}[ \t]{{1,8}}){{0,3}}{_QUOTE})", _NONE, r"(?!-)", _BARE),
    _form("-u --user", rf"((?<!\S)(?:-u|--user)[ =]{_QUOTE}[^\s:\"']{{1,100}}:)", _NONE, r"(?!\d+(?:\s|$))", _BARE),
    _form("login machine", r"((?:login|machine)[ \t]{1,8}\S{1,200}[ \t]{1,8}password[ \t]{1,8})", _NONE, _BARE),
    _form(
        "authorization",
        rf"(\bauthorization{_QUOTE}[ \t]{{0,4}}[:=][ \t\[@(]{{0,4}}{_QUOTE}(?:(?:basic|bearer|token|negotiate)[ \t]{{1,4}})?)",
        _NONE,
        r"(?!(?:basic|bearer)\b)",
        _BARE,
    ),
    _form("basic bearer", r"(\b(?:basic|bearer)[ \t]{1,4})(?=[A-Za-z+/_.~-]{0,200}[0-9+/=])[A-Za-z0-9+/_.~-]{12,}+=*+"),
    _form("cookie", r"((?<![\w-])(?:set-)?cookie:[ \t]{0,4}+)(?!REDACTED)[^\n\"']++"),
    # password: text, DB_PASSWORD=text, "apiToken": "some text", auth: dXNlcjpwYXNz, X-Amz-Signature=text.
    _form(
        _NAMED,
        rf"({_PROSE}{_NAMES}{_QUOTE}[ \t]{{0,4}}(?:=>|:=|=(?!=)|:(?=[ \t\"'\\&]))[ \t]{{0,20}}{_TAGGED})",
        rf"(?![|>][+-]?\d?[ \t]*+$){_VALUE}",
    ),
    _form("auth", rf"((?<![a-z])auth{_QUOTE}[ \t]{{0,4}}(?:=|:(?=[ \t\"'\\&]))[ \t]{{0,20}})(?![|>][ \t]*+$){_VALUE}"),
    # x-api-key = ["text", "text"]
    _form(
        f"{_NAMED} auth",
        rf"((?:{_NAMES}|(?<![a-z])auth(?:orization)?){_QUOTE}[ \t]{{0,4}}[=:][ \t]{{0,8}}\[[ \t]{{0,8}}[\"'])(?!REDACTED)",
        r"[^\]\n]{1,400}(?=[\"'][ \t]{0,8}\])",
    ),
    _form("sig", rf"((?:signature|(?<![a-z])sig){_QUOTE}=)", _NONE, _BARE),
    _form("</", rf"(<[\w:.-]{{0,40}}(?:{_LONG_NAMES})>)(?!REDACTED)[^<\n]{{1,400}}+(?=</)"),
    # Tokens with a recognisable prefix.
    _form("eyj", r"()\beyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]*+", ignore_case=False),
    _form(
        "ghp_ gho_ ghs_ github_pat_ glpat- dckr_pat_ npm_ hvs. xox akia",
        r"()\b(?:gh[pos]_[A-Za-z0-9]{20,}+|github_pat_\w{20,}+|glpat-[\w-]{16,}+|dckr_pat_[\w-]{16,}+|npm_[A-Za-z0-9]{20,}+"
        r"|hvs\.[\w-]{16,}+|xox[bpas]-[\w-]{10,}+|AKIA[0-9A-Z]{16}\b)",
        ignore_case=False,
    ),
)
_WIDE = tuple(form for form in FORMS if form.is_wide and form.words != tuple(_NAMED.split()))
# A key with its value on the lines below it. These patterns are slow, so they run only on the passages of such keys.
VALUE_BELOW = tuple(form for form in FORMS if form.is_wide and form.words == tuple(_NAMED.split()))
_NARROW = tuple(form for form in FORMS if not form.is_wide)
_FORMS_OF: dict[str, list[int]] = {}  # the indexes of the narrow forms that have a word
for _number, _one in enumerate(_NARROW):
    for _word in _one.words:
        _FORMS_OF.setdefault(_word, []).append(_number)


def without_forms(text: str) -> str:
    """Return the text with every secret in one of the forms replaced by `REDACTED`. The number of lines stays the same."""
    small = text.lower()
    if not [word for word in _WORDS if word in small] and ".header" not in small:
        return text
    for form in _WIDE:
        if "\n" in text and _may_have(form, small):
            text = form.pattern.sub(_replaced, text)
    text = _without_values_below(text)
    if ".header" in small and "\n" in text:
        text = _without_headers(text)
    forms = [form for form in _NARROW if _may_have(form, small)]
    if len(text) <= _LONG or not forms:
        return _narrow(text, small, forms)
    return "\n".join(_narrow(line, line.lower(), forms) for line in text.split("\n"))


def _without_headers(text: str) -> str:
    """Return a hosts.toml without the values in its header tables, because any header may be a login."""
    lines, is_header = text.split("\n"), False
    for number, line in enumerate(lines):
        bare = line.strip()
        if bare.startswith("["):
            is_header = ".header" in bare.lower()
        name, equals, value = line.partition("=")
        if is_header and equals and value.strip() and REDACTED not in value:
            lines[number] = f'{name}= ["{REDACTED}"]' if value.strip().startswith("[") else f'{name}= "{REDACTED}"'
    return "\n".join(lines)


def _narrow(text: str, small: str, forms: list[SecretForm]) -> str:
    for form in forms:
        if _may_have(form, small):
            text = form.pattern.sub(_replaced, text)
    return text


def _may_have(form: SecretForm, small: str) -> bool:
    return any(word in small for word in form.words)


_WORDS = tuple(dict.fromkeys(word for form in FORMS for word in form.words))


def found_in(text: str) -> Iterator[str]:
    """Yield each secret in one of the forms, without its quotes. A secret of several lines yields each line."""
    small = text.lower()
    if len(small) != len(text):  # a few letters have more characters in lower case, so positions would differ
        small = text
    for begin, end, forms in _suspects(small):
        part = text[begin:end]
        for form in forms:
            yield from (_bare(match)[1] for match in form.pattern.finditer(part))
    parts = [(form, text[begin:end]) for begin, end in passages(text) for form in VALUE_BELOW]
    parts += [(form, text) for form in _WIDE[1:] if _may_have(form, small)]
    for form, part in parts:
        yield from (line.strip() for match in form.pattern.finditer(part) for line in _bare(match)[1].splitlines())


def _suspects(small: str) -> Iterator[tuple[int, int, list[SecretForm]]]:
    """Yield start, end and forms of each line that contains a word of a form. Each word is searched once in the text."""
    found: dict[int, tuple[int, set[int]]] = {}
    for word, numbers in _FORMS_OF.items():
        at = small.find(word)
        while at >= 0:
            begin = small.rfind("\n", 0, at) + 1
            end = small.find("\n", at)
            end = len(small) if end < 0 else end
            found.setdefault(begin, (end, set()))[1].update(numbers)
            at = small.find(word, end)
    for begin, (end, used) in sorted(found.items()):
        yield begin, end, [_NARROW[number] for number in sorted(used)]


def passages(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each line that ends with a key of a secret, together with the lines below it that are its value.

    Passages do not overlap. One that begins inside another is part of it: the lines below it are indented deeper, or it is
    the last line there.
    """
    small = text.lower()
    if len(small) != len(text):
        yield 0, len(text)
        return
    begins: dict[int, int] = {}
    for word in VALUE_BELOW[0].words:
        at = small.find(word)
        while at >= 0:
            end = text.find("\n", at)
            if end < 0:
                break
            if _opens(text, at, end):
                begins[text.rfind("\n", 0, at) + 1] = end
            at = small.find(word, end)
    start, last = 0, 0
    for begin, end in sorted(begins.items()):
        if begin >= last:
            if last:
                yield start, last
            start, last = begin, _end_of_block(text, end)
        elif end == last:  # the last line of a passage, whose value is below the passage
            last = _end_of_block(text, end)
    if last:
        yield start, last


def _opens(text: str, at: int, end: int) -> bool:
    """Return whether the line that ends at `end` may have its value below it."""
    tail = text[at:end].rstrip(" \t\r")
    return tail.endswith(":") or tail[-1:] in {"|", ">", "+", "-"} or tail[-1:].isdigit()


def _end_of_block(text: str, end: int) -> int:
    """Return the end of the lines after `end` that begin with the indentation of the first one."""
    first = text[end + 1 : end + 202]
    indent = first[: len(first) - len(first.lstrip(" \t"))]
    while indent and text.startswith(indent, end + 1):
        following = text.find("\n", end + 1)
        end = len(text) if following < 0 else following
    return end


def _without_values_below(text: str) -> str:
    """Return the text without the values on the lines below their keys."""
    parts, last = [], 0
    for begin, end in passages(text):
        part = text[begin:end]
        for form in VALUE_BELOW:
            part = form.pattern.sub(_replaced, part)
        parts += [text[last:begin], part]
        last = end
    return "".join([*parts, text[last:]])


def _bare(match: re.Match[str]) -> tuple[str, str]:
    """Return the quotes before a secret, and the secret."""
    whole = match[0][len(match[1]) :]
    bare = whole.lstrip("\\")
    for quote in ('"', "'", "&quot;", "&#34;", "&#39;", "&#x27;"):
        if bare.startswith(quote):
            at = len(whole) - len(bare) + len(quote)
            return whole[:at], whole[at:]
    return "", whole


def _replaced(match: re.Match[str]) -> str:
    """Return the replacement: the text before the secret, the quote, and a note for each line of the secret."""
    opening, secret = _bare(match)
    first, *rest = secret.split("\n")
    lines = [REDACTED if first.strip() else first, *(_line(line) for line in rest)]
    return f"{match[1]}{opening}{chr(10).join(lines)}"


def _line(line: str) -> str:
    return line[: len(line) - len(line.lstrip())] + REDACTED if line.strip() else line
