"""Find the archives at a path, and detect whether one has changed since it was read."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from auditor.collectors.archives.expanding import compression_of
from auditor.collectors.archives.regular_files import UnreadableArchive, files_below, open_regular, unreadable
from auditor.oci.defects import Unusable
from auditor.oci.tar import BLOCK, is_header

MAX_ARCHIVES: Final = 1_000
MAX_FOLDERS: Final = 20_000
MAX_DEPTH: Final = 4


def archives_in(path: Path) -> list[Path]:
    """Return the archives at a path: the path itself (a file, or a folder that is an archive), or those in the folder, in
    order.

    Raises UnreadableArchive if the operating system refuses, or if a folder holds too many archives.
    """
    try:
        if not path.is_dir():
            os.stat(path)  # noqa: PTH116 - only to raise when it is not there
            return [path]
        return list(_below(path))
    except OSError as error:
        raise unreadable(path, error) from error


def seal_of(path: Path) -> str:
    """Return a digest of names, sizes, times and inodes. It changes with the archive, even if the mtime is kept.

    Raises UnreadableArchive.
    """
    seal = hashlib.sha256()
    try:
        info = path.stat()
        if not stat.S_ISDIR(info.st_mode):
            return hashlib.sha256(_marks(info).encode()).hexdigest()
        for found in files_below(path):
            seal.update(f"{found.name}\0{found.info.st_mode} {_marks(found.info)}\n".encode())
    except OSError as error:
        raise unreadable(path, error) from error
    except Unusable as error:
        seal.update(error.detail.encode())
    return seal.hexdigest()


def _marks(info: os.stat_result) -> str:
    """Return size, times and inode of a file. Every write changes the ctime; a copy tool can set only the mtime."""
    return f"{info.st_size} {info.st_mtime_ns} {info.st_ctime_ns} {info.st_ino}"


def is_folder_archive(path: Path) -> bool:
    """Return whether a folder itself is an archive: an OCI layout, a Hauler store, or the output of skopeo `dir:`."""
    names = {name for name in ("index.json", "oci-layout", "manifest.json", "version") if (path / name).is_file()}
    return bool({"index.json", "oci-layout"} & names) or names >= {"manifest.json", "version"}


def _below(folder: Path) -> Iterator[Path]:
    count = folders = 0
    left = [(folder, 0)]
    while left:
        place, level = left.pop()
        folders += 1
        inner, found = ([], [place]) if is_folder_archive(place) else _listed(place)
        count += len(found)
        if count > MAX_ARCHIVES or folders > MAX_FOLDERS:
            raise UnreadableArchive(
                f"{folder}: more than {MAX_ARCHIVES:,} archives or {MAX_FOLDERS:,} folders", "name the archives individually"
            )
        yield from found
        if level < MAX_DEPTH:
            left += [(path, level + 1) for path in reversed(inner)]


def _listed(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the folders and the archive files in a folder. Links to folders are not followed, because they may be circular."""
    folders, files = [], []
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            folders += [] if path.is_symlink() else [path]
        elif path.is_file() and _looks_like_archive(path):
            files.append(path)
    return folders, files


def _looks_like_archive(path: Path) -> bool:
    with open_regular(str(path), follow=True) as file:
        start = file.read(BLOCK)
    return bool(compression_of(start)) or is_header(start)
