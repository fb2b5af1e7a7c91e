"""Values of an object that name images outside of the fields of its pods: custom resources, variables, arguments, annotations.

They are hints and no demands: whether an operator pulls what they name is not known. What is read as an image of a pod for
certain is left out, so that nothing is said twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from auditor.oci.reference import Reference
from auditor.plan.marked import Marked
from auditor.readers.lists.source import placeholder_in
from auditor.readers.workloads.image_like import (
    bare_reference,
    key_names_image,
    loose_reference,
    strict_reference,
    variable_names_image,
    words_of,
)
from auditor.readers.workloads.pod_specs import is_pod_spec, read_images
from auditor.readers.workloads.split_fields import composed, composed_variable

MOST = 10_000  # of one object
_MAX_SCRIPT = 64 * 1024
_SCHEMA = "CustomResourceDefinition"
_PASSED_OVER = frozenset({"labels", "matchLabels", "managedFields", "nodeSelector", "openAPIV3Schema", "selector"})
_OPERATOR_OWN = "containerImage"  # an annotation of ClusterServiceVersions that repeats the operator's own image


@dataclass(frozen=True, slots=True)
class Hint:
    """A value that looks like an image: where it stands, the path of its field, its text, and its reference if it is whole."""

    at: Marked
    field: str
    text: str
    reference: Reference | None = None


def hints_in(item: Marked, *, pods_are_read: bool = True) -> Iterator[Hint]:
    """Every hint of an object, in its order, each value once. `pods_are_read` is false where pod specs are only text."""
    if item.text_at("kind") == _SCHEMA:
        return
    walk = _Walk(pods_are_read)
    found: set[tuple[int, str]] = set()
    for hint in walk.value(item, "", ""):
        key = (id(hint.at), hint.text)
        if key not in found:
            found.add(key)
            yield hint
        if len(found) >= MOST:
            return


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


class _Walk:
    """One pass over an object. `_read`: the values that are images of pods for certain."""

    def __init__(self, pods_are_read: bool) -> None:
        self._pods_are_read = pods_are_read
        self._read: set[int] = set()

    def value(self, here: Marked, path: str, key: str) -> Iterator[Hint]:
        if isinstance(here.value, dict):
            yield from self._mapping(here, path, key)
        elif isinstance(here.value, list):
            yield from self._list(here, path, key)
        elif isinstance(here.value, str) and id(here) not in self._read:
            found = loose_reference(here.text) if key_names_image(key) else strict_reference(here.text)
            if found is not None:
                yield Hint(here, path, here.text.strip(), found)

    def _mapping(self, here: Marked, path: str, key: str) -> Iterator[Hint]:
        if self._pods_are_read and is_pod_spec(here):
            self._read.update(map(id, read_images(here)))
        if key == "metadata":
            yield from _annotations(here, path)
            return
        for at, name, text, reference in composed(here):
            yield Hint(at, _join(path, name), text, reference)
        for name, value in here.items():
            if name in _PASSED_OVER or (name == "status" and not path):
                continue
            yield from self.value(value, _join(path, name), name)
        image = here.get("image")
        if image is not None and here.text_at("name") and isinstance(image.value, str) and id(image) not in self._read:
            bare = bare_reference(image.text)
            if bare is not None and path.endswith("]"):  # an item of a list, as containers are
                yield Hint(image, _join(path, "image"), image.text.strip(), bare)

    def _list(self, here: Marked, path: str, key: str) -> Iterator[Hint]:
        words = [item for item in here.list if isinstance(item.value, str)]
        yield from _arguments(words, path)
        variables = {name: item for item in here.list if "value" in item.mapping and (name := item.text_at("name"))}
        beside = {name: item.text_at("value") for name, item in variables.items()}
        for name, item in variables.items():
            if (value := item.get("value")) is not None and id(value) not in self._read:
                yield from variable_hints(name, value, f"{path}[{name}]", beside)
        for number, item in enumerate(here.list):
            if isinstance(item.value, str) or (item.text_at("name") in variables and len(item.mapping) == 2):
                continue
            yield from self.value(item, f"{path}[{item.text_at('name') or number}]", key)


def _annotations(metadata: Marked, path: str) -> Iterator[Hint]:
    annotations = metadata.get("annotations")
    for name, value in annotations.items() if annotations is not None else ():
        if key_names_image(name) and name != _OPERATOR_OWN and (found := loose_reference(value.text)) is not None:
            yield Hint(value, f"{path}.annotations[{name}]", value.text.strip(), found)


def variable_hints(name: str, value: Marked, path: str, beside: dict[str, str]) -> Iterator[Hint]:
    """What a variable or a flat key names; `beside` are the texts of its neighbours, which may hold its tag."""
    text = value.text
    if not text or len(text) > _MAX_SCRIPT:
        return
    is_named = variable_names_image(name) or key_names_image(name)
    if is_named and (whole := composed_variable(name, text, beside)) is not None:
        yield Hint(value, path, str(whole), whole)
        return
    for word in (text.strip(), *words_of(text)):
        found = loose_reference(word) if is_named and ("/" in word or word == text.strip()) else strict_reference(word)
        if found is not None:
            yield Hint(value, path, word, found)


def _arguments(words: list[Marked], path: str) -> Iterator[Hint]:
    """Flags whose name says "image", with their value in the same word or the next; and whole references in any word."""
    is_value = False
    for word, following in zip(words, [*words[1:], None], strict=False):
        if is_value or len(word.text) > _MAX_SCRIPT:
            is_value = False
            continue
        flag, equals, value = word.text.partition("=")
        at = f"{path}[{flag}]" if flag.startswith("-") else path
        if flag.startswith("-") and variable_names_image(flag):
            text = value if equals else following.text if following is not None else ""
            found = loose_reference(text)
            is_value = not equals and found is not None
            if found is None and key_names_image(flag) and ("/" in text or ":" in text) and _is_template(text):
                yield Hint(word, at, text)
            if found is not None:
                yield Hint(word, at, text.strip(), found)
                continue
        for text in words_of(word.text):
            if (found := strict_reference(text)) is not None:
                yield Hint(word, at, text, found)


def _is_template(text: str) -> bool:
    """Whether a template was left in a value; `$(NAME)` is a variable, which is read where it is set."""
    return "$(" not in text and bool(placeholder_in(text[:_MAX_SCRIPT]))
