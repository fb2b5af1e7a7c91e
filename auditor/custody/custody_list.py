"""The custody list in JSON: every file of a medium with its size, SHA-256 and images, and every symbolic link."""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from auditor.custody.envelope import json_object
from auditor.custody.file_names import as_text

VERSION: Final = 1
LIST_NAME: Final = "SHA256SUMS"
JSON_NAME: Final = "custody.json"
MAX_JSON: Final = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class HeldImage:
    """An image of an archive: the names that the archive gives it, and its digest."""

    names: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file: its name, its size in bytes, its SHA-256. `images` are those that it holds if it is an archive."""

    name: str
    size: int
    sha256: str
    images: tuple[HeldImage, ...] = ()


@dataclass(frozen=True, slots=True)
class ArchiveFolder:
    """A folder that is an archive as a whole, such as an OCI layout."""

    name: str
    format: str
    images: tuple[HeldImage, ...]


@dataclass(frozen=True, slots=True)
class CustodyList:
    """All of a medium. `links` maps symbolic links to targets."""

    files: tuple[ListedFile, ...]
    folders: tuple[ArchiveFolder, ...]
    links: Mapping[str, str]

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(file.size for file in self.files)

    @property
    def images(self) -> int:
        """The number of images in all archives."""
        return sum(len(file.images) for file in self.files) + sum(len(one.images) for one in self.folders)


def to_json(listed: CustodyList, tool_version: str, list_sha256: str | None) -> str:
    """Return the JSON form, one row on each line. `list_sha256` is that of the `sha256sum` list, if it does not cover this."""
    head = {
        "version": VERSION,
        "tool": {"name": "airgap-auditor", "version": tool_version},
        "list_sha256": list_sha256,
        "summary": {
            "files": len(listed.files), "bytes": listed.bytes, "links": len(listed.links), "images": listed.images,
        },
    }  # fmt: skip
    parts = [f'"{key}": {json.dumps(value)}' for key, value in head.items()]
    files = ({**_path(file.name), "size": file.size, "sha256": file.sha256, "images": _images(file)} for file in listed.files)
    folders = ({**_path(one.name), "format": one.format, "images": _images(one)} for one in listed.folders)
    links = ({**_path(name), "target": as_text(target)} for name, target in listed.links.items())
    parts += [_rows("files", files), _rows("folders", folders), _rows("links", links)]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _rows(key: str, rows: Iterable[dict[str, Any]]) -> str:
    lines = ",\n".join(json.dumps(row) for row in rows)
    return f'"{key}": [\n{lines}\n]' if lines else f'"{key}": []'


def _path(name: str) -> dict[str, str | None]:
    """Return the name as text, and as base64 of its bytes if the text does not stand for these bytes alone."""
    text, raw = as_text(name), os.fsencode(name)
    return {"path": text, "path_base64": None if text.encode() == raw else base64.b64encode(raw).decode("ascii")}


def _images(one: ListedFile | ArchiveFolder) -> list[dict[str, Any]]:
    return [{"names": list(image.names), "digest": image.digest} for image in one.images]


@dataclass(frozen=True, slots=True)
class StatedMedium:
    """What a custody list in JSON adds to the list of `sha256sum`: sizes and links, by name."""

    sizes: Mapping[str, int]
    links: Mapping[str, str]
    list_sha256: str | None


def from_json(data: bytes) -> StatedMedium:
    """Parse a custody list. Raises ValueError with the reason."""
    document = json_object(data)
    if document.get("version") != VERSION:
        raise ValueError(f"it is not a custody list of version {VERSION}")
    sizes = {name: row["size"] for name, row in _named(document, "files") if isinstance(row.get("size"), int)}
    links = {name: str(row.get("target")) for name, row in _named(document, "links")}
    stated = document.get("list_sha256")
    return StatedMedium(sizes, links, stated if isinstance(stated, str) else None)


def _named(document: Mapping[str, Any], key: str) -> Iterator[tuple[str, dict[str, Any]]]:
    rows = document.get(key)
    if not isinstance(rows, list):
        raise ValueError(f"its `{key}` are not a list")  # noqa: TRY004 - a value of a document, not of a caller
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("path"), str):
            raise ValueError(f"a row of `{key}` has no path")  # noqa: TRY004 - as above
        raw = row.get("path_base64")
        try:
            yield (os.fsdecode(base64.b64decode(raw, validate=True)) if isinstance(raw, str) else row["path"]), row
        except (binascii.Error, ValueError) as error:
            raise ValueError(f"a `path_base64` of `{key}` is not base64") from error
