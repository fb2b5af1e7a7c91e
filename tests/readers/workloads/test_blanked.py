"""Manifests in evidence: values that name no image are removed, and the images stay the same."""

from __future__ import annotations

import json

import pytest
import yaml

from auditor.readers.workloads.blanked import blanked

POD = """apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers:
    - name: a
      image: ghcr.io/acme/a:1
      command: [sh, -c, "run s3cret"]
      args: [--sidecar-image, ghcr.io/acme/b:1, --proxy-image=ghcr.io/acme/c:1, --flag, "--key=s3cret", 8080]
      env:
        - {name: A, value: "s3cret"}
        - name: B
          value: |
            s3cret

            s3cret
        - name: C
          value: 's3cret
            goes on'
        - {name: D_IMAGE, value: ghcr.io/acme/d}
        - {name: D_TAG, value: v4}
"""
SECRET = """apiVersion: v1
kind: Secret
metadata: {name: a}
data: {a: czNjcmV0, b: Z2hjci5pby9hY21lL2U6MQ==}
stringData:
  image: ghcr.io/acme/f:1
  c: s3cret
"""


def test_values_without_an_image_are_blanked_in_place() -> None:
    made, is_blanked = blanked(f"{POD}---\n{SECRET}".encode())
    assert is_blanked
    text = made.decode()
    assert "s3cret" not in text
    assert "czNjcmV0" not in text
    assert len(text.splitlines()) == len(f"{POD}---\n{SECRET}".splitlines())
    for image in ("a:1", "b:1", "c:1", "d", "f:1"):
        assert f"ghcr.io/acme/{image}" in text
    assert "Z2hjci5pby9hY21lL2U6MQ==" in text
    pod, secret = yaml.safe_load_all(text)
    assert [item["name"] for item in pod["spec"]["containers"][0]["env"]] == ["A", "B", "C", "D_IMAGE", "D_TAG"]
    assert secret["stringData"] == {"image": "ghcr.io/acme/f:1", "c": "REDACTED"}
    assert blanked(made) == (made, True)


def test_blanked_json_stays_valid_json() -> None:
    data = json.dumps(yaml.safe_load(POD), indent=1).encode()
    made, is_blanked = blanked(data)
    assert is_blanked
    assert b"s3cret" not in made
    assert json.loads(made)["spec"]["containers"][0]["image"] == "ghcr.io/acme/a:1"


@pytest.mark.parametrize("data", [b"kind: Secret\n  a: [", b"args: \xff", "env: \x85".encode(), b"{{ .Values.env }}: x: y"])
def test_unreadable_file_is_not_blanked(data: bytes) -> None:
    assert blanked(data) == (data, False)


def test_file_without_such_values_is_unchanged() -> None:
    data = b"apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n"
    assert blanked(data) == (data, True)
