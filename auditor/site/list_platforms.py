"""Lists whose images have no manifest for one of the platforms declared for the list."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditor.plan.model import Pool
from auditor.site.images import Placement, Standing


@dataclass(frozen=True, slots=True)
class ListMismatch:
    """None of the `images` images of the list `file` has a manifest for `pool`, but some have one for another pool."""

    file: str
    pool: Pool
    images: int


@dataclass(frozen=True, slots=True)
class ListPlatforms:
    """The mismatches, and for each list the pools that at least one of its images fits."""

    mismatches: tuple[ListMismatch, ...]
    fitting: Mapping[str, tuple[Pool, ...]]

    def of(self, placement: Placement) -> ListMismatch | None:
        """Return the mismatch that covers every list that names the image, or None."""
        files = [reason.location.file for reason in placement.need.why]
        found = {mismatch.file: mismatch for mismatch in self.mismatches if mismatch.pool.name == placement.pool.name}
        return found[files[0]] if files and all(file in found for file in files) else None

    @property
    def command(self) -> str:
        """Return the `auditor audit` command that gives each list the platforms that it fits."""
        lists = (f"{file}={','.join(str(pool.platform) for pool in pools)}" for file, pools in self.fitting.items())
        return shlex.join(["auditor", "audit", *lists])


def list_platforms(placements: Iterable[Placement]) -> ListPlatforms:
    """Compare each list with each pool for which it is declared.

    A list that fits none of its pools is not a mismatch, because its platform is not the problem.
    """
    absent: defaultdict[str, defaultdict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    pools: dict[str, Pool] = {}
    for placement in placements:
        pools[placement.pool.name] = placement.pool
        for file in {reason.location.file for reason in placement.need.why if reason.kind == "list"}:
            absent[file][placement.pool.name].append(placement.standing is Standing.PLATFORM_ABSENT)
    fitting = {
        file: tuple(pools[pool] for pool, images in each.items() if not all(images)) or tuple(pools[pool] for pool in each)
        for file, each in absent.items()
    }
    mismatches = tuple(
        ListMismatch(file, pools[pool], len(images))
        for file, each in absent.items()
        for pool, images in each.items()
        if pools[pool] not in fitting[file]
    )
    return ListPlatforms(mismatches, fitting)
