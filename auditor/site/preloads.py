"""The view of images that nodes get only from archives: no registry answers, so a node cannot pull them again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from auditor.facts import header, table
from auditor.facts.lookup import Gap, gap_in
from auditor.facts.versions import Answer, Versioned
from auditor.net import Reach, Scope, is_own_machine
from auditor.oci.reference import Reference
from auditor.plan.model import Plan
from auditor.readers.node_config import NodeConfig
from auditor.readers.node_preloads import NodePreloads, node_preloads

Trait = Literal["pins", "names-digests", "hides-imports"]
_TABLE = "preloads"


class ImportTrait(Versioned, frozen=True, kw_only=True):
    """What a range of releases of a distribution does with images that it imports on a node."""

    distribution: str
    trait: Trait
    folder: str


def import_folder(distribution: str) -> str:
    """Return the folder from which a distribution imports archives, or an empty string if it imports none by itself."""
    rows: tuple[ImportTrait, ...] = table(_TABLE, ImportTrait)
    return next((row.folder for row in rows if row.distribution == distribution), "")


def has_trait(distribution: str, version: str, trait: Trait) -> bool | Gap:
    """Return whether a release has a trait, or why the facts do not answer."""
    rows: tuple[ImportTrait, ...] = table(_TABLE, ImportTrait)
    own = [row for row in rows if row.distribution == distribution and row.trait == trait]
    if not own:
        return False
    answers = [row.covers(version) for row in own]
    if Answer.YES in answers:
        return True
    if all(answer is Answer.NO for answer in answers):
        return False
    # Above the verified releases, the newest behaviour is assumed only with the user's own row.
    return gap_in(header(_TABLE), distribution, version) or False


@dataclass(frozen=True)
class Preloads:
    """Decides image by image whether a pool can pull it from anywhere."""

    plan: Plan
    reach: Reach
    configs: Mapping[str, NodeConfig]

    @property
    def are_only_imported(self) -> bool:
        """Whether the plan brings images in archives and names no internal registry."""
        return self.plan.registry is None and self.plan.copy is not None and bool(self.plan.copy.archives)

    def settings(self, pool: str) -> NodePreloads:
        """Return the settings of a pool's nodes."""
        return node_preloads(self.plan, self.plan.pool(pool))

    def answers(self, pool: str, reference: Reference) -> bool | str:
        """Return whether an internal registry answers a pull of the image, or why that is unknown."""
        config = self.configs.get(pool)
        if config is not None:
            doubt = config.doubt(reference.domain)
            if doubt is not None:
                return f"{doubt.location}: {doubt.why}"
            hosts = [one.host for one in config.asked(reference)]
        else:
            hosts = [reference.domain]
        scopes = [self.reach.of(host) for host in hosts]
        if Scope.INTERNAL in scopes or any(map(is_own_machine, hosts)):
            return True
        if Scope.UNKNOWN in scopes:
            return f"the host of {reference} is not fully known"
        if self.settings(pool).embeds_mirror:
            return f"nodes of {pool} share images through the embedded registry mirror, and which nodes have it is unknown"
        return False
