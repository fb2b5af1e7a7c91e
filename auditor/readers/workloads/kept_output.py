"""The part of a helm or kustomize output that evidence keeps: everything that names images, without other data."""

from __future__ import annotations

import json
import re

from auditor.located import NotStructured, load_marked
from auditor.plan.secrets import secret_in
from auditor.readers.workloads.blanked import blanked
from auditor.readers.workloads.config_data import data_hints

_SEPARATOR = re.compile(rb"^---[ \t]*(?:#.*)?$", re.MULTILINE)
_DATA = re.compile(rb"^kind:[ \t]*[\"']?(?:Secret|ConfigMap)[\"']?[ \t]*$", re.MULTILINE)


def is_output(path: str) -> bool:
    """Return whether a file of the plan is the output of helm or kustomize."""
    name = path.rpartition("/")[2]
    return name.startswith(".auditor-") and name.endswith(".yaml")


def kept_of(output: bytes) -> bytes:
    """Return the manifests without values that no reader needs. The number of lines and a first comment stay the same."""
    head, line, rest = output.partition(b"\n") if output.startswith(b"#") else (b"", b"", output)
    return head + line + blanked(_without_data(rest))[0]


def _without_data(rendered: bytes) -> bytes:
    """Return the rendering without data that names no image. The number of lines stays the same."""
    kept: list[bytes] = []
    start = 0
    for match in [*_SEPARATOR.finditer(rendered), None]:
        end = match.start() if match is not None else len(rendered)
        document = rendered[start:end]
        kept.append(_images_of_data(document) if _DATA.search(document) else document)
        if match is not None:
            kept.append(match[0])
            start = match.end()
    return b"".join(kept)


def _images_of_data(document: bytes) -> bytes:
    """Return the kept part of a ConfigMap or Secret: nothing if it names no image, all of it if it holds no credentials."""
    try:
        objects = load_marked(document)
        hints = [hint for item in objects for hint in data_hints(item)]
    except NotStructured:
        return document  # the reader reports the fault
    if not hints:
        return b"\n" * document.count(b"\n")
    is_secret = objects[0].text_at("kind") == "Secret"
    if not is_secret and not secret_in(document):
        return document
    if any(hint.reference is None for hint in hints):
        return document  # evidence leaves the file out, so the chart is undetermined in an offline audit
    values = {f"image-{number}": hint.text for number, hint in enumerate(hints, 1)}
    names = {key: objects[0].text_at("metadata", key) for key in ("name", "namespace") if objects[0].text_at("metadata", key)}
    part = "stringData" if is_secret else "data"
    kind = "Secret" if is_secret else "ConfigMap"
    reduced = f"{{apiVersion: v1, kind: {kind}, metadata: {json.dumps(names)}, {part}: {json.dumps(values)}}}".encode()
    lines = document.split(b"\n")
    at = next(number for number, line in enumerate(lines) if line.strip() and not line.startswith(b"#"))
    blank = [b""] * (len(lines) - at - 1)
    return b"\n".join([*lines[:at], reduced, *blank])
