"""All stages of a site, each computed on first use."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from auditor.evidence.model import Evidence
from auditor.needs.model import Needs
from auditor.oci.reference import Reference
from auditor.plan.model import Plan
from auditor.site import storage
from auditor.site.images import Images, Placement
from auditor.site.storage.extra_images import ExtraImages, extra_images
from auditor.site.storage.image_sets import ImageSet, ImageSets, image_sets
from auditor.site.storage.shared_blobs import SharedBlobs
from auditor.site.storage.stage import Stage, compressed, download_stage, registry_stage
from auditor.sizing.ranged import Amount
from auditor.transfer.hops import REGISTRY

if TYPE_CHECKING:
    from auditor.site.archives.view import Archives
    from auditor.site.storage.archive_prediction import ArchiveWriting
    from auditor.site.storage.archive_set import ArchiveSet
    from auditor.site.storage.unpacked_pieces import UnpackedPieces
    from auditor.site.transfers import Transfer


class Storage:
    """The bytes of each stage. Unpacked sizes are resolved only for disks that the plan declares."""

    def __init__(
        self,
        plan: Plan,
        needs: Needs,
        evidence: Evidence,
        images: Images,
        pulled: tuple[Placement, ...],
        archives: Archives | None,
        target: Images | None,
        transfer: Transfer | None,
    ) -> None:
        """`images` are at their sources, `pulled` as delivered to nodes, `target` on the internal registry.

        `archives` and `target` are None if they were not requested; `transfer` is None if the plan names no tool.
        """
        self._plan = plan
        self._needs = needs
        self._images = images
        self._pulled = pulled
        self._archives = archives
        self._target = target
        self._evidence = evidence
        self._transfer = transfer

    @cached_property
    def _sharing(self) -> SharedBlobs:
        return SharedBlobs(self._images, self._pulled)

    @cached_property
    def _unpacked(self) -> UnpackedPieces:
        return storage.UnpackedPieces(self._evidence)

    @cached_property
    def _disks(self) -> tuple[str, ...]:
        return tuple(pool.name for pool in self._plan.pools if pool.disk is not None)

    @cached_property
    def _fetched(self) -> ImageSets:
        """Everything as it is copied; also per pool if nodes get exactly that."""
        return image_sets(self._images.placements, self._sharing, self._disks if self._is_pulled else ())

    @cached_property
    def _stored(self) -> ImageSets:
        """Everything as delivered to nodes."""
        return self._fetched if self._is_pulled else image_sets(self._pulled, self._sharing, self._disks)

    @property
    def _is_pulled(self) -> bool:
        return self._pulled is self._images.placements

    @cached_property
    def _unknown(self) -> tuple[str, ...]:
        return tuple(self._fetched.whole.unknown)

    @cached_property
    def _compressed(self) -> Amount:
        return compressed(self._fetched.whole.images)

    @cached_property
    def download(self) -> Stage:
        """Return what the connected side downloads."""
        return download_stage(self._compressed, self._unknown)

    @cached_property
    def registry(self) -> Stage:
        """Return what the internal registry must hold for one version of everything."""
        transfer = self._transfer
        whole = transfer is not None and not transfer.copy.archives and transfer.takes_indexes_to(REGISTRY)
        return registry_stage(self._plan, self._compressed, self._unknown, self._extra_images if whole else None)

    @cached_property
    def _extra_images(self) -> ExtraImages:
        return extra_images(self._fetched.whole.images, self._unknown)

    @cached_property
    def archive_set(self) -> ArchiveSet | None:
        """Return the archives of the images, or None if the plan does not describe a copy."""
        return self._archive_set_of(self._fetched.whole, self._images.placements)

    def _archive_set_of(self, image_set: ImageSet, placements: Sequence[Placement], pool: str = "") -> ArchiveSet | None:
        if self._plan.copy is None:
            return None
        if self._archives is None:
            return self._to_be_written(image_set)
        there = storage.measured_archives(self._archives, self._writing.form if self._writing else None, pool)
        mine = (placement for placement in placements if pool in {"", placement.pool.name})
        others = [placement for placement in mine if (placement.need.reference, placement.need.pool) in self._missing]
        return (
            storage.combined_archives(there, self._to_be_written(image_sets(others, self._sharing).whole)) if others else there
        )

    @cached_property
    def _writing(self) -> ArchiveWriting | None:
        """Return how the tool writes archives, or None if the plan names no tool or the facts do not say."""
        transfer = self._transfer
        if transfer is None or transfer.form is None:
            return None
        return storage.ArchiveWriting(transfer.form, transfer.takes_indexes_to(transfer.form.place))

    def _to_be_written(self, image_set: ImageSet) -> ArchiveSet:
        if self._writing is None:
            return storage.bounded_archives(image_set, self._unpacked)
        return storage.predicted_archives(image_set, self._writing, self._unpacked, self._sharing)

    @cached_property
    def _missing(self) -> frozenset[tuple[Reference, str]]:
        """Return the needs that neither archives nor the internal registry meet yet; unread archives might."""
        if self._archives is None or self._archives.unread:
            return frozenset()
        needs = (held.placement.need for held in self._archives.held if held.entry is None)
        return frozenset((need.reference, need.pool) for need in needs) - self._arrived

    @cached_property
    def _arrived(self) -> frozenset[tuple[Reference, str]]:
        placements = self._target.placements if self._target is not None else ()
        return frozenset((p.need.reference, p.need.pool) for p in placements if p.resolution.payload is not None)

    @cached_property
    def staging(self) -> Stage | None:
        """Return the disk of the connected side, or None if the plan does not declare it."""
        if self._plan.copy is None or self._plan.copy.staging is None or self.archive_set is None:
            return None
        return storage.staging_stage(self._plan.copy, self.archive_set, self._fetched.whole.images, self._unpacked)

    @cached_property
    def media(self) -> Stage | None:
        """Return the media, or None if the plan does not declare their size."""
        if self._plan.copy is None or self._plan.copy.media is None or self.archive_set is None:
            return None
        return storage.media_stage(self._plan.copy, self.archive_set)

    @cached_property
    def nodes(self) -> tuple[Stage, ...]:
        """Return the disk of a node of each pool with a declared disk, with all images present."""
        if not self._disks:
            return ()
        return storage.node_stages(self._stored.pools, self._plan.pools, self._needs, self._unpacked)

    @cached_property
    def imports(self) -> tuple[Stage, ...]:
        """Return the same during the import of archives; only if no internal registry serves the nodes."""
        if self._plan.registry is not None:
            return ()
        return tuple(stage for node in self.nodes if (stage := self._import(node)) is not None)

    def _import(self, node: Stage) -> Stage | None:
        archive_set = self._archive_set_of(self._stored.pools[node.pool], self._pulled, node.pool)
        return storage.import_stage(node, archive_set) if archive_set is not None else None

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """Return all stages in transfer order; empty if no image is needed."""
        if not self._images.placements:
            return ()
        there = (self.download, self.staging, self.media, self.registry, *self.imports, *self.nodes)
        return tuple(stage for stage in there if stage is not None)
