"""Hash files on all cores. Threads suffice, because reading and hashing release Python's lock."""

from __future__ import annotations

import collections
import hashlib
import io
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from auditor.collectors.archives.hashing import cores
from auditor.collectors.media.listing import FoundFile
from auditor.errors import strerror

Progress = Callable[[str, int, int], None]
Marks = tuple[int, int, int, int, int]
_CHUNK: Final = 512 * 1024  # stays in a core's cache between reading and hashing
_LARGE: Final = 32 * 1024 * 1024  # largest first; smaller files in the order of the folder, which suits disks
_SMALL: Final = 64 * 1024  # read at once
# A link, a pipe and a device that took the place of a file are not followed or waited for.
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
_TICK: Final = 0.1
_CHANGED: Final = "it was changed while it was read"


class HashedFile(NamedTuple):
    """The SHA-256 of one file, in hexadecimal digits. `problem` is the reason if the file could not be read."""

    found: FoundFile
    sha256: str
    problem: str = ""


def marks_of(info: os.stat_result) -> Marks:
    """Return size, times and place of a file. A file with other marks was changed or replaced."""
    return info.st_size, info.st_mtime_ns, info.st_ctime_ns, info.st_ino, info.st_dev


def hash_files(files: Iterable[FoundFile], jobs: int = 0, progress: Progress | None = None) -> Iterator[HashedFile]:
    """Yield the files as they are hashed, in any order, with `jobs` threads (0: one for each core)."""
    waiting = collections.deque(sorted(files, key=lambda found: -found.info.st_size if found.info.st_size >= _LARGE else 0))
    total = sum(found.info.st_size for found in waiting)
    crew = _Crew(waiting)
    threads = [threading.Thread(target=crew.work, daemon=True) for _ in range(min(jobs or cores(), len(waiting)))]
    left = len(waiting)
    for thread in threads:
        thread.start()
    name = ""
    try:
        while left:
            for hashed in crew.finished():
                left -= 1
                name = hashed.found.name
                yield hashed
            if progress is not None:
                progress(name, crew.done, total)
    finally:
        crew.stop.set()
        for thread in threads:
            thread.join()


class _Crew:
    """What the threads share."""

    def __init__(self, waiting: collections.deque[FoundFile]) -> None:
        self.stop = threading.Event()
        self.done = 0
        self._waiting = waiting
        self._finished: queue.SimpleQueue[HashedFile | BaseException] = queue.SimpleQueue()

    def work(self) -> None:
        """Hash until no file is left."""
        buffer = memoryview(bytearray(_CHUNK))
        while not self.stop.is_set():
            try:
                found = self._waiting.popleft()
            except IndexError:
                return
            try:
                self._finished.put(self._hashed(found, buffer))
            except BaseException as error:  # noqa: BLE001 - the thread that waits raises it again
                self._finished.put(error)
                return

    def finished(self) -> Iterator[HashedFile]:
        """Wait a moment for the next results, and yield all that are there."""
        timeout: float | None = _TICK
        while True:
            try:
                item = self._finished.get(timeout=timeout) if timeout else self._finished.get_nowait()
            except queue.Empty:
                return
            if isinstance(item, BaseException):
                raise item
            yield item
            timeout = None

    def _hashed(self, found: FoundFile, buffer: memoryview) -> HashedFile:
        try:
            handle = os.open(found.path, _FLAGS)
        except OSError as error:
            return HashedFile(found, "", strerror(error))
        try:
            expected = marks_of(found.info)
            if marks_of(os.fstat(handle)) != expected:  # not the regular file that was listed
                return HashedFile(found, "", _CHANGED)
            if found.info.st_size <= _SMALL:
                data = os.read(handle, found.info.st_size + 1)
                self.done += len(data)
                is_whole, digest = len(data) == found.info.st_size, hashlib.sha256(data)
            else:
                digest = hashlib.sha256()
                is_whole = self._read(handle, found.info.st_size, digest, buffer)
            if not is_whole or marks_of(os.fstat(handle)) != expected:
                return HashedFile(found, "", _CHANGED)
        except OSError as error:
            return HashedFile(found, "", strerror(error))
        finally:
            os.close(handle)
        return HashedFile(found, digest.hexdigest())

    def _read(self, handle: int, left: int, digest: hashlib._Hash, buffer: memoryview) -> bool:
        """Hash this many bytes. Return False if the file has fewer, or if the run ends."""
        with io.FileIO(handle, closefd=False) as file:
            while left and not self.stop.is_set():
                count = file.readinto(buffer[:left] if left < _CHUNK else buffer)
                if not count:
                    return False
                digest.update(buffer[:count])
                left -= count
                self.done += count  # threads can lose an update, which only the progress bar shows
        return not left
