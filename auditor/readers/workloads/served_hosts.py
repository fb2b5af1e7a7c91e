"""The pods behind a host name or a node port, by the Services, Ingresses and routes of the workloads.

Fields: the Kubernetes API reference, Service and Ingress; Gateway API HTTPRoute and TLSRoute; Traefik IngressRoute; Istio
VirtualService; OpenShift Route; Contour HTTPProxy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from auditor.errors import Location
from auditor.located import Marked
from auditor.plan.model import Plan
from auditor.readers.workloads.manifest_files import manifest_files, namespace_of, objects_with, owner_of
from auditor.readers.workloads.manifests import Manifests
from auditor.readers.workloads.pod_specs import containers_of, pod_specs

_TRAEFIK = re.compile(r"Host(?:SNI)?\(([^()]{1,512})\)")
_QUOTED = re.compile(r"[`\"']([^`\"']{1,253})[`\"']")
_NODE_PORTS = range(30_000, 32_768)
_EXTERNAL_NAMES = ("external-dns.alpha.kubernetes.io/hostname", "external-dns.kubernetes.io/hostname")
_ADDRESSES = ("metallb.universe.tf/loadBalancerIPs", "metallb.io/loadBalancerIPs", "kube-vip.io/loadbalancerIPs")
_WITH_RULES = frozenset(
    {"Ingress", "HTTPRoute", "TLSRoute", "IngressRoute", "IngressRouteTCP", "VirtualService", "Route", "HTTPProxy"}
)
_BODY_KEYS = ("proxy-body-size", "client-max-body-size")
_MAX = 50_000
ServiceKey = tuple[str, str]  # namespace and name


@dataclass(frozen=True, slots=True)
class Front:
    """An object that accepts requests for hosts, and the Services that it forwards to. `annotations` may limit requests."""

    owner: str
    kind: str
    ingress_class: str
    hosts: frozenset[str]
    services: frozenset[ServiceKey]
    annotations: dict[str, str] = field(hash=False)
    location: Location = field(hash=False)


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A Service: its names and addresses outside of its cluster domain, its node ports, and the labels that it selects."""

    key: ServiceKey
    hosts: frozenset[str]
    node_ports: frozenset[int]
    selector: dict[str, str] = field(hash=False)


@dataclass(frozen=True, slots=True)
class LabelledPod:
    """The labels of a pod template, and the ports that it opens on its node. `owner` is `Deployment registry/registry`."""

    owner: str
    namespace: str
    labels: dict[str, str] = field(hash=False)
    host_ports: frozenset[int]


@dataclass(slots=True)
class ServedHosts:
    """The fronts, Services and pods of the workloads."""

    fronts: list[Front] = field(default_factory=list)
    services: dict[ServiceKey, ServiceRow] = field(default_factory=dict)
    pods: list[LabelledPod] = field(default_factory=list)
    body_settings: dict[str, str] = field(default_factory=dict)  # limits in ConfigMaps of ingress controllers

    def fronts_of(self, host: str) -> tuple[Front, ...]:
        """Return the objects that accept requests for a host."""
        return tuple(front for front in self.fronts if any(_covers(one, host) for one in front.hosts))

    def pods_of(self, host: str, port: int) -> tuple[LabelledPod, ...]:
        """Return the pods that serve a host and port; empty if no object leads to one."""
        keys = {key for front in self.fronts_of(host) for key in front.services}
        for key, service in self.services.items():
            name = f"{key[1]}.{key[0] or 'default'}"
            own = {f"{name}.svc", f"{name}.svc.cluster.local"}
            if host in own | service.hosts or (port in _NODE_PORTS and port in service.node_ports):
                keys.add(key)
        found = [pod for key in keys if (row := self.services.get(key)) is not None for pod in self._selected(row)]
        return tuple({id(pod): pod for pod in found}.values())

    def _selected(self, service: ServiceRow) -> Iterator[LabelledPod]:
        for pod in self.pods if service.selector else ():
            is_here = pod.namespace == service.key[0]
            if is_here and all(pod.labels.get(name) == value for name, value in service.selector.items()):
                yield pod


