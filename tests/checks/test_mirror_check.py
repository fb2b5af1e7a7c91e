"""mirror-not-configured: grouping, remedies, and what stays undetermined."""

from __future__ import annotations

import datetime
import shutil
import subprocess

import pytest
import yaml

from auditor.check import Finding, Fine, Outcome, Undetermined
from auditor.policy.unexamined import unexamined_findings
from auditor.site import Site
from auditor.testing import site_of
from checks.images import mirror_not_configured

TODAY = datetime.date(2026, 11, 23)
INSIDE = "registry.plant7.local:5000"
V3 = 'version = 3\n[plugins."io.containerd.cri.v1.images".registry]\nconfig_path = "/etc/containerd/certs.d"\n'


def site(
    images: list[str],
    files: dict[str, str],
    *,
    rewrites: dict[str, str] | None = None,
    cluster: str = "",
    platform: str = "linux/amd64",
    runtime: str = "containerd 2.1.6",
    registry: bool = True,
) -> Site:
    """A site with one pool whose configuration lies in the folder `n`."""
    plan = {
        "version": 1,
        "pools": {"one": {"platform": platform, "runtime": runtime, "config": ["n"]}},
        "images": [{"ref": image} for image in images],
        "network": {"reachable": ["*.plant7.local"]},
    }
    if registry:
        plan["registry"] = {"host": INSIDE, "rewrites": rewrites or {}}
    if cluster:
        plan["cluster"] = {"distribution": cluster, "version": "v1.33.5"}
    return site_of({"plan": yaml.safe_dump(plan), "files": {f"n/{name}": text for name, text in files.items()}})


def outcomes(made: Site) -> list[Outcome]:
    return list(mirror_not_configured.run(made, TODAY))


def finding(made: Site) -> Finding:
    """Return the only finding."""
    (found,) = [outcome for outcome in outcomes(made) if not isinstance(outcome, Fine)]
    assert isinstance(found, Finding)
    return found


def undetermined(made: Site) -> Undetermined:
    """The one undetermined outcome."""
    (found,) = outcomes(made)
    assert isinstance(found, Undetermined)
    return found


def test_many_images_of_a_registry_are_one_finding() -> None:
    made = site([f"quay.io/team/app{number}:1" for number in range(40)], {"config.toml": "version = 3\n"})
    found = finding(made)
    assert found.facts["image_count"] == 40
    assert len(found.facts["images"]) == 5  # type: ignore[arg-type]
    assert "quay.io/team/app0:1 and 39 more of quay.io" in found.message
    assert (found.subject.kind, found.subject.id, found.subject.pool) == ("registry", "quay.io", "one")
    assert str(found.location) == "n/config.toml:1"


def test_each_kind_of_configuration_fault_has_a_separate_finding() -> None:
    hosts = f'[host."https://{INSIDE}/v2/hub"]\noverride_path = true\n'
    made = site(
        ["busybox:1", "docker.io/rancher/pause:3"],
        {"config.toml": V3, "certs.d/docker.io/hosts.toml": hosts},
        rewrites={"docker.io": f"{INSIDE}/hub", "docker.io/rancher": f"{INSIDE}/rancher"},
    )
    found = [outcome for outcome in outcomes(made) if isinstance(outcome, Finding)]
    assert [(one.severity.value, one.case) for one in found] == [("warning", "falls-back"), ("error", "wrong-place")]
    assert len({one.fingerprint for one in found}) == 2


@pytest.mark.parametrize(
    ("image", "kind"),
    [(f"{INSIDE}/shop/web:1", "the plan's registry"), ("gitlab.plant7.local/app:1", "another internal registry")],
)
def test_images_of_an_internal_host_need_no_mirror(image: str, kind: str) -> None:
    assert outcomes(site([image], {"config.toml": "version = 3\n"})) == [Fine(1)], kind


def test_other_internal_mirror_is_undetermined() -> None:
    files = {"config.toml": V3, "certs.d/_default/hosts.toml": 'server = "https://other.plant7.local"\n'}
    found = undetermined(site(["busybox:1"], files))
    assert found.kind.value == "missing-evidence"
    assert "the plan does not say which images other.plant7.local has" in found.detail
    assert undetermined(site(["busybox:1"], files, registry=False)).kind.value == "missing-evidence"


@pytest.mark.parametrize("written", ["https://Registry.Plant7.local:5000", "https://registry.plant7.local.:5000"])
def test_mirror_in_another_spelling_serves_the_image(written: str) -> None:
    files = {"config.toml": V3, "certs.d/docker.io/hosts.toml": f'server = "{written}"\n'}
    assert outcomes(site(["busybox:1"], files)) == [Fine(1)]


