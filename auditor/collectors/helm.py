"""Charts rendered by the real `helm template`. What it made is kept among the plan's files: inside nobody needs helm.

Helm runs with folders of its own for cache, configuration and data, in the plan's folder, and for a bounded time. Secrets
and config maps that name no image are blanked out, line by line, so that positions stay. Of those that hold credentials,
only the images are kept.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from auditor.errors import strerror
from auditor.plan.marked import NotStructured, load_marked
from auditor.plan.model import Plan, Workload
from auditor.plan.secrets import secret_in
from auditor.plan.workloads.blanked import blanked
from auditor.plan.workloads.config_data import data_hints
from auditor.plan.workloads.rendered import (
    failure_name,
    helm_arguments,
    inputs_key,
    is_made_from,
    marked_with,
    rendered_name,
)
from auditor.redaction import redact

_SECONDS = 120
_MAX_OUTPUT = 16 * 1024 * 1024
_MAX_REASON = 2000
_ADVICE = "Use --debug flag to render out invalid YAML"
_SEPARATOR = re.compile(rb"^---[ \t]*(?:#.*)?$", re.MULTILINE)
_DATA = re.compile(rb"^kind:[ \t]*[\"']?(?:Secret|ConfigMap)[\"']?[ \t]*$", re.MULTILINE)
_WITHOUT_NETWORK = {"HTTP_PROXY": "", "HTTPS_PROXY": ""}


def with_rendered_charts(plan: Plan, carried: Mapping[str, bytes] | None = None) -> Plan:
    """The plan with the rendering of each chart, or the reason why there is none, among its files.

    `carried` are the files of an evidence file: a rendering there that was made from the same inputs is taken as it is.
    """
    charts = [(number, workload) for number, workload in enumerate(plan.workloads) if workload.chart]
    if not charts:
        return plan
    files = dict(plan.files)
    for number, workload in charts:
        name, key = rendered_name(number, workload), inputs_key(plan, workload)
        kept = (carried or {}).get(name, b"")
        rendering, reason = (kept, "") if is_made_from(kept, key) else _render(plan, workload, key)
        files.pop(name, None)
        files.pop(failure_name(number, workload), None)
        if rendering:
            files[name] = rendering
        else:
            files[failure_name(number, workload)] = reason.encode()
    return replace(plan, files=files)


def _render(plan: Plan, workload: Workload, key: str) -> tuple[bytes, str]:
    """What helm made, or why it could not."""
    helm = shutil.which("helm")
    if helm is None:
        return b"", "helm is not installed here"
    _, *words = helm_arguments(plan, workload)
    folder = Path(plan.path).parent
    with tempfile.TemporaryDirectory(prefix="auditor-helm-") as own, tempfile.TemporaryFile() as output:
        homes = {f"HELM_{name}_HOME": str(Path(own) / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
        environment = {**os.environ, **homes, **_WITHOUT_NETWORK}
        try:
            done = subprocess.run(
                [helm, *words],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return b"", f"helm had not finished after {_SECONDS} s"
        except OSError as error:
            return b"", f"helm could not be started: {strerror(error)}"
        if done.returncode != 0:
            return b"", _said(done.stderr) or f"helm ended with {done.returncode}"
        output.seek(0)
        made = output.read(_MAX_OUTPUT + 1)
    if len(made) > _MAX_OUTPUT:
        return b"", f"helm wrote more than {_MAX_OUTPUT:,} bytes"
    return marked_with(key, blanked(_without_data(made))[0]), ""


def _said(stderr: bytes) -> str:
    """Helm's own words, on one line and without its advice on how to call it."""
    text = " ".join(stderr.decode("utf-8", "replace").split()).removeprefix("Error: ").replace(_ADVICE, "").strip()
    return f"helm says: {redact(text[:_MAX_REASON])}" if text else ""


def _without_data(rendered: bytes) -> bytes:
    """The rendering without data that names no image; the number of lines stays."""
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
    """What is kept of one ConfigMap or Secret: nothing where it names no image, all of it where it holds no credentials."""
    try:
        objects = load_marked(document)
        hints = [hint for item in objects for hint in data_hints(item)]
    except NotStructured:
        return document  # the reader says what is wrong with it
    if not hints:
        return b"\n" * document.count(b"\n")
    is_secret = objects[0].text_at("kind") == "Secret"
    if not is_secret and not secret_in(document):
        return document
    if any(hint.reference is None for hint in hints):
        return document  # evidence leaves such a file out, so that the chart is undetermined there
    values = {f"image-{number}": hint.text for number, hint in enumerate(hints, 1)}
    names = {key: objects[0].text_at("metadata", key) for key in ("name", "namespace") if objects[0].text_at("metadata", key)}
    part = "stringData" if is_secret else "data"
    kind = "Secret" if is_secret else "ConfigMap"
    reduced = f"{{apiVersion: v1, kind: {kind}, metadata: {json.dumps(names)}, {part}: {json.dumps(values)}}}".encode()
    lines = document.split(b"\n")
    at = next(number for number, line in enumerate(lines) if line.strip() and not line.startswith(b"#"))
    blank = [b""] * (len(lines) - at - 1)
    return b"\n".join([*lines[:at], reduced, *blank])
