"""The settings of a collection and of an audit, as the command line and the Python API pass them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.check import Severity
from auditor.collectors.timeouts import TIMEOUT
from auditor.evidence.kinds import Place, Verify
from auditor.plan.areas import Area

if TYPE_CHECKING:
    from auditor.check import Check
    from auditor.plan.model import Plan
    from auditor.policy import Baseline

CHAIN_PLATFORMS = ("linux/amd64", "windows/amd64:ltsc2022")  # of the nodes that a single chain is judged for

__all__ = ["CHAIN_PLATFORMS", "TIMEOUT", "GatherSettings", "Settings", "places_of", "real_day"]


def real_day() -> datetime.date:
    """Return today's date in UTC. No other function of a run reads the clock for a verdict."""
    return datetime.datetime.now(tz=datetime.UTC).date()


def places_of(via: tuple[Place, ...], plan: Plan) -> frozenset[Place]:
    """Return the places to look for the images of a plan: `via`, or the default for the plan."""
    if via:
        return frozenset(via)
    archives = plan.copy is not None and plan.copy.archives
    return frozenset({Place.SOURCE, Place.ARCHIVES} if archives else {Place.SOURCE})


@dataclass(frozen=True, slots=True)
class GatherSettings:
    """How to collect. `via` are the places to look for images; none stands for the plan's default.

    `jobs` limits the concurrent requests; None lets the answers of each host decide. `ca` is a file of certificates to trust
    for the registries of image lists. `timeout` (seconds) is how long a host may be silent. `command` is the command line to
    record in the evidence. `signatures` observes the signatures of all images.
    """

    via: tuple[Place, ...] = ()
    jobs: int | None = None
    verify: Verify = Verify.SIZE
    ca: Path | None = None
    timeout: float = TIMEOUT
    command: str = ""
    signatures: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """How to audit. `known` are all checks, `chosen` the ids of those that run.

    `today` is the day to evaluate (`--at`); `now` is the real day (UTC), which decides how old evidence is. `evidence` is a
    file to use instead of a collection. `offline` uses the cache instead, or nothing if `use_cache` is False.
    `render_charts` lets helm run even if the system cannot keep it from connecting.
    """

    today: datetime.date
    known: tuple[Check, ...]
    chosen: frozenset[str]
    fail_on: Severity = Severity.ERROR
    strict: bool = False
    waivers: Path | None = None
    baseline: Baseline | None = None
    evidence: Path | None = None
    offline: bool = False
    use_cache: bool = True
    require: frozenset[Area] = frozenset()
    show: Severity = Severity.INFO
    render_charts: bool = False
    gathering: GatherSettings = GatherSettings()
    now: datetime.date = field(default_factory=real_day)

    @property
    def may_connect(self) -> bool:
        """Whether a program that the pipeline runs may open connections."""
        return self.render_charts or not (self.offline or self.evidence is not None)
