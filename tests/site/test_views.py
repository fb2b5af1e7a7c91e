"""The views of layers and storage, and the report's sections that show them."""

from __future__ import annotations

from auditor.report.image_matrix import image_rows
from auditor.report.sections import ITEMS, egress_rows, storage_stages
from auditor.site import Site
from auditor.testing import site_from, site_of
from auditor.transfer.pull import PullRule
from checks import CATALOGUE
from tests.made_checks import TODAY

FOREIGN = """
plan: |
  version: 1
  pools:
    control: {platform: linux/amd64}
    win2022: {platform: "windows/amd64:ltsc2022", runtime: containerd 2.1.6}
    win-old: {platform: "windows/amd64:ltsc2022", runtime: docker 27.5.1}
    win-odd: {platform: "windows/amd64:ltsc2022", runtime: youki 0.5}
  images: [{list: images.txt}]
  network: {reachable: ["*.plant7.local"]}
files:
  images.txt: |
    shop/web:1
    shop/api:1
    rancher/rke2-runtime:v1
    shop/gone:1
observed:
  shop/web:1: &base
    platforms:
      - linux/amd64
      - platform: windows/amd64:10.0.20348.1
        layers:
          - {size: 100MB, foreign: true, name: base, urls: ["https://mcr.microsoft.com/a", "https://mirror.plant7.local/a"]}
          - {size: 7MB}
          - {size: 1MB, foreign: true, name: bare}
          - {size: 1MB, urls: ["ftp://old.example/x"], name: odd}
  shop/api:1: *base
  rancher/rke2-runtime:v1: {platforms: [{platform: linux/amd64, layers: [{size: 1GB}]}]}
  shop/gone:1: {absent: MANIFEST_UNKNOWN}
"""


def foreign_site() -> Site:
    return site_from(FOREIGN)


def test_layer_is_listed_once_per_pool_with_every_image_that_has_it() -> None:
    found = foreign_site().layer_egress
    assert [(egress.pool, egress.urls) for egress in found] == [
        (pool, ("https://mcr.microsoft.com/a",)) for pool in ("win2022", "win-old", "win-odd")
    ]
    assert all(egress.images == ("docker.io/shop/web:1", "docker.io/shop/api:1") for egress in found)
    assert [egress.rule.first if isinstance(egress.rule, PullRule) else None for egress in found] == ["url", "registry", None]
    assert [egress.runtime for egress in found] == ["containerd 2.1.6", "docker 27.5.1", "youki 0.5"]


def test_pool_without_a_runtime_is_treated_as_containerd() -> None:
    (egress,) = site_from(
        """
plan: |
  version: 1
  pools: {win2022: {platform: "windows/amd64:ltsc2022"}}
  images: [{ref: "shop/web:1"}]
observed:
  shop/web:1: {single: {platform: "windows/amd64:10.0.20348.1", layers: [{size: 1MB, urls: ["https://a.example/b"]}]}}
"""
    ).layer_egress
    assert egress.runtime == "its runtime"
    assert isinstance(egress.rule, PullRule)
    assert egress.rule.first == "url"


def test_egress_section_has_each_client_once_in_order() -> None:
    rows = [row for row in egress_rows(foreign_site(), TODAY, CATALOGUE) if row.check == "foreign-layer-egress"]
    assert [(row.host, row.port, row.scheme, row.who) for row in rows] == [
        ("mcr.microsoft.com", 443, "https", "win-odd (youki 0.5)"),
        ("mcr.microsoft.com", 443, "https", "win-old (docker 27.5.1)"),
        ("mcr.microsoft.com", 443, "https", "win2022 (containerd 2.1.6)"),
    ]
    assert rows[0].when_blocked == "unknown for this runtime"
    assert rows[2].why == "layers of docker.io/shop/web:1, docker.io/shop/api:1"


def test_matrix_shows_every_image_for_every_pool() -> None:
    rows = {row.reference: {cell.pool: cell for cell in row.platforms} for row in image_rows(foreign_site(), (), (), (), TODAY)}
    web = rows["docker.io/shop/web:1"]
    assert {name: cell.status for name, cell in web.items()} == dict.fromkeys(
        ("control", "win2022", "win-old", "win-odd"), "ok"
    )
    assert (web["win2022"].foreign_layers, web["control"].foreign_layers) == (3, 0)
    assert web["win2022"].os_version == "10.0.20348.1"
    assert web["win2022"].digest.startswith("sha256:")
    assert {cell.status for cell in rows["docker.io/shop/gone:1"].values()} == {"absent"}
    assert rows["docker.io/shop/gone:1"]["control"].bytes is None


def test_registry_stage_counts_each_blob_once() -> None:
    stage = foreign_site().storage.registry
    assert stage.capacity is None
    assert stage.unknown == ("docker.io/shop/gone:1",)  # whatever takes its place will need room
    layers = 100_000_000 + 7_000_000 * 2 + 1_000_000 * 2 + 1_000_000 * 2 + 1_000_000_000
    assert layers < stage.budget.bytes < layers + 20_000
    assert stage.budget.shared == 102_000_000
    assert "derived" in stage.provenance
    assert "a lower bound, because the size of 1 image is unknown" in stage.provenance


def test_storage_section_names_the_largest_and_sums_the_rest() -> None:
    images = [f"shop/app{number}:1" for number in range(ITEMS + 3)]
    base = {"size": "50MB", "name": "base"}
    plan = "version: 1\npools: {control: {platform: linux/amd64}}\nimages:\n" + "".join(
        f"  - {{ref: '{name}'}}\n" for name in images
    )
    observed = {
        name: {"single": {"platform": "linux/amd64", "layers": [base, {"size": f"{number + 1}MB"}]}}
        for number, name in enumerate(images)
    }
    section = storage_stages(site_of({"plan": plan, "observed": observed}))["registry"]
    assert sum(item.bytes for item in section.items) == section.bytes
    names = [item.name for item in section.items]
    assert names[0] == f"docker.io/shop/app{ITEMS + 2}:1"
    assert names[ITEMS:] == ["3 more images", "shared by several images"]


def test_unknown_size_makes_the_stage_a_lower_bound() -> None:
    where = site_from(
        """
plan: |
  version: 1
  pools: {control: {platform: linux/amd64}}
  images: [{ref: "a/known:1"}, {ref: "a/unasked:1"}, {ref: "a/old:1"}, {ref: "a/unread:1"}, {ref: "a/absent:1"}]
observed:
  a/known:1: {single: linux/amd64}
  a/old:1: {schema1: true}
  a/unread:1: {platforms: [{platform: linux/amd64, missing: uncollected}]}
  a/absent:1: {absent: MANIFEST_UNKNOWN}
"""
    )
    assert where.storage.registry.unknown == (
        "docker.io/a/unasked:1",
        "docker.io/a/old:1",
        "docker.io/a/unread:1",
        "docker.io/a/absent:1",
    )
    assert "a lower bound, because the size of 4 images is unknown" in where.storage.registry.provenance


def test_view_without_needs_has_no_stage() -> None:
    assert storage_stages(site_of({"plan": "version: 1\npools: {control: {platform: linux/amd64}}\n"})) == {}
