"""Hash many files on all cores: the largest first, each read once. Threads suffice, because reading and
hashing free the lock."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple, Self

from auditor.collectors.archives.expanding import Allowance
from auditor.collectors.archives.measuring import DocumentLimit, Measuring, vouched_by_place
from auditor.collectors.archives.regular_files import open_regular
from auditor.oci.layouts.entries import Entry, promised_digest

Progress = Callable[[int, int], None]
_CHUNK: Final = 512 * 1024  # stays in a core's cache between reading and hashing
_TICK: Final = 0.1


class FileSlice(NamedTuple):
    """One file to hash: `size` bytes from `offset` of the file at `path`, under the name `name`."""

    name: str
    path: str
    offset: int
    size: int


class Handle:
    """The open file and the buffer of one thread. The next piece is mostly from the same file."""

    def __init__(self) -> None:
        self._buffer = memoryview(bytearray(_CHUNK))
        self._file: io.FileIO | None = None
        self._path = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def chunks(self, piece: FileSlice, stop: threading.Event) -> Iterator[memoryview]:
        """Yield the bytes of a piece. Each chunk is valid until the next one."""
        if piece.path != self._path or self._file is None:
            self.__exit__()
            self._file, self._path = open_regular(piece.path), piece.path
        self._file.seek(piece.offset)
        left = piece.size
        while left and not stop.is_set():
            count = self._file.readinto(self._buffer[: min(left, _CHUNK)])
            if not count:
                return
            left -= count
            yield self._buffer[:count]


class _Crew:
    """The shared state of the threads: remaining work, results, and the first error."""

    def __init__(self, pieces: Sequence[FileSlice], budget: DocumentLimit, allowance: Allowance) -> None:
        self.pieces = pieces
        self.results: list[Entry | None] = [None] * len(pieces)
        self.budget = budget
        self.allowance = allowance
        self.done = 0
        self.error: BaseException | None = None
        self.stop = threading.Event()
        self._order = iter(sorted(range(len(pieces)), key=lambda number: -pieces[number].size))
        self._lock = threading.Lock()

    def advance(self, count: int) -> None:
        with self._lock:
            self.done += count

    def next(self) -> int | None:
        with self._lock:
            return next(self._order, None)

    def work(self) -> None:
        """Hash until no work is left, or a thread met an error."""
        try:
            with Handle() as handle:
                while not self.stop.is_set() and (number := self.next()) is not None:
                    self.results[number] = self._measure(self.pieces[number], handle)
        except BaseException as error:  # noqa: BLE001 - it is raised again by the thread that waits
            self.error = error
            self.stop.set()

    def _measure(self, piece: FileSlice, handle: Handle) -> Entry:
        found = Measuring(piece.name, piece.size, self.budget).take(self._chunks(piece, handle)).finish()
        if not found.packed or vouched_by_place(piece.name) or promised_digest(piece.name) == found.digest:
            return found
        return (
            Measuring(piece.name, piece.size, DocumentLimit(0), self.allowance).take(handle.chunks(piece, self.stop)).finish()
        )

    def _chunks(self, piece: FileSlice, handle: Handle) -> Iterator[memoryview]:
        for chunk in handle.chunks(piece, self.stop):
            self.advance(len(chunk))
            yield chunk


def hash_all(
    pieces: Sequence[FileSlice], budget: DocumentLimit, allowance: Allowance, jobs: int, progress: Progress | None
) -> list[Entry]:
    """Return the entries of the pieces, in their order."""
    crew = _Crew(pieces, budget, allowance)
    threads = [threading.Thread(target=crew.work, daemon=True) for _ in range(min(jobs or cores(), len(pieces)))]
    total = sum(piece.size for piece in pieces)
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            _await(thread, crew, total, progress)
    finally:
        crew.stop.set()
        for thread in threads:
            thread.join()
    if crew.error is not None:
        raise crew.error
    if progress is not None:
        progress(crew.done, total)
    return [entry for entry in crew.results if entry is not None]


def _await(thread: threading.Thread, crew: _Crew, total: int, progress: Progress | None) -> None:
    while thread.is_alive():
        thread.join(_TICK)
        if progress is not None:
            progress(crew.done, total)


def cores() -> int:
    """Return the number of processors that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
