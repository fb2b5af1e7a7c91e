"""The images of 43 real workloads and the expected ones. It needs clones of their repositories: AUDITOR_CLONES."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.corpus.folder import corpus
from tests.corpus.workload_units import lay_out, printed, scored, sums, units
from tests.peers.programs import require

pytestmark = pytest.mark.corpus

# Units in which our answer differs from the corpus's, and why ours is right.
DIFFERS = {
    "prometheus-operator": "its operator v0.93.0 has the default Prometheus v3.13.1 (pkg/operator/defaults.go at that tag)",
}


def test_every_image_of_real_workloads_is_found_or_undetermined(tmp_path: Path) -> None:
    """Recall at least 97 %, precision at least 98 %, and no unit with a missed image passes."""
    folder = corpus()
    clones = os.environ.get("AUDITOR_CLONES", "")
    if not clones:
        pytest.skip("AUDITOR_CLONES is not set: a folder with a clone of each repository of the corpus")
    require("helm")
    scores = [scored(unit, folder, lay_out(unit, Path(clones), tmp_path / unit.id)) for unit in units(folder)]
    recall, precision = sums(scores)
    report = "\n".join(printed(scores))
    assert (recall >= 0.97, precision >= 0.98) == (True, True), report
    assert not [one.unit.id for one in scores if one.missed and not one.gaps and one.unit.id not in DIFFERS], report
