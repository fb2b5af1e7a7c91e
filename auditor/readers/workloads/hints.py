"""Images that an object names outside its pod fields: custom resources, variables, arguments, annotations.

Each hint states how it is known and how certain it is. Images of pods are left out, so that nothing is counted twice. The rules
were measured on real charts and manifests: each one finds at least ten correct images per wrong one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.located import Marked
from auditor.oci.reference import Reference
from auditor.readers.demands import Certainty, Mechanism
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
from auditor.readers.workloads.split_fields import composed, composed_variable, named_image

MOST = 10_000  # in one object
_MAX_SCRIPT = 64 * 1024
_SCHEMA = "CustomResourceDefinition"
_PASSED_OVER = frozenset({"labels", "matchLabels", "managedFields", "nodeSelector", "openAPIV3Schema", "selector"})
# Keys next to `image` that only containers have. Argo Workflows, Tekton and others have containers without a name.
_OF_CONTAINERS = frozenset({"args", "command", "script", "source", "workingDir"})
_DISKS = frozenset({"containerDisk"})  # KubeVirt: a volume whose disk is an image
_INHERITED = frozenset({"hub", "base"})  # keys of a registry for the images below
_REPOSITORIES = ("_REPOSITORY", "_REPO")  # variables with a name to which the operator adds a version
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,127}")
_OPERATOR_OWN = "containerImage"  # an annotation of ClusterServiceVersions that repeats the operator's own image


@dataclass(frozen=True, slots=True)
class Hint:
    """A value that names an image: its location, the path of its field, its text, and its reference if it is whole."""

    at: Marked
    field: str
    text: str
    reference: Reference | None = None
    mechanism: Mechanism = Mechanism.FIELD
    certainty: Certainty = Certainty.STATED


def hints_in(item: Marked, *, pods_are_read: bool = True) -> Iterator[Hint]:
    """Yield every hint of an object, in file order, each value once. `pods_are_read` is False if pod specs are only text."""
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
    """One pass over an object. `_read`: the values that are certainly images of pods.

    `_composed`: bare names that became whole references with a registry from a parent.
    """

    def __init__(self, pods_are_read: bool) -> None:
        self._pods_are_read = pods_are_read
        self._read: set[int] = set()
        self._composed: set[int] = set()

    def value(self, here: Marked, path: str, key: str) -> Iterator[Hint]:
        if isinstance(here.value, dict):
            yield from self._mapping(here, path, key)
        elif isinstance(here.value, list):
            yield from self._list(here, path, key)
        elif isinstance(here.value, str) and id(here) not in self._read:
            is_named = key_names_image(key)
            found = loose_reference(here.text) if is_named else strict_reference(here.text)
            if found is not None:
                sure = Certainty.STATED if is_named else Certainty.POSSIBLE
                yield Hint(here, path, here.text.strip(), found, certainty=sure)

    def _mapping(self, here: Marked, path: str, key: str) -> Iterator[Hint]:
        if self._pods_are_read and is_pod_spec(here):
            self._read.update(map(id, read_images(here)))
        if key == "metadata":
            yield from _annotations(here, path)
            return
        inherited = tuple(self._inherited(here, path)) if not _INHERITED.isdisjoint(here.mapping) else ()
        yield from inherited
        for at, name, text, reference in composed(here, in_list=path.endswith("]")):
            if id(at) not in self._composed and (reference is not None or not inherited):
                yield Hint(at, _join(path, name), text, reference, Mechanism.PARTS)
        if key_names_image(key) and (named := named_image(here)) is not None:
            yield Hint(named[0], _join(path, "name"), named[1], named[2], Mechanism.PARTS)
        for name, value in here.items():
            if name in _PASSED_OVER or (name == "status" and not path):
                continue
            if not isinstance(value.value, dict | list | str):
                continue  # numbers, booleans and nulls name no image
            is_image = name == "reference" and key_names_image(key)  # `image: {reference: …}`, as in image volumes
            yield from self.value(value, _join(path, name), key if is_image else name)
        image = here.get("image")
        if (
            image is not None
            and isinstance(image.value, str)
            and id(image) not in self._read
            and _is_container(here, path, key)
        ):
            bare = bare_reference(image.text)
            if bare is not None:
                yield Hint(image, _join(path, "image"), image.text.strip(), bare)

    def _inherited(self, here: Marked, path: str) -> Iterator[Hint]:
        """Yield bare image names that inherit their registry, and often their tag, from a parent mapping.

        Istio's values have `hub` and `tag` side by side. Piraeus has `base` next to `components`, each with its own tag.
        """
        base = here.text_at("hub") or (here.text_at("base") if here.get("components") is not None else "")
        if not base or "://" in base or not (here.text_at("tag") or here.get("components") is not None):
            return
        waiting = [(value, _join(path, key), here.text_at("tag")) for key, value in here.items()]
        while waiting:
            below, field, tag = waiting.pop()
            if below.get("hub") is not None or below.get("base") is not None:
                continue
            tag = below.text_at("tag") or tag
            image = below.get("image")
            if image is not None and isinstance(image.value, str) and _NAME.fullmatch(image.text) and tag:
                text = f"{base.rstrip('/')}/{image.text}:{tag}"
                if (found := loose_reference(text)) is not None:
                    self._composed.add(id(image))
                    yield Hint(image, _join(field, "image"), text, found, Mechanism.PARTS)
            waiting.extend((value, _join(field, key), tag) for key, value in below.items() if value.mapping or value.list)
            waiting.extend((value, f"{field}[{number}]", tag) for number, value in enumerate(below.list) if value.mapping)

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


def _is_container(mapping: Marked, path: str, key: str) -> bool:
    """Return whether a mapping with `image` has the form of a container, so that a name such as `busybox` is an image."""
    if mapping.text_at("name") and path.endswith("]"):  # an item of a list, like containers
        return True
    return key in _DISKS or not _OF_CONTAINERS.isdisjoint(mapping.mapping)


def _annotations(metadata: Marked, path: str) -> Iterator[Hint]:
    annotations = metadata.get("annotations")
    for name, value in annotations.items() if annotations is not None else ():
        if key_names_image(name) and name != _OPERATOR_OWN and (found := loose_reference(value.text)) is not None:
            field = f"{path}.annotations[{name}]"
            yield Hint(value, field, value.text.strip(), found, Mechanism.ANNOTATION, Certainty.CONFIGURED)


def variable_hints(name: str, value: Marked, path: str, beside: dict[str, str]) -> Iterator[Hint]:
    """Yield the hint of a variable or a flat key; `beside` holds the texts of its neighbours, which may contain its tag."""
    text = value.text
    if not text or len(text) > _MAX_SCRIPT:
        return
    is_named = variable_names_image(name) or key_names_image(name)
    if is_named and (whole := composed_variable(name, text, beside)) is not None:
        yield Hint(value, path, str(whole), whole, Mechanism.VARIABLE, Certainty.CONFIGURED)
        return
    if (
        is_named
        and name.endswith(_REPOSITORIES)
        and (found := loose_reference(text))
        and not (found.digest or found.explicit_tag)
    ):
        tagged = (f"{text.strip()}:", f"{text.strip()}@")
        if not any(other.strip().startswith(tagged) for other in beside.values()):
            yield Hint(value, path, text.strip(), None, Mechanism.VARIABLE, Certainty.CONFIGURED)
        return
    is_text = "\n" in text.strip()
    for word in (text.strip(), *words_of(_without_comments(text) if is_text else text)):
        found = loose_reference(word) if is_named and ("/" in word or word == text.strip()) else strict_reference(word)
        if found is not None and is_text and not (found.digest or found.explicit_tag):
            continue  # a registry and a path among other words are not an image
        if found is not None:
            sure = Certainty.CONFIGURED if is_named or word == text.strip() else Certainty.POSSIBLE
            yield Hint(value, path, word, found, Mechanism.VARIABLE, sure)


def _without_comments(text: str) -> str:
    """Return a text without the lines that are comments of YAML or a shell."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def _arguments(words: list[Marked], path: str) -> Iterator[Hint]:
    """Yield flags with an image as their value, in the same word or the next one, and whole references in any word."""
    flag_before = ""
    for word, following in zip(words, [*words[1:], None], strict=False):
        before, flag_before = flag_before, ""
        if len(word.text) > _MAX_SCRIPT:
            continue
        flag, equals, value = word.text.partition("=")
        is_flag = flag.startswith("-") and " " not in flag
        at = f"{path}[{flag if is_flag else before}]" if is_flag or before else path
        if is_flag and not equals:
            flag_before = flag
        if is_flag and variable_names_image(flag):
            found = loose_reference(value if equals else following.text if following is not None else "")
            if found is not None and not equals:
                continue  # the next word is read as this flag's value
            if found is not None:
                yield Hint(word, at, value.strip(), found, Mechanism.ARGUMENT, Certainty.CONFIGURED)
                continue
            if key_names_image(flag) and ("/" in value or ":" in value) and _is_template(value):
                yield Hint(word, at, value, None, Mechanism.ARGUMENT, Certainty.CONFIGURED)
        if before and variable_names_image(before) and (found := loose_reference(word.text)) is not None:
            yield Hint(word, at, word.text.strip(), found, Mechanism.ARGUMENT, Certainty.CONFIGURED)
            continue
        yield from _references_in(word, at, before, value if is_flag else "")


def _references_in(word: Marked, path: str, before: str, value: str) -> Iterator[Hint]:
    """Yield the whole references among the words of one argument. Those of flags are configured, also in a shell command."""
    for word_text in words_of(word.text):
        text = word_text
        flag, equals, inner = text.partition("=")
        if equals and flag.startswith("-") and variable_names_image(flag):
            found, text = loose_reference(inner.strip("\"'")), inner.strip("\"'")
            is_configured = True
        else:
            found = strict_reference(text)
            is_configured = text == value or (text == word.text.strip() and bool(before))
        if found is not None:
            sure = Certainty.CONFIGURED if is_configured else Certainty.POSSIBLE
            yield Hint(word, path, text, found, Mechanism.ARGUMENT, sure)


def _is_template(text: str) -> bool:
    """Return whether a value contains an unfilled template; `$(NAME)` is a variable, which is read where it is set."""
    return "$(" not in text and bool(placeholder_in(text[:_MAX_SCRIPT]))
