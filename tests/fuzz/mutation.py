"""Mutations that keep some structure: of bytes, of lines, and of JSON and YAML values, from one random generator."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Callable, Sequence

import yaml

MAX_INPUT = 16 * 1024
_TOKEN = re.compile(rb"[\w.-]{2,40}|[^\w\s]")
# fmt: off
ODD = (
    *(b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b"\r", b"\t", b"\xc2\x85", b"\xe2\x80\xa8", b"\xed\xa0\x80"),
    *(b"-1", b"0", b"1e999", b"NaN", b"9" * 30, b"18446744073709551616", b"-9223372036854775809", b"0x", b"1:59:59", b".inf"),
    *(b"{{", b"}}", b"${", b"$(", b"`", b"%s", b"%0d%0a", b"../", b"//", b"\\", b"&a ", b"*a", b"<<: ", b"!!bool ", b"!!int "),
    *(b"@sha256:", b"sha256:" + b"0" * 64, b"sha512:", b"[::1]:", b"localhost.", b"xn--", b"[" * 40, b"{" * 40, b"(" * 40),
    *(b"null", b"true", b"[]", b"{}", b"---\n", b"...\n", b"%YAML 9.9\n", b"\\ud800", b"\\u0000", b"&", b"|", b">", b"#", b"?"),
    *(b": ", b'"', b"'", b"\xf0\x9f\x92\xa9"),
)
_ODD_VALUES: tuple[object, ...] = (
    *(None, True, False, 0, -1, 2**31, 2**63, 2**64, -(2**63) - 1, 1.5, 1e308, float("inf"), "", " ", "\x00", "\ud800"),
    *("a" * 300, "../x", "sha256:" + "f" * 64, "%0d%0a", [], {}, [[]], [None], {"": None}, {"a": {"a": {}}}, "é", "\u202e"),
)
# fmt: on

Mutation = Callable[[random.Random, bytes, Sequence[bytes]], bytes]


def _flip(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    made = bytearray(data)
    for _number in range(rng.choice((1, 1, 2, 8))):
        made[rng.randrange(len(made))] = rng.randrange(256)
    return bytes(made)


def _span(rng: random.Random, data: bytes) -> tuple[int, int]:
    begin = rng.randrange(len(data))
    return begin, min(len(data), begin + rng.choice((1, 2, 4, 16, 64, 256)))


def _delete(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    begin, end = _span(rng, data)
    return data[:begin] + data[end:]


def _repeat(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    begin, end = _span(rng, data)
    return data[:end] + data[begin:end] * rng.choice((1, 2, 10, 200)) + data[end:]


def _insert(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(ODD) + data[at:]


def _token(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """One word or sign replaced by one of another seed, or by an odd one."""
    found = list(_TOKEN.finditer(data[:4096]))
    if not found:
        return data
    taken = rng.choice(found)
    words = _TOKEN.findall(rng.choice(others)[:4096]) if rng.random() < 0.6 else []
    return data[: taken.start()] + (rng.choice(words) if words else rng.choice(ODD)) + data[taken.end() :]


def _cut(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _splice(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    other = rng.choice(others) or b"\n"
    return data[: rng.randrange(len(data) + 1)] + other[rng.randrange(len(other)) :]


def _lines(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """A line moved, doubled, dropped, indented, or taken from another seed."""
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    match rng.randrange(5):
        case 0:
            lines.insert(rng.randrange(len(lines)), lines.pop(at))
        case 1:
            lines[at:at] = [lines[at]] * rng.choice((1, 3, 50))
        case 2:
            del lines[at]
        case 3:
            lines[at] = rng.choice((b" ", b"  ", b"\t", b"- ", b"# ")) + lines[at]
        case _:
            lines.insert(at, rng.choice(rng.choice(others).split(b"\n")))
    return b"\n".join(lines)


def _structure(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """One value of a JSON or YAML document replaced, dropped, or nested."""
    if len(data) > 4096:
        return _token(rng, data, others)
    try:
        is_json = data.lstrip()[:1] in {b"{", b"["}
        value = json.loads(data) if is_json else yaml.load(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except Exception:  # noqa: BLE001 - PyYAML raises many kinds
        return _token(rng, data, others)
    places: list[tuple[dict[object, object] | list[object], object]] = []
    waiting = [value]
    while waiting and len(places) < 2000:
        here = waiting.pop()
        keys = list(here) if isinstance(here, dict) else range(len(here)) if isinstance(here, list) else ()
        for key in keys:
            places.append((here, key))
            waiting.append(here[key])
    if not places:
        return _token(rng, data, others)
    holder, key = rng.choice(places)
    match rng.randrange(4):
        case 0:
            del holder[key]  # type: ignore[arg-type]
        case 1:
            holder[key] = [holder[key]]  # type: ignore[index, call-overload]
        case 2:
            other = rng.choice(places)
            holder[key] = copy.deepcopy(other[0][other[1]])  # type: ignore[index, call-overload]
        case _:
            holder[key] = rng.choice(_ODD_VALUES)  # type: ignore[index, call-overload]
    try:
        return json.dumps(value, default=str, skipkeys=True).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):  # an anchor inside itself
        return data


_ALL: tuple[Mutation, ...] = (
    *(_flip, _delete, _repeat, _insert, _token, _token, _cut, _splice, _lines, _lines, _structure, _structure),
)
_BINARY: tuple[Mutation, ...] = (_flip, _flip, _delete, _repeat, _insert, _cut, _splice)


def mutated(rng: random.Random, seeds: Sequence[bytes], *, binary: bool = False) -> bytes:
    """A seed after one to four mutations."""
    data = rng.choice(seeds)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 4))):
        data = rng.choice(_BINARY if binary else _ALL)(rng, data or b"\n", seeds)
    return data[:MAX_INPUT]
