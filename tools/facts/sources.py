"""The source of a project at its releases: a git clone with tags, or the zip files of a Go module."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from functools import cached_property
from pathlib import Path
from typing import Protocol

_MODULE_ZIP = re.compile(r"(v\d+\.\d+\.\d+(?:-[\w.]+)?)\.zip", re.ASCII)


class SourceError(Exception):
    """The source cannot be read: the message names the folder and what to do."""


class Source(Protocol):
    """A project whose files can be read at each of its releases."""

    def tags(self) -> tuple[str, ...]:
        """Return the names of all releases, unordered."""
        ...

    def commit(self, tag: str) -> str:
        """Return what identifies the content of a tag: the commit, or the checksum of the module."""
        ...

    def text(self, tag: str, path: str) -> str | None:
        """Return the text of a file at a tag, or None if the tag has no such file."""
        ...


class Clone:
    """A git clone, bare or with a work tree."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def tags(self) -> tuple[str, ...]:
        """Return the tags of the clone."""
        return tuple(self._git("tag", "--list").split())

    def commit(self, tag: str) -> str:
        """Return the commit that a tag names, all 40 digits."""
        return self._git("rev-parse", "--verify", "--end-of-options", f"refs/tags/{tag}^{{commit}}").strip()

    def text(self, tag: str, path: str) -> str | None:
        """Return the text of a file at a tag, or None if the tag has no such file."""
        if not self._git("ls-tree", "--name-only", f"refs/tags/{tag}", "--", path).strip():
            return None
        return self._git("cat-file", "blob", f"refs/tags/{tag}:{path}")

    def _git(self, *arguments: str) -> str:
        command = ["git", "-c", "safe.directory=*", "-C", str(self._folder), *arguments]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            raise SourceError(f"{self._folder}: git {arguments[0]} failed: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout.decode("utf-8", errors="replace")


class ModuleZips:
    """The downloads of one Go module: `v1.34.1.zip` and `v1.34.1.info`, as `go mod download` leaves them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def tags(self) -> tuple[str, ...]:
        """Return the versions that are there as zip files."""
        return tuple(match[1] for path in self._folder.iterdir() if (match := _MODULE_ZIP.fullmatch(path.name)))

    def commit(self, tag: str) -> str:
        """Return the commit that the module proxy states, else the checksum of the module (`h1:…`)."""
        info = json.loads((self._folder / f"{tag}.info").read_text("utf-8"))
        stated = info.get("Origin", {}).get("Hash", "")
        return stated or (self._folder / f"{tag}.ziphash").read_text("ascii").strip()

    def text(self, tag: str, path: str) -> str | None:
        """Return the text of a file of a version, or None if the version has no such file."""
        with zipfile.ZipFile(self._folder / f"{tag}.zip") as archive:
            prefix = archive.namelist()[0].partition(f"@{tag}/")[0] + f"@{tag}/"
            try:
                return archive.read(prefix + path).decode("utf-8", errors="replace")
            except KeyError:
                return None


class Cached:
    """A source that reads each file of a tag once."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._texts: dict[tuple[str, str], str | None] = {}

    @cached_property
    def _tags(self) -> tuple[str, ...]:
        return self._source.tags()

    def tags(self) -> tuple[str, ...]:
        """Return the names of all releases, unordered."""
        return self._tags

    def commit(self, tag: str) -> str:
        """Return what identifies the content of a tag."""
        return self._source.commit(tag)

    def text(self, tag: str, path: str) -> str | None:
        """Return the text of a file at a tag, or None if the tag has no such file."""
        key = tag, path
        if key not in self._texts:
            self._texts[key] = self._source.text(tag, path)
        return self._texts[key]


def open_source(folder: Path) -> Cached:
    """Open a clone or a folder of module zips. Raises SourceError if the folder is neither."""
    if not folder.is_dir():
        raise SourceError(f"{folder}: no such folder")
    if any(_MODULE_ZIP.fullmatch(path.name) for path in folder.iterdir()):
        return Cached(ModuleZips(folder))
    if (folder / ".git").exists() or (folder / "HEAD").is_file():
        return Cached(Clone(folder))
    raise SourceError(f"{folder}: neither a git clone nor the downloads of a Go module")
