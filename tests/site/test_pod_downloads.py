"""Downloads of pods beyond the examples of the check: spellings, wrappers, settings, hosts in the cluster, hostile input."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from auditor.plan.load import load_plan_files
from auditor.plan.reach import reach_of
from auditor.readers.carried import carried_files
from auditor.site.pods.model import DownloadEffect, PodDownloads
from auditor.site.pods.program_settings import keys_in
from auditor.site.pods.record import pod_downloads, with_record
from auditor.testing import site_of
from bench.downloads import compared

PLAN = """version: 1
pools: {linux: {platform: linux/amd64}}
registry: {host: "registry.plant7.local:5000"}
network: {reachable: ["*.plant7.local"]}
workloads: [{manifests: deploy}]
"""


def downloads(*containers: dict[str, Any], **objects: Any) -> PodDownloads:
    """What a pod with these containers downloads, beside further objects."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "ns"},
        "spec": {
            "volumes": objects.pop("volumes", []),
            "containers": [{"name": f"c{n}", **one} for n, one in enumerate(containers)],
        },
    }
    files = {"deploy/pod.json": json.dumps(pod), **{f"deploy/{name}.json": json.dumps(one) for name, one in objects.items()}}
    return site_of({"plan": PLAN, "files": files}).pod_downloads


def hosts(found: PodDownloads) -> set[str]:
    return {host for one in found.found for host in one.hosts}


def shell(text: str, **more: Any) -> dict[str, Any]:
    return {"image": "docker.io/library/alpine:3.20", "command": ["sh", "-c", text], **more}


@pytest.mark.parametrize(
    "command",
    [
        ["curl", "-fsSL", "https://a.example.com/x"],
        ["/usr/bin/curl", "-o", "x.txt", "a.example.com/x"],
        ["/bin/ash", "-euxc", "wget https://a.example.com/x"],
        ["env", "A=b", "curl", "https://a.example.com"],
        ["timeout", "10", "wget", "https://a.example.com"],
        ["busybox", "wget", "https://a.example.com"],
        ["/sbin/tini", "--", "sh", "-c", "curl https://a.example.com"],
        ["dumb-init", "curl", "https://a.example.com"],
        ["gosu", "app", "curl", "https://a.example.com"],
        ["sh", "-c", "su app -c 'curl https://a.example.com'"],
        ["sh", "-c", "until curl -sf https://a.example.com; do sleep 1; done"],
        ["sh", "-c", "bash <<X\ncurl https://a.example.com\nX\n"],
        ["sh", "-c", 'eval "curl https://a.example.com"'],
        ["sh", "-c", "git clone --depth 1 https://a.example.com/r.git /r"],
        ["sh", "-c", "curl ${BASE:-https://a.example.com}/x"],
        ["powershell", "-EncodedCommand", base64.b64encode("iwr https://a.example.com/x".encode("utf-16-le")).decode()],
        ["cmd", "/s", "/c", "set B=https://a.example.com&& curl %B%/x"],
        ["sh", "-c", "git clone https://oauth2:$TOKEN@a.example.com/r.git"],
        ["helm", "upgrade", "-i", "x", "oci://a.example.com/charts/x"],
    ],
)
def test_spelling_of_a_download_is_found(command: list[str]) -> None:
    found = downloads({"image": "docker.io/library/alpine:3.20", "command": command})
    assert hosts(found) == {"a.example.com"}, (found.found, found.unknown)
    assert found.found[0].effect is DownloadEffect.FAILS


@pytest.mark.parametrize(
    "text",
    [
        "curl http://localhost:8080/health",
        "curl -fs localhost:8080/health",
        "curl http://db:5432",
        "curl -k https://kubernetes.default/healthz",
        "curl -k https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/api",
        "wget -q http://web.ns:80/",
        "curl http://web.other.svc.cluster.local:80/",
        "curl http://169.254.169.254/latest/meta-data/",
        "curl https://files.plant7.local/x",
        "curl http://$POD_IP:9000/",
        "pip install --no-index --find-links /wheels x",
        "apk add --no-network /pkgs/x.apk",
        "echo curl https://a.example.com",
    ],
)
def test_request_inside_the_site_is_no_download(text: str) -> None:
    pod_ip = {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}
    found = downloads(shell(text, env=[pod_ip]))
    assert (found.found, found.unknown, found.passed) == ((), (), 1)


def test_service_and_public_domain_of_the_same_name() -> None:
    """A Service `grafana` does not make grafana.com internal."""
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "grafana", "namespace": "ns"}}
    assert hosts(downloads(shell("curl https://grafana.com/x"), service=service)) == {"grafana.com"}


