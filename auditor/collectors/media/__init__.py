"""Files on a medium: list everything below a folder, and hash regular files on all cores. Links are never followed."""

from __future__ import annotations

from auditor.collectors.media.file_hashing import HashedFile, Marks, hash_files, marks_of
from auditor.collectors.media.listing import FoundFile, Medium, file_at, list_medium

__all__ = ["FoundFile", "HashedFile", "Marks", "Medium", "file_at", "hash_files", "list_medium", "marks_of"]
