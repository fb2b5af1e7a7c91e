"""oc-mirror's ImageSetConfiguration: additional images by name; releases, operators and charts by rules.

Only the server knows the images of a channel, a catalogue or a chart. Format: openshift/oc-mirror, v2alpha1.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.located import Marked
from auditor.readers.lists.documents import entry, read_documents, says
from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine


def recognises(data: bytes) -> bool:
    """Detect the format by its kind."""
    return says(data, "kind", "ImageSetConfiguration")


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield every additional image, and a line for each rule."""
    return read_documents(source, data, _document)


def _items(value: Marked | None) -> list[Marked]:
    return value.list if value is not None else []


def _document(source: ListSource, document: Marked) -> Iterator[ListLine]:
    mirror = document.get("mirror")
    if mirror is None:
        return
    for image in _items(mirror.get("additionalImages")):
        platforms = [f"{item.text_at('os')}/{item.text_at('architecture')}" for item in _items(image.get("platforms"))]
        for platform in platforms or [""]:
            name = image.get("name")
            text = {"text": name.text.removeprefix("docker://")} if name is not None and name.text.strip() else {}
            yield entry(source, name, image, platform=platform, **text)
    for channel in _items(mirror.get("platform", "channels")):
        yield _rule(source, channel, channel.text_at("name"), "a release channel")
    for operator in _items(mirror.get("operators")):
        yield _rule(source, operator, operator.text_at("catalog"), "an operator catalogue")
    for repository in _items(mirror.get("helm", "repositories")):
        yield _rule(source, repository, repository.text_at("url"), "a chart repository")
    for chart in _items(mirror.get("helm", "local")):
        yield _rule(source, chart, chart.text_at("name"), "a chart")


def _rule(source: ListSource, at: Marked, name: str, what: str) -> ListLine:
    why = f"{what} ({name}) contains images that the file does not name: list the mapping.txt of `oc-mirror --dry-run`"
    return source.unbounded(name, at.line, at.column, why)
