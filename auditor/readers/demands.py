"""Images that workloads run: what is stated, what only looks like an image, and what this version cannot enumerate."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from auditor.errors import Location
from auditor.oci.reference import Reference


class Gap(enum.StrEnum):
    """Why the images behind a demand are not known for certain."""

    KIND = "unknown-kind"  # the controller of the object's kind may choose images
    VALUE = "image-like-value"  # a value outside of the fields of pods looks like an image
    SOURCE = "fetched-source"  # a controller fetches a chart or manifests
    KUSTOMIZE = "kustomize"  # a kustomization that is not built
    CHART = "chart-among-manifests"  # a chart inside a folder of manifests, which is not rendered
    FILE = "unread-file"  # a file of a folder of manifests that is of another format


@dataclass(frozen=True, slots=True)
class Hidden:
    """One gap. `file` is relative to the plan; `kind` is `Kafka.kafka.strimzi.io`, empty where the gap is a whole file.

    `field` is the path of the field inside the object; `names` is what it says about what is fetched or changed.
    """

    gap: Gap
    file: str
    kind: str = ""
    field: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """Where a value of a rendered chart comes from: `template` as helm names it, the values that fill it, and rendered lines.

    Each item of `values` is `key (location)`; each of `lines` begins with its number in the output of helm.
    """

    template: str
    values: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()

    @property
    def proof(self) -> dict[str, str | tuple[str, ...]]:
        """What a finding shows of it: `template`, and where they are known `values` and `rendered`."""
        more = {"values": self.values, "rendered": self.lines}
        return {"template": self.template, **{key: value for key, value in more.items() if value}}


@dataclass(frozen=True, slots=True)
class Demand:
    """An image that a workload runs, and `who` does. Exactly one of `reference`, `error` and `unbounded` is set.

    `kind` is `manifest` or `chart`; `pools` are those whose nodes it can be scheduled to; `os` is what it is bound to, empty
    when to none. `surmised`: a value only looks like an image, and `hidden` says where. With `unbounded`, `hidden` says what
    cannot be enumerated. `rendered` says which template of a chart it comes from. `who` holds no path of the machine.
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
    surmised: bool = False
    hidden: Hidden | None = None
    rendered: Rendered | None = None

    @property
    def proof(self) -> dict[str, str | tuple[str, ...]]:
        """What a finding shows of the rendered chart that it comes from; nothing for a manifest."""
        return self.rendered.proof if self.rendered is not None else {}
