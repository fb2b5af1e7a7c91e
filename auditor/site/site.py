"""The site: the single input value of all checks."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING

from auditor.evidence.model import Place
from auditor.site import views
from auditor.site.requirement import Requirement
from auditor.site.workload_views import WorkloadViews

if TYPE_CHECKING:
    from auditor.evidence.causes import Fault
    from auditor.needs.model import Need
    from auditor.net import Connection, Remote
    from auditor.oci.document import Descriptor
    from auditor.oci.reference import Reference
    from auditor.plan.model import Endpoint, Program
    from auditor.readers.node_config.slips import ConfigSlip
    from auditor.readers.registry_config import UnreadableConfig
    from auditor.readers.registry_lint import RegistrySlip
    from auditor.readers.scripts import Script, UnreadableScript
    from auditor.site.archives.view import Archives
    from auditor.site.contents import ComparedImage
    from auditor.site.copies import ComparedCopy
    from auditor.site.delivered_form import LayersByNeed
    from auditor.site.downloads import ScriptDownloads
    from auditor.site.images import Images, Placement, Trouble
    from auditor.site.inside import AtSource
    from auditor.site.layers import LayerEgress
    from auditor.site.list_platforms import ListPlatforms
    from auditor.site.mirrors import Mirroring
    from auditor.site.pulls import Pulls
    from auditor.site.registry_cases import ClientCase
    from auditor.site.script_lines import ReadScript, UnreadScript
    from auditor.site.signature_cases import Signatures
    from auditor.site.storage.view import Storage
    from auditor.site.transfers import Carriage, Transfer
    from auditor.site.trust.callers import Callers
    from auditor.site.trust.cases import TrustCase
    from auditor.site.trust.picture import PathStep
    from auditor.site.trust.pools import Trusts
    from auditor.site.trust.served import Served, Unobserved


@dataclass(frozen=True)
class Site(WorkloadViews):
    """Plan, needs and evidence. Views are computed on first use and cached.

    `places` are where images were requested. Missing evidence there makes a check undetermined, not inapplicable. With `verify`
    full, an unread layer of the internal registry makes a check undetermined.
    """

    @cached_property
    def source(self) -> Images | None:
        """Return every image as its source has it, or None if the sources were not requested."""
        return views.Survey(self.plan, self.needs, self._at_source).images() if Place.SOURCE in self.places else None

    @cached_property
    def _at_source(self) -> AtSource:
        return views.AtSource(self.evidence)

    @cached_property
    def target(self) -> Images | None:
        """Return every image as the internal registry has it, or None if it was not requested."""
        if Place.TARGET not in self.places or self.plan.registry is None:
            return None
        inside = views.InternalEvidence(self.evidence, self.plan.registry)
        return views.Survey(self.plan, self.needs, inside, is_strict=True).images()

    @cached_property
    def archives(self) -> Archives | None:
        """Return the archives and their content, or None if they were not to be read."""
        if Place.ARCHIVES not in self.places:
            return None
        return views.archives_of(self.plan, self.needs, self.evidence, self.source or self.target)

    @cached_property
    def images(self) -> Images:
        """Return every image and its standing per pool: from its source, else the internal registry, else the archives."""
        if (found := self.source or self.target) is not None:
            return found
        return self.archives.images() if self.archives is not None else views.Images({}, ())

    @cached_property
    def list_platforms(self) -> ListPlatforms:
        """Return the lists that have no image for a pool's platform."""
        return views.list_platforms(self.images.placements)

    @cached_property
    def copies(self) -> tuple[ComparedCopy, ...]:
        """Return every need at the location that serves the nodes: the internal registry if requested, else the archives."""
        if self.target is not None:
            return tuple(views.copies_inside(self.plan, self.evidence, self.target, self.source))
        if self.archives is not None:
            return tuple(views.copies_in_archives(self.evidence, self.archives, self.source))
        return ()

    @cached_property
    def source_contents(self) -> tuple[ComparedImage, ...]:
        """Return contradictions about the bytes of each image at its source, as far as observed."""
        return tuple(views.contents_of(self.source, self._at_source)) if self.source is not None else ()

    @cached_property
    def target_contents(self) -> tuple[ComparedImage, ...]:
        """Return contradictions about the bytes of each image on the internal registry."""
        if self.target is None or self.plan.registry is None:
            return ()
        return tuple(views.contents_of(self.target, views.InternalEvidence(self.evidence, self.plan.registry), self.verify))

    @cached_property
    def pulled(self) -> tuple[Placement, ...]:
        """Return what nodes would pull: from the internal registry if observed there, because a copy may rewrite an image."""
        if self.target is None or self.target is self.images:
            return self.images.placements
        pairs = zip(self.images.placements, self.target.placements, strict=True)
        return tuple(there if _is_known(there) else here for here, there in pairs)

    @cached_property
    def delivered(self) -> tuple[Placement, ...]:
        """Like `pulled`, but an image not observed on the internal registry is taken as the copy or an archive sends it."""
        if self.archives is None or self.to_copy is None:
            return self.pulled
        inside = self.target.placements if self.target is not None else ()
        rows = zip_longest(self.pulled, self.to_copy.placements, self.archives.held, inside)
        return tuple(
            # An archive may hold another manifest than the source; it was not read.
            taken if not (there and _is_known(there)) and (held.entry is not None or _is_known(taken)) else here
            for here, taken, held, there in rows
        )

    def foreign(self, placement: Placement) -> tuple[Descriptor, ...]:
        """Return the layers that reach a node with `urls` or a foreign type, without those whose `urls` the copy removes."""
        layers = views.foreign_layers(placement)
        if not layers:
            return ()
        plain = self._converted_layers.get(placement.need, frozenset())
        return tuple(layer for layer in layers if layer.digest not in plain)

    @cached_property
    def unknown_deliveries(self) -> Mapping[Need, Trouble]:
        """Return the needs whose delivered form is unknown, with the reason: the deciding evidence was not collected."""
        return views.unknown_deliveries(self.images.placements, self.archives, self.target)

    @cached_property
    def _converted_layers(self) -> LayersByNeed:
        return views.converted_layers(self.carriages, self.target)

    @cached_property
    def layer_egress(self) -> tuple[LayerEgress, ...]:
        """Return every layer and pool that would download from an external host."""
        holding = (one for one in self.delivered if one.resolution.payload and one.resolution.payload.foreign)
        return views.layer_egress(((one, self.foreign(one)) for one in holding), self.reach, self.unknown_deliveries)

    @cached_property
    def complete_inside(self) -> frozenset[Reference]:
        """Return the images that the internal registry was observed to have with every blob, for every pool."""
        inside = [copy for copy in self.copies if copy.is_inside]
        lacking = {copy.image.reference for copy in inside if not copy.is_complete}
        return frozenset(copy.image.reference for copy in inside) - lacking

    @cached_property
    def with_outside_urls(self) -> frozenset[Reference]:
        """Return the images with a layer URL on an external host, at the source or as delivered to nodes."""
        return views.with_outside_urls((*self.images.placements, *self.delivered), self.reach)

    @cached_property
    def to_copy(self) -> Images | None:
        """Return what is copied: from the archives if read, else from the sources; None if neither was observed."""
        return self.transfer.taken(self.source) if self.transfer is not None else self.source

    @cached_property
    def transfer(self) -> Transfer | None:
        """Return the copy that the plan describes, or None if it names no tool."""
        if self.plan.copy is None:
            return None
        return views.transfer_of(self.plan, lambda: self.archives, from_source=Place.SOURCE in self.places)

    @cached_property
    def carriages(self) -> tuple[Carriage, ...]:
        """Return what the planned copy does to every layer that it may omit, or whose `urls` it may keep."""
        if self.transfer is None or self.to_copy is None:
            return ()
        return tuple(views.without_predictions(self.transfer.carriages(self.to_copy.placements), self.unknown_deliveries))

    @cached_property
    def scripts(self) -> tuple[ReadScript | UnreadScript, ...]:
        """Return the copy scripts, and what their lines omit of the images to copy."""
        if not self._script_files:
            return ()
        copied = self.to_copy.placements if self.to_copy is not None else ()
        known = [placement for placement in copied if _is_known(placement)]
        return tuple(views.read_scripts(self.plan, self._script_files, self.transfer, known))

    @cached_property
    def bare_scripts(self) -> tuple[ReadScript | UnreadScript, ...]:
        """Return the copy scripts without the images, for checks that need no evidence."""
        if not self._script_files:
            return ()
        return tuple(views.read_scripts(self.plan, self._script_files, self.transfer, []))

    @cached_property
    def _script_files(self) -> Mapping[str, Script | UnreadableScript]:
        return views.copy_scripts(self.plan) if self.plan.copy is not None and self.plan.copy.scripts else {}

    @cached_property
    def script_downloads(self) -> tuple[ScriptDownloads, ...]:
        """Return what each copy script downloads."""
        return tuple(views.script_downloads(self.reach, self.bare_scripts)) if self.bare_scripts else ()

    @cached_property
    def registry_slips(self) -> tuple[RegistrySlip, ...] | UnreadableConfig:
        """Return the mistakes in the internal registry's configuration, or why it cannot be read."""
        return views.registry_slips(self.plan) if self.plan.registry is not None else ()

    @cached_property
    def login_sign(self) -> str:
        """Return the sign that the internal registry needs a login, if the plan does not declare that it does."""
        return views.login_sign(self.plan, self.target)

    @cached_property
    def registry_remote(self) -> Remote | None:
        """Return the external host behind the internal registry's pull-through cache, or None."""
        return views.registry_remote(self.reach, self.registry_slips) if self.plan.registry is not None else None

    @cached_property
    def signatures(self) -> Signatures:
        """Return the policies that demand signatures, and what was observed of each signature."""
        return views.signatures_of(self.plan, self.needs, self.evidence, self.source, self.target, self.archives)

    @cached_property
    def storage(self) -> Storage:
        """Return the bytes of each stage."""
        seen = (self.images, self.pulled, self.archives, self.target)
        return views.Storage(self.plan, self.needs, self.evidence, *seen, self.transfer)

    @cached_property
    def _faults(self) -> Mapping[str, tuple[Fault, ...]]:
        return views.faults_by_image(self.images, self.target, self.to_copy)

    def faults_of(self, images: Iterable[str]) -> tuple[Fault, ...]:
        """Return the hosts that did not answer for these images (by name); empty if any of them has another problem."""
        found = [self._faults.get(name, ()) for name in images]
        return tuple(dict.fromkeys(fault for faults in found for fault in faults)) if all(found) else ()

    @cached_property
    def copy_slips(self) -> tuple[tuple[str, tuple[ConfigSlip, ...]], ...]:
        """Return the daemon.json files of the copying Docker, with the mistakes in each."""
        return views.copy_slips(self.plan) if self.plan.copy is not None else ()

    @cached_property
    def mirroring(self) -> tuple[Mirroring, ...]:
        """Return from which hosts each configured pool pulls the images of each registry."""
        return views.mirroring(self.plan, self.needs, self.node_configs, self.reach) if self.node_configs else ()

    @cached_property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the TLS endpoints of the nodes: those of the plan, and the internal registries that nodes pull from."""
        return views.tls_endpoints(self.plan, self.needs, self.node_configs, self.reach)

    @cached_property
    def callers(self) -> Callers:
        """Return which clients connect to which endpoint."""
        return views.Callers(self.plan, self.endpoints)

    @cached_property
    def pulls(self) -> Pulls:
        """Return the TLS endpoint through which each pool pulls each image."""
        return views.pulls(self.plan, self.mirroring, self.endpoints)

    @cached_property
    def chains(self) -> Mapping[Endpoint, Served | Unobserved]:
        """Return the chain that each endpoint serves."""
        return views.endpoint_chains(self.plan, self.evidence, self.endpoints) if self.endpoints else {}

    @cached_property
    def client_cases(self) -> tuple[ClientCase, ...]:
        """Return the registries that controllers of the workloads request themselves."""
        if not self.plan.workloads:
            return ()
        uses = views.registry_uses(self.plan)
        return tuple(views.RegistryCases(self.plan, self.reach, uses, self.pull_accesses, self.chains, self.login_sign).cases())

    @cached_property
    def trusts(self) -> Trusts:
        """Return the trust of each pool's nodes."""
        return views.Trusts(self.plan, self.node_configs, self.reach)

    @cached_property
    def _trust(self) -> dict[datetime.date, tuple[TrustCase, ...]]:
        return {}

    def trust(self, today: datetime.date) -> tuple[TrustCase, ...]:
        """Return each endpoint as each client of each pool would verify it offline on a day."""
        if not self.endpoints:  # without endpoints the root stores need not be read
            return ()
        if today not in self._trust:
            self._trust[today] = views.trust_cases(self.plan, self.evidence, self.chains, self.trusts, today, self.node_configs)
        return self._trust[today]

    def connections(self, today: datetime.date) -> tuple[Connection, ...]:
        """Return every connection to an external host that a node, a script or a controller opens."""
        return tuple(views.connections_of(self, today))

    def trust_path(self, case: TrustCase) -> tuple[PathStep, ...]:
        """Return the path of a case of `trust`, certificate by certificate."""
        trust = self.trusts.for_client(case.pool, case.client, case.endpoint)
        return views.steps_of(case, self.chains[case.endpoint], trust)

    @property
    def programs(self) -> Iterator[Program]:
        """Yield the copy tool and the runtimes of the pools that the plan names."""
        tool = self.plan.copy.tool if self.plan.copy is not None else None
        yield from (program for program in (tool, *(pool.runtime for pool in self.plan.pools)) if program is not None)

    def lacks(self, requirement: Requirement) -> str | None:
        """Return why a check with this requirement does not apply, or None if it applies."""
        return None if views.is_present(self, requirement) else requirement.value


def _is_known(placement: Placement) -> bool:
    return placement.resolution.payload is not None
