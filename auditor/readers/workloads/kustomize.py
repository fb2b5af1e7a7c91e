"""Read kustomizations among manifests: the files that they name, and the changes that they may make.

The collector builds the kustomization that the plan names. One that only names files needs no build. Format:
kubernetes-sigs/kustomize api/types/kustomization.go.
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from auditor.located import Marked, NotStructured, load_marked
from auditor.oci.reference import InvalidReference, Reference, parse_reference
from auditor.plan.plan_paths import is_inside_any
from auditor.readers.lists.unknown import is_object
from auditor.text import listed, short

NAMES = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
# None of these changes an image or adds an object that runs one.
_HARMLESS = frozenset(
    {"apiVersion", "kind", "metadata", "resources", "namespace", "namePrefix", "nameSuffix", "commonLabels", "labels"}
    | {"commonAnnotations", "buildMetadata", "sortOptions"}
)
# These may change any image of the affected objects.
_PATCHING = frozenset(
    {"components", "patches", "patchesJson6902", "patchesStrategicMerge", "replacements", "transformers", "vars"}
)
_SHOWN = 5
MOST_NAMES = 2_000  # paths of one kustomization


@dataclass(frozen=True, slots=True)
class Kustomization:
    """One kustomization file: its folder, the local paths that it names, and entries that may change or add images.

    `renamed` are the repositories whose name, tag or digest it changes; `is_patching`: it may change any image.
    """

    path: str
    folder: str
    named: tuple[str, ...]
    changes: tuple[str, ...]
    error: str = ""
    renamed: frozenset[str] = frozenset()
    is_patching: bool = False


@dataclass(frozen=True, slots=True)
class Raw:
    """The changes that an unbuilt kustomization may make to a file."""

    renamed: frozenset[str]
    is_patching: bool

    def may_change(self, reference: Reference) -> bool:
        """Return whether the applied image may differ from the one in the file."""
        return self.is_patching or reference.repository in self.renamed


def is_kustomization(path: str) -> bool:
    """Return whether kustomize reads a file of that name by default."""
    return path.rpartition("/")[2] in NAMES


def unbuilt(paths: Collection[str], files: Mapping[str, bytes]) -> tuple[list[Kustomization], dict[str, Raw]]:
    """Return the kustomizations among `paths` with an unknown result, and every path that their build may read or change.

    Paths are normalised, as by `posixpath.normpath`. Files that only harmless kustomizations name stay plain manifests.
    """
    found = [_read(path, files[path]) for path in paths if is_kustomization(path)]
    folders = {one.folder: one for one in found}
    named = {path for one in found for path in one.named}
    objects = {path for path in paths if not is_kustomization(path) and is_object(files[path])}
    open_ones = [one for one in found if not _is_harmless(one, folders, named, paths, objects)]
    touched: dict[str, Raw] = {}
    for one in open_ones:
        for path in _reach(one, folders, paths):
            known = touched.get(path, Raw(frozenset(), is_patching=False))
            touched[path] = Raw(known.renamed | one.renamed, known.is_patching or one.is_patching or bool(one.error))
    return open_ones, touched


def named_paths(path: str, data: bytes) -> tuple[str, ...]:
    """Return every local path that a kustomization names, relative to the plan; empty if it is unreadable."""
    return _read(path, data).named


def _read(path: str, data: bytes) -> Kustomization:
    folder = posixpath.dirname(path) or "."
    try:
        documents = load_marked(data)
    except NotStructured as error:
        return Kustomization(path, folder, (), (), f"line {error.line}: {error}")
    if len(documents) != 1 or not documents[0].mapping:
        return Kustomization(path, folder, (), (), "it is not one YAML mapping")
    document = documents[0]
    named: list[str] = []
    remote: list[str] = []
    for number, text in enumerate(_paths(document)):
        if number >= MOST_NAMES:
            return Kustomization(path, folder, (), (), f"it names more than {MOST_NAMES:,} paths")
        local = posixpath.normpath(posixpath.join(folder, text))
        (remote if "://" in text or text.startswith("git@") or "?ref=" in text else named).append(local)
    changes = [f"{key}: {_said(key, value)}".rstrip(": ") for key, value in document.items() if key not in _HARMLESS]
    changes += [f"remote resource {short(text)}" for text in remote]
    is_patching = not _PATCHING.isdisjoint(document.mapping)
    return Kustomization(path, folder, tuple(named), tuple(changes), "", frozenset(_renamed(document)), is_patching)


def _renamed(document: Marked) -> Iterator[str]:
    """Yield the repositories whose images the field `images` changes."""
    images = document.get("images")
    for item in images.list if images is not None else ():
        try:
            yield parse_reference(item.text_at("name")).repository
        except InvalidReference:
            continue


def _paths(document: Marked) -> Iterator[str]:
    """Yield every text that may be a path: lists of them, and values under `path`, `files`, `envs` and similar."""
    waiting = [document]
    while waiting:
        here = waiting.pop()
        yield from (item.text for item in here.list if item.text and "\n" not in item.text)
        yield from (value.text for key, value in here.items() if key in {"path", "valuesFile"} and value.text)
        waiting.extend([*here.mapping.values(), *here.list])


def _said(key: str, value: Marked) -> str:
    """Return the first items of a key's value on one line."""
    if key == "images":
        items = [" ".join(f"{name}={part.text}" for name, part in item.items()) for item in value.list]
    else:
        items = [item.text or item.text_at("path") or item.text_at("name") for item in value.list]
    shown = [short(item) for item in filter(None, items)]
    return listed(shown, _SHOWN)


def _is_harmless(
    one: Kustomization,
    folders: Mapping[str, Kustomization],
    named: Collection[str],
    paths: Collection[str],
    objects: Collection[str],
) -> bool:
    """Return whether a kustomization equals its files: it changes nothing, and it names every object in its folder."""
    if one.error or one.changes or not one.named:
        return False
    if not all(path in paths or path in folders for path in one.named):
        return False
    beside = (path for path in objects if (posixpath.dirname(path) or ".") == one.folder)
    return all(path in named for path in beside)


def _reach(one: Kustomization, folders: Mapping[str, Kustomization], paths: Collection[str]) -> set[str]:
    """Return the files in its folder, and those that it names, with the kustomizations there, recursively."""
    reached: set[str] = set()
    waiting, seen = [one], {one.folder}
    while waiting:
        here = waiting.pop()
        roots = {here.folder, *here.named}
        reached.update(path for path in paths if "." in roots or is_inside_any(path, roots))
        for root in here.named:
            if root in folders and root not in seen:
                seen.add(root)
                waiting.append(folders[root])
    return reached
