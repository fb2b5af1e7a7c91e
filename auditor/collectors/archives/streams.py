"""Read a compressed tar: one thread expands, the other parses the tar and hashes. Nothing is unpacked to disk."""

from __future__ import annotations

import io
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from auditor.collectors.archives.expanding import CHUNK, Allowance, expander
from auditor.collectors.archives.hashing import Progress
from auditor.collectors.archives.measuring import DocumentLimit, Measuring, vouched_by_place
from auditor.collectors.archives.tars import plain_entry
from auditor.oci.defects import Unusable
from auditor.oci.layouts.entries import Entry
from auditor.oci.layouts.findings import Findings
from auditor.oci.tar import EntryKind, Member, walk

_READ: Final = 256 * 1024
_AHEAD: Final = 8  # chunks that may wait between the threads


class _Pump:
    """A thread that expands a file. Iteration yields the chunks, and raises the thread's error."""

    def __init__(self, file: io.FileIO, compression: str, allowance: Allowance) -> None:
        self._file = file
        self._expander = expander(compression, allowance)
        self._queue: queue.Queue[bytes | BaseException | None] = queue.Queue(_AHEAD)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.consumed = 0
        self._thread.start()

    def __iter__(self) -> Iterator[bytes]:
        while (chunk := self._queue.get()) is not None:
            if isinstance(chunk, BaseException):
                raise chunk
            yield chunk

    def close(self) -> None:
        """Stop the thread."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            for chunk in self._chunks():
                if not self._put(chunk):
                    return
            self._put(None)
        except BaseException as error:  # noqa: BLE001 - it is raised again by the thread that reads
            self._put(error)

    def _chunks(self) -> Iterator[bytes]:
        """Yield expanded bytes in large pieces. The bytes before damage come first."""
        waiting: list[bytes] = []
        size = 0
        try:
            while data := self._file.read(_READ):
                self.consumed += len(data)
                for out in self._expander.feed(data):
                    waiting.append(out)
                    size += len(out)
                    if size >= CHUNK:
                        yield b"".join(waiting)
                        waiting, size = [], 0
            self._expander.finish()
        except Unusable:
            yield b"".join(waiting)
            raise
        yield b"".join(waiting)

    def _put(self, chunk: bytes | BaseException | None) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put(chunk, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False


class StreamSource:
    """A stream of bytes. `error` is the error that ended it, if any."""

    def __init__(self, chunks: Iterator[bytes], tick: Callable[[], None]) -> None:
        self._chunks = chunks
        self._tick = tick
        self._rest = memoryview(b"")
        self.position = 0
        self.error: Unusable | None = None

    def take(self, count: int) -> Iterator[memoryview]:
        """Yield at most this many of the next bytes, without copying."""
        while count and self._more():
            part = self._rest[:count]
            self._rest = self._rest[len(part) :]
            self.position += len(part)
            count -= len(part)
            yield part

    def read(self, count: int) -> bytes:
        """See `Source`."""
        if len(self._rest) >= count:
            part = self._rest[:count].tobytes()
            self._rest = self._rest[count:]
            self.position += count
            return part
        return b"".join(self.take(count))

    def skip_to(self, position: int) -> None:
        """See `Source`."""
        for _ in self.take(position - self.position):
            pass

    def drain(self) -> None:
        """Read to the end, because checksums are there."""
        while self._more():
            self.position += len(self._rest)
            self._rest = memoryview(b"")

    def _more(self) -> bool:
        try:
            while not self._rest and self.error is None:
                self._rest = memoryview(next(self._chunks))
                self._tick()
        except StopIteration:
            return False
        except Unusable as error:
            self.error = error
        return bool(self._rest)


def read_stream(file: io.FileIO, size: int, compression: str, findings: Findings, progress: Progress | None) -> list[Entry]:
    """Return the entries of a compressed tar of `size` bytes; its files are hashed as they pass."""
    pump = _Pump(file, compression, Allowance(size))
    try:
        source = StreamSource(iter(pump), lambda: progress(pump.consumed, size) if progress else None)
        return _entries(source, Allowance(size), findings)
    finally:
        pump.close()


def _entries(source: StreamSource, allowance: Allowance, findings: Findings) -> list[Entry]:
    budget = DocumentLimit()
    entries: list[Entry] = []
    problem: Unusable | None = None
    try:
        # Each entry's bytes must be read before the walk continues; `extend` reads them one by one.
        entries.extend(_entry(member, source, budget, allowance) for member in walk(source))
        source.drain()
    except Unusable as error:
        problem = error
    # The reason why the bytes ended is more useful than "the tar is cut off".
    cause = source.error or problem
    if cause is not None:
        findings.add("", cause.defect, cause.detail)
    return entries


def _entry(member: Member, source: StreamSource, budget: DocumentLimit, allowance: Allowance) -> Entry:
    if member.kind is not EntryKind.FILE:
        return plain_entry(member)
    unpack = None if vouched_by_place(member.name) else allowance
    entry = Measuring(member.name, member.size, budget, unpack).take(source.take(member.size)).finish()
    if entry.digest or source.error is None:
        return entry
    return replace(entry, defect=source.error.defect, why=source.error.detail)  # the reason for the missing end
