"""Seeds of the targets: valid inputs from the example, the tests of an area, and texts that are written here."""

from __future__ import annotations

import json

from tests.fuzz import seeds

PLAN = b"""version: 1
name: fuzz
pools:
  linux: {platform: linux/amd64, nodes: 2, runtime: containerd 2.1.6, disk: 100GB, config: [file]}
  win: {platform: "windows/amd64:10.0.20348.1", runtime: containerd 1.7.27, config: [file]}
cluster: {distribution: rke2, version: v1.33.5+rke2r1}
images: [{ref: "r.example/a:1"}]
workloads: [{manifests: work}, {chart: chart.tgz}]
copy: {tool: skopeo 1.20.0, scripts: [mirror.sh], config: [daemon.json]}
registry: {host: "r.plant.local:5000", kind: distribution 2.8.2, config: registry.yml}
"""


HTTP = tuple(
    "\r\n".join(lines).encode()
    for lines in (
        ("HTTP/1.1 401 No", 'WWW-Authenticate: Bearer realm="https://t.example/a",service="r",scope="x:a:pull"', "", "{}"),
        ("HTTP/1.1 401 No", 'WWW-Authenticate: Basic realm="r", Bearer realm="https://t.example"', "Retry-After: 3", "", ""),
        ("HTTP/1.1 404 No", "Content-Type: application/json", "", '{"errors":[{"code":"X","message":"m","detail":{"a":[1]}}]}'),
        ("HTTP/1.1 206 Part", "Content-Range: bytes 0-9/100", "Content-Length: 10", "", "0123456789"),
        (
            "HTTP/1.1 200 OK",
            "Docker-Content-Digest: sha256:" + "0" * 64,
            "Transfer-Encoding: chunked",
            "",
            "5",
            "hello",
            "0",
            "",
            "",
        ),
        ("HTTP/1.1 200 OK", "Content-Type: application/vnd.oci.image.index.v1+json", "", '{"manifests":[]}'),
        ("HTTP/1.1 200 OK", 'Link: </v2/a?n=1>; rel="next"', "Content-Length: 20", "", '{"tags": ["a", "b"]}'),
        ("HTTP/1.1 307 Go", "Location: https://cdn.example/x?sig=1", "Retry-After: Wed, 25 Nov 2026 00:00:09 GMT", "", ""),
    )
)


TOKENS = (b'{"token": "abc.def-1", "expires_in": 300}', b'Bearer realm="https://t.example/a",service="s"')


LOGINS = tuple(
    json.dumps(made).encode()
    for made in (
        {"auths": {"r.example": {"auth": "bWU6cGFzcw=="}, "https://index.docker.io/v1/": {"identitytoken": "t"}}},
        {"auths": {"r.example/a": {"username": "me", "password": "pass"}}, "credHelpers": {"a": "none"}, "credsStore": ""},
    )
)


URLS = (b"https://127.1/", b"http://[::ffff:127.0.0.1]:5000/v2", b"https://2130706433", b"https://m.example./a?b=c#d", b"//r")


def secrets() -> tuple[bytes, ...]:
    return (
        *lists(),
        b"password: \xc7\xe92hunter22\n",
        b'{"token": "a1\\ud800b2c3d4"}',
        b"https://me:p\xff1ssw0rd@r.example/a",
    )


def lists() -> tuple[bytes, ...]:
    return (*seeds.texts_in("tests/readers/lists", "tests/canary_texts.py"), *seeds.files_in("examples/plant-7/lists"))


def release_lists() -> tuple[bytes, ...]:
    spec = b"Images:\n  cli  quay.io/a/b@sha256:" + b"a" * 64 + b"\n"
    return (spec, b'{"images": ["a:1"], "references": {"spec": {"tags": [{"from": {"name": "b:2"}}]}}}', *lists())


def manifests() -> tuple[bytes, ...]:
    return (*seeds.texts_in("tests/readers/workloads", "tests/canary_texts.py"), *seeds.files_in("examples/plant-7/deploy"))


def configs() -> tuple[bytes, ...]:
    return (
        *seeds.texts_in("tests/readers/node_config", "tests/canary_texts.py"),
        *seeds.files_in("examples/plant-7/nodes", ".yaml"),
    )


def scripts() -> tuple[bytes, ...]:
    return (*seeds.texts_in("tests/readers/scripts"), *seeds.files_in("examples/plant-7/scripts"))


def plans() -> tuple[bytes, ...]:
    return (
        PLAN,
        *seeds.files_in("examples/plant-7", "plan.yaml", "inside.yaml"),
        *seeds.texts_in("tests/plan", "tests/checks"),
    )


def references() -> tuple[bytes, ...]:
    return tuple(data for data in seeds.texts_in("tests/oci", "tests/transfer") if len(data) < 200)


def reports() -> tuple[bytes, ...]:
    return (*seeds.small_reports(), *seeds.texts_in("tests/diff"))


def charts() -> tuple[bytes, ...]:
    return seeds.packed_charts()


def registries() -> tuple[bytes, ...]:
    return (*seeds.files_in("examples/plant-7/registry"), *seeds.texts_in("tests/readers/test_registry_config.py"))


def dumps() -> tuple[bytes, ...]:
    return (*seeds.certificates(), *(data for data in seeds.texts_in("tests/pki") if data.lstrip()[:1] in {b"{", b"["}))
