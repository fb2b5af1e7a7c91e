"""Read, hash and parse image archives in every format. Nothing in them is unpacked or trusted."""

from __future__ import annotations

from auditor.collectors.archives.archive_reader import ReadArchive, read_archive
from auditor.collectors.archives.discovery import archives_in, seal_of
from auditor.collectors.archives.regular_files import UnreadableArchive

__all__ = ["ReadArchive", "UnreadableArchive", "archives_in", "read_archive", "seal_of"]