@pytest.mark.parametrize("host", ["127.0.0.1:30020", "localhost:5001", "mirror.registry.svc:5000"])
def test_mirror_on_the_node_or_in_the_cluster_is_undetermined(host: str) -> None:
    """It is internal, but the plan does not say what it has."""
    alone = {"config.toml": V3, "certs.d/docker.io/hosts.toml": f'server = "http://{host}"\n'}
    assert undetermined(site(["busybox:1"], alone)).kind.value == "missing-evidence"
    own = undetermined(site([f"{host}/app:1"], {"config.toml": "version = 3\n"}))
    assert (own.kind.value, f"does not say which images {host} has" in own.detail) == ("missing-evidence", True)
    beside = f'server = "https://{INSIDE}"\n[host."http://{host}"]\n'
    assert outcomes(site(["busybox:1"], {"config.toml": V3, "certs.d/docker.io/hosts.toml": beside})) == [Fine(1)]


def test_loopback_source_that_the_plan_copies_is_not_a_mirror() -> None:
    """On a node, loopback is another machine than the one that copies."""
    made = site(["localhost:5001/app:1"], {"config.toml": "version = 3\n"}, rewrites={"localhost:5001": f"{INSIDE}/app"})
    assert (finding(made).severity.value, finding(made).case) == ("error", "no-mirror")


def test_mirror_with_a_template_in_its_host_is_unknown() -> None:
    files = {"config.toml": V3, "certs.d/docker.io/hosts.toml": 'server = "https://{{ registry }}"\n'}
    found = undetermined(site(["busybox:1"], files))
    assert found.kind.value == "unsupported"
    assert "is not fully known" in found.detail


def test_rewrite_that_cannot_be_evaluated_is_undetermined() -> None:
    text = f"mirrors: {{docker.io: {{endpoint: ['https://{INSIDE}'], rewrite: {{'(a+)+': x}}}}}}\n"
    found = undetermined(site(["busybox:1"], {"registries.yaml": text}, cluster="rke2"))
    assert (found.kind.value, "its rewrite cannot be evaluated" in found.detail) == ("unsupported", True)


def test_unreadable_hosts_toml_is_undetermined_for_its_registry() -> None:
    files = {"config.toml": V3, "certs.d/docker.io/hosts.toml": "server = 5\n"}
    found = [one for one in outcomes(site(["busybox:1", f"{INSIDE}/a:1"], files)) if not isinstance(one, Fine)]
    assert [(one.subject.id, isinstance(one, Undetermined)) for one in found] == [("docker.io", True)]


def test_tag_that_no_host_may_resolve_is_a_finding() -> None:
    hosts = f'server = "https://{INSIDE}"\ncapabilities = ["pull"]\n'
    found = finding(site(["busybox:1"], {"config.toml": V3, "certs.d/docker.io/hosts.toml": hosts}))
    assert "no resolve hosts: not found" in found.message


def test_remedies_write_the_configuration_that_fixes_the_finding() -> None:
    """What a remedy writes is put in place, and nothing is found any more."""
    if shutil.which("sh") is None:
        pytest.skip("no shell here")
    rewrites = {"docker.io": f"{INSIDE}/dockerhub", "docker.io/library": f"{INSIDE}/site"}
    for image, cluster in (("docker.io/rancher/pause:3", ""), ("docker.io/rancher/pause:3", "rke2"), ("busybox:1", "rke2")):
        files = {"config.toml": V3, "certs.d/quay.io/hosts.toml": ""} if not cluster else {"registries.yaml": "mirrors:\n"}
        (command,) = finding(site([image], files, rewrites=rewrites, cluster=cluster)).remedies[0].commands
        script = command.rpartition(" > ")[0].partition("printf")[2]
        text = subprocess.run(["sh", "-c", f"printf{script}"], capture_output=True, text=True, check=True).stdout
        if cluster:
            files = {"registries.yaml": text, "config.yaml": "disable-default-registry-endpoint: true\n"}
        else:
            files = {**files, "certs.d/docker.io/hosts.toml": text}
        (after,) = outcomes(site([image], files, rewrites=rewrites, cluster=cluster))
        assert isinstance(after, Fine), text  # RKE2 pulls images of its own besides


def test_folder_of_a_remedy_is_a_valid_windows_path() -> None:
    made = site(["r.example:5000/a:1"], {"config.toml": "version = 3\n"}, platform="windows/amd64:ltsc2022")
    assert "r.example_5000_/hosts.toml" in finding(made).remedies[0].text


