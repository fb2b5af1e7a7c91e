"""The registry logins that a pool's files show, before and after the files went through evidence."""

from __future__ import annotations

import pytest

from auditor.readers.carried import carried_files
from auditor.readers.node_logins import NodeLogins, node_logins
from auditor.testing import plan_of

SECRET = "s3cr3t-Pull-Token-9"
PLAN = "version: 1\npools: {linux: {platform: linux/amd64, config: [nodes]}}\n"
HOST = "registry.plant7.local:5000"
IMAGE = "docker.io/library/nginx"
OLD, NEW = "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images"
FILES = {
    "registries.yaml": f"configs:\n  {HOST}:\n    auth:\n      username: puller\n      password: {SECRET}\n",
    "token.yaml": (f'mirrors: {{docker.io: {{}}}}\nconfigs: {{"{HOST}": {{auth: {{auth: {SECRET}}}}}}}\n'),
    "certs.d/docker.io/hosts.toml": f'server = "https://{HOST}"\n[header]\nAuthorization = ["Basic {SECRET}"]\n',
    "certs.d/quay.io/hosts.toml": (
        f'[host."https://{HOST}"]\n[host."https://{HOST}".header]\nauthorization = "Basic {SECRET}"\n'
    ),
    "config.toml": f'version = 2\n[plugins."{OLD}".registry.configs."{HOST}".auth]\npassword = "{SECRET}"\n',
    "v3.toml": f"version = 3\n[plugins.'{NEW}'.registry.configs.'{HOST}'.auth]\nauth = '{SECRET}'\n",
}


def logins(files: dict[str, bytes]) -> NodeLogins:
    plan = plan_of(PLAN, files=files)
    return node_logins(plan, plan.pools[0])


def through_evidence(files: dict[str, bytes]) -> dict[str, bytes]:
    kept, _ = carried_files(plan_of(PLAN, files=files))
    assert SECRET.encode() not in b"".join(kept.values())
    return {path: data for path, data in kept.items() if path.startswith("nodes/")}


@pytest.mark.parametrize("name", FILES)
def test_login_of_the_runtime_is_for_the_requested_host(name: str) -> None:
    files = {f"nodes/{name}": FILES[name].encode()}
    for found in (logins(files), logins(through_evidence(files))):
        assert not found.unknown
        assert found.serve(HOST, "https", IMAGE)
        assert not found.serve("other.plant7.local:5000", "https", IMAGE)


def test_login_of_kubelet_is_for_the_image() -> None:
    files = {"nodes/config.json": f'{{"auths": {{"https://index.docker.io/v1/": {{"auth": "{SECRET}"}}}}}}'.encode()}
    for found in (logins(files), logins(through_evidence(files))):
        assert found.serve(HOST, "https", IMAGE)
        assert not found.serve(HOST, "https", f"{HOST}/shop/web")


def test_credential_provider_is_a_login_for_its_images() -> None:
    text = "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\n"
    text += "providers: [{matchImages: ['*.plant7.local:5000']}]\n"
    found = logins({"nodes/providers.yaml": text.encode()})
    assert found.serve(HOST, "https", f"{HOST}/shop/web")
    assert not found.serve(HOST, "https", IMAGE)


@pytest.mark.parametrize(
    "text",
    [
        f"configs: {{'{HOST}': {{auth: {{}}}}}}\n",
        f"configs: {{'{HOST}': {{auth: {{username: '', password: ''}}}}}}\n",
        f"configs: {{'{HOST}': {{tls: {{ca_file: /ca.pem}}}}}}\n",
        f'server = "https://{HOST}"\n[header]\nX-Trace = "1"\n[host]\n',
    ],
)
def test_file_without_a_login_shows_none(text: str) -> None:
    name = "certs.d/_default/hosts.toml" if text.startswith("server") else "registries.yaml"
    found = logins({f"nodes/{name}": text.encode()})
    assert not found.unknown
    assert not found.serve(HOST, "https", IMAGE)


@pytest.mark.parametrize("text", ["configs: [a", '{"auths": [}', "[host\nserver = 1\n[header]\n"])
def test_unreadable_file_makes_the_logins_unknown(text: str) -> None:
    assert logins({"nodes/hosts.toml" if text.startswith("[") else "nodes/registries.yaml": text.encode()}).unknown
