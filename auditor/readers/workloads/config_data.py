"""Values of ConfigMaps and Secrets that name images: whole values, keys with "image", and YAML or JSON in a value.

A value may hold YAML that holds JSON again. Four levels are read, up to a number of bytes.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import replace

from auditor.located import Marked, NotStructured, load_marked
from auditor.readers.demands import Certainty, Mechanism
from auditor.readers.workloads.hints import Hint, hints_in, variable_hints
from auditor.readers.workloads.image_like import key_names_image, loose_reference
from auditor.readers.workloads.split_fields import composed

MAX_INNER = 1024 * 1024  # bytes of one object's values that are parsed again
_MAX_DEPTH = 4
_EXAMPLES = ("_example", ".example", ".md")
_MARKS = ("image", "hub", "repository", "registry")


def data_hints(item: Marked) -> Iterator[Hint]:
    """Yield every hint in the data of a ConfigMap or Secret."""
    reading = _Reading()
    for part in ("data", "stringData", "binaryData"):
        values = item.get(part)
        if values is None:
            continue
        if not isinstance(values.value, dict):
            continue
        for at, name, text, reference in composed(values):
            yield Hint(at, f"{part}.{name}", text, reference, Mechanism.DATA, Certainty.CONFIGURED)
        is_encoded = part == "binaryData" or (part == "data" and item.text_at("kind") == "Secret")
        beside = {key: value.text for key, value in values.items()}
        for key, value in values.items():
            text = _decoded(value.text) if is_encoded else value.text
            if text and not key.endswith(_EXAMPLES):
                plain = Marked(text, value.line, value.column, text)
                for hint in variable_hints(key, plain, f"{part}.{key}", beside):
                    is_whole = hint.text == text.strip()  # for a whole value, any key is accepted
                    sure = Certainty.CONFIGURED if is_whole else hint.certainty
                    yield replace(hint, mechanism=Mechanism.DATA, certainty=sure)
                yield from reading.inside(plain, f"{part}.{key}", 1)


def _decoded(text: str) -> str:
    """Return base64 as text, or an empty string if it is not base64 of text."""
    if len(text) > MAX_INNER:
        return ""
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return ""


class _Reading:
    """Reads structured text in values, within one limit for the whole object."""

    def __init__(self) -> None:
        self._left = MAX_INNER

    def inside(self, value: Marked, path: str, depth: int) -> Iterator[Hint]:
        """Yield the hints in YAML or JSON in a value; for other text, those of its lines `image: …`."""
        text = value.text
        if "\n" not in text and not text.lstrip().startswith(("{", "[")):
            return
        lowered = text.lower()
        if not any(mark in lowered for mark in _MARKS):
            return
        self._left -= len(text)
        if self._left < 0:
            yield Hint(value, path, "more text than is examined", None, Mechanism.DATA)
            return
        try:
            documents = load_marked(text.encode("utf-8", "replace"))
        except NotStructured:
            yield from _lines(value, path)
            return
        for document in documents:
            if not document.mapping and not document.list:
                yield from _lines(value, path)
                continue
            for hint in hints_in(document, pods_are_read=False):
                sure = Certainty.POSSIBLE if hint.certainty is Certainty.POSSIBLE else Certainty.CONFIGURED
                at, field = _outside(value, hint.at), f"{path}: {hint.field}"
                yield replace(hint, at=at, field=field, mechanism=Mechanism.DATA, certainty=sure)
            if depth < _MAX_DEPTH:
                for inner in _texts(document):
                    at = _outside(value, inner)
                    yield from self.inside(Marked(inner.value, at.line, at.column, inner.text), path, depth + 1)


def _texts(document: Marked) -> Iterator[Marked]:
    """Yield the scalars of a document that may hold documents."""
    waiting = [document]
    while waiting:
        here = waiting.pop()
        if isinstance(here.value, str) and ("\n" in here.text or here.text.startswith("{")):
            yield here
        waiting.extend([*here.mapping.values(), *here.list][::-1])


def _outside(value: Marked, inner: Marked) -> Marked:
    """Return the location of an inner value in the file. A block begins on the line after its key; else
    only the key is known."""
    return Marked(
        None, value.line + inner.line if "\n" in value.text else value.line, 1 if "\n" in value.text else value.column
    )


def _lines(value: Marked, path: str) -> Iterator[Hint]:
    """Yield the lines `image: reference` of a text that is not YAML, such as a template."""
    for number, line in enumerate(value.text.splitlines(), start=1):
        key, colon, rest = line.strip().removeprefix("- ").partition(":")
        if colon and len(key) < 80 and key_names_image(key.strip("\"' ")):
            text = rest.split(" #")[0].strip().strip("\"',")
            if (found := loose_reference(text)) is not None:
                at = _outside(value, Marked(None, number, 1))
                yield Hint(at, path, text, found, Mechanism.DATA, Certainty.CONFIGURED)
