"""Write the custody list of a medium: every file with its SHA-256, and the images that archives hold."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from auditor import __version__
from auditor.collectors.archives import UnreadableArchive, archives_in, read_archive
from auditor.collectors.media import FoundFile, Medium, hash_files, list_medium, marks_of
from auditor.collectors.media.file_hashing import Progress
from auditor.custody.custody_list import (
    JSON_NAME,
    LIST_NAME,
    ArchiveFolder,
    CustodyList,
    HeldImage,
    ListedFile,
    to_json,
)
from auditor.custody.file_names import as_text
from auditor.custody.sums import to_list
from auditor.errors import UsageError
from auditor.pipeline.callbacks import Notice, no_notice
from auditor.pipeline.custody.small_files import exists
from auditor.text import shown

_RETRY = "Run the command when no other program writes to the medium."


@dataclass(frozen=True, slots=True)
class MadeList:
    """A custody list and its two files: the list of `sha256sum`, and JSON."""

    listed: CustodyList
    sums: bytes
    json: str
    sums_path: Path
    json_path: Path


def manifest_of(
    folder: Path,
    output: Path | None = None,
    *,
    replace: bool = False,
    images: bool = True,
    jobs: int = 0,
    progress: Progress | None = None,
    notice: Callable[[Notice], None] = no_notice,
) -> MadeList:
    """Return the custody list of a folder. Nothing is written. `output` is the folder for the list: the medium by default.

    Raises UsageError if a file cannot be read, or if a list exists and `replace` is not set.
    """
    place = output if output is not None else folder
    paths = place / LIST_NAME, place / JSON_NAME
    _refuse(folder, place, paths, replace=replace)
    medium = list_medium(folder.resolve(), frozenset(_place_of(path) for path in paths if path.is_file()))
    for name, kind in {**medium.others, **medium.unreadable}.items():
        raise UsageError(f"{folder / as_text(name)}: it cannot be listed: {kind}", "Remove it, or change its permissions.")
    digests = _digests(medium, jobs, progress)
    held = dict(_held(folder, medium, progress, notice)) if images else {}
    files = tuple(
        ListedFile(name, found.info.st_size, digests[name], held.pop(name, ("", ()))[1]) for name, found in medium.files.items()
    )
    folders = tuple(ArchiveFolder(name, form, found) for name, (form, found) in held.items())
    listed = CustodyList(files, folders, dict(medium.links))
    is_inside = place.resolve() == folder.resolve()
    rows = dict(digests)
    text = to_json(listed, __version__, None if is_inside else hashlib.sha256(to_list(rows.items())).hexdigest())
    if is_inside:
        rows[JSON_NAME] = hashlib.sha256(text.encode()).hexdigest()
    return MadeList(listed, to_list(rows.items()), text, *paths)


def _refuse(folder: Path, place: Path, paths: tuple[Path, ...], *, replace: bool) -> None:
    if not folder.is_dir():
        reason = "it is not a folder" if exists(folder) else "there is no such folder"
        raise UsageError(f"{folder}: {reason}", "Name the folder of the medium.")
    if not place.is_dir():
        raise UsageError(f"{place}: there is no such folder", "Create it, or leave `--output` out.")
    if place.resolve() != folder.resolve() and place.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"{place}: it is below {folder}", "Leave `--output` out, or name a folder outside.")
    for path in paths:
        if (exists(path) or path.is_symlink()) and not replace:
            raise UsageError(
                f"{path}: it exists already",
                f"Check the medium with `auditor verify {folder}`. `--replace` writes a new list for the present content.",
            )
        if path.is_symlink() or (exists(path) and not path.is_file()):
            raise UsageError(f"{path}: it is not a regular file", "Remove it.")


def _place_of(path: Path) -> tuple[int, int]:
    info = path.stat()
    return info.st_dev, info.st_ino


def _digests(medium: Medium, jobs: int, progress: Progress | None) -> dict[str, str]:
    digests = {}
    for hashed in hash_files(medium.files.values(), jobs, progress):
        if hashed.problem:
            raise UsageError(f"{as_text(hashed.found.path)}: {hashed.problem}", _RETRY)
        digests[hashed.found.name] = hashed.sha256
    return digests


def _held(
    folder: Path, medium: Medium, progress: Progress | None, notice: Callable[[Notice], None]
) -> Iterator[tuple[str, tuple[str, tuple[HeldImage, ...]]]]:
    """Yield the name, the format and the images of each archive."""
    root = folder.resolve()
    try:
        paths = archives_in(root)
    except UnreadableArchive as error:
        notice(Notice(f"the images of archives are not listed: {error.summary}"))
        return
    for path in paths:
        name = path.relative_to(root).as_posix()
        found = medium.files.get(name)
        if found is None and not path.is_dir():
            continue  # a link
        try:
            inventory = read_archive(path, progress=_named(progress, name)).inventory
        except UnreadableArchive as error:
            notice(Notice(f"{shown(name)}: its images are not listed: {error.summary}"))
            continue
        if found is not None:
            _refuse_changed(found)
        if inventory.format:
            yield name, (inventory.format, tuple(HeldImage(image.names, image.digest) for image in inventory.images))


def _named(progress: Progress | None, name: str) -> Callable[[int, int], None] | None:
    if progress is None:
        return None

    def read(done: int, total: int) -> None:
        progress(name, done, total)

    return read


def _refuse_changed(found: FoundFile) -> None:
    if marks_of(Path(found.path).stat()) != marks_of(found.info):
        raise UsageError(f"{as_text(found.path)}: it was changed while it was read", _RETRY)
