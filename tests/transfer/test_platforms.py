"""Which manifests of an index a tool copies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.facts import table
from auditor.oci.platform import parse_platform
from auditor.transfer.copy_digests import known_options
from auditor.transfer.copy_options import Options, options_for, read_options
from auditor.transfer.copy_platforms import (
    CopyPlatforms,
    Kept,
    keeping_all,
    keeps,
    keeps_all,
    keeps_over,
    platform_row,
)
from auditor.transfer.hops import Hop, Unpredicted

NAMES = (
    "linux/amd64",
    "linux/arm64",
    "windows/amd64:10.0.17763.6893",
    "windows/amd64:10.0.20348.3207",
    "windows/amd64:10.0.20348.587",
)
OFFERS = [(name, parse_platform(name)) for name in NAMES]


def hop(tool: str, *options: str, to: str = "registry") -> Hop:
    name, _, version = tool.partition(" ")
    return Hop(name, version, "registry", to, read_options(options))


def kept(tool: str, *options: str, to: str = "registry") -> dict[str, object]:
    return {name: keeps(hop(tool, *options, to=to), OFFERS, name) for name in NAMES}


def yes(*places: int) -> dict[str, object]:
    return {name: Kept.YES if number in places else Kept.NO for number, name in enumerate(NAMES)}


@pytest.mark.parametrize(
    ("tool", "options", "places"),
    [
        ("crane 0.20.6", (), (0, 1, 2, 3, 4)),
        ("crane 0.20.6", ("--platform", "linux/arm64"), (1,)),
        ("crane 0.20.6", ("--platform=all",), (0, 1, 2, 3, 4)),
        ("crane 0.20.6", ("--platform", "windows/amd64"), (2,)),  # the first of the index
        ("crane 0.20.6", ("--platform", "windows/amd64:10.0.20348.587"), (4,)),
        ("crane 0.20.6", ("--platform", "windows/amd64:ltsc2022"), ()),  # it compares os.version to the letter
        ("regctl 0.11.7", ("-p", "windows/amd64"), (3,)),  # the newest
        ("regctl 0.11.7", ("--platform", "windows/amd64,osver=10.0.20348.1"), (3,)),
        ("regctl 0.11.7", ("--platform", "windows/amd64,osver=10.0.17763.1"), (2,)),
        ("skopeo 1.20.0", ("--all",), (0, 1, 2, 3, 4)),
        ("skopeo 1.20.0", ("--multi-arch", "index-only"), ()),
        ("skopeo 1.20.0", ("--override-os", "windows", "--override-arch", "amd64"), (2,)),
        ("imgpkg 0.43.1", (), (0, 1, 2, 3, 4)),
        ("oras 1.2.0", ("--platform", "linux/amd64"), (0,)),
    ],
)
def test_copied_platforms_are_predicted(tool: str, options: tuple[str, ...], places: tuple[int, ...]) -> None:
    assert kept(tool, *options) == yes(*places)


def test_tarball_of_crane_is_linux_without_a_platform_option() -> None:
    assert kept("crane 0.20.6", to="docker-archive") == yes(0)
    assert kept("crane 0.20.6", to="oci-layout") == yes(0, 1, 2, 3, 4)


def test_platform_of_the_copying_machine_is_unknown() -> None:
    assert set(kept("skopeo 1.20.0").values()) == {Kept.OWN}
    assert kept("skopeo 1.20.0", "--override-os", "linux") == yes() | {NAMES[0]: Kept.OWN, NAMES[1]: Kept.OWN}
    assert set(kept("docker 28.5.1").values()) == {Kept.OWN}


@pytest.mark.parametrize(
    ("tool", "options", "wanted", "why"),
    [
        ("carrier-pigeon 1", (), NAMES[0], "do not list"),
        ("hauler 1.2.0", ("--platform", "windows/amd64"), NAMES[3], "which of 3 manifests for windows"),
        ("crane 0.20.6", ("--platform", "linux"), NAMES[0], "is not a platform"),
        ("crane 0.20.6", ("--platform", "linux/amd64", "--platform", "linux/arm64"), NAMES[0], "2 times"),
        ("regsync 0.8.0", ("platforms: [linux/amd64]",), NAMES[0], "which platforms regsync 0.8.0 keeps"),
    ],
)
def test_unknown_tool_or_version_is_not_predicted(tool: str, options: tuple[str, ...], wanted: str, why: str) -> None:
    found = keeps(hop(tool, *options), OFFERS, wanted)
    assert isinstance(found, Unpredicted)
    assert why in found.why


def test_several_hops_and_routes_are_combined() -> None:
    tarball = (hop("crane 0.20.6", to="docker-archive"), Hop("crane", "0.20.6", "docker-archive", "registry"))
    layout = (hop("crane 0.20.6", to="oci-layout"), Hop("crane", "0.20.6", "oci-layout", "registry"))
    assert keeps_over([tarball], OFFERS, NAMES[0], is_listed=True) is Kept.YES
    assert keeps_over([tarball], OFFERS, NAMES[3], is_listed=True) is Kept.NO
    assert keeps_over([layout], OFFERS, NAMES[3], is_listed=True) is Kept.YES
    assert isinstance(keeps_over([tarball, layout], OFFERS, NAMES[3], is_listed=True), Unpredicted)
    assert keeps_over([], OFFERS, NAMES[0], is_listed=True) is Kept.YES
    assert isinstance(keeps_over([tarball], OFFERS, "sha256:inner", is_listed=False), Unpredicted)
    assert keeps_over([layout], OFFERS, "sha256:inner", is_listed=False) is Kept.YES
    assert keeps_all([layout])
    assert not keeps_all([layout, tarball])


def test_option_that_keeps_all_platforms_is_known() -> None:
    assert keeping_all("skopeo") == "--all"
    assert keeping_all("crane") == ""
    assert keeping_all("zarf") is None


def test_options_with_facts_are_known() -> None:
    assert {"--platform", "--allow-nondistributable-artifacts", "--annotate-ref"} <= known_options("crane")
    assert {"--all", "--multi-arch", "--override-os", "--override-arch", "--override-variant"} <= known_options("skopeo")
    assert known_options("carrier-pigeon") == frozenset()


def test_every_row_is_reachable() -> None:
    rows: tuple[CopyPlatforms, ...] = table("copy_platforms", CopyPlatforms)
    for row in rows:
        options = options_for(row.given[0]) if row.given else Options()
        made = Hop(row.tool, row.since or "0", row.origin or "registry", row.to or "registry", options)
        assert platform_row(made) == row, row.name


TOOLS = sorted({row.tool for row in table("copy_platforms", CopyPlatforms)})


@given(st.sampled_from(TOOLS), st.permutations(OFFERS), st.sampled_from(["linux/amd64", "windows/amd64", "x", ""]))
def test_named_platform_copies_at_most_one_manifest(tool: str, offers: list[tuple[str, object]], platform: str) -> None:
    made = Hop(tool, "", "registry", "registry", read_options([f"--platform={platform}"]))
    row = platform_row(made)
    found = [keeps(made, offers, digest) for digest, _ in offers]  # type: ignore[arg-type]
    if isinstance(row, CopyPlatforms) and row.keeps == "named":
        assert found.count(Kept.YES) <= 1