@pytest.mark.parametrize(
    ("text", "env"),
    [
        ("pip install x", {"PIP_INDEX_URL": "https://pypi.plant7.local/simple"}),
        ("export PIP_INDEX_URL=https://pypi.plant7.local/simple\npip install x", {}),
        ("pip config set global.index-url https://pypi.plant7.local/simple\npip install x", {}),
        ("npm ci", {"npm_config_registry": "https://npm.plant7.local"}),
        ("go install x@latest", {"GOPROXY": "https://go.plant7.local,direct"}),
        ("uv pip install x", {"UV_OFFLINE": "1"}),
        ("hf download org/model", {"HF_ENDPOINT": "https://hf.plant7.local"}),
        ("sed -i 's|https://dl-cdn.alpinelinux.org|https://apk.plant7.local|' /etc/apk/repositories\napk add curl", {}),
        ("curl -O https://github.com/x", {"HTTPS_PROXY": "http://proxy.plant7.local:3128"}),
    ],
)
def test_internal_mirror_is_no_finding(text: str, env: dict[str, str]) -> None:
    found = downloads(shell(text, env=[{"name": key, "value": value} for key, value in env.items()]))
    assert (found.found, found.unknown) == ((), ())


def test_mounted_configuration_of_a_package_manager() -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "pip", "namespace": "ns"}}
    config["data"] = {"pip.conf": "[global]\nindex-url = https://pypi.plant7.local/simple\n"}  # type: ignore[assignment]
    volumes = [{"name": "v", "configMap": {"name": "pip"}}]
    mounts = [{"name": "v", "mountPath": "/etc/pip.conf", "subPath": "pip.conf"}]
    container = shell("pip install x", volumeMounts=mounts)
    assert downloads(container, volumes=volumes, config=config).passed == 1
    assert [one.why for one in downloads(container, volumes=volumes).unknown]


def test_unknown_hosts_are_one_outcome_for_a_container() -> None:
    found = downloads(shell("curl $A; wget $B; git clone $C"))
    assert [one.why for one in found.unknown] == ["the host that curl downloads from is unknown (and 2 more)"]


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("curl https://a.example.com || true", DownloadEffect.DEGRADED),
        ("curl https://a.example.com &", DownloadEffect.DEGRADED),
        ("if curl https://a.example.com; then echo y; fi", DownloadEffect.DEGRADED),
        ("curl https://a.example.com || exit 1", DownloadEffect.FAILS),
        ("curl https://a.example.com | tar xz", DownloadEffect.FAILS),
        ("curl -O https://a.example.com/x\n./x", DownloadEffect.FAILS),
    ],
)
def test_effect_follows_what_the_script_states(text: str, effect: DownloadEffect) -> None:
    (found,) = downloads(shell(text)).found
    assert found.effect is effect


def test_piped_text_is_undetermined() -> None:
    found = downloads(shell("echo Y3VybA== | base64 -d | sh"))
    assert [one.why for one in found.unknown] == ["it pipes text to sh that is known only at run time"]


def test_values_of_secrets_are_not_in_messages() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "ns"}}
    secret["stringData"] = {"t": "hunter2hunter2"}  # type: ignore[assignment]
    env = [{"name": "T", "valueFrom": {"secretKeyRef": {"name": "s", "key": "t"}}}]
    found = downloads(shell("if [ $T; then curl https://a.example.com/$T; )", env=env), secret=secret)
    assert found.unknown
    assert "hunter2" not in repr([(one.does, one.url, one.error) for one in found.found]) + repr(found.unknown)


def test_steps_of_tekton_and_argo_are_containers() -> None:
    task = {"apiVersion": "tekton.dev/v1", "kind": "Task", "metadata": {"name": "t", "namespace": "ns"}}
    step = {"name": "fetch", "image": "docker.io/library/alpine:3.20", "script": "#!/bin/sh\nwget https://a.example.com/x\n"}
    task["spec"] = {"steps": [step]}  # type: ignore[assignment]
    found = downloads({"image": "docker.io/library/nginx:1.29"}, task=task)
    assert [(one.subject, one.hosts) for one in found.found] == [("Task ns/t container fetch", ("a.example.com",))]


def test_hook_of_helm_test_is_no_workload() -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "t", "annotations": {"helm.sh/hook": "test"}}}
    pod["spec"] = {"containers": [{"name": "t", **shell("curl https://a.example.com")}]}  # type: ignore[assignment]
    assert not downloads({"image": "docker.io/library/nginx:1.29"}, test=pod).found


