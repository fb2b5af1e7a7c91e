"""The TLS endpoints of a plan: the listed ones, and the unlisted registries that its nodes pull from."""

from __future__ import annotations

import yaml

from auditor.needs.endpoints import tls_endpoints
from auditor.needs.resolve import resolve_needs
from auditor.plan.load import load_plan_files
from auditor.plan.model import Endpoint, EndpointOrigin
from auditor.plan.reach import reach_of
from auditor.readers.node_config import node_configs

POOLS = {"control": {"platform": "linux/amd64", "runtime": "containerd 2.1.6"}}
REACHABLE = {"reachable": ["*.plant7.local"]}
CONFIG = 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "/etc/containerd/certs.d"\n'


def endpoints(plan: dict[str, object], files: dict[str, str] | None = None) -> tuple[Endpoint, ...]:
    text = yaml.safe_dump({"version": 1, "pools": POOLS, **plan}, sort_keys=False)
    loaded = load_plan_files("plan.yaml", {"plan.yaml": text.encode(), **{k: v.encode() for k, v in (files or {}).items()}})
    return tls_endpoints(loaded, resolve_needs(loaded), node_configs(loaded), reach_of(loaded))


def shown(found: tuple[Endpoint, ...]) -> list[tuple[str, str, str, str]]:
    return [(one.name, one.kind, one.origin.value, str(one.location)) for one in found]


def test_internal_registry_is_an_endpoint_without_being_listed() -> None:
    found = endpoints({"registry": {"kind": "harbor 2.12", "host": "registry.plant7.local:5000"}})
    assert shown(found) == [("registry.plant7.local:5000", "registry", "registry", "plan.yaml:8:3")]


def test_registry_port_defaults_to_443() -> None:
    assert [one.name for one in endpoints({"registry": {"host": "registry.plant7.local"}})] == ["registry.plant7.local:443"]


def test_plain_http_registry_is_not_an_endpoint() -> None:
    assert endpoints({"registry": {"host": "registry.plant7.local:5000", "insecure": True}}) == ()
    assert endpoints({"registry": {"host": "127.0.0.1:5000"}}) == ()
    assert endpoints({}) == ()


def test_loopback_registry_with_a_ca_uses_tls() -> None:
    found = endpoints({"registry": {"host": "127.0.0.1:5000", "ca": "ca.pem"}}, {"ca.pem": "x"})
    assert [one.name for one in found] == ["127.0.0.1:5000"]


def test_listed_endpoint_keeps_chain_and_location_and_occurs_once() -> None:
    found = endpoints(
        {
            "registry": {"host": "Registry.plant7.local:5000"},
            "endpoints": [{"host": "registry.plant7.local:5000", "chain": "c.pem"}],
        },
        {"c.pem": "x"},
    )
    assert shown(found) == [("registry.plant7.local:5000", "registry", "declared", "plan.yaml:9:3")]
    assert found[0].chain == "c.pem"


def test_rewrite_targets_on_other_hosts_are_endpoints() -> None:
    rewrites = {"docker.io": "mirror.plant7.local:8443/hub", "quay.io": "registry.plant7.local:5000/quay"}
    found = endpoints({"registry": {"host": "registry.plant7.local:5000", "rewrites": rewrites}})
    assert shown(found)[1:] == [("mirror.plant7.local:8443", "registry", "registry", "plan.yaml:9:5")]


def test_internal_mirrors_are_endpoints_in_every_configuration_format() -> None:
    cases = {
        "hosts.toml": (
            {"nodes/certs.d/docker.io/hosts.toml": '[host."https://m.plant7.local"]\n', "nodes/config.toml": CONFIG},
            "nodes/certs.d/docker.io/hosts.toml:1",
        ),
        "config.toml": (
            {
                "nodes/config.toml": 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry.mirrors."docker.io"]\n'
                'endpoint = ["https://m.plant7.local"]\n'
            },
            "nodes/config.toml:3",
        ),
        "registries.yaml": (
            {"nodes/registries.yaml": 'mirrors:\n  docker.io:\n    endpoint: ["https://m.plant7.local"]\n'},
            "nodes/registries.yaml:3:16",
        ),
    }
    for name, (files, where) in cases.items():
        pools = {"control": {"platform": "linux/amd64", "runtime": "containerd 1.7.27", "config": ["nodes"]}}
        found = endpoints({"pools": pools, "network": REACHABLE}, files)
        assert shown(found) == [("m.plant7.local:443", "registry", "registry", where)], name
    docker = {"control": {"platform": "linux/amd64", "runtime": "docker 28.0.0", "config": ["nodes/daemon.json"]}}
    found = endpoints(
        {"pools": docker, "network": REACHABLE}, {"nodes/daemon.json": '{"registry-mirrors": ["https://m.plant7.local"]}'}
    )
    assert [one.name for one in found] == ["m.plant7.local:443"]


def test_external_and_plain_http_mirrors_are_not_endpoints() -> None:
    files = {
        "nodes/config.toml": CONFIG,
        "nodes/certs.d/docker.io/hosts.toml": '[host."https://mirror.gcr.io"]\n[host."http://m.plant7.local:5000"]\n',
    }
    pools = {"control": {"platform": "linux/amd64", "runtime": "containerd 1.7.27", "config": ["nodes"]}}
    assert endpoints({"pools": pools, "network": REACHABLE}, files) == ()


def test_internal_image_host_is_an_endpoint_and_public_host_is_not() -> None:
    images = [{"ref": "harbor.plant7.local/shop/web:1"}, {"ref": "docker.io/library/nginx:1.27"}, {"ref": "localhost:5000/a:1"}]
    found = endpoints({"images": images, "network": REACHABLE})
    assert [(one.name, one.origin) for one in found] == [("harbor.plant7.local:443", EndpointOrigin.IMAGE)]
    plain = endpoints({"images": images, "network": REACHABLE, "sources": {"harbor.plant7.local": {"insecure": True}}})
    assert plain == ()


def test_endpoint_kind_comes_from_the_plan_or_from_the_port() -> None:
    listed = ["k8s.plant7.local:6443", "lb.plant7.local:443", "charts.plant7.local:443", "mirror.example.com:443"]
    given = [{"host": "api.plant7.local:8443", "kind": "api-server", "clients": ["Curl"]}, *listed]
    found = endpoints({"endpoints": given, "images": [{"ref": "mirror.example.com/a:1"}]})
    assert [one.kind for one in found] == ["api-server", "api-server", "", "", "registry"]
    assert found[0].clients == ("curl",)
