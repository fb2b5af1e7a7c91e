"""The rule for internal and external hosts: one answer per host, whatever its spelling and whichever view asks."""

from __future__ import annotations

import datetime
import functools
import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.net import (
    ConnectionKind,
    Reach,
    Scope,
    canonical,
    covers,
    is_own_machine,
)
from auditor.plan.reach import reach_of
from auditor.site import Site
from auditor.site.mirrors import PullRoute
from auditor.testing import plan_of, site_of
from checks import CATALOGUE
from tests.collectors.test_logins_stay import OWN

TODAY = datetime.date(2026, 11, 23)
PLAN = """\
version: 1
pools:
  control: {platform: linux/amd64, runtime: containerd 2.1.6, config: [nodes]}
  win2022: {platform: "windows/amd64:ltsc2022", runtime: containerd 2.1.6, clients: [curl], trust: [root.pem]}
images:
  - {ref: "docker.io/library/web:1", pools: [control]}
registry:
  host: "registry.example:5000"
  kind: distribution 3.0.0
  config: config.yml
  rewrites: {docker.io: "registry.example:5000/hub", quay.io: "quay-mirror.example/quay"}
endpoints: ["api.example:443", "[fd00::9]:6443"]
workloads: [{manifests: deploy}]
copy: {scripts: [install.sh]}
network: {reachable: ["*.plant7.local", "10.0.0.0/8", "fd00:1::/32", "files.example", "xn--bcher-kva.example", "192.0.2.7"]}
"""
INTERNAL = (
    *("registry.example", "quay-mirror.example", "api.example", "fd00::9", "a.plant7.local", "10.1.2.3", "fd00:1::5"),
    *("files.example", "xn--bcher-kva.example", "192.0.2.7", "shop.default.svc"),
    "shop.default.svc.cluster.local",
)
EXTERNAL = (
    "mcr.microsoft.com",
    "plant7.local",
    "registry.example.evil.test",
    "11.0.0.1",
    "fd01::1",
    "svc",
    "192.0.2.8",
    "localhost",
    "127.0.0.1",
    "::1",
)
UNKNOWN = ("${mirror}.example", "{{ .values.host }}", "<host>", "a..example", "x%20y", "", ".", "a b")
# The kind of an external connection of each view.
VIEWS = {
    "layers": ConnectionKind.LAYER,
    "mirrors": ConnectionKind.REGISTRY,
    "certificates": ConnectionKind.REVOCATION,
    "charts": ConnectionKind.CHART,
    "scripts": ConnectionKind.DOWNLOAD,
    "registry": ConnectionKind.CACHED_REGISTRY,
}


def in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@functools.cache
def site_with(host: str) -> Site:
    """A site in which every view connects to this host, as it is spelled."""
    name = in_url(host)
    ascii_name = in_url(canonical(host)) if not host.isascii() else name  # certificates hold ASCII only
    return site_of(
        {
            "plan": PLAN,
            "files": {
                "config.yml": f"version: 0.1\nproxy: {{remoteurl: 'https://{name}'}}\n",
                "deploy/charts.yaml": "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\n"
                f"metadata: {{name: web, namespace: flux}}\nspec: {{url: 'https://{name}/charts'}}\n",
                "install.sh": f"curl -fO 'https://{name}/file.tgz'\n",
                "nodes/config.toml": 'version = 3\n[plugins."io.containerd.cri.v1.images".registry]\n'
                'config_path = "/etc/containerd/certs.d"\n',
                "nodes/certs.d/docker.io/hosts.toml": f'server = "https://{name}"\n',
                "root.pem": ["Root"],
            },
            "observed": {
                "docker.io/library/web:1": {
                    "platforms": [
                        {"platform": "linux/amd64", "layers": [{"size": "1MB", "foreign": True, "urls": [f"https://{name}/l"]}]}
                    ]
                }
            },
            "certificates": {
                "Root": {},
                "api": {"issuer": "Root", "names": ["api.example"], "crl": [f"http://{ascii_name}/root.crl"]},
            },
            "endpoints": {"api.example:443": {"serves": ["api"]}},
        }
    )


def external_in(site: Site, host: str) -> set[str]:
    """The views that call the host external."""
    kinds = {one.kind for one in site.connections(TODAY) if canonical(one.remote.host) == canonical(host)}
    return {view for view, kind in VIEWS.items() if kind in kinds}


