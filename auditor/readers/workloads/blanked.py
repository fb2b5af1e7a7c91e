"""Manifests for the evidence file: without the values of variables, arguments and Secrets that name no image.

Each value is replaced in place, so that lines and structure stay. The reader of manifests must find the same before and after,
which is checked. Otherwise the file stays unchanged, and only secrets that are found by form are replaced.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

import yaml

from auditor.located import Marked, NotStructured, iter_marked
from auditor.readers.pull_logins import CONFIG_JSON, DOCKERCFG, without_passwords
from auditor.readers.workloads.config_data import data_hints
from auditor.readers.workloads.hints import Hint, hints_in
from auditor.readers.workloads.pod_specs import pod_specs, read_images
from auditor.redaction import REDACTED, redact, redact_file

_TAGS = ("_TAG", "_VERSION")  # a variable next to one that names an image may hold its tag
_WORDS = ("args", "command")
_LONGEST_TAG = 128
_DATA = ("data", "stringData")
_NUMBERS = (":int", ":float", ":bool", ":null")
_HOLD = (b"env", b"args", b"command", b"Secret")
_ODD_BREAKS = ("\x85", "\u2028", "\u2029", "\x0c", "\x0b")  # some readers treat these as line breaks, others do not
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class _Blank:
    """A scalar to replace: its start and end, as line and column from 0, and the replacement."""

    node: yaml.ScalarNode
    text: str


def blanked(data: bytes) -> tuple[bytes, bool]:
    """Return the file without secrets by value and form, and whether it lost all values that no check needs.

    The second is False for a file that is not YAML or JSON, or if the reader of manifests would find something else afterwards.
    """
    if not any(mark in data for mark in _HOLD):
        return redact_file(data), True
    try:
        text = data.decode("utf-8")
        if any(odd in text for odd in _ODD_BREAKS) or "\r" in text.replace("\r\n", ""):
            return redact_file(data), False
        # Each pass holds one document, because a file may have very many.
        kept = {place for item in _objects(data) for place in _needed(item)}
        nodes = filter(None, yaml.compose_all(text, Loader=_Loader))  # an empty document has none
        blanks = {blank.node.start_mark.index: blank for node in nodes for blank in _blanks(node, kept)}
        made = redact_file(_written(text, list(blanks.values())).encode())
        if all(after == before for after, before in zip_longest(_found(made), _found(data))):
            return made, True
    except (NotStructured, UnicodeDecodeError, yaml.YAMLError, RecursionError):
        pass
    return redact_file(data), False


def _objects(data: bytes) -> Iterator[Marked]:
    """Yield the objects of a file, with lists expanded. Raises NotStructured."""
    for document in iter_marked(data):
        waiting = [document]
        while waiting:
            here = waiting.pop()
            items = here.get("items")
            if items is not None and here.text_at("kind").endswith("List"):
                waiting.extend(items.list[::-1])
            else:
                yield here


def _hints(item: Marked) -> Iterator[Hint]:
    yield from data_hints(item) if item.text_at("kind") in {"ConfigMap", "Secret"} else hints_in(item)


def _found(data: bytes) -> Iterator[tuple[str, str, int]]:
    """Yield field, text and line of everything that the reader of manifests finds in a file. Raises NotStructured."""
    for item in _objects(data):
        yield from ((hint.field, redact(hint.text), hint.at.line) for hint in _hints(item))
        images = (image for spec in pod_specs(item) for image in read_images(spec))
        yield from (("image", redact(image.text), image.line) for image in images)


def _needed(item: Marked) -> Iterator[tuple[int, int]]:
    """Yield line and column (from 1) of each value that names an image, or may hold the tag of one."""
    for hint in _hints(item):
        yield hint.at.line, hint.at.column
        if item.text_at("kind") == "Secret":  # values inside a value have computed positions, so use that of the key
            key = hint.field.partition(":")[0].partition(".")[2]
            for part in _DATA:
                if (value := item.get(part, key)) is not None:
                    yield value.line, value.column
    yield from ((image.line, image.column) for spec in pod_specs(item) for image in read_images(spec))


def _blanks(node: yaml.Node, kept: set[tuple[int, int]]) -> Iterator[_Blank]:
    waiting: list[yaml.Node] = [node]
    seen: set[int] = set()
    while waiting:
        here = waiting.pop()
        if id(here) in seen:  # an alias
            continue
        seen.add(id(here))
        if isinstance(here, yaml.SequenceNode):
            waiting.extend(here.value)
        if not isinstance(here, yaml.MappingNode):
            continue
        values = {str(key.value): value for key, value in here.value if isinstance(key, yaml.ScalarNode)}
        waiting.extend(value for _, value in here.value)
        if _text(values, "kind") == "Secret" and "apiVersion" in values:
            yield from _secret(values, kept)
        yield from (_Blank(one, REDACTED) for one in _variables(values) if _place(one) not in kept)
        for word in _words(values):
            if _place(word) not in kept:
                flag, equals, _ = word.value.partition("=")
                yield _Blank(word, f"{flag}={REDACTED}" if equals and flag.startswith("-") and _is_plain(flag) else REDACTED)


def _text(values: dict[str, yaml.Node], key: str) -> str:
    node = values.get(key)
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _is_plain(flag: str) -> bool:
    return flag.replace("-", "").replace(".", "").replace("_", "").isalnum()


def _place(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _secret(values: dict[str, yaml.Node], kept: set[tuple[int, int]]) -> Iterator[_Blank]:
    """Yield the data of a Secret. If a value names an image, the rest of it is searched for secrets, also in base64."""
    for part in _DATA:
        data = values.get(part)
        for key, value in data.value if isinstance(data, yaml.MappingNode) else ():
            if not isinstance(value, yaml.ScalarNode) or not str(value.value).strip():
                continue
            if registries := _registries(str(key.value), value, is_encoded=part == "data"):
                yield _Blank(value, registries)
            elif _place(value) not in kept:
                yield _Blank(value, REDACTED)
            elif part == "data" and (clean := _clean_base64(str(value.value))):
                yield _Blank(value, clean)


def _registries(key: str, value: yaml.ScalarNode, *, is_encoded: bool) -> str:
    """Return a login of a registry without user and password, or an empty string for a value of another kind.

    The names of the registries stay, because a pod needs an entry for the one that it pulls from.
    """
    if key not in {CONFIG_JSON, DOCKERCFG}:
        return ""
    try:
        plain = base64.b64decode("".join(str(value.value).split()), validate=True) if is_encoded else str(value.value)
        kept = without_passwords(plain, REDACTED, legacy=key == DOCKERCFG)
    except ValueError:
        return ""
    if is_encoded:
        return base64.b64encode(kept.encode()).decode("ascii")
    if value.style == '"':
        return kept.replace("\\", "\\\\").replace('"', '\\"')
    return kept.replace("'", "''") if value.style == "'" else kept


def _clean_base64(text: str) -> str:
    """Return the base64 of a text without its secrets, or an empty string if it has none."""
    try:
        plain = base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        return ""
    clean = redact_file(plain)
    return base64.b64encode(clean).decode("ascii") if clean != plain else ""


def _variables(values: dict[str, yaml.Node]) -> Iterator[yaml.ScalarNode]:
    """Yield the values under `env`, without those that may be the tag of a neighbouring image."""
    env = values.get("env")
    for one in env.value if isinstance(env, yaml.SequenceNode) else ():
        if not isinstance(one, yaml.MappingNode):
            continue
        inner = {str(key.value): value for key, value in one.value if isinstance(key, yaml.ScalarNode)}
        value = inner.get("value")
        if isinstance(value, yaml.ScalarNode) and str(value.value):
            is_tag = _text(inner, "name").endswith(_TAGS) and len(str(value.value)) <= _LONGEST_TAG
            if not is_tag:
                yield value


def _words(values: dict[str, yaml.Node]) -> Iterator[yaml.ScalarNode]:
    """Yield the words of arguments and commands that may hold anything: no flags without a value, no short numbers.

    The word after a flag that names an image stays, because the two are read together.
    """
    for key in _WORDS:
        words = values.get(key)
        is_image = False
        for word in words.value if isinstance(words, yaml.SequenceNode) else ():
            if not isinstance(word, yaml.ScalarNode):
                continue
            text = str(word.value)
            is_flag = text.startswith("-") and "=" not in text and len(text.split()) == 1 and len(text) <= 64
            if text and not is_flag and not is_image:
                yield word
            is_image = is_flag and any(mark in text.lower() for mark in ("image", "img", "container"))


def _written(text: str, blanks: list[_Blank]) -> str:
    """Return the text with each scalar replaced. The number of lines stays the same."""
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    offset = 1 if text.startswith("\ufeff") else 0
    parts: list[str] = []
    done = 0
    for blank in sorted(blanks, key=lambda one: one.node.start_mark.index):
        first, last = blank.node.start_mark, blank.node.end_mark
        begin = starts[first.line] + first.column + (offset if first.line == 0 else 0)
        end = starts[last.line] + last.column + (offset if last.line == 0 else 0)
        parts += (text[done:begin], _replacement(blank, text[begin:end]))
        done = end
    return "".join((*parts, text[done:]))


def _replacement(blank: _Blank, written: str) -> str:
    style = blank.node.style
    if not style and str(blank.node.tag).endswith(_NUMBERS):
        return "0"  # JSON allows no bare word
    if style in {"|", ">"}:
        head, _, body = written.partition("\n")
        indent = next((line[: len(line) - len(line.lstrip())] for line in body.split("\n") if line.strip()), " ")
        rest = body.split("\n")
        lines = [f"{indent}{blank.text}" if number == 0 else "" for number, _ in enumerate(rest[:-1])]
        return "\n".join([head, *lines, rest[-1] if not rest[-1].strip() else ""])
    quote = style if style in {'"', "'"} else ""
    return f"{quote}{blank.text}{quote}" + "\n" * written.count("\n")