def test_row_with_a_range_holds_for_versions_in_it() -> None:
    def apps(tag: str) -> bool:
        found = downloads({"image": f"docker.io/grafana/grafana:{tag}"}).found
        return any(one.case == "grafana-preinstall" for one in found)

    assert apps("13.1.3")
    assert not apps("10.4.2")


@pytest.mark.parametrize(
    ("tag", "env", "case"),
    [
        ("12.0.2", {"GF_PLUGINS_PREINSTALL_DISABLED": "true"}, "grafana-install-plugins-cli"),
        ("12.3.0", {"GF_PLUGINS_PREINSTALL_DISABLED": "true"}, ""),
        (
            "12.3.0",
            {"GF_PLUGINS_PREINSTALL_DISABLED": "true", "GF_INSTALL_PLUGINS_FORCE": "true"},
            "grafana-install-plugins-force",
        ),
        ("12.3.0", {}, "grafana-install-plugins"),
    ],
)
def test_preinstall_switch_stops_plugins_only_of_newer_grafana(tag: str, env: dict[str, str], case: str) -> None:
    variables = [{"name": name, "value": value} for name, value in {"GF_INSTALL_PLUGINS": "grafana-clock-panel", **env}.items()]
    found = downloads({"image": f"docker.io/grafana/grafana:{tag}", "env": variables}).found
    assert [one.case for one in found if one.effect is DownloadEffect.FAILS] == [case][: bool(case)]


def test_neo4j_starts_without_its_plugins() -> None:
    found = downloads(
        {"image": "docker.io/library/neo4j:5.26.25", "env": [{"name": "NEO4J_PLUGINS", "value": '["n10s"]'}]}
    ).found
    assert [(one.case, one.effect) for one in found] == [("neo4j-plugins", DownloadEffect.DEGRADED)]


def test_setting_in_a_config_map_stops_a_row() -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "g", "namespace": "ns"}}
    config["data"] = {"grafana.ini": "[analytics]\nreporting_enabled = false\ncheck_for_updates = false\n"}  # type: ignore[assignment]
    container = {"image": "docker.io/grafana/grafana:11.0.0", "volumeMounts": [{"name": "v", "mountPath": "/etc/grafana"}]}
    volumes = [{"name": "v", "configMap": {"name": "g"}}]
    found = downloads(container, volumes=volumes, config=config)
    assert {one.case for one in found.found} == {"grafana-image-gravatar"}


def test_hidden_setting_of_a_failing_row_is_undetermined() -> None:
    env = [{"name": "GF_INSTALL_PLUGINS", "valueFrom": {"secretKeyRef": {"name": "gone", "key": "p"}}}]
    found = downloads({"image": "registry.plant7.local:5000/own/grafana:1", "env": env})
    assert "GF_INSTALL_PLUGINS" in found.unknown[0].why


def test_hostile_scripts_end_soon() -> None:
    doubled = [{"name": "A", "value": "xx"}, *({"name": "A", "value": "$(A)$(A)$(A)"} for _ in range(500))]
    started = time.process_time()
    found = downloads(
        shell("echo " + "a" * 1_000_000),
        shell("curl " + "\"'" * 100_000),
        shell("$(" * 5_000),
        shell("curl https://a.example.com;" * 3_000),
        {"image": "docker.io/library/alpine:3.20", "command": ["cmd", "/c", "&".join(["set A=%A%%A%"] * 40) + "& curl %A%"]},
        {"image": "docker.io/library/alpine:3.20", "command": ["curl", "$(A)"], "env": doubled},
    )
    assert time.process_time() - started < 10
    assert len(found.unknown) >= 3


def test_keys_of_configuration_formats() -> None:
    text = '[plugins]\npreinstall = a\nother: {}\n"flat.key": "v",\nroot:\n  inner: 1 # why\n'
    assert [*keys_in(text)][:2] == [("plugins", "preinstall", "a"), ("plugins", "other", "{}")]
    assert ("telemetry", "optIn", "false") in [*keys_in("telemetry:\n  optIn: false\n")]


def test_documented_hosts_of_real_stacks_are_predicted() -> None:
    rows = list(compared())
    documented = sum(len(row.documented) for row in rows)
    missed = {row.stack: row.missed for row in rows if row.missed}
    assert len(rows) >= 30
    assert sum(map(len, missed.values())) <= documented * 0.05, missed
    assert not {row.stack: row.predicted for row in rows if not row.documented and row.predicted}


