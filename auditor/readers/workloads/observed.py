"""Observed workloads of a connected cluster, from the output of kubectl, crictl or ctr.

Observed images were pulled, so they are certain. They also close gaps that rules cannot: a kind whose pods were observed is no
longer a gap, and neither is a release whose objects were observed.

Formats: `kubectl get … -o json` (Kubernetes API reference: PodStatus, NodeStatus, OwnerReference), `crictl images -o json`
(kubernetes-sigs/cri-tools cmd/crictl/image.go, runtime.v1.Image), `ctr images ls`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from auditor.errors import Location
from auditor.located import Marked, NotStructured, iter_marked
from auditor.oci.reference import InvalidReference, Reference, is_digest, parse_reference
from auditor.plan.model import Pool
from auditor.readers.demands import Demand, DemandGap, Mechanism
from auditor.readers.lists import ctr_images
from auditor.readers.lists.source import ListSource
from auditor.readers.workloads.injected import AUTO, ISTIO, LINKERD
from auditor.readers.workloads.pod_kinds import group_of
from auditor.readers.workloads.pod_specs import containers_of, pod_specs

KIND = "observed"
_STATUSES = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
_PROXIES = {ISTIO: "istio-proxy", LINKERD: "linkerd-proxy"}  # the name of the container that each mesh adds
# Labels that controllers set on the objects of a release: the kind of the release, and the labels with its name and namespace.
_RELEASES = (
    ("HelmRelease.helm.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/namespace"),
    ("Kustomization.kustomize.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io/name", "kustomize.toolkit.fluxcd.io/namespace"),
    ("Application.argoproj.io", "argocd.argoproj.io/instance", ""),
)


@dataclass(frozen=True, slots=True)
class Node:
    """One observed node: its operating system, the version that it states, its runtime and its kubelet."""

    name: str
    os: str
    architecture: str
    os_version: str
    runtime: str
    kubelet: str


@dataclass(slots=True)
class Observed:
    """The content of the files of a cluster. `owners` are the objects that own observed pods or pod templates: `Kind.group`,
    and `namespace/name`."""

    demands: list[Demand] = field(default_factory=list)
    nodes: dict[str, Node] = field(default_factory=dict)
    owners: set[tuple[str, str]] = field(default_factory=set)
    containers: set[str] = field(default_factory=set)  # names of running containers
    releases: set[tuple[str, str]] = field(default_factory=set)  # kind, and `namespace/name` or name

    def settles(self, demand: Demand) -> bool:
        """Return whether the cluster shows the images of this gap."""
        hidden = demand.hidden
        if hidden is None or demand.reference is not None or not self.demands:
            return False
        if hidden.gap is DemandGap.KIND:
            return self._owns(hidden.kind, demand.who.partition(" ")[2])
        if hidden.gap is DemandGap.INJECTED:
            return all(_PROXIES.get(mesh, "") in self.containers for mesh in hidden.names)
        if demand.text == AUTO:
            return _PROXIES[ISTIO] in self.containers
        name = demand.who.partition(" ")[2]
        return hidden.gap is DemandGap.SOURCE and not {(hidden.kind, name), (hidden.kind, name.rpartition("/")[2])}.isdisjoint(
            self.releases
        )

    def _owns(self, kind: str, name: str) -> bool:
        """Return whether this object, not only one of its kind, owns observed pods. A name without a namespace matches any."""
        if "/" in name:
            return (kind, name) in self.owners
        return any(owner == kind and known.rpartition("/")[2] == name for owner, known in self.owners)


@dataclass(frozen=True, slots=True)
class ObservedFile:
    """One file: its name for locations, its path among the plan's files, and the plan's pools."""

    file: str
    name: str
    pools: tuple[Pool, ...]

    def read(self, data: bytes, into: Observed) -> None:
        """Add the content of the file. Unreadable input is a demand with an error."""
        if ctr_images.recognises(data):
            self._read_table(data, into)
            return
        before = len(into.demands), len(into.nodes)
        try:
            for document in iter_marked(data):
                self._read_document(document, into)
        except NotStructured as error:
            into.demands.append(self._problem(error.line, error.column, str(error)))
        if (len(into.demands), len(into.nodes)) == before:
            what = "it names no pod, no node and no image: use the output of `kubectl get pods,nodes -A -o json`"
            into.demands.append(self._problem(1, 1, what))

    def _problem(self, line: int, column: int, message: str) -> Demand:
        pools = tuple(pool.name for pool in self.pools)
        return Demand(KIND, self.name, "", Location(self.file, line, column), pools, error=message)

    def _read_table(self, data: bytes, into: Observed) -> None:
        for line in ctr_images.read(ListSource(self.file, tuple(pool.name for pool in self.pools), name=self.name), data):
            if line.reference is None:
                into.demands.append(self._problem(line.location.line, line.location.column, line.error or line.unbounded))
            else:
                into.demands.append(self._demand("the runtime's images", line.reference, line.text, line.location, ""))

    def _read_document(self, document: Marked, into: Observed) -> None:
        images = document.get("images")
        if images is not None and not document.text_at("kind"):
            for number, image in enumerate(images.list):
                into.demands.extend(self._of_runtime(number, image))
            return
        waiting = [document]
        objects = []
        while waiting:
            here = waiting.pop()
            items = here.get("items")
            if items is not None and here.text_at("kind").endswith("List"):
                waiting.extend(items.list[::-1])
            elif here.text_at("kind"):
                objects.append(here)
        for item in objects:
            if item.text_at("kind") == "Node":
                node = _node(item)
                into.nodes[node.name] = node
        for item in objects:
            _relate(item, into)
            into.demands.extend(self._of_object(item, into))

    def _of_runtime(self, number: int, image: Marked) -> Iterator[Demand]:
        """Yield the names of one image of `crictl images`; its digests if it has no tag."""
        tags = [tag for tag in _items(image.get("repoTags")) if "<none>" not in tag.text]
        for name in tags or _items(image.get("repoDigests")):
            if (reference := _reference(name.text)) is not None:
                location = Location(self.file, name.line, name.column)
                yield self._demand(f"image {number}", reference, name.text, location, "")

    def _of_object(self, item: Marked, into: Observed) -> Iterator[Demand]:
        kind, namespace = item.text_at("kind"), item.text_at("metadata", "namespace")
        owner = f"{kind} {f'{namespace}/' if namespace else ''}{item.text_at('metadata', 'name')}"
        known = set(_names(item)) if kind == "Pod" else set()
        found = list(_status_images(item)) if kind == "Pod" else []
        # A container without a status has not started yet, but its image is needed.
        containers = (one for spec in pod_specs(item) for one in containers_of(spec) if one.text_at("name") not in known)
        found += [image for one in containers if (image := one.get("image")) is not None]
        node = into.nodes.get(item.text_at("spec", "nodeName"))
        into.containers.update(_names(item) if kind == "Pod" else ())
        for image in found:
            if (reference := _reference(image.text)) is not None:
                location = Location(self.file, image.line, image.column)
                yield self._demand(owner, reference, image.text, location, node.os if node is not None else _os_of(item))

    def _demand(self, who: str, reference: Reference, text: str, location: Location, os: str) -> Demand:
        pools = tuple(pool.name for pool in self.pools if not os or pool.platform.os == os)
        return Demand(KIND, who, text, location, pools, reference, os=os, mechanism=Mechanism.OBSERVED)


def _items(value: Marked | None) -> list[Marked]:
    return value.list if value is not None else []


def _reference(text: str) -> Reference | None:
    """Return the image for a runtime's name; None for a bare digest, which names no repository."""
    text = text.strip().removeprefix("docker-pullable://").removeprefix("docker://")
    if not text or is_digest(text):
        return None
    try:
        return parse_reference(text)
    except InvalidReference:
        return None


