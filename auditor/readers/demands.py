"""Images that workloads run: stated ones, values that only look like an image, and what this version cannot enumerate."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from auditor.errors import Location
from auditor.oci.reference import Reference


class DemandGap(enum.StrEnum):
    """Why the images of a demand are not certain."""

    KIND = "unknown-kind"  # the controller of the object's kind may choose images
    VALUE = "image-like-value"  # a value outside pod fields looks like an image
    INJECTED = "injected-proxy"  # a service mesh adds a proxy to pods, and its injector is not in the workloads
    SOURCE = "fetched-source"  # a controller fetches a chart or manifests
    KUSTOMIZE = "kustomize"  # a kustomization that is not built
    CHART = "chart-among-manifests"  # a chart in a folder of manifests, which is not rendered
    FILE = "unread-file"  # a file in a folder of manifests that has another format


class Certainty(enum.StrEnum):
    """How certain it is that a workload pulls an image."""

    STATED = "stated"  # a pod field, or a field of another object that a rule defines as an image
    CONFIGURED = "configured"  # a variable, argument, annotation or ConfigMap from which a program takes the image
    POSSIBLE = "possible"  # a value that is a whole reference, in a field that is not known to hold one


class Mechanism(enum.StrEnum):
    """Where an image is written."""

    POD = "pod"
    FIELD = "field"  # a field of an object outside pod specs
    PARTS = "parts"  # several fields: registry, repository, tag
    VARIABLE = "variable"
    ARGUMENT = "argument"
    ANNOTATION = "annotation"
    DATA = "data"  # a ConfigMap or Secret
    SCHEMA = "schema"  # a default in the schema of a custom resource
    OPERATOR = "operator"  # an operator builds it from a version, by a fact
    INJECTED = "injected"  # an admission webhook adds it to pods
    OBSERVED = "observed"  # pulled by a running cluster


@dataclass(frozen=True, slots=True)
class HiddenImages:
    """One gap. `file` is relative to the plan; `kind` is `Kafka.kafka.strimzi.io`, or empty if the gap is a whole file.

    `field` is the path of the field in the object; `names` holds what the object states about the fetched or changed things.
    """

    gap: DemandGap
    file: str
    kind: str = ""
    field: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """The origin of a value in a rendered chart: `template` as helm names it, the values that it uses, and rendered lines.

    Each item of `values` is `key (location)`; each of `lines` begins with its number in the output of helm.
    """

    template: str
    values: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()

    @property
    def proof(self) -> dict[str, str | tuple[str, ...]]:
        """Return the facts for a finding: `template`, and if known `values` and `rendered`."""
        more = {"values": self.values, "rendered": self.lines}
        return {"template": self.template, **{key: value for key, value in more.items() if value}}


@dataclass(frozen=True, slots=True)
class WantedChart:
    """A chart in an OCI registry that a controller pulls for a release. `owner` is the object or file that names it.

    `version` is what the release states; `reference` has the exact version, or is None: then `why_unknown` says why.
    """

    owner: str
    name: str
    version: str
    repository: str
    location: Location
    reference: Reference | None = None
    why_unknown: str = ""


@dataclass(frozen=True, slots=True)
class Demand:
    """An image that the workload `who` runs. Exactly one of `reference`, `error` and `unbounded` is set.

    `kind` is `manifest` or `chart`. `pools` are the pools whose nodes it can be scheduled to. `os` is the operating system of
    its pod, or empty if any. `field` is the path of the field in the object; empty for containers of pods. Demands of one
    `choice` are alternatives: several versions of one repository in one field, and one listed version is enough. With
    `unbounded`, `hidden` states what cannot be enumerated. `rendered` states the template of the chart. `who` contains no path
    of the machine.
    """

    kind: str
    who: str
    text: str
    location: Location
    pools: tuple[str, ...]
    reference: Reference | None = None
    error: str = ""
    unbounded: str = ""
    os: str = ""
    host_process: bool = False
    host_network: bool = False
    certainty: Certainty = Certainty.STATED
    mechanism: Mechanism = Mechanism.POD
    field: str = ""
    choice: str = ""
    hidden: HiddenImages | None = None
    rendered: Rendered | None = None

    @property
    def is_possible(self) -> bool:
        """Whether the value only looks like an image."""
        return self.certainty is Certainty.POSSIBLE

    @property
    def proof(self) -> dict[str, str | tuple[str, ...]]:
        """Return the facts for a finding: how the image is known, and the rendered chart that contains it."""
        found: dict[str, str | tuple[str, ...]] = {}
        if self.mechanism is not Mechanism.POD:
            found = {"mechanism": self.mechanism.value, "certainty": self.certainty.value, "field": self.field}
        return {**found, **(self.rendered.proof if self.rendered is not None else {})}
