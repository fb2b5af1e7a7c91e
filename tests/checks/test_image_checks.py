"""The image checks beyond their examples: subjects, locations, severities, and each fault once."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from auditor.check import Finding, Fine, Outcome, Severity, Undetermined
from auditor.evidence.model import Kind
from auditor.facts import Overlay, use
from auditor.testing import site_of
from checks import CATALOGUE

TODAY = datetime.date(2026, 11, 23)
BY_ID = {check.id: check for check in CATALOGUE}
WEB = "registry.example.com/shop/web:4.2"
POOLS = """
version: 1
pools:
  control: {platform: linux/amd64, runtime: containerd 2.1.6}
  edge: {platform: linux/arm64, runtime: containerd 1.7.27}
  win2022: {platform: "windows/amd64:ltsc2022", runtime: containerd 2.1.6}
"""


def said(
    check: str, plan: str, *, files: dict[str, str] | None = None, observed: dict[str, Any] | None = None
) -> list[Outcome]:
    where = site_of({"plan": plan, "files": files or {}, "observed": observed or {}})
    return list(BY_ID[check].run(where, TODAY))


def findings(outcomes: list[Outcome]) -> list[Finding]:
    return [item for item in outcomes if isinstance(item, Finding)]


def unknowns(outcomes: list[Outcome]) -> list[Undetermined]:
    return [item for item in outcomes if isinstance(item, Undetermined)]


def fine(outcomes: list[Outcome]) -> int:
    return sum(item.count for item in outcomes if isinstance(item, Fine))


def listed(*lines: str) -> dict[str, str]:
    return {"images.txt": "".join(f"{line}\n" for line in lines)}


LIST_PLAN = POOLS + "images: [{list: images.txt}]\n"


def test_invalid_line_is_reported_at_its_location_and_others_are_examined() -> None:
    outcomes = said("image-reference-invalid", LIST_PLAN, files=listed("busybox:1", "Bad/Name", "alpine:3"))
    (bad,) = findings(outcomes)
    assert str(bad.location).startswith("images.txt:2")
    assert (bad.subject.kind, bad.subject.id, fine(outcomes)) == ("line", "Bad/Name", 2)


def test_third_mention_points_at_the_first() -> None:
    found = findings(said("image-duplicate", LIST_PLAN, files=listed("busybox:1", "busybox:1", "docker.io/busybox:1")))
    assert [str(item.facts["first"]).split(":")[:2] for item in found] == [["images.txt", "1"]] * 2
    assert "is already listed at images.txt:1" in found[0].message


def test_lists_that_overlap_in_any_pool_are_compared() -> None:
    plan = POOLS + "images:\n  - {list: a.txt, pools: [control]}\n  - {list: b.txt, pools: [edge, control]}\n"
    outcomes = said("image-duplicate", plan, files={"a.txt": "busybox:1\n", "b.txt": "busybox:1\n"})
    (found,) = findings(outcomes)
    assert (str(found.location).split(":")[0], fine(outcomes)) == ("b.txt", 1)


def test_tag_with_and_without_digest_is_not_a_duplicate() -> None:
    digest = "sha256:" + "a" * 64
    outcomes = said("image-duplicate", LIST_PLAN, files=listed("busybox:1", f"busybox:1@{digest}", f"busybox@{digest}"))
    assert (findings(outcomes), fine(outcomes)) == ([], 3)


@pytest.mark.parametrize(
    ("line", "severity"),
    [
        ("busybox", Severity.WARNING),
        ("busybox:latest", Severity.WARNING),
        ("busybox:LATEST", Severity.WARNING),
        ("app:nightly-2026-11-01", Severity.WARNING),
        ("longhorn:v1.9.x-head", Severity.WARNING),
        ("app:main", Severity.WARNING),
        ("app:mainline-1.2", Severity.INFO),
        ("app:1.2.3", Severity.INFO),
        ("app@sha256:" + "a" * 64, None),
        ("app:latest@sha256:" + "a" * 64, None),
    ],
)
def test_only_a_digest_counts_as_pinned(line: str, severity: Severity | None) -> None:
    found = findings(said("image-unpinned", LIST_PLAN, files=listed(line)))
    assert [item.severity for item in found] == ([severity] if severity else [])


def test_absent_image_is_one_finding_for_all_pools() -> None:
    outcomes = said("image-absent", LIST_PLAN, files=listed(WEB), observed={WEB: {"absent": "NAME_UNKNOWN"}})
    (found,) = findings(outcomes)
    assert found.facts["why"]
    assert str(found.location).startswith("images.txt:1")
    for other in ("platform-absent", "windows-build-mismatch", "windows-build-fallback", "schema1-manifest"):
        assert said(other, LIST_PLAN, files=listed(WEB), observed={WEB: {"absent": "NAME_UNKNOWN"}}) == []


def test_each_pool_without_its_platform_has_a_separate_finding() -> None:
    outcomes = said("platform-absent", LIST_PLAN, files=listed(WEB), observed={WEB: {"platforms": ["linux/amd64"]}})
    found = findings(outcomes)
    assert [item.subject.pool for item in found] == ["edge", "win2022"]
    assert len({item.fingerprint for item in found}) == 2
    assert fine(outcomes) == 1


def test_single_image_for_another_platform_states_that_platform() -> None:
    found = findings(said("platform-absent", LIST_PLAN, files=listed(WEB), observed={WEB: {"single": "linux/s390x"}}))
    assert all("single-platform image for another platform" in item.message for item in found)
    assert len(found) == 3


def test_one_fault_is_reported_once_per_image() -> None:
    observed = {WEB: {"failed": {"kind": "unreachable", "detail": "connection refused"}}}
    for check in ("image-absent", "platform-absent", "windows-build-mismatch", "schema1-manifest"):
        (item,) = unknowns(said(check, LIST_PLAN, files=listed(WEB), observed=observed))
        assert (item.kind, item.subject.id) == (Kind.UNREACHABLE, WEB)


def test_long_list_of_offers_is_shortened() -> None:
    offers = [f"linux/arch{number}" for number in range(40)]
    (found, *_) = findings(said("platform-absent", LIST_PLAN, files=listed(WEB), observed={WEB: {"platforms": offers}}))
    assert found.message.count("linux/arch") == 12


def windows(host: str, runtime: str, *versions: str, check: str = "windows-build-mismatch", process: str = "") -> list[Outcome]:
    plan = (
        f'version: 1\npools: {{win: {{platform: "windows/amd64:{host}", runtime: {runtime}}}}}\n'
        f'images: [{{ref: "{WEB}"{process}}}]\n'
    )
    return said(check, plan, observed={WEB: {"platforms": [f"windows/amd64:{version}" for version in versions]}})


def test_old_containerd_is_the_cause_even_if_a_newer_build_is_offered() -> None:
    (found,) = findings(windows("23H2", "containerd 1.7.5", "10.0.20348.1", "10.0.26100.1"))
    assert "requires an equal build" in found.message
    assert found.remedies[0].kind == "upgrade"


def test_old_containerd_is_the_cause_for_a_single_manifest() -> None:
    pool = '{platform: "windows/amd64:ltsc2025", runtime: containerd 1.7.5}'
    plan = f'version: 1\npools: {{win: {pool}}}\nimages: [{{ref: "{WEB}"}}]\n'
    (found,) = findings(said("windows-build-mismatch", plan, observed={WEB: {"single": "windows/amd64:10.0.20348.1"}}))
    assert "can run on 10.0.26100 (Windows Server 2025)" in found.message


def test_old_containerd_is_not_the_cause_if_no_rule_runs_the_build() -> None:
    (found,) = findings(windows("ltsc2022", "containerd 1.7.5", "10.0.17763.1"))
    assert "requires an equal build" not in found.message
    assert found.remedies[0].kind == "edit"


def test_build_without_a_name_is_checked() -> None:
    (found,) = findings(windows("22621", "containerd 2.1.6", "10.0.17763.1"))
    assert "win runs 10.0.22621 and cannot run" in found.message


@pytest.mark.parametrize("check", ["windows-build-mismatch", "windows-build-fallback"])
def test_host_process_image_is_exempt(check: str) -> None:
    outcomes = windows(
        "ltsc2025", "containerd 1.7.27", "10.0.17763.1", "10.0.20348.1", check=check, process=", host_process: true"
    )
    assert (findings(outcomes), unknowns(outcomes), fine(outcomes)) == ([], [], 1)


def test_fallback_without_a_known_runtime_states_its_assumption() -> None:
    plan = f'version: 1\npools: {{win: {{platform: "windows/amd64:ltsc2025"}}}}\nimages: [{{ref: "{WEB}"}}]\n'
    observed = {WEB: {"platforms": ["windows/amd64:10.0.20348.1"]}}
    (found,) = findings(said("windows-build-fallback", plan, observed=observed))
    assert "This needs containerd 1.7.6 (1.6.23) or later, and the plan does not state" in found.message


def test_build_mismatch_is_reported_by_its_own_check_only() -> None:
    assert windows("ltsc2019", "containerd 2.1.6", "10.0.20348.1", check="windows-build-fallback") == []


def test_schema_1_is_an_error_only_for_pools_that_reject_it() -> None:
    (found,) = findings(said("schema1-manifest", LIST_PLAN, files=listed(WEB), observed={WEB: {"schema1": True}}))
    assert found.facts["refusing_pools"] == ("control", "win2022")
    plan = f'version: 1\npools: {{old: {{platform: linux/amd64, runtime: containerd}}}}\nimages: [{{ref: "{WEB}"}}]\n'
    (unsure,) = findings(said("schema1-manifest", plan, observed={WEB: {"schema1": True}}))
    assert unsure.severity is Severity.WARNING


def test_fact_of_low_confidence_is_never_an_error() -> None:
    plan = f'version: 1\npools: {{old: {{platform: linux/amd64, runtime: youki 2.0.0}}}}\nimages: [{{ref: "{WEB}"}}]\n'
    severities = []
    for confidence in ("low", "high"):
        row = {"runtime": "youki", "before": "1.0", "source": "a test", "confidence": confidence, "stated-by": "test:1"}
        use(Overlay({"schema1_support": (row,)}))
        (found,) = findings(said("schema1-manifest", plan, observed={WEB: {"schema1": True}}))
        severities.append(found.severity)
    use(Overlay())
    assert severities == [Severity.WARNING, Severity.ERROR]
