"""Set values in a YAML file and keep the rest of its text.

Each result is parsed and compared with the expected values. If the text cannot be changed in place (flow style, anchors),
the whole document is written again: it keeps all keys but loses its comments.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from auditor.located import NotStructured, load_marked

Path = tuple[str, ...]
_STEP = 2


def with_values(data: bytes, changes: Iterable[tuple[Path, object]]) -> str | None:
    """Return the file with each value set at its path of keys, or None if the file is not a single readable mapping."""
    text = _text_of(data)
    for path, value in changes:
        text = _with_value(text, path, value) if text is not None else None
    return text


def _text_of(data: bytes) -> str | None:
    """Return the text of a file that is empty or a single mapping, else None."""
    try:
        documents = load_marked(data) if data.strip() else []
        if len(documents) > 1 or (documents and not isinstance(documents[0].value, dict)):
            return None
        text = data.decode("utf-8-sig")
        _loaded(text)
    except (NotStructured, ValueError):
        return None
    return text


def _loaded(text: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """Return the parsed value. Raises NotStructured."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        # PyYAML raises KeyError for `!!bool x`, IndexError for `!!int ''`, and AttributeError for `!!timestamp x`.
        raise NotStructured(f"not YAML: {type(error).__name__}") from error


def _with_value(text: str, path: Path, value: object) -> str | None:
    document = _loaded(text)
    wanted = _set(document if isinstance(document, dict) else {}, path, value)
    changed = _in_place(text, path, wanted)
    if changed is not None and _is(changed, wanted):
        return changed
    whole = yaml.safe_dump(wanted, sort_keys=False, allow_unicode=True)
    return whole if _is(whole, wanted) else None


def _set(document: dict[Any, Any], path: Path, value: object) -> dict[Any, Any]:
    """Return a copy of the document with the value at the path. Values on the path that are not mappings are replaced."""
    inner = document.get(path[0])
    new = value if len(path) == 1 else _set(inner if isinstance(inner, dict) else {}, path[1:], value)
    return {**document, path[0]: new}


def _is(text: str, wanted: dict[Any, Any]) -> bool:
    try:
        return bool(_loaded(text) == wanted) and len(load_marked(text.encode())) == 1
    except (NotStructured, RecursionError):
        return False


def _in_place(text: str, path: Path, wanted: dict[Any, Any]) -> str | None:
    """Return the text with only the lines of the value changed, or None if that is not possible."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if root is None or (isinstance(root, yaml.ScalarNode) and not str(root.value)):
        return _joined(text, len(text), _lines_of({path[0]: _at(wanted, path[:1])}, 0, text))
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        return None
    node, depth = root, 0
    while True:
        entry = next(((key, inner) for key, inner in node.value if str(key.value) == path[depth]), None)
        column = node.value[0][0].start_mark.column if node.value else 0
        if entry is None:
            added = _lines_of({path[depth]: _at(wanted, path[: depth + 1])}, column, text)
            return _joined(text, _end_of(text, node), added)
        key, inner = entry
        is_block = isinstance(inner, yaml.MappingNode) and not inner.flow_style and inner.value
        if depth == len(path) - 1 or not is_block:
            begin = key.start_mark.index - column
            lines = _lines_of({path[depth]: _at(wanted, path[: depth + 1])}, column, text)
            return text[:begin] + lines + text[_end_of(text, inner) :]
        node, depth = inner, depth + 1


def _at(document: dict[Any, Any], path: Path) -> object:
    found: Any = document
    for key in path:
        found = found[key]
    return found


def _end_of(text: str, node: yaml.Node) -> int:
    """Return the offset of the line after a node's last line. Comments and blank lines after the node are not part of it."""
    end = node.end_mark.index
    begin = node.start_mark.index
    lines = text[begin:end].split("\n")
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    last = begin + len("\n".join(lines))
    newline = text.find("\n", last)
    return len(text) if newline < 0 else newline + 1


def _joined(text: str, end: int, lines: str) -> str:
    before = text[:end]
    return before + ("" if not before or before.endswith("\n") else "\n") + lines + text[end:]


def _lines_of(value: object, column: int, text: str) -> str:
    dumped = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=False, indent=_STEP)
    lines = "".join(f"{' ' * column}{line}\n" for line in dumped.splitlines())
    return lines.replace("\n", "\r\n") if "\r\n" in text else lines
