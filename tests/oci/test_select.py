"""Which manifest of an index a host selects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.oci.document import Descriptor, Index, parse_document
from auditor.oci.media_types import OCI_INDEX
from auditor.oci.platform import Platform, parse_platform
from auditor.oci.select import MAX_DEPTH, PlatformFit, choose, entries, fit_platform, flatten, is_clear, unclear
from auditor.testing.memory import body_of, digest_of

WIN2019, WIN2022, WIN2025 = (parse_platform(f"windows/amd64:{name}") for name in ("ltsc2019", "ltsc2022", "ltsc2025"))
LINUX = Platform("linux", "amd64")
ATTESTATION = {"vnd.docker.reference.type": "attestation-manifest"}


def entry(platform: str = "", name: str = "", **fields: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"digest": digest_of((name or platform).encode()), "size": 1, **fields}
    if platform:
        parsed = parse_platform(platform)
        found["platform"] = {"os": parsed.os, "architecture": parsed.architecture, "variant": parsed.variant}
        found["platform"]["os.version"] = parsed.os_version
    return found


def index(*listed: str | dict[str, Any]) -> Index:
    manifests = [entry(item) if isinstance(item, str) else item for item in listed]
    document = parse_document(body_of({"schemaVersion": 2, "manifests": manifests}))
    assert isinstance(document, Index)
    return document


def named(name: str) -> str:
    return digest_of(name.encode())


@pytest.mark.parametrize(
    ("image", "host", "fit"),
    [
        ("linux/amd64", "linux/amd64", PlatformFit.EXACT),
        ("linux/amd64", "linux/arm64", PlatformFit.PLATFORM_ABSENT),
        ("linux/amd64", "windows/amd64:ltsc2022", PlatformFit.PLATFORM_ABSENT),
        ("linux/arm/v6", "linux/arm/v7", PlatformFit.EXACT),
        ("linux/arm/v7", "linux/arm/v6", PlatformFit.PLATFORM_ABSENT),
        ("linux/arm64/v8", "linux/arm64", PlatformFit.EXACT),
        ("linux/arm64/v9", "linux/arm64", PlatformFit.PLATFORM_ABSENT),
        ("linux/amd64/v2", "linux/amd64/v3", PlatformFit.EXACT),
        ("linux/amd64/v3", "linux/amd64", PlatformFit.PLATFORM_ABSENT),
        ("windows/amd64:10.0.17763.1", "windows/amd64:ltsc2022", PlatformFit.BUILD_MISMATCH),
        ("windows/amd64:10.0.20348.1", "windows/amd64:ltsc2025", PlatformFit.FALLBACK),
        ("windows/amd64", "windows/amd64:ltsc2025", PlatformFit.BLANK),
    ],
)
def test_image_platform_suits_a_host(image: str, host: str, fit: PlatformFit) -> None:
    assert fit_platform(parse_platform(image), parse_platform(host)) is fit


def test_exact_build_wins_over_a_newer_revision_of_the_previous_one() -> None:
    found = choose(index("windows/amd64:10.0.20348.5499", "windows/amd64:10.0.26100.2894", "windows/amd64"), WIN2025)
    assert (found.fit, found.os_version) == (PlatformFit.EXACT, "10.0.26100.2894")
    assert found.builds == ("10.0.20348.5499", "10.0.26100.2894")
    assert found.runnable_builds == 2


def test_newest_revision_of_a_build_wins() -> None:
    versions = ("10.0.20348.99", "10.0.20348.587", "10.0.20348.1")
    found = choose(index(*(f"windows/amd64:{version}" for version in versions)), WIN2022)
    assert found.os_version == "10.0.20348.587"
    assert found.runnable_builds == 1


def test_fallback_wins_over_a_blank_version_except_with_the_strict_rule() -> None:
    offered = index("windows/amd64", "windows/amd64:10.0.20348.587")
    assert choose(offered, WIN2025).fit is PlatformFit.FALLBACK
    assert choose(offered, WIN2025, strict=True).fit is PlatformFit.BLANK


def test_offers_are_kept_as_proof_without_a_runnable_build() -> None:
    found = choose(index("linux/amd64", "windows/amd64:10.0.20348.587"), WIN2019)
    assert (found.fit, found.fit.runs, found.builds) == (PlatformFit.BUILD_MISMATCH, False, ("10.0.20348.587",))
    assert found.runnable_builds == 0


def test_host_process_prefers_the_build_of_the_host_and_accepts_any() -> None:
    offered = index("windows/amd64:10.0.20348.587", "windows/amd64:10.0.17763.5458")
    assert choose(offered, WIN2019, any_build=True).os_version == "10.0.17763.5458"
    only = choose(index("windows/amd64:10.0.14393.1"), WIN2025, any_build=True)
    assert (only.fit, only.os_version) == (PlatformFit.EXACT, "10.0.14393.1")


def test_exact_variant_wins() -> None:
    found = choose(index("linux/arm/v6", "linux/arm/v7"), parse_platform("linux/arm/v7"))
    assert found.entry is not None
    assert found.entry.digest == named("linux/arm/v7")


def test_attestations_and_unknown_platforms_are_not_offers() -> None:
    offered = index("unknown/unknown", entry("linux/amd64", "attestation", annotations=ATTESTATION))
    assert choose(offered, LINUX).fit is PlatformFit.PLATFORM_ABSENT
    assert list(entries(offered)) == []
    assert list(unclear(offered, LINUX)) == []


def test_config_supplies_what_the_index_omits() -> None:
    offered = index(entry(name="silent"), "windows/amd64:10.0.17763.1")
    known = {named("silent"): WIN2022}
    assert [item.digest for item in unclear(offered, WIN2022)] == [named("silent")]
    assert choose(offered, WIN2022).fit is PlatformFit.BUILD_MISMATCH
    assert choose(offered, WIN2022, known=known).fit is PlatformFit.EXACT


def test_blank_windows_version_is_unclear_for_windows_hosts_only() -> None:
    offered = index("windows/amd64", "linux/amd64", "windows/arm64")
    assert [item.digest for item in unclear(offered, WIN2022)] == [named("windows/amd64")]
    assert list(unclear(offered, LINUX)) == []


@given(offers=st.lists(st.sampled_from(["", "linux/amd64", "windows/amd64", "windows/amd64:10.0.20348.1"]), max_size=4))
def test_complete_index_is_clear_for_every_host(offers: list[str]) -> None:
    offered = index(*(entry(offer, offer or "silent") for offer in offers))
    if is_clear(offered):
        assert all(list(unclear(offered, host)) == [] for host in (LINUX, WIN2019, WIN2025))
    else:
        assert list(unclear(offered, WIN2022))


def loader(**nested: Index) -> Callable[[str], Index | None]:
    by_digest = {named(name): document for name, document in nested.items()}
    return by_digest.get


def nested(name: str) -> dict[str, Any]:
    return entry(name=name, mediaType=OCI_INDEX)


def platforms(document: Index) -> list[str]:
    return [str(platform) for _, platform in entries(document)]


def test_nested_indexes_are_replaced_by_their_entries() -> None:
    flat = flatten(index(nested("inner"), "linux/arm64"), loader(inner=index("linux/amd64")))
    assert platforms(flat) == ["linux/amd64", "linux/arm64"]
    plain = index("linux/amd64")
    assert flatten(plain, loader()) is plain


def test_cyclic_index_gives_each_entry_once() -> None:
    load = loader(a=index(nested("b"), "linux/amd64"), b=index(nested("a"), nested("b"), "linux/arm64"))
    flat = flatten(index(nested("a"), nested("b")), load)
    assert platforms(flat) == ["linux/arm64", "linux/amd64"]
    assert len(flat.manifests) == 2


def test_missing_or_too_deep_index_stays_an_entry() -> None:
    assert flatten(index(nested("gone")), loader()).manifests[0].digest == named("gone")
    chain = {f"n{level}": index(nested(f"n{level + 1}")) for level in range(MAX_DEPTH + 2)}
    flat = flatten(index(nested("n0")), loader(**chain))
    assert [item.digest for item in flat.manifests] == [named(f"n{MAX_DEPTH}")]


OFFERS = st.lists(
    st.sampled_from(
        [
            "linux/amd64",
            "linux/arm64",
            "linux/arm/v6",
            "linux/arm/v7",
            "windows/amd64",
            "windows/arm64",
            *(f"windows/amd64:10.0.{build}.{revision}" for build in (17763, 20348, 25398, 26100) for revision in (1, 9)),
        ]
    ),
    max_size=6,
)
HOSTS = st.sampled_from([WIN2019, WIN2022, WIN2025, LINUX, Platform("linux", "arm", "v7")])


@given(offers=OFFERS, host=HOSTS, strict=st.booleans(), any_build=st.booleans())
def test_choice_is_the_best_offer_in_any_order(
    offers: list[str],
    host: Platform,
    strict: bool,
    any_build: bool,
) -> None:
    unique = list(dict.fromkeys(offers))
    found = choose(index(*unique), host, strict=strict, any_build=any_build)
    again = choose(index(*reversed(unique)), host, strict=strict, any_build=any_build)
    assert (found.fit, found.os_version, found.builds) == (again.fit, again.os_version, again.builds)
    fits = {fit_platform(parse_platform(offer), host, strict=strict, any_build=any_build) for offer in unique}
    assert found.fit.runs == any(fit.runs for fit in fits)
    assert found.fit in fits | {PlatformFit.PLATFORM_ABSENT}
    chosen: Descriptor | None = found.entry
    assert (chosen is None) == (found.fit is PlatformFit.PLATFORM_ABSENT)