def test_fault_that_no_configuration_fixes_is_reported() -> None:
    renamed = site(["busybox:1"], {"config.toml": V3}, rewrites={"docker.io/library": f"{INSIDE}/site"})
    assert isinstance(undetermined(renamed), Undetermined)  # config_path without its folder
    shown = site(["busybox:1"], {"config.toml": "version = 3\n"}, rewrites={"docker.io/library": f"{INSIDE}/site"})
    assert "not rename library/ to site" in finding(shown).remedies[0].text
    docker = site(["quay.io/a:1"], {"daemon.json": '{"registry-mirrors": []}'}, runtime="docker 27.5.1")
    assert f"Use the internal name {INSIDE}/a:1" in finding(docker).remedies[0].text
    nowhere = site(["quay.io/a:1"], {"config.toml": "version = 3\n"}, registry=False)
    assert "registry.host" in finding(nowhere).remedies[0].text


def test_only_unchecked_node_settings_are_reported_as_unexamined() -> None:
    quiet = site(["busybox:1"], {"config.toml": V3, "certs.d/docker.io/hosts.toml": f'server = "https://{INSIDE}"\n'})
    assert not [found for found in unexamined_findings(quiet) if found.subject.id == "pools.one.config"]
    tls = site(["busybox:1"], {"config.toml": V3, "certs.d/docker.io/hosts.toml": f'server = "https://{INSIDE}"\nclient = 7\n'})
    (found,) = [found for found in unexamined_findings(tls) if found.subject.id == "pools.one.config"]
    assert found.message.endswith(
        "does not check all of `pools.one.config`: only mirrors, their CAs and the sandbox image are read, "
        "not the client certificates for its mirrors."
    )


def test_registries_yaml_of_the_remedy_has_the_mirrors_of_every_registry() -> None:
    """Two findings must not make two files of one name, each without what the other says."""
    made = site(
        ["docker.io/rancher/pause:3", "quay.io/calico/node:v3", "ghcr.io/a/b:1"],
        {"registries.yaml": "mirrors:\n"},
        cluster="rke2",
    )
    found = [outcome for outcome in outcomes(made) if isinstance(outcome, Finding)]
    assert [finding.subject.id for finding in found] == ["docker.io", "quay.io", "ghcr.io"]
    assert len({finding.remedies[0].commands for finding in found}) == 1
    assert all(f'"{name}":' in found[0].remedies[0].commands[0] for name in ("docker.io", "quay.io", "ghcr.io"))


def test_two_prefixes_of_one_registry_need_no_second_hosts_toml() -> None:
    rewrites = {"docker.io": f"{INSIDE}/hub", "docker.io/rancher": f"{INSIDE}/rancher"}
    images = ["docker.io/grafana/grafana:1", "docker.io/rancher/pause:3"]
    remedy = finding(site(images, {"config.toml": V3, "certs.d/quay.io/hosts.toml": ""}, rewrites=rewrites)).remedies[0]
    assert not remedy.commands
    assert "the same prefix to all images of a registry" in remedy.text


@pytest.mark.parametrize(
    ("files", "runtime", "cluster", "place"),
    [
        ({"registries.yaml": "configs: {}\n"}, "", "rke2", "n/registries.yaml:1"),
        ({"registries.yaml": ""}, "", "k3s", "n/registries.yaml:1"),
        ({"registries.yaml": "mirrors:\n"}, "", "rke2", "n/registries.yaml:1"),
        ({"registries.yaml": "mirrors: {quay.io: {endpoint: [x]}}\n"}, "", "rke2", "n/registries.yaml:1"),
        ({"config.toml": V3, "certs.d/docker.io/hosts.toml": "# nothing\n"}, "", "", "n/certs.d/docker.io/hosts.toml:1"),
        ({"config.toml": V3, "certs.d/quay.io/hosts.toml": ""}, "", "", "n/config.toml:3"),
        ({"certs.d/quay.io/hosts.toml": ""}, "containerd 2.2.2", "", "n/certs.d/quay.io/hosts.toml:1"),
        ({"config.toml": "version = 3\n"}, "", "", "n/config.toml:1"),
        ({"daemon.json": "{}"}, "docker 28.5.1", "", "n/daemon.json:1"),
    ],
)
def test_finding_points_to_the_file_that_names_no_mirror(files: dict[str, str], runtime: str, cluster: str, place: str) -> None:
    found = finding(site(["docker.io/library/busybox:1"], files, runtime=runtime or "containerd 2.1.6", cluster=cluster))
    assert str(found.location) == place