def views_with(host: str) -> set[str]:
    """The views that report an external host. A script that connects to its own machine needs no network."""
    return set(VIEWS) - ({"scripts"} if is_own_machine(host) else set())


def spellings(host: str) -> list[str]:
    """Other ways to write a host that lead to the same server."""
    if ":" in host:
        return [host, host.upper(), str(ipaddress.ip_address(host).exploded)]
    if host.replace(".", "").isdigit():
        first, second, *_, last = host.split(".")
        short = [f"{first}.{int(second) * 65536 + int(host.split('.')[2]) * 256 + int(last)}"]
        return [host, *short, f"::ffff:{host}", f"{int.from_bytes(bytes(map(int, host.split('.')))):d}", f"{host}."]
    decoded = [host.encode().decode("idna")] if host.startswith("xn--") else []
    return [host, host.upper(), host.title(), f"{host}.", *decoded]


def every(hosts: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(host, spelled) for host in hosts for spelled in spellings(host)]


@pytest.mark.parametrize(("host", "spelled"), every(INTERNAL))
def test_internal_hosts_are_internal_in_every_view(host: str, spelled: str) -> None:
    assert canonical(spelled) == canonical(host)
    site = site_with(spelled)
    assert site.reach.of(spelled) is Scope.INTERNAL
    assert external_in(site, spelled) == set()


@pytest.mark.parametrize(("host", "spelled"), every(EXTERNAL))
def test_external_hosts_are_external_in_every_view(host: str, spelled: str) -> None:
    assert canonical(spelled) == canonical(host)
    site = site_with(spelled)
    assert site.reach.of(spelled) is Scope.EXTERNAL
    assert external_in(site, spelled) == views_with(spelled)


@settings(deadline=None, max_examples=40)
@given(
    st.one_of(
        st.ip_addresses().map(str),
        st.from_regex(r"[a-z][a-z0-9]{0,8}(\.(plant7\.local|example|svc|test|localhost))?\.?", fullmatch=True),
    )
)
def test_no_two_views_disagree_about_a_host(host: str) -> None:
    site = site_with(host)
    scope = site.reach.of(host)
    assert external_in(site, host) == (views_with(host) if scope is Scope.EXTERNAL else set())


@pytest.mark.parametrize("host", UNKNOWN)
def test_host_that_is_not_fully_known_is_unknown(host: str) -> None:
    reach = Reach(("*", "0.0.0.0/0"), ("registry.example",))
    assert reach.of(host) is Scope.UNKNOWN
    assert reach.of_url(f"https://{host}/x") is Scope.UNKNOWN
    assert not reach.declares(host)


def test_unknown_host_is_neither_external_nor_passed() -> None:
    site = site_with("${mirror}.example")
    assert external_in(site, "${mirror}.example") <= {"certificates", "registry"}
    assert [one.why for one in site.chart_fetches.unknown] == ["the host of https://${mirror}.example/charts is unknown"]
    assert not site.chart_fetches.inside
    assert {group.first.way for group in site.mirroring} == {PullRoute.UNKNOWN}


def test_registry_is_internal_without_network_reachable() -> None:
    reach = reach_of(plan_of("version: 1\npools: {a: {platform: linux/amd64}}\nregistry: {host: 'Harbor.example:8443'}\n"))
    assert reach.of_url("https://harbor.example/v2/x/blobs/sha256:0") is Scope.INTERNAL
    assert reach.of("harbor.example:8443") is reach.of("HARBOR.example.") is Scope.INTERNAL
    assert reach.of("notary.example") is Scope.EXTERNAL


@pytest.mark.parametrize("host", ["a.svc", "a.b.svc.cluster.local"])
def test_content_of_a_cluster_host_is_unknown(host: str) -> None:
    """Internal, but no check passes because of it: the plan does not say what answers there."""
    site = site_with(host)
    assert not site.reach.declares(host)
    assert {group.first.way for group in site.mirroring} == {PullRoute.UNKNOWN}
    egress = next(check for check in CATALOGUE if ConnectionKind.LAYER in check.connections)
    details = [getattr(outcome, "detail", "") for outcome in egress.run(site, TODAY)]
    assert f"one of its urls is on {host}, and the plan does not say what that host serves" in details