def _status_images(pod: Marked) -> Iterator[Marked]:
    for group in _STATUSES:
        for status in _items(pod.get("status", group)):
            image, by_digest = status.get("image"), status.get("imageID")
            if image is not None and _reference(image.text) is not None:
                yield image
            elif by_digest is not None:  # the runtime knows only the digest
                yield by_digest


def _names(pod: Marked) -> Iterator[str]:
    yield from (status.text_at("name") for group in _STATUSES for status in _items(pod.get("status", group)))


def _os_of(item: Marked) -> str:
    """Return the OS from the node selector of a pod."""
    specs = [item.get("spec")] if item.text_at("kind") == "Pod" else [item.get("spec", "template", "spec")]
    return next((os for spec in specs if spec is not None and (os := spec.text_at("nodeSelector", "kubernetes.io/os"))), "")


def _node(item: Marked) -> Node:
    def info(key: str) -> str:
        return item.text_at("status", "nodeInfo", key)

    name = item.text_at("metadata", "name")
    version = info("kernelVersion") if info("operatingSystem") == "windows" else info("osImage")
    return Node(
        name, info("operatingSystem"), info("architecture"), version, info("containerRuntimeVersion"), info("kubeletVersion")
    )


def _relate(item: Marked, into: Observed) -> None:
    """Record which objects own the object, and which releases it belongs to."""
    if next(pod_specs(item), None) is None:
        return  # a Service or a Secret of a controller shows no images
    for owner in _items(item.get("metadata", "ownerReferences")):
        group = group_of(owner)
        kind = f"{owner.text_at('kind')}.{group}" if group else owner.text_at("kind")
        into.owners.add((kind, f"{item.text_at('metadata', 'namespace')}/{owner.text_at('name')}"))
    if item.text_at("kind") == "Pod":
        return  # a running pod does not show the other workloads of its release
    for kind, name_label, namespace_label in _RELEASES:
        if name := item.text_at("metadata", "labels", name_label):
            namespace = item.text_at("metadata", "labels", namespace_label) if namespace_label else ""
            into.releases.add((kind, f"{namespace}/{name}" if namespace else name))
    if release := item.text_at("metadata", "annotations", "meta.helm.sh/release-name"):
        into.releases.add(("HelmChart.helm.cattle.io", release))
