"""A DER parser for what the library in use does not parse: Microsoft's certificate trust lists, and parts of certificates that
it hides or rejects. Linear: nested elements are parsed on demand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

SEQUENCE, SET, OCTETS, OBJECT_ID = 0x30, 0x31, 0x04, 0x06
BOOLEAN, INTEGER, NULL = 0x01, 0x02, 0x05
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
MAX_LENGTH_OCTETS = 4


class NotDer(ValueError):
    """The bytes are not DER. `str(error)` gives the position."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its tag (low form only), its content, and the whole element with its header."""

    tag: int
    content: bytes
    whole: bytes = b""

    def only(self, tag: int) -> Element:
        """Return the element if it has that tag. Raises NotDer."""
        if self.tag != tag:
            raise NotDer(f"found tag {self.tag:#04x}, expected {tag:#04x}")
        return self

    @property
    def children(self) -> Iterator[Element]:
        """Yield the nested elements in order, parsed on demand. Raises NotDer."""
        return elements(self.content)


def elements(data: bytes) -> Iterator[Element]:
    """Yield the elements of `data`. Raises NotDer at the first invalid one."""
    position = 0
    while position < len(data):
        tag, begin, end = _header(data, position)
        yield Element(tag, data[begin:end], data[position:end])
        position = end


def _header(data: bytes, position: int) -> tuple[int, int, int]:
    """Return the tag, and the start and end of the content."""
    if position + 2 > len(data):
        raise NotDer(f"it ends inside the element at {position}")
    tag, length, begin = data[position], data[position + 1], position + 2
    if tag & 0x1F == 0x1F:
        raise NotDer(f"a tag number above 30 at {position}")
    if length >= 0x80:
        octets = length & 0x7F
        if not 0 < octets <= MAX_LENGTH_OCTETS or begin + octets > len(data):
            raise NotDer(f"unreadable length at {position}")
        length, begin = int.from_bytes(data[begin : begin + octets], "big"), begin + octets
    if begin + length > len(data):
        raise NotDer(f"the element at {position} is longer than its container")
    return tag, begin, begin + length


def dotted(content: bytes) -> str:
    """Return an object identifier as text. Raises NotDer."""
    if not content or content[-1] & 0x80 or len(content) > 64:
        raise NotDer("not an object identifier")
    numbers, value = [], 0
    for octet in content:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))
