"""The stages of storage: each blob counts once across images, platforms, pools and archives. Less evidence never adds room."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.site import Site
from auditor.site.storage.extra_images import OWNER
from auditor.site.storage.image_bases import spread_bases
from auditor.site.storage.stage import Stage
from auditor.sizing.platform_estimates import size_of
from auditor.testing import MemoryEvidence, site_of

MB = 10**6
POOLS = """
  control: {platform: linux/amd64, runtime: containerd 2.1.6, disk: 900GB}
  edge: {platform: linux/arm64, runtime: cri-o 1.33, disk: 900GB}
  win2022: {platform: "windows/amd64:ltsc2022", runtime: youki 0.5, disk: 900GB}
"""
PLATFORMS = ("linux/amd64", "linux/arm64", "windows/amd64:10.0.20348.2700")
COPY = "copy: {tool: crane 0.20.6, media: {size: 900GB}, staging: {disk: 900GB}}"
REGISTRY = "registry: {host: 'r.local:5000', disk: 900GB}"
SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def site(observed: dict[str, Any], *parts: str, pools: str = POOLS, images: list[str] | None = None, **more: Any) -> Site:
    listed = "".join(f"  - {{ref: '{name}'}}\n" for name in (images or list(observed)))
    plan = f"version: 1\npools:{pools}" + (f"images:\n{listed}" if listed else "") + "\n".join(parts)
    return site_of({"plan": plan, "observed": observed, **more})


def stages(where: Site) -> dict[str, Stage]:
    return {stage.name: stage for stage in where.storage.stages}


def layer(name: str, size: int, unpacked: int = 0) -> dict[str, Any]:
    told = {"unpacked": {"expanded": unpacked}} if unpacked else {}
    return {"size": size, "name": name, **told}


def single(*layers: dict[str, Any], platform: str = PLATFORMS[0]) -> dict[str, Any]:
    return {"single": {"platform": platform, "layers": list(layers)}}


def test_stages_follow_the_transfer_order() -> None:
    where = site({"a/b:1": single(layer("x", MB))}, COPY, REGISTRY)
    assert list(stages(where)) == ["download", "staging", "media", "registry", "node control", "node edge", "node win2022"]
    assert where.storage.imports == ()


def test_site_without_needs_has_no_stage() -> None:
    assert site({}, COPY, REGISTRY).storage.stages == ()


def test_shared_base_counts_once_at_every_stage() -> None:
    base = layer("base", 100 * MB, 250 * MB)
    found = stages(
        site(
            {"a/b:1": single(base, layer("b", 7 * MB, 9 * MB)), "a/c:1": single(base, layer("c", 5 * MB, 6 * MB))},
            COPY,
            REGISTRY,
        )
    )
    for name in ("download", "registry", "media", "staging"):
        assert 112 * MB < found[name].bytes < 112 * MB + 20_000
        assert found[name].budget.shared - 100 * MB in range(1024)  # in a tar with header and padding
    node = found["node control"]
    assert 112 * MB + 265 * MB < node.bytes < 377 * MB + 20_000
    assert node.budget.shared == 350 * MB
    assert (node.low, node.high, node.estimated) == (node.bytes, node.bytes, 0)
    assert node.provenance.startswith("derived: unpacked layers, the blobs that the runtime keeps,")


def test_unpacked_layer_is_shared_only_on_the_same_parents() -> None:
    top = layer("top", 10 * MB, 30 * MB)
    one, other = layer("one", MB, 2 * MB), layer("other", MB + 1, 2 * MB)
    unlike = stages(site({"a/b:1": single(one, top), "a/c:1": single(other, top)}))["node control"]
    alike = stages(site({"a/b:1": single(one, top), "a/c:1": single(one, top, layer("more", MB, MB))}))["node control"]
    blobs = 12 * MB
    assert 0 < unlike.bytes - (blobs + 2 * 2 * MB + 2 * 30 * MB) < 10_000
    assert 0 < alike.bytes - (blobs + 2 * MB + 30 * MB + MB) < 10_000


def test_pool_stores_only_its_own_platform() -> None:
    entries = [{"platform": name, "layers": [layer(name, (number + 1) * 100 * MB)]} for number, name in enumerate(PLATFORMS)]
    found = stages(site({"a/b:1": {"platforms": entries}}, REGISTRY))
    assert 600 * MB < found["registry"].bytes < 600 * MB + 20_000
    assert 0 < found["node control"].bytes - 350 * MB < 10_000  # 100 MB of blobs, and by 2.5 what they unpack to
    assert found["node edge"].bytes == 500 * MB  # cri-o keeps no blobs
    assert 0 < found["node win2022"].bytes - (300 + 840 + 250) * MB < 10_000  # and one writable layer
    assert found["node win2022"].low < 300 * MB  # unknown whether that runtime keeps blobs
    assert found["node win2022"].estimated == found["node win2022"].bytes


def test_two_names_of_one_image_count_once() -> None:
    form = single(layer("x", 50 * MB, 120 * MB))
    once, twice = stages(site({"a/b:1": form})), stages(site({"a/b:1": form, "a/c:1": form}))
    for name in ("download", "registry", "node control", "node edge"):
        assert once[name].bytes == twice[name].bytes
    assert twice["registry"].budget.shared == twice["registry"].bytes


def test_layer_listed_twice_in_one_image_counts_once() -> None:
    twice = layer("x", 50 * MB)
    assert 50 * MB < stages(site({"a/b:1": single(twice, twice)}))["registry"].bytes < 51 * MB


def test_observed_archives_are_measured_and_other_images_estimated() -> None:
    form = single(layer("x", 50 * MB))
    held = {"media/a.tar": {"bytes": 60 * MB, "images": [{"names": ["a/b:1"], **form}]}}
    copy = "copy: {tool: crane 0.20.6, archives: [media/a.tar], media: {size: 1GB}}"
    whole = site({"a/b:1": form}, copy, archives=held).storage
    assert whole.archive_set is not None
    assert whole.archive_set.is_measured
    assert whole.media is not None
    assert (whole.media.bytes, whole.media.low, whole.media.high) == (60 * MB, 60 * MB, 60 * MB)
    assert whole.media.provenance == "measured: the size of 1 archive on the disk"
    more = site({"a/b:1": form, "a/c:1": single(layer("y", 7 * MB))}, copy, archives=held).storage.media
    assert more is not None
    assert 0 < more.bytes - 67 * MB < 10_000
    assert "for the images in none of them docker-archive of compressed layers as crane writes it" in more.provenance


def test_content_of_the_internal_registry_is_not_transferred() -> None:
    form = single(layer("x", 50 * MB))
    copy = "copy: {tool: crane 0.20.6, archives: [media/a.tar], media: {size: 1GB}}"
    observed = {"a/b:1": form, "a/c:1": single(layer("y", 7 * MB))}
    held = {"media/a.tar": {"bytes": 60 * MB, "images": [{"names": ["a/b:1"], **form}]}}
    inside = {"r.local:5000/a/c:1": observed["a/c:1"]}
    rewrites = "registry: {host: 'r.local:5000', rewrites: {docker.io: 'r.local:5000'}}"
    media = site(observed, copy, rewrites, archives=held, target=inside).storage.media
    assert media is not None
    assert media.bytes == 60 * MB


def test_archive_for_another_pool_is_not_imported() -> None:
    linux, windows = single(layer("x", 50 * MB)), single(layer("y", 80 * MB), platform=PLATFORMS[2])
    archives = {
        "media/linux.tar": {"bytes": 60 * MB, "images": [{"names": ["a/b:1"], **linux}]},
        "media/windows.tar": {"bytes": 90 * MB, "images": [{"names": ["a/w:1"], **windows}]},
    }
    pools = """
  control: {platform: linux/amd64, disk: 900GB}
  win2022: {platform: "windows/amd64:ltsc2022", disk: 900GB}
