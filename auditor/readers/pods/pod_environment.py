"""The environment of a container, as kubelet builds it.

Fields: the Kubernetes API reference, core/v1 EnvVar and EnvFromSource.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from auditor.located import Marked
from auditor.readers.pods.model import Environment
from auditor.readers.pods.texts import Texts
from auditor.redaction import REDACTED

MAX_VARIABLES = 2_000
MAX_EXPANDED = 32 * 1024  # characters of one value
_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_.-][A-Za-z0-9_.-]{0,127})\)")
# Fields of the pod itself. An address of the pod or its node is not an external host.
_FIELDS = {
    "status.podIP": "127.0.0.1",
    "status.podIPs": "127.0.0.1",
    "status.hostIP": "127.0.0.1",
    "status.hostIPs": "127.0.0.1",
}
_SOURCES = (("configMapRef", "ConfigMap"), ("secretRef", "Secret"))
_KEYS = (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret"))
# Kubelet sets these in every container.
_OWN = {
    "KUBERNETES_SERVICE_HOST": "kubernetes.default.svc",
    "KUBERNETES_SERVICE_PORT": "443",
    "KUBERNETES_PORT": "tcp://kubernetes.default.svc:443",
}
_OWN |= {
    "KUBERNETES_SERVICE_PORT_HTTPS": "443",
    "KUBERNETES_PORT_443_TCP_ADDR": "kubernetes.default.svc",
    "HOSTNAME": "localhost",
}


def environment_of(container: Marked, texts: Texts, namespace: str) -> Environment:
    """Return the variables of a container. Later ones win, and may refer to earlier ones."""
    values: dict[str, str | None] = dict(_OWN)
    is_open = False
    for source in _items(container, "envFrom"):
        known = _from(source, texts, namespace)
        prefix = source.text_at("prefix")
        is_open |= known is None
        values.update({f"{prefix}{key}": text for key, text in (known or {}).items()})
    for variable in _items(container, "env")[:MAX_VARIABLES]:
        if name := variable.text_at("name"):
            value = _value(variable, values, texts, namespace)
            values[name] = value if value is None or len(value) <= MAX_EXPANDED else None
    return Environment(values, is_open)


def expanded(text: str, values: Mapping[str, str | None]) -> str:
    """Return a text with each `$(NAME)` replaced, as kubelet does. An unknown name stays, and `$$` is one dollar."""
    if "$" not in text:
        return text
    left = MAX_EXPANDED

    def replaced(match: re.Match[str]) -> str:
        nonlocal left
        if match[1] is None:
            return "$"
        value = values.get(match[1])
        left -= len(value or "")
        return match[0] if value is None or left < 0 else value

    return _REFERENCE.sub(replaced, text)


def _items(container: Marked, key: str) -> list[Marked]:
    found = container.get(key)
    return found.list if found is not None else []


def _from(source: Marked, texts: Texts, namespace: str) -> dict[str, str] | None:
    """Return the variables of one `envFrom`; None if its object is not among the workloads and not optional."""
    for key, kind in _SOURCES:
        if (named := source.get(key)) is not None:
            found = texts.of(kind, named.text_at("name"), namespace)
            if found is None:
                return {} if named.text_at("optional") == "true" else None
            return {name: piece.text for name, piece in found.items()}
    return {}


def _value(variable: Marked, values: Mapping[str, str | None], texts: Texts, namespace: str) -> str | None:
    value, source = variable.get("value"), variable.get("valueFrom")
    if source is None:
        if value is not None and value.text == REDACTED:  # evidence leaves it out
            return None
        return expanded(value.text, values) if value is not None else ""
    if (field := source.text_at("fieldRef", "fieldPath")) or source.get("resourceFieldRef") is not None:
        return _FIELDS.get(field, "pod")
    for key, kind in _KEYS:
        if (named := source.get(key)) is not None:
            found = texts.of(kind, named.text_at("name"), namespace)
            piece = found.get(named.text_at("key")) if found is not None else None
            return piece.text if piece is not None else None
    return None
