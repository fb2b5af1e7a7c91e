"""Clients are judged only for the endpoints that they connect to."""

from __future__ import annotations

import datetime

import yaml

from auditor.check import Finding, Undetermined
from auditor.site import Site
from auditor.testing import site_of
from checks.trust import root_not_trusted

TODAY = datetime.date(2026, 11, 23)
REGISTRY, API, CHARTS = "registry.plant7.local:5000", "k8s.plant7.local:6443", "charts.plant7.local:443"


def site(endpoints: list[object], registry: bool = True, **pools: dict[str, object]) -> Site:
    given = pools or {"control": {"platform": "linux/amd64"}, "win": {"platform": "windows/amd64:ltsc2022"}}
    plan: dict[str, object] = {"version": 1, "pools": given, "endpoints": endpoints}
    if registry:
        plan["registry"] = {"host": REGISTRY}
    names = ["registry.plant7.local", "k8s.plant7.local", "charts.plant7.local"]
    return site_of(
        {
            "plan": yaml.safe_dump(plan, sort_keys=False),
            "certificates": {"Plant 7 Root": {}, "server": {"issuer": "Plant 7 Root", "names": names}},
            "endpoints": {name: {"serves": ["server", "Plant 7 Root"]} for name in (REGISTRY, API, CHARTS)},
        }
    )


def rows(found: Site) -> list[str]:
    return [f"{case.endpoint.host.partition('.')[0]} {case.client} {case.pool.name}" for case in found.trust(TODAY)]


def test_runtime_connects_to_the_registry_and_kubelet_to_the_api_server() -> None:
    assert rows(site([API])) == [
        "k8s kubelet control",
        "k8s kubelet win",
        "registry containerd control",
        "registry containerd win",
    ]


def test_one_missing_root_is_one_error_with_the_clients_that_connect() -> None:
    outcomes = list(root_not_trusted.run(site([API]), TODAY))
    (found,) = [one for one in outcomes if isinstance(one, Finding)]
    assert (found.subject.id, found.facts["refused_by"]) == (REGISTRY, ("containerd on control", "containerd on win"))
    assert {one.subject.client for one in outcomes if isinstance(one, Undetermined)} == {"kubelet"}


def test_one_missing_root_is_one_error_although_many_clients_connect() -> None:
    clients = ["containerd", "kubelet", "curl", "powershell", "dotnet", "git", "winhttp", "python", "pwsh"]
    pools = {name: {"platform": "windows/amd64:ltsc2022", "clients": clients} for name in ("old", "new")}
    (found,) = [one for one in root_not_trusted.run(site([], **pools), TODAY) if isinstance(one, Finding)]
    assert len(found.facts["refused_by"]) == 16  # type: ignore[arg-type]
    assert "containerd, curl, powershell, dotnet, git, winhttp, python, pwsh on old and new do not trust" in found.message
    assert found.message.count("Error on the node") == 7


def test_other_clients_of_a_pool_connect_to_everything_but_api_servers() -> None:
    found = site([API, CHARTS], control={"platform": "linux/amd64", "clients": ["containerd", "kubelet", "curl"]})
    assert rows(found) == [
        "k8s kubelet control",
        "charts curl control",
        "registry containerd control",
        "registry curl control",
    ]


def test_runtime_is_a_client_of_the_registry_if_the_pool_does_not_list_it() -> None:
    found = site([API], control={"platform": "linux/amd64", "runtime": "docker 28.0.0", "clients": ["curl"]})
    assert rows(found) == ["k8s kubelet control", "registry docker control", "registry curl control"]


def test_runtime_without_facts_is_undetermined_for_registries_only() -> None:
    found = site([API], control={"platform": "linux/amd64", "runtime": "youki 0.5"})
    assert rows(found) == ["k8s kubelet control", "registry youki control"]
    unknown = [one for one in root_not_trusted.run(found, TODAY) if isinstance(one, Undetermined)]
    assert {one.subject.client for one in unknown} == {"youki", "kubelet"}


def test_client_that_an_endpoint_names_connects_only_to_such_endpoints() -> None:
    control = {"platform": "linux/amd64", "clients": ["curl", "git", "python 3.13"]}
    named = {"host": CHARTS, "clients": ["curl", "python"]}
    assert rows(site([API, named], control=control)) == [
        "k8s kubelet control",
        "charts curl control",
        "charts python 3.13 control",
        "registry containerd control",
        "registry git control",
    ]
    # The API server is no exception if the plan names it.
    assert "k8s curl control" in rows(site([{"host": API, "clients": ["curl"]}], control=control))


def test_clients_of_an_endpoint_have_priority() -> None:
    given = {"host": CHARTS, "clients": ["curl", "powershell", "containerd"]}
    assert rows(site([given], registry=False)) == [
        "charts curl control",
        "charts containerd control",
        "charts curl win",
        "charts powershell win",
        "charts containerd win",
    ]
    pools: dict[str, dict[str, object]] = {
        "control": {"platform": "linux/amd64"},
        "win": {"platform": "windows/amd64:ltsc2022", "clients": ["curl"]},
    }
    assert rows(site([{"host": CHARTS, "clients": ["curl"]}], registry=False, **pools)) == ["charts curl win"]


def test_endpoint_without_clients_is_undetermined_once() -> None:
    found = site([CHARTS])
    assert not any(row.startswith("charts") for row in rows(found))
    (unknown,) = [one for one in root_not_trusted.run(found, TODAY) if isinstance(one, Undetermined)]
    assert (unknown.subject.id, unknown.kind) == (CHARTS, "missing-evidence")
    assert "Add `clients: [curl]` or `kind: registry`" in unknown.detail


def test_kind_of_an_endpoint_selects_its_clients() -> None:
    given = [{"host": CHARTS, "kind": "registry"}, {"host": API, "kind": "web"}]
    assert rows(site(given, registry=False, control={"platform": "linux/amd64"})) == ["charts containerd control"]


def test_plan_without_kinds_uses_the_listed_clients() -> None:
    listed = {"platform": "linux/amd64", "clients": ["containerd", "kubelet"]}
    assert rows(site([CHARTS], registry=False, control=listed)) == ["charts containerd control", "charts kubelet control"]
    assert rows(site([CHARTS], registry=False, control={"platform": "linux/amd64"})) == []
