"""The check of the plug-in, tested with the kit of the auditor. Run it with pytest, or any runner that knows functions."""

from __future__ import annotations

from pathlib import Path

import pytest
from plant_rules.image_from_house import CHECK

from auditor.testing import assert_example, read_examples, run_check, site_from

EXAMPLES = read_examples(Path(__file__).parent / "image-from-house.yaml")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example["name"])
def test_example_has_the_declared_outcome(example: dict[str, object]) -> None:
    assert_example(CHECK, example)


def test_each_image_is_reported_once_with_its_registry() -> None:
    site = site_from("""
        plan: |
          version: 1
          pools: {linux: {platform: linux/amd64}, edge: {platform: linux/arm64}}
          images: [{list: images.txt}]
        files: {images.txt: "ghcr.io/plant/line:2"}
    """)
    (finding,) = run_check(CHECK, site).findings
    assert finding.facts == {"registry": "ghcr.io"}
    assert str(finding.location) == "images.txt:1:1"
