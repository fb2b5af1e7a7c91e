"""Rows that were wrong, each with the versions on both sides of the change."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from auditor.check import Finding, Undetermined
from auditor.oci.reference import parse_reference
from auditor.oci.windows import build_gap, release_of
from auditor.pki.clients import client_model, client_models
from auditor.pki.path_rules import FlawKind, flaws_of
from auditor.plan.model import Program
from auditor.readers.node_config.containerd_toml import places
from auditor.site import Site
from auditor.testing import site_of
from auditor.testing.certificates import CA, HOST, hierarchy
from auditor.transfer.copy_layers import layer_row
from auditor.transfer.copy_options import PINNED, Options
from auditor.transfer.copy_platforms import keeping_all, platform_row
from auditor.transfer.hops import Hop, Unpredicted
from auditor.transfer.pull import PullRule, pull_rule
from checks.images import image_unpinned, schema1_manifest
from checks.windows import known_issue

TODAY = datetime.date(2026, 11, 30)


@pytest.mark.parametrize(("runtime", "found"), [("2.2.7", False), ("2.3.0", True), ("2.3.4", True)])
def test_containerd_reads_configuration_version_4_since_2_3(runtime: str, found: bool) -> None:
    assert bool(places(4, runtime)) == found


def site(cluster: str, platform: str = "windows/amd64:ltsc2022") -> Site:
    plan = f"version: 1\npools: {{win: {{platform: '{platform}'}}}}\ncluster: {{{cluster}}}\n"
    return site_of({"plan": plan})


def issues(found: Site) -> set[str]:
    return {outcome.case for outcome in known_issue.run(found, TODAY) if isinstance(outcome, Finding)}


@pytest.mark.parametrize(
    ("cni", "is_wrong"),
    [
        ("", True),
        (", cni: canal", True),
        (", cni: 'multus,canal'", True),
        (", cni: calico", False),
        (", cni: 'multus,calico'", False),
    ],
)
def test_rke2_with_windows_pools_needs_calico_or_flannel(cni: str, is_wrong: bool) -> None:
    found = issues(site(f"distribution: rke2, version: v1.33.5+rke2r1{cni}"))
    assert ("rke2-windows-cni" in found) == is_wrong


@pytest.mark.parametrize(
    ("version", "is_wrong"),
    [
        ("v1.33.12+rke2r2", False),
        ("v1.33.13+rke2r1", False),
        ("v1.33.13+rke2r2", True),
        ("v1.34.9+rke2r1", False),
        ("v1.34.10+rke2r1", True),
        ("v1.35.6+rke2r1", False),
        ("v1.35.7+rke2r1", True),
        ("v1.36.3+rke2r1", True),
    ],
)
def test_rke2_windows_tarballs_name_a_digest_instead_of_the_pause_tag(version: str, is_wrong: bool) -> None:
    found = issues(site(f"distribution: rke2, version: {version}, cni: calico"))
    assert ("rke2-windows-pause-digest" in found) == is_wrong


@pytest.mark.parametrize("version", ["v1.31.6+rke2r1", "v1.34.4+rke2r1", "v1.34.10+rke2r1", "v1.35.7+rke2r1", "v1.36.3+rke2r1"])
def test_rke2_runtime_on_server_2025_fails_in_every_release_that_was_read(version: str) -> None:
    cluster = f"distribution: rke2, version: {version}, cni: calico"
    assert "rke2-runtime-2025" in issues(site(cluster, "windows/amd64:ltsc2025"))
    assert "rke2-runtime-2025" not in issues(site(cluster))


def test_release_after_the_verified_ones_has_no_known_issue_but_does_not_pass() -> None:
    (outcome,) = known_issue.run(site("distribution: rke2, version: v1.36.4+rke2r1, cni: calico"), TODAY)
    assert isinstance(outcome, Undetermined)
    assert "has no known issue, but this version was not checked" in outcome.detail
    assert "checked 2026-11" in outcome.detail


@pytest.mark.parametrize(("version", "fatal"), [("1.30.14", False), ("1.31.0", True), ("1.36.3", True)])
def test_cri_o_has_no_way_back_from_a_layer_url_since_1_31(version: str, fatal: bool) -> None:
    rule = pull_rule("cri-o", version, "linux")
    assert isinstance(rule, PullRule)
    assert rule.fatal == fatal


@pytest.mark.parametrize(("version", "does"), [("1.4.3", "left"), ("2.0.0", "carried"), ("2.0.3", "carried")])
def test_hauler_pushes_foreign_layers_since_2_0(version: str, does: str) -> None:
    row = layer_row(Hop("hauler", version, "oci-layout", "registry"))
    assert not isinstance(row, Unpredicted)
    assert row.does == does


@pytest.mark.parametrize(
    ("version", "pinned", "keeps"), [("0.76.0", True, "one"), ("0.77.0", True, "all"), ("0.84.0", False, "one")]
)
def test_zarf_copies_an_index_that_a_digest_names_since_0_77(version: str, pinned: bool, keeps: str) -> None:
    options = Options(((PINNED, ""),)) if pinned else Options()
    row = platform_row(Hop("zarf", version, "registry", "oci-layout", options))
    assert not isinstance(row, Unpredicted)
    assert row.keeps == keeps


def test_a_digest_is_no_option_that_a_remedy_could_name() -> None:
    assert keeping_all("zarf") is None


@pytest.mark.parametrize(("client", "strict"), [("python 3.12", False), ("python 3.13.1", True), ("python 3.14", True)])
@pytest.mark.parametrize("os", ["linux", "windows"])
def test_python_verifies_strictly_and_accepts_partial_chains_since_3_13(client: str, strict: bool, os: str) -> None:
    model = client_model(client, os)
    assert model is not None
    assert (model.strict, model.partial_chain) == (strict, strict)


def test_python_without_a_version_is_both() -> None:
    assert [model.strict for model in client_models("python", "linux").rows] == [False, True]


def test_strict_client_rejects_an_authority_without_key_usage() -> None:
    lenient, strict = client_model("python 3.12", "linux"), client_model("python 3.13", "linux")
    assert lenient is not None
    assert strict is not None
    chain = hierarchy(root=replace(CA, cert_sign=None))
    path = (chain.leaf.certificate, chain.issuing.certificate, chain.root.certificate)
    at = chain.leaf.certificate.not_before + datetime.timedelta(days=1)
    assert flaws_of(path, HOST, at, lenient.strength) == ()
    assert [flaw.kind for flaw in flaws_of(path, HOST, at, strict.strength)] == [FlawKind.KEY_USAGE]


@pytest.mark.parametrize(
    ("runtime", "refuses"),
    [
        ("containerd 1.7.28", False),
        ("containerd 2.0.0", True),
        ("containerd 2.1.0", True),
        ("docker 25.0.6", False),
        ("docker 26.0.0", True),
        ("containerd", False),
    ],
)
def test_runtimes_refuse_schema_1_since_their_first_default(runtime: str, refuses: bool) -> None:
    name, _, version = runtime.partition(" ")
    assert schema1_manifest._refuses(Program(name, version)) == refuses


def test_support_of_the_annual_channel_has_ended() -> None:
    release = release_of(25398)
    assert release is not None
    assert release.support_ends == datetime.date(2025, 10, 24)


@pytest.mark.parametrize(
    ("text", "moves"),
    [
        ("mcr.microsoft.com/windows/servercore:ltsc2022", True),
        ("mcr.microsoft.com/windows/nanoserver:ltsc2025", True),
        ("registry.local/mirror/windows/servercore:ltsc2019", True),
        ("mcr.microsoft.com/windows/servercore:10.0.20348.2700", False),
        ("shop.example.com/web:1809", False),
    ],
)
def test_base_tags_of_windows_move(text: str, moves: bool) -> None:
    reference = parse_reference(text)
    assert (image_unpinned._moving(reference.tag, reference.repository) is not None) == moves


def test_build_of_an_unknown_windows_is_outside_the_facts() -> None:
    assert build_gap("10.0.26100.1") is None
    gap = build_gap("10.0.29600")
    assert gap is not None
    assert gap.why == "the facts cover Windows build up to 26100 (checked 2026-11), and the plan states 29600"


SERVER_2016 = """
plan: |
  version: 1
  pools: {{old: {{platform: "windows/amd64:{host}", runtime: containerd 1.7.27}}}}
  images: [{{list: images.txt}}]
files: {{images.txt: "r.example.com/app:1\\n"}}
observed:
  r.example.com/app:1: {{platforms: [{{platform: "windows/amd64:10.0.14393.6709"}}]}}
"""


@pytest.mark.parametrize(("host", "warns"), [("10.0.14393.6709", False), ("10.0.14393.5989", True), ("ltsc2016", True)])
def test_server_2016_needs_images_of_its_own_revision(host: str, warns: bool) -> None:
    import yaml

    from checks.images import windows_build_fallback

    form = yaml.safe_load(SERVER_2016.format(host=host))
    found = [one for one in windows_build_fallback.run(site_of(form), TODAY) if isinstance(one, Finding)]
    assert [one.case for one in found] == (["revision"] if warns else [])