@pytest.mark.parametrize("written", ["Registry.Example:5000", "registry.example:5000", "REGISTRY.example:5000"])
def test_pull_finds_its_endpoint_in_every_spelling(written: str) -> None:
    """Otherwise the matrix would not count a TLS failure of the registry for the images that nodes pull from it."""
    plan = "version: 1\npools: {a: {platform: linux/amd64}}\nimages: [{ref: 'docker.io/library/web:1'}]\n"
    site = site_of({"plan": f"{plan}registry: {{host: 'Registry.example:5000'}}\nendpoints: ['{written}']\n"})
    (endpoint,) = site.endpoints
    (need,) = site.needs.needs
    assert site.pulls.endpoint("a", need.reference) == endpoint.name


def test_each_kind_of_connection_is_reported_by_one_check() -> None:
    reported = [kind for check in CATALOGUE for kind in check.connections]
    assert sorted(kind.name for kind in reported) == sorted(kind.name for kind in ConnectionKind)
    connections = site_with("mcr.microsoft.com").connections(TODAY)
    assert {one.kind for one in connections} >= set(VIEWS.values())
    assert all(one.who and one.why and one.when_blocked for one in connections)


@pytest.mark.parametrize(
    ("host", "pattern", "covered"),
    [
        ("registry.plant7.local", "*.plant7.local", True),
        ("REGISTRY.plant7.LOCAL", "*.Plant7.local", True),
        ("registry.plant7.local", "*.plant7.local.", True),
        ("registry.plant7.local:5000", "*.plant7.local", True),
        ("plant7.local", "*.plant7.local", False),
        ("plant7.local.evil.example", "*.plant7.local", False),
        ("mcr.microsoft.com", "mcr.microsoft.com", True),
        ("mcr.microsoft.com.evil.example", "mcr.microsoft.com", False),
        ("10.20.30.40", "10.0.0.0/8", True),
        ("10.20.30.40", "10.20.30.40", True),
        ("10.20.30.40", "10.20.30.1/24", True),
        ("::ffff:10.20.30.40", "10.0.0.0/8", True),
        ("10.20.30.40", "::ffff:10.0.0.0/104", True),
        ("10.1", "10.0.0.0/8", True),
        ("10.0.0.1", "10.1", True),
        ("11.0.0.1", "10.0.0.0/8", False),
        ("ten.plant7.local", "10.0.0.0/8", False),
        ("fd00::7", "fd00::/8", True),
        ("fd00:0:0::7", "fd00::7", True),
        ("[fd00::7]:5000", "fd00::7", True),
        ("fd00::7", "[fd00::7]", True),
        ("fe80::1", "fd00::/8", False),
        ("10.0.0.7", "fd00::/8", False),
        ("", "10.0.0.0/8", False),
        ("", "*", False),
    ],
)
def test_globs_and_networks_cover_hosts(host: str, pattern: str, covered: bool) -> None:
    assert covers(pattern, host) is covered
    assert Reach(("nothing.example", pattern)).declares(host) is covered


def test_loopback_is_internal_only_if_the_plan_declares_it() -> None:
    """A node that connects to itself reaches no server of the site, unless the plan says that one listens there."""
    reach = Reach()
    assert {reach.of(host) for host in OWN} == {Scope.EXTERNAL}
    assert Reach(["127.0.0.0/8"]).of("127.0.0.1") is Scope.INTERNAL
    assert not any(map(reach.declares, OWN))
    assert reach.of("registry") is Scope.EXTERNAL


@pytest.mark.parametrize(
    ("reachable", "host", "named"),
    [
        ("127.0.0.1", "127.1", True),
        ("127.0.0.0/8", "127.5.0.1", True),
        ("localhost", "LOCALHOST.", True),
        ("::1", "0:0::1", True),
        ("*", "localhost", False),
        ("0.0.0.0/0", "127.0.0.1", False),
        ("::/0", "::1", False),
        ("127.0.0.1", "localhost", False),
    ],
)
def test_host_is_named_only_by_itself_or_a_small_network(reachable: str, host: str, named: bool) -> None:
    assert Reach((reachable,)).names(host) is named
