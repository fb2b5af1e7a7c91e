"""Gaps: images of workloads that cannot be enumerated. One gap for each kind and file, for any number of objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.needs.listed import Coverage
from auditor.oci.reference import Reference
from auditor.readers.demands import Demand, DemandGap, HiddenImages
from auditor.text import listed

_SHOWN = 5
_WHAT = {
    DemandGap.KIND: "its controller pulls",
    DemandGap.SOURCE: "the downloaded chart or manifests run",
    DemandGap.INJECTED: "the injector adds",
}
_BY_OBJECT = frozenset({DemandGap.SOURCE})  # each object names another chart or repository


@dataclass(frozen=True, slots=True)
class OpenGap:
    """The demands of one gap, in file order. `hidden` is that of the first demand; it is never empty."""

    hidden: HiddenImages
    demands: tuple[Demand, ...]

    @property
    def first(self) -> Demand:
        """The first demand of the gap."""
        return self.demands[0]

    @property
    def name(self) -> str:
        """The name of the gap, without a path of the machine: `Kafka.kafka.strimzi.io in deploy/kafka.yaml`."""
        if self.hidden.gap in _BY_OBJECT or not self.hidden.kind:
            return self.first.who
        return f"{self.hidden.kind} in {self.hidden.file}"

    @property
    def values(self) -> tuple[str, ...]:
        """The values that look like images, each once."""
        return tuple(dict.fromkeys(demand.text for demand in self.demands if demand.text))

    @property
    def detail(self) -> str:
        """Return location, unknown part and remedy as text."""
        return f"{self.first.location}: {self._what()}. {self._remedy()}"

    @property
    def facts(self) -> dict[str, str | int | tuple[str, ...]]:
        """Return the same as plain values."""
        fields = dict.fromkeys(demand.hidden.field for demand in self.demands if demand.hidden and demand.hidden.field)
        found: dict[str, str | int | tuple[str, ...]] = {
            "gap": self.hidden.gap.value,
            "kind": self.hidden.kind,
            "object": self.first.who.removesuffix(f" {self.hidden.field}"),
            "count": len(self.demands),
            "fields": tuple(fields)[:_SHOWN],
            "values": self.values[:_SHOWN],
            "names": self.hidden.names[:_SHOWN],
        }
        return {key: value for key, value in found.items() if value} | self.first.proof

    def _what(self) -> str:
        objects = tuple(demand for demand in self.demands if not demand.is_possible)
        values = tuple(demand for demand in self.demands if demand.is_possible)
        said = ""
        if objects:
            said = objects[0].unbounded + (f" ({len(objects)} such objects in this file)" if len(objects) > 1 else "")
        if not values:
            return said
        named = listed(self.values, _SHOWN)
        if said:
            return f"{said}. No list has the images that its fields seem to name: {named}"
        whole = all(demand.reference is not None for demand in values)
        doubt = "no list has" if whole else "no list is known to have"
        seems = f"{values[0].who} looks like an image, and {doubt} the images that these values seem to name: {named}"
        return f"{seems}. It is unknown whether a node pulls them"

    def _remedy(self) -> str:
        match self.hidden.gap:
            case DemandGap.KIND | DemandGap.SOURCE | DemandGap.INJECTED if self.hidden.kind:
                what = _WHAT[self.hidden.gap]
                return (
                    f"List every image that {what}, and name the list in the plan: "
                    f"`workloads: [{{…, operator_images: {{{self.hidden.kind}: lists/images.txt}}}}]`"
                )
            case DemandGap.VALUE:
                return "Add the images that nodes pull to the image list"
        return "Until then, its images are not checked"


def open_gaps(demands: Iterable[Demand], listed: Iterable[Reference]) -> Iterator[OpenGap]:
    """Yield every gap that the lists do not close, in the order of the demands. A value that a list has is not a gap."""
    covered = Coverage(listed)
    groups: dict[tuple[str, ...], list[Demand]] = {}
    for demand in demands:
        hidden = demand.hidden
        if hidden is None or (demand.reference is not None and covered.has(demand.reference)):
            continue
        own = hidden.gap.value if not hidden.kind else demand.who if hidden.gap in _BY_OBJECT else ""
        groups.setdefault((hidden.file, hidden.kind, own), []).append(demand)
    for group in groups.values():
        first = next((demand for demand in group if not demand.is_possible), group[0])
        if first.hidden is not None:
            yield OpenGap(first.hidden, (first, *(demand for demand in group if demand is not first)))