def served_hosts(plan: Plan, host: str, port: int) -> ServedHosts:
    """Read the Services, Ingresses, routes and pod templates of all workloads, if one of them may serve a host and port."""
    found, files = ServedHosts(), tuple(manifest_files(plan))
    is_inside = host.endswith((".svc", ".svc.cluster.local")) or port in _NODE_PORTS
    domain = host.partition(".")[2].encode()  # of a front for `*.plant7.local`
    if not is_inside and not any(host.encode() in data or (domain and b"*." + domain in data) for _, data in files):
        return found
    for source, item in objects_with(files):
        kind = item.text_at("kind")
        if kind == "Service":
            row = _service(source, item)
            found.services[row.key] = row
        elif kind == "ConfigMap":
            settings = ((key, item.text_at("data", key)) for key in _BODY_KEYS)
            found.body_settings.update((key, text) for key, text in settings if text)
        elif kind in _WITH_RULES and len(found.fronts) < _MAX:
            found.fronts.append(_front(source, item, kind))
        if len(found.pods) < _MAX:
            found.pods.extend(_pods(source, item))
    return found


def _covers(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and "." not in host[: -len(pattern) + 1]
    return pattern == host


def _annotations(item: Marked) -> dict[str, str]:
    found = item.get("metadata", "annotations")
    return {name: value.text for name, value in found.items()} if found is not None else {}


def _service(source: Manifests, item: Marked) -> ServiceRow:
    annotations, spec = _annotations(item), item.get("spec") or item
    texts = [spec.text_at("loadBalancerIP"), *(value.text for value in _list(spec.get("externalIPs")))]
    texts += [part for name in (*_EXTERNAL_NAMES, *_ADDRESSES) for part in annotations.get(name, "").split(",")]
    ports = (value.text_at("nodePort") for value in _list(spec.get("ports")))
    selector = spec.get("selector")
    return ServiceRow(
        (namespace_of(source, item), item.text_at("metadata", "name")),
        frozenset(text.strip().lower() for text in texts if text.strip()),
        frozenset(int(port) for port in ports if port.isdigit() and len(port) < 6),
        {name: value.text for name, value in selector.items()} if selector is not None else {},
    )


def _list(value: Marked | None) -> list[Marked]:
    return value.list if value is not None else []


def _front(source: Manifests, item: Marked, kind: str) -> Front:
    namespace, hosts, services = namespace_of(source, item), set[str](), set[ServiceKey]()
    waiting = [item.get("spec") or item]
    while waiting and len(services) < _MAX:
        here = waiting.pop()
        for key, value in here.items():
            if key in {"host", "fqdn"} and value.text:
                hosts.add(value.text.lower() if kind != "VirtualService" else "")
            elif key in {"hosts", "hostnames"}:
                hosts.update(one.text.lower() for one in value.list if one.text)
            elif key == "match" and value.text:
                hosts.update(name.lower() for call in _TRAEFIK.findall(value.text) for name in _QUOTED.findall(call))
            services.update(_services(key, value, namespace, kind))
            waiting.append(value)
        waiting.extend(here.list)
    annotations = _annotations(item)
    ingress_class = item.text_at("spec", "ingressClassName") or annotations.get("kubernetes.io/ingress.class", "")
    owner, place = owner_of(source, item), source.place(item)
    return Front(owner, kind, ingress_class, frozenset(hosts - {""}), frozenset(services), annotations, place)


def _services(key: str, value: Marked, namespace: str, kind: str) -> Iterator[ServiceKey]:
    """Yield the Services that a part of a rule names."""
    if key == "service":  # Ingress v1
        yield namespace, value.text_at("name")
    elif key == "serviceName":  # Ingress before v1
        yield namespace, value.text
    elif key in {"backendRefs", "services"}:
        yield from ((one.text_at("namespace") or namespace, one.text_at("name")) for one in value.list)
    elif key == "to" and kind == "Route":
        yield namespace, value.text_at("name")
    elif key == "destination" and kind == "VirtualService":
        name, _, rest = value.text_at("host").partition(".")
        yield rest.partition(".")[0] or namespace, name


def _pods(source: Manifests, item: Marked) -> Iterator[LabelledPod]:
    for spec in pod_specs(item):
        template = item.get("spec", "template", "metadata", "labels") or item.get("metadata", "labels")
        labels = {name: value.text for name, value in template.items()} if template is not None else {}
        opened = set()
        for container in containers_of(spec):
            for port in _list(container.get("ports")):
                text = port.text_at("hostPort") or (port.text_at("containerPort") if _is_true(spec, "hostNetwork") else "")
                opened.add(int(text) if text.isdigit() and len(text) < 6 else 0)
        yield LabelledPod(owner_of(source, item), namespace_of(source, item), labels, frozenset(opened - {0}))


def _is_true(spec: Marked, key: str) -> bool:
    found = spec.get(key)
    return found is not None and found.value is True
