"""A manifest or an index as a registry served it, or the output of `docker manifest inspect --verbose`.

The verbose form names references and platforms. A bare manifest or index states the content of an image, but not its name.
Formats: OCI image-spec; docker/cli manifest inspect.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.located import Marked, head_matches
from auditor.readers.lists.documents import entry, read_documents
from auditor.readers.lists.source import ListSource
from auditor.readers.model import ListLine


def recognises(data: bytes) -> bool:
    """Detect the format by the JSON keys."""
    start = data.lstrip()[:1]
    verbose = head_matches(data[:4096], b'"Ref"', b'"Descriptor"')
    return start in {b"{", b"["} and (verbose or (start == b"{" and b'"schemaVersion"' in data[:4096]))


def read(source: ListSource, data: bytes) -> Iterator[ListLine]:
    """Yield every reference of the verbose form; else one line that states what the file is."""
    return read_documents(source, data, _document)


def _platform(value: Marked | None) -> str:
    if value is None or not value.text_at("os") or value.text_at("os") == "unknown":
        return ""
    version = value.text_at("os.version")
    variant = value.text_at("variant")
    name = f"{value.text_at('os')}/{value.text_at('architecture')}"
    return f"{name}{f'/{variant}' if variant else ''}{f':{version}' if version else ''}"


def _document(source: ListSource, document: Marked) -> Iterator[ListLine]:
    if document.get("schemaVersion") is not None:
        manifests = document.get("manifests")
        held = [_platform(item.get("platform")) for item in manifests.list] if manifests is not None else []
        what = f"an index of {', '.join(filter(None, held)) or 'no platform'}" if manifests is not None else "a manifest"
        why = f"the file is {what}, which does not name its image: list the reference instead"
        yield source.unbounded(what, document.line, document.column, why)
        return
    for item in document.list or [document]:
        ref = item.get("Ref")
        text = ref.text.partition("@")[0] if ref is not None else ""
        yield entry(source, ref, item, platform=_platform(item.get("Descriptor", "platform")), text=text)
