"""The certificates in manifests: those of TLS Secrets, and the CA bundles of webhooks and API services.

Fields: the Kubernetes API reference, Secret (type kubernetes.io/tls), WebhookClientConfig and APIServiceSpec.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.errors import Location, unexpected
from auditor.located import Marked
from auditor.pki.certificate import Certificate
from auditor.pki.loading import load_certificates
from auditor.plan.model import Plan, Workload
from auditor.plan.plan_paths import is_inside, normal, shown_path
from auditor.readers.workloads.manifests import Manifests, items_of
from auditor.readers.workloads.plan_files import sources_of
from auditor.redaction import REDACTED

MAX_FOUND = 10_000
_MAX_VALUE = 2 * 1024 * 1024  # characters of one value
_MARKS = (b"tls.crt", b"caBundle")
_TLS_SECRET = "kubernetes.io/tls"  # noqa: S105 - a type, not a secret
_WEBHOOKS = frozenset({"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"})


@dataclass(frozen=True, slots=True)
class CarriedCertificates:
    """The certificates in one field of an object: `owner` is `Secret shop/web-tls`, `field` is `tls.crt`.

    `problem` states why they are unknown. It is empty if they were read.
    """

    owner: str
    field: str
    location: Location
    certificates: tuple[Certificate, ...] = ()
    problem: str = ""


def carried_certificates(plan: Plan) -> tuple[CarriedCertificates, ...]:
    """Return every certificate in the plan's manifests and rendered charts. A file that cannot be read is a problem."""
    found: list[CarriedCertificates] = []
    for number, workload in enumerate(plan.workloads):
        for one in (*_left_out(plan, workload), *_of_workload(plan, number, workload)):
            found.append(one)
            if len(found) >= MAX_FOUND:
                where = plan.where("workloads")
                return (*found, CarriedCertificates("workloads", "", where, problem="more certificates than the limit"))
    return tuple(found)


def _left_out(plan: Plan, workload: Workload) -> Iterator[CarriedCertificates]:
    name = normal(workload.manifests) if workload.manifests else ""
    for path, reason in plan.left_out.items() if name else ():
        if is_inside(path, name):
            shown = shown_path(plan.path, path)
            yield CarriedCertificates(shown, "", Location(shown), problem=f"the file is not in the evidence, because {reason}")


def _of_workload(plan: Plan, number: int, workload: Workload) -> Iterator[CarriedCertificates]:
    for source, data in sources_of(plan, number, workload):
        if not any(mark in data for mark in _MARKS):
            continue
        for item in items_of(source, data):
            if not isinstance(item, Marked):
                continue  # the reader of images reports unreadable documents
            try:
                yield from _of_object(source, item)
            except Exception as error:  # noqa: BLE001 - one object must not end the audit
                what = unexpected(f"reading the certificates of {_owner(source, item)}", error)
                yield CarriedCertificates(_owner(source, item), "", source.place(item), problem=what)


def _owner(source: Manifests, item: Marked) -> str:
    namespace = item.text_at("metadata", "namespace") or source.namespace
    return f"{item.text_at('kind')} {f'{namespace}/' if namespace else ''}{item.text_at('metadata', 'name')}"


def _of_object(source: Manifests, item: Marked) -> Iterator[CarriedCertificates]:
    kind = item.text_at("kind")
    if kind == "Secret" and item.text_at("type") == _TLS_SECRET:
        yield from _read(source, item, item.get("data", "tls.crt"), "tls.crt", is_encoded=True)
        yield from _read(source, item, item.get("stringData", "tls.crt"), "tls.crt", is_encoded=False)
    elif kind in _WEBHOOKS and (webhooks := item.get("webhooks")) is not None:
        for webhook in webhooks.list:
            yield from _read(source, item, webhook.get("clientConfig", "caBundle"), "caBundle", is_encoded=True)
    elif kind == "APIService":
        yield from _read(source, item, item.get("spec", "caBundle"), "caBundle", is_encoded=True)


def _read(
    source: Manifests, item: Marked, value: Marked | None, field: str, *, is_encoded: bool
) -> Iterator[CarriedCertificates]:
    """Yield the certificates in a value; nothing if it is empty, because a controller then fills it in."""
    text = value.text.strip() if value is not None else ""
    if value is None or not text:
        return
    owner, where = _owner(source, item), source.place(value)
    if REDACTED in text:
        yield CarriedCertificates(owner, field, where, problem="its value is not in the evidence, which holds no Secrets")
        return
    try:
        data = base64.b64decode("".join(text[:_MAX_VALUE].split()), validate=True) if is_encoded else text[:_MAX_VALUE].encode()
    except (binascii.Error, ValueError):
        yield CarriedCertificates(owner, field, where, problem="its value is not base64")
        return
    if not data.strip():
        return
    loaded = load_certificates(data)
    problem = loaded.problems[0] if loaded.problems and not loaded.certificates else ""
    yield CarriedCertificates(owner, field, where, loaded.certificates, problem)