"""
    plan = f"""version: 1
pools:{pools}images: [{{ref: "a/b:1", pools: [control]}}, {{ref: "a/w:1", pools: [win2022]}}]
copy: {{archives: [media]}}
"""
    where = site_of({"plan": plan, "observed": {"a/b:1": linux, "a/w:1": windows}, "archives": archives})
    beside = {
        stage.pool: stage.bytes - node.bytes for stage, node in zip(where.storage.imports, where.storage.nodes, strict=True)
    }
    assert beside == {"control": 60 * MB, "win2022": 90 * MB}


def test_several_patch_levels_of_one_base_are_reported_with_the_saving() -> None:
    def of(revision: str, *layers: dict[str, Any]) -> dict[str, Any]:
        return single(*layers, platform=f"windows/amd64:10.0.20348.{revision}")

    observed = {
        "a/b:1": of("2700", layer("core May", 1400 * MB)),
        "a/c:1": of("3207", layer("core June", 1500 * MB)),
        "a/d:1": of("3207", layer("nano June", 120 * MB)),
        "a/e:1": of("3207", layer("core June", 1500 * MB), layer("e", MB)),
    }
    (found,) = spread_bases(site(observed).images.placements)
    assert (found.build, found.versions, found.saving) == (20348, ("10.0.20348.2700", "10.0.20348.3207"), 1400 * MB)


LAYERS = st.lists(
    st.builds(
        lambda name, told: {"size": f"{ord(name)}MB", "name": name, **told},
        st.sampled_from("abcdefgh"),
        st.sampled_from([{}, {"unpacked": {"unsaid": "416"}}]),
    ),
    min_size=1,
    max_size=4,
)
KNOWN = {"unpacked": {"expanded": "260MB"}}
IMAGES = st.dictionaries(
    st.sampled_from([f"shop/app{number}:1" for number in range(5)]),
    st.lists(st.tuples(st.sampled_from(PLATFORMS), LAYERS), min_size=1, max_size=3, unique_by=lambda entry: entry[0]),
    min_size=1,
    max_size=4,
)
Drawn = dict[str, list[tuple[str, list[dict[str, Any]]]]]


def observed_of(images: Drawn, *, known: bool = False) -> dict[str, Any]:
    return {
        name: {
            "platforms": [
                {"platform": platform, "layers": [{**layer, **(KNOWN if known else {})} for layer in layers]}
                for platform, layers in entries
            ]
        }
        for name, entries in images.items()
    }


@SLOW
@given(images=IMAGES, tool=st.sampled_from(["crane 0.20.6", "hauler 1.2", "carrier 1"]), data=st.data())
def test_additional_image_never_lowers_a_stage(images: Drawn, tool: str, data: st.DataObject) -> None:
    copy = COPY.replace("crane 0.20.6", tool)
    fewer = data.draw(st.lists(st.sampled_from(sorted(images)), min_size=1, unique=True))
    observed = observed_of(images)
    before = stages(site({name: observed[name] for name in fewer}, copy, REGISTRY))
    after = stages(site(observed, copy, REGISTRY))
    for name, stage in before.items():
        assert after[name].bytes >= stage.bytes, name
        assert after[name].low >= stage.low, name
        assert after[name].high >= stage.high, name


@SLOW
@given(images=IMAGES, tool=st.sampled_from(["crane 0.20.6", "hauler 1.2", "carrier 1"]), data=st.data())
def test_less_evidence_never_narrows_the_range_of_a_stage(images: Drawn, tool: str, data: st.DataObject) -> None:
    where = site(observed_of(images, known=True), COPY.replace("crane 0.20.6", tool), REGISTRY)
    assert isinstance(where.evidence, MemoryEvidence)
    dropped = data.draw(st.sets(st.sampled_from(where.evidence.keys())))
    less = stages(replace(where, evidence=where.evidence.without(dropped)))
    for name, stage in stages(where).items():
        assert less[name].low <= stage.low, name
        assert less[name].unknown or less[name].high >= stage.high, name


@SLOW
@given(images=IMAGES)
def test_condensed_pieces_have_the_same_sum(images: Drawn) -> None:
    where = site(observed_of(images, known=True), REGISTRY)
    sizes: dict[str, dict[str, int]] = {}
    for placement in where.images.placements:
        payload = placement.resolution.payload
        if payload is not None:
            held = sizes.setdefault(placement.pool.name, {placement.image.digest: placement.image.size})
            held[placement.image.digest] = placement.image.size
            held.update({blob.digest: blob.size for blob in payload.blobs})
    everything = {digest: size for held in sizes.values() for digest, size in held.items()}
    assert where.storage.registry.bytes == sum(everything.values())
    nodes = {stage.pool: stage for stage in where.storage.nodes}
    chains: set[tuple[str, ...]] = set()
    for placement in where.images.placements:
        payload = placement.resolution.payload
        if payload is not None and placement.pool.name == "control":
            digests = [layer.digest for layer in payload.layers]
            chains |= {tuple(digests[: end + 1]) for end in range(len(digests))}
    if "control" in sizes:
        assert nodes["control"].bytes == sum(sizes["control"].values()) + 260 * MB * len(chains)


ODD = {"platforms": [*PLATFORMS, "linux/s390x", "linux/ppc64le"]}


WHOLE = "copy: {{tool: crane 0.20.6, options: [{}], media: {{size: 900GB}}, staging: {{disk: 900GB}}}}"


def test_extra_platforms_of_an_index_are_estimated_from_siblings() -> None:
    whole = stages(site({"a/b:1": ODD}, WHOLE.format("--format=oci"), REGISTRY))
    along = ", and an estimate for 2 more manifests of their indexes"
    assert [name for name, stage in whole.items() if along in stage.provenance] == ["staging", "media", "registry"]
    for name in ("staging", "media", "registry"):
        stage = whole[name]
        assert dict(stage.budget.exclusive)[OWNER] == stage.estimated > 0
        assert stage.low < stage.bytes < stage.high
    named = stages(site({"a/b:1": ODD}, WHOLE.format("--platform=linux/amd64"), REGISTRY))
    alone = stages(site({"a/b:1": {"platforms": list(PLATFORMS)}}, WHOLE.format("--format=oci"), REGISTRY))
    for stage in (*named.values(), *alone.values()):
        assert "guessed" not in stage.provenance
        assert OWNER not in dict(stage.budget.exclusive)


def test_estimate_uses_the_same_system_or_else_other_images() -> None:
    entries = [{"platform": "linux/amd64", "layers": [layer("x", 3 * 10**9)]}, "linux/s390x", PLATFORMS[2]]
    where = site({"a/b:1": {"platforms": entries}}, WHOLE.format("--format=oci"), REGISTRY, pools=POOLS.partition("  edge")[0])
    small, registry = where.storage.download, where.storage.registry
    linux, windows = size_of("linux"), size_of("windows")
    assert abs(registry.bytes - small.bytes - 3 * 10**9 - windows.likely) < 10_000
    assert abs(registry.high - small.high - 3 * 10**9 * linux.spread - windows.most) < 10_000
    assert registry.low - small.low < 10_000


def test_unknown_needed_platform_makes_extra_platforms_a_bound() -> None:
    """Half of what should be known would be a bad guess: it could find fault with a disk that more evidence acquits."""
    entries = [{"platform": "linux/amd64", "layers": [layer("x", 10**9)]}, {"platform": "linux/arm64", "missing": "failed"}]
    entries += [{"platform": "linux/s390x"}]
    where = site({"a/b:1": {"platforms": entries}}, WHOLE.format("--format=oci"), REGISTRY)
    registry = where.storage.registry
    assert registry.unknown == ("docker.io/a/b:1",)
    assert registry.high > 10**9 * 2
    assert registry.bytes < 10**9 + 20_000


def test_complete_index_is_in_one_archive_with_all_platforms() -> None:
    shared = layer("top", 100 * MB)
    entries = [{"platform": name, "layers": [layer(name, 10 * MB), shared]} for name in PLATFORMS]
    copy = "copy: {{tool: skopeo 1.18.0, options: [{}], media: {{size: 900GB}}}}"
    whole, each = (
        site({"a/b:1": {"platforms": entries}}, copy.format(options)).storage.archive_set
        for options in ("oci-archive, --all", "oci-archive")
    )
    assert whole is not None
    assert each is not None
    assert [len(archives.files) for archives in (whole, each)] == [1, 3]
    assert 130 * MB < whole.amount.likely < 130 * MB + 30_000
    assert 330 * MB < each.amount.likely < 330 * MB + 30_000


@pytest.mark.parametrize(
    ("version", "daemon", "told"),
    [
        ("27.5", "{}", "an OCI layout of unpacked layers"),
        ("29.1", '{"features": {"containerd-snapshotter": true}}', "with the containerd store"),
        ("29.1", '{"features": {"containerd-snapshotter": false}}', "an OCI layout of unpacked layers"),
        ("29.1", "{}", "the facts do not say what the copy tool writes"),
    ],
)
def test_docker_save_output_depends_on_version_and_daemon(version: str, daemon: str, told: str) -> None:
    copy = f"copy: {{tool: docker {version}, config: [daemon.json], media: {{size: 900GB}}}}"
    where = site({"a/b:1": single(layer("x", MB, 3 * MB))}, copy, files={"daemon.json": daemon})
    assert told in stages(where)["media"].provenance