def test_evidence_holds_the_downloads_without_the_commands() -> None:
    """Evidence leaves out commands and variables, so it lists what they download; without the list they are undetermined."""
    secret = "s3cret-s3cret"
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "ns"}}
    pod["spec"] = {"containers": [{"name": "c", **shell(f"curl -H 'K: {secret}' https://a.example.com/x")}]}  # type: ignore[assignment]
    site = site_of({"plan": PLAN, "files": {"deploy/pod.json": json.dumps(pod)}})
    files, _ = carried_files(with_record(site.plan, site.needs))
    assert not [name for name, body in files.items() if secret.encode() in body]
    carried = load_plan_files(site.plan.file, files)
    again = pod_downloads(carried, site.needs, reach_of(carried))
    assert again == site.pod_downloads
    bare = load_plan_files(site.plan.file, {name: body for name, body in files.items() if "pod-downloads" not in name})
    (unknown,) = pod_downloads(bare, site.needs, reach_of(bare)).unknown
    assert unknown.why == "the evidence does not contain its command"


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("crane export alpine:3.20 - | tar x", "docker.io"),
        ("crane pull a.example.com/x/y:1 y.tar", "a.example.com"),
        ("skopeo copy docker://a.example.com/x:1 dir:/x", "a.example.com"),
        ("regctl image copy a.example.com:5000/x:1 registry.plant7.local:5000/x:1", "a.example.com"),
        ("oras pull a.example.com/model:1", "a.example.com"),
        ("podman pull nginx", "docker.io"),
        ("bash -exuo pipefail -c 'curl https://a.example.com/x'", "a.example.com"),
    ],
)
def test_pull_of_a_registry_client_and_combined_shell_options_are_found(text: str, host: str) -> None:
    found = downloads(shell(text), {**shell(""), "command": ["sh", "-c", f"{text}\n"]})
    assert hosts(found) == {host}, (found.found, found.unknown)


def test_pull_of_a_registry_client_from_an_internal_registry_passes() -> None:
    found = downloads(shell("oras pull registry.plant7.local:5000/a:1; skopeo copy dir:/x oci:/y; docker build ."))
    assert (found.found, found.unknown) == ((), ())


def test_reference_of_a_registry_client_in_a_variable_is_unknown() -> None:
    (one,) = downloads(shell("oras pull $REF")).unknown
    assert one.why == "the host that oras downloads from is unknown"


@pytest.mark.parametrize(
    "command",
    [
        ["python3", "-u", "-W", "ignore", "-c", "import requests; requests.get('https://a.example.com')"],
        ["perl", "-MLWP::Simple", "-e", "getstore('https://a.example.com', 'a')"],
        ["ruby", "-rnet/http", "-e", "Net::HTTP.get(URI('https://a.example.com'))"],
        ["deno", "eval", "await fetch('https://a.example.com')"],
        ["sh", "-c", "python3 -c \"import requests; requests.get('https://a.example.com')\""],
        ["sh", "-c", "python3 - <<'X'\nimport requests\nrequests.get('https://a.example.com')\nX\n"],
        ["python", "-c", "from huggingface_hub import snapshot_download\nsnapshot_download('a/b')"],
    ],
)
def test_program_in_another_language_that_downloads_is_unknown(command: list[str]) -> None:
    found = downloads({"image": "docker.io/library/python:3.12", "command": command})
    (one,) = found.unknown
    assert "in a language that the audit does not parse" in one.why, one.why


@pytest.mark.parametrize(
    "command",
    [["python", "-c", "print('hello')"], ["sh", "-c", "perl -ne print /f; php -r 'echo 1;'; node -e 'process.exit()'"]],
)
def test_program_in_another_language_without_a_host_passes(command: list[str]) -> None:
    found = downloads({"image": "docker.io/library/python:3.12", "command": command})
    assert (found.found, found.unknown) == ((), ())


@pytest.mark.parametrize(
    "line", ["apk add --no-cache jq", "pip install x", "oras pull a.example.com/x:1", "wget $U", "helm repo add a $U"]
)
def test_script_that_cannot_be_parsed_and_names_a_download_command_is_unknown(line: str) -> None:
    (one,) = downloads(shell(f"{line}\n" + ": # filler\n" * 20_000)).unknown
    assert one.is_malformed
    assert "the limit is" in one.why


def test_script_that_cannot_be_parsed_and_names_no_download_command_passes() -> None:
    assert not downloads(shell("echo git and helm are here\n" + ": # filler\n" * 20_000)).unknown
