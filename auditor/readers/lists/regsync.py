"""regsync configurations: `sync` entries of the types image, repository and registry, with defaults and anchors.

A repository with a fixed list of allowed tags enumerates its images; patterns, version ranges and whole registries do not.
Format: regclient/regclient, cmd/regsync/config.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.located import Marked
from auditor.readers.lists.documents import entry, read_documents, says
from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine

_TAG = re.compile(r"\w[\w.-]{0,127}")
_LITERAL_DOT = re.compile(r"(?<!\\)\.(?=[*+?])|[*+?()\[\]|^$]")


def recognises(data: bytes) -> bool:
    """Detect the format by its version and its list of sources."""
    return says(data, "version", "1") and says(data, "sync", "") and b"source" in data and b"target" in data


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield every image, and a line for what only a registry can enumerate."""
    return read_documents(source, data, _document)


def _document(source: ListSource, document: Marked) -> Iterator[ListLine]:
    default = document.text_at("defaults", "platform")
    sync = document.get("sync")
    for step in sync.list if sync is not None else []:
        at = step.get("source")
        platforms = step.get("platforms")
        chosen = [item.text for item in platforms.list] if platforms is not None else [step.text_at("platform") or default]
        match step.text_at("type"):
            case "image":
                for platform in chosen:
                    yield entry(source, at, step, platform=platform)
            case "repository" if at is not None:
                yield from _repository(source, step, at, chosen)
            case _:
                name = at.text if at is not None else ""
                yield source.unbounded(
                    name, step.line, step.column, "the entry is a whole registry, and the file does not list its images"
                )


def _repository(source: ListSource, step: Marked, at: Marked, platforms: list[str]) -> Iterator[ListLine]:
    allowed = step.get("tags", "allow")
    tags = allowed.list if allowed is not None else []
    if not tags or step.get("tags", "semverRange") is not None:
        why = f"the file does not list the copied tags of {at.text}: list them"
        yield source.unbounded(at.text, at.line, at.column, why)
    for tag in tags:
        text = tag.text.replace("\\.", ".")
        if _LITERAL_DOT.search(tag.text) or not _TAG.fullmatch(text):
            why = f"the file does not list the tags of {at.text} that match {tag.text!r:.80}: list them"
            yield source.unbounded(f"{at.text}:{tag.text}", tag.line, tag.column, why)
            continue
        for platform in platforms:
            yield entry(source, tag, step, platform=platform, text=f"{at.text}:{text}")
