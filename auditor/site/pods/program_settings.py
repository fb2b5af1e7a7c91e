"""The settings of a container or an object that facts ask about: variables, arguments, words, keys, fields, mounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from auditor.readers.pods.model import PodObject, PodProgram, PodText
from auditor.readers.pods.pod_commands import RunText
from auditor.readers.workloads.pod_kinds import values_at
from auditor.site.pods.command_downloads import assigned

_MAX_LINES = 20_000
_MAX_DEPTH = 30


@dataclass(frozen=True, slots=True)
class SettingValues:
    """The values of one setting. `is_open`: there may be one that the workloads do not show."""

    texts: tuple[str, ...] = ()
    is_open: bool = False


_NONE = SettingValues()
_OPEN = SettingValues(is_open=True)


@dataclass(slots=True)
class ProgramSettings:
    """The settings of one container, each read on first use."""

    program: PodProgram
    texts: Sequence[RunText]
    maps: Sequence[PodText] = ()
    _flags: dict[str, list[str]] | None = None
    _keys: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)  # by text
    _words: list[str] | None = field(default=None)

    def variable(self, name: str) -> SettingValues:
        """Return the value of a variable."""
        environment = self.program.environment
        if name in environment.values:
            value = environment.values[name]
            return _OPEN if value is None else SettingValues((value,)) if value else _NONE
        for text in self.texts:
            if (value := assigned(text.text, name)) is not None:
                return SettingValues((value,)) if value else _OPEN
        return _OPEN if environment.is_open else _NONE

    def words(self) -> list[str]:
        """Return every known word of the container's commands."""
        if self._words is None:
            lines = [piece.text for line in self.program.lines for piece in line.words]
            inner = [word.text for text in self.texts for command in text.commands for word in command.words if word.is_known]
            self._words = [*lines, *inner]
        return self._words

    def argument(self, flag: str) -> SettingValues:
        """Return the values of a flag; `true` for a flag without a value."""
        if self._flags is None:
            self._flags = {}
            words = self.words()
            for word, following in pairwise((*words, "-")):
                name, equals, value = word.partition("=")
                if word.startswith("-") and len(name) < 200:
                    self._flags.setdefault(name.lower(), []).append(
                        value if equals else "true" if following.startswith("-") else following
                    )
        if "*" in flag:
            named = [value for name, values in self._flags.items() if _matches(name, flag.lower()) for value in values]
            return SettingValues(tuple(dict.fromkeys(named)))
        return SettingValues(tuple(dict.fromkeys(self._flags.get(flag.lower(), ()))))

    def word(self, word: str) -> SettingValues:
        """Return the word if a command line has it."""
        return SettingValues((word,)) if word in self.words() else _NONE

    def after(self, word: str) -> SettingValues:
        """Return the words that follow a word, as the model after `serve`."""
        words = self.words()
        found = [following for before, following in pairwise(words) if before == word]
        return SettingValues(tuple(dict.fromkeys(one for one in found if not one.startswith("-"))))

    def key(self, name: str) -> SettingValues:
        """Return the values of a key in the ConfigMaps and Secrets of the pod. `section.key` also matches the parent."""
        parent, _, last = name.lower().rpartition(".")
        found: dict[str, None] = {}
        for text in self._texts_with(last):
            for above, key, value in self._keys_of(text):
                if key == name.lower() or (parent and key == last and above == parent):
                    found[value] = None
        return SettingValues(tuple(found), not found and bool(self.program.unknown_files))

    def _texts_with(self, word: str) -> Iterator[str]:
        """Yield each text of the pod's configuration that contains a word in any case."""
        pieces = (*self.program.settings, *self.maps, *(file.piece for file in self.program.files))
        for text in dict.fromkeys(piece.text for piece in pieces):
            if word in text.lower():
                yield text

    def _keys_of(self, text: str) -> list[tuple[str, str, str]]:
        if text not in self._keys:
            self._keys[text] = [(parent.lower(), key.lower(), value) for parent, key, value in keys_in(text)]
        return self._keys[text]

    def mount(self, path: str) -> SettingValues:
        """Return the paths of volumes at or above a path."""
        mounted = (*self.program.folders, *self.program.unknown_files, *(file.path for file in self.program.files))
        inside = path.rstrip("/")
        return SettingValues(tuple(at for at in mounted if at.rstrip("/") == inside or inside.startswith(f"{at.rstrip('/')}/")))

    def object_field(self, _path: str) -> SettingValues:
        """Return nothing: a container has no fields of a custom resource."""
        return _NONE


@dataclass(frozen=True, slots=True)
class ObjectSettings:
    """The fields of one custom resource."""

    item: PodObject

    def variable(self, _name: str) -> SettingValues:
        """Return nothing: an object has no environment."""
        return _NONE

    argument = word = after = mount = variable

    def key(self, name: str) -> SettingValues:
        """Return the texts at every path that ends with these keys; a key may contain dots itself."""
        found: list[str] = []
        waiting = [("", self.item.item)]
        while waiting and len(found) < _MAX_LINES:
            path, here = waiting.pop()
            if isinstance(here.value, dict | list):
                waiting += [(f"{path}.{key}", value) for key, value in here.items()]
                waiting += [(path, value) for value in here.list]
            elif here.value is not None and path.lower().endswith(f".{name.lower()}"):
                found.append(here.text)
        return SettingValues(tuple(dict.fromkeys(found)))

    def object_field(self, path: str) -> SettingValues:
        """Return the texts at a path of keys; `[]` after a key means each item of its list. A mapping counts as `set`."""
        found = [one for one in values_at(self.item.item, path) if one.value is not None]
        texts = ("set" if isinstance(one.value, dict | list) and one.value else one.text for one in found)
        return SettingValues(tuple(text for text in texts if text))


def _matches(name: str, pattern: str) -> bool:
    """Return whether a flag matches a pattern with `*` for single parts, or for the rest at the end."""
    parts, wanted = name.split("."), pattern.split(".")
    if wanted[-1] == "*":
        wanted = wanted[:-1]
        parts = parts[: len(wanted)] if len(parts) > len(wanted) else []
    return len(parts) == len(wanted) and all(want in {"*", part} for part, want in zip(parts, wanted, strict=True))


def keys_in(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield parent, key and value of each line of YAML, JSON, INI, TOML, or properties. Other lines yield nothing."""
    section = ""
    above: list[tuple[int, str]] = []
    for line in text.split("\n", _MAX_LINES)[:_MAX_LINES]:
        stripped = line.strip()
        if not stripped or stripped[0] in "#;" or len(line) > 4096:
            continue
        if stripped[0] == "[" and stripped.endswith("]"):
            section = stripped.strip('[] "')
            continue
        found = _split(stripped.removeprefix("- "))
        if found is None:
            continue
        key, value = found
        indent = len(line) - len(line.lstrip())
        while above and above[-1][0] >= indent:
            above.pop()
        parent = section or (above[-1][1] if above else "")
        if value in {"", "{"} and len(above) < _MAX_DEPTH:
            above.append((indent, key))
            continue
        yield parent, key, value


def _split(line: str) -> tuple[str, str] | None:
    """Return key and value of `key = value`, `key: value` or `"key": value,`."""
    positions = [at for sign in "=:" if (at := line.find(sign)) > 0]
    if not positions:
        return None
    at = min(positions)
    key = line[:at].strip().strip("\"'")
    if not key or len(key) > 200 or " " in key:
        return None
    value = line[at + 1 :].strip().rstrip(",").partition(" #")[0].strip()
    return key, value.strip("\"'")
