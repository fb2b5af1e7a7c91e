"""What pods pull with, and that evidence keeps the registries of pull Secrets but not their passwords."""

from __future__ import annotations

import base64
import json

import pytest

from auditor.readers.carried import carried_files
from auditor.readers.workloads.pulling import pull_objects
from auditor.testing import plan_of

PASSWORD = "c0rrect-horse-battery"
CONFIG = {"auths": {"registry.plant7.local:5000": {"username": "bob", "password": PASSWORD}}}
PLAN = "version: 1\npools: {linux: {platform: linux/amd64}}\nworkloads: [{manifests: deploy}]\n"
HEAD = "apiVersion: v1\nkind: Secret\nmetadata: {name: login, namespace: shop}\ntype: kubernetes.io/dockerconfigjson\n"


def encoded() -> str:
    return base64.b64encode(json.dumps(CONFIG).encode()).decode()


@pytest.mark.parametrize(
    "value",
    [
        f"data: {{.dockerconfigjson: {encoded()}}}",
        f'data:\n  .dockerconfigjson: "{encoded()}"',
        f"stringData:\n  .dockerconfigjson: '{json.dumps(CONFIG)}'",
        f"stringData:\n  .dockerconfigjson: {json.dumps(json.dumps(CONFIG))}",
        f"stringData:\n  .dockerconfigjson: |\n    {json.dumps(CONFIG)}\n",
    ],
    ids=["data", "quoted data", "single quotes", "double quotes", "block"],
)
def test_evidence_keeps_the_registry_and_drops_the_password(value: str) -> None:
    plan = plan_of(PLAN, files={"deploy/login.yaml": f"{HEAD}{value}\n".encode()})
    before = pull_objects(plan).secrets["shop", "login"].logins
    kept, _ = carried_files(plan)
    whole = b"".join(kept.values())
    assert PASSWORD.encode() not in whole
    assert base64.b64encode(PASSWORD.encode())[:12] not in whole
    assert encoded().encode() not in whole
    after = pull_objects(plan_of(PLAN, files={"deploy/login.yaml": kept["deploy/login.yaml"]})).secrets["shop", "login"].logins
    assert before is not None
    assert after == before
    assert after.serves("registry.plant7.local:5000/shop/web")


def test_opaque_secret_gives_no_login() -> None:
    text = (
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: login, namespace: shop}}\ndata: {{.dockerconfigjson: {encoded()}}}\n"
    )
    secret = pull_objects(plan_of(PLAN, files={"deploy/a.yaml": text.encode()})).secrets["shop", "login"]
    assert secret.why == "its type is Opaque, so kubelet ignores it"
    assert secret.logins is not None
    assert not secret.logins.serves("registry.plant7.local:5000/shop/web")


def test_encrypted_value_is_unknown() -> None:
    text = f"{HEAD}stringData: {{.dockerconfigjson: 'ENC[AES256_GCM,data:abc,type:str]'}}\n"
    secret = pull_objects(plan_of(PLAN, files={"deploy/a.yaml": text.encode()})).secrets["shop", "login"]
    assert (secret.logins, secret.why) == (None, "its value is encrypted")


def test_lines_of_pods_in_later_documents_are_those_of_the_file() -> None:
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: 'a:1'}]}\n---\n"
    text += "apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec:\n  containers:\n  - name: b\n    image: b:1\n"
    pods = pull_objects(plan_of(PLAN, files={"deploy/a.yaml": text.encode()})).pods
    assert [(pod.owner, pod.images[0].location.line) for pod in pods] == [("Pod a", 4), ("Pod b", 12)]
