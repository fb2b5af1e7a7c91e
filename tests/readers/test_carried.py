"""The content of evidence: the plan and its files, never a private key or a password, and every omission is recorded."""

from __future__ import annotations

import base64
import io
import tarfile
import time
from pathlib import Path

import pytest

from auditor.errors import PlanError
from auditor.needs.resolve import resolve_needs
from auditor.plan.load import load_plan, load_plan_files
from auditor.plan.secrets import secret_in
from auditor.readers.carried import carried_files
from auditor.readers.workloads.chart_dependencies import missing_dependencies
from tests.canary_site import opened
from tests.plan.made import CERTIFICATE, HEAD, KEY, POOL, plan_of, refused


def packed(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, body in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return made.getvalue()


def names_in(plain: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(plain)) as archive:
        return archive.getnames()


def test_secrets_are_not_stored_in_evidence(whole: Path) -> None:
    folder = whole.parent
    (folder / "certs" / "api.pem").write_text("-----BEGIN PRIVATE KEY-----\nabc\n")
    (folder / "nodes" / "win2022" / "daemon.json").write_text('{"auths": {"r": {"auth": "c2VjcmV0"}}}')
    (folder / "nodes" / "win2022" / "hosts.toml").write_text('[header]\nAuthorization = "Basic abc"\n')
    (folder / "values.yaml").write_text(
        "tls:\n  key: LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCk1JSUV2UUlCQURBTkJna3Foa2lHOXcwQkFRRUY=\n"
    )
    (folder / "deploy" / "web.yaml").write_bytes(b"\x30\x82\x04\xbd\x02\x01\x00\x30\x0d")
    plan = load_plan(whole)
    kept, left_out = carried_files(plan)
    names = {entry.split(":")[0] for entry in left_out}
    struck = {"nodes/win2022/daemon.json", "nodes/win2022/hosts.toml"}
    assert {entry.split(":")[0] for entry in left_out if entry.endswith("only the secrets in it")} == struck
    assert kept["nodes/win2022/daemon.json"] == b'{"auths": {"r": {"auth": "REDACTED"}}}'
    assert kept["nodes/win2022/hosts.toml"] == b'[header]\nAuthorization = "Basic REDACTED"\n'
    names -= struck
    assert names == {"certs/api.pem", "values.yaml", "deploy/web.yaml"}
    assert {"plan.yaml", "certs/corp-root.pem"} <= set(kept)
    again = load_plan_files("plan.yaml", kept)
    assert set(again.left_out) >= names
    assert not names & set(again.files)
    assert set(carried_files(again)[1]) == {entry for entry in left_out if entry.split(":")[0] in names}


def test_named_file_that_is_left_out_is_recorded() -> None:
    assert dict(plan_of(POOL % "trust: [./certs]").left_out) == {"certs": "it is missing or empty"}


@pytest.mark.parametrize("note", [b"[]", b"{", b'{"a": 1}', b"\xff"])
def test_damaged_record_of_left_out_files_is_an_error(note: bytes) -> None:
    assert "left-out files is damaged" in refused(HEAD, **{"plan.yaml.left-out": note})


def test_list_is_always_stored_in_evidence() -> None:
    lists = {"images.txt": b"ghcr.io/acme/user-auth:1.2\nsecret:v1\nghcr.io/acme/web:1\n", "more/secret.txt": b"token:2\n"}
    plan = plan_of(HEAD + "images: [{list: images.txt}, {list: more}]\n", **lists)
    again = load_plan_files("plan.yaml", carried_files(plan)[0])
    assert resolve_needs(again) == resolve_needs(plan)
    assert len(resolve_needs(again).lines) == 4


def test_keys_and_passwords_in_a_list_are_redacted_line_by_line() -> None:
    text = (
        f"https://admin:hunter2@r.local/a:1\n{KEY}busybox:1 # login -p hunter2\n# login -p hunter2\npassword=hunter2\n".encode()
    )
    plan = plan_of(HEAD + "images: [{list: images.txt}]\n", **{"images.txt": text})
    kept, left_out = carried_files(plan)
    assert b"hunter2" not in kept["images.txt"]
    assert b"MIIE" not in kept["images.txt"]
    assert left_out == ("images.txt: only the secrets in it",)
    lines = resolve_needs(load_plan_files("plan.yaml", kept)).lines
    assert [(line.location.line, bool(line.error)) for line in lines] == [(1, True), (2, True), (5, False), (7, True)]


@pytest.mark.parametrize(
    "data", [KEY.encode("utf-16"), b"\x30\x82\x04\xbd\x02\x01\x00\x30\x0d", base64.b64encode(KEY.encode())]
)
def test_private_key_instead_of_a_list_is_an_error(data: bytes) -> None:
    kept, left_out = carried_files(plan_of(HEAD + "images: [{list: images.txt}]\n", **{"images.txt": data}))
    assert left_out == ("images.txt: only the secrets in it",)
    (line,) = resolve_needs(load_plan_files("plan.yaml", kept)).lines
    assert line.error
    assert not secret_in(kept["images.txt"])


def test_plan_is_always_stored_in_evidence() -> None:
    plan = plan_of(HEAD + "images: [{ref: 'ghcr.io/acme/user-auth:1.2'}]\n")
    assert carried_files(plan) == ({"plan.yaml": plan.files["plan.yaml"]}, ())


def test_missing_list_is_not_an_empty_list() -> None:
    with pytest.raises(PlanError, match=r"plan\.yaml:3:11: gone\.txt: the evidence does not contain it"):
        plan_of(HEAD + "images: [{list: gone.txt}]\n")


@pytest.mark.parametrize("key", [KEY, KEY.replace("MIIE", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMIIE")])
def test_certificate_is_kept_if_its_file_also_holds_a_key(key: str) -> None:
    text = HEAD + "endpoints: [{host: 'r:1', chain: chain.pem}]\n"
    plan = plan_of(text, **{"chain.pem": (CERTIFICATE + key + CERTIFICATE).encode()})
    kept, left_out = carried_files(plan)
    assert kept["chain.pem"].count(b"BEGIN CERTIFICATE") == 2
    assert b"PRIVATE KEY" not in kept["chain.pem"]
    assert left_out


@pytest.mark.parametrize(
    "text",
    [
        "auth:\n  htpasswd:\n    realm: basic\n    path: /auth/htpasswd\n",
        "# auth: see the wiki\n",
        "image: ghcr.io/acme/user-auth:1.2\n",
        "image: secret:v1\n",
        "- token:latest\n",
        "auth: {htpasswd: {realm: basic, path: /auth/htpasswd}}\n",
        "REGISTRY_AUTH: htpasswd\n",
        '{"auth": {"mode": "none"}}\n',
        "env: [{valueFrom: {secretKeyRef: {name: db, key: password}}}]\n",
        "automountServiceAccountToken: false\n",
        "imagePullSecrets: [{name: regcred}]\n",
        "password: {{ .Values.password }}\n",
        "password: ''\n",
        "docker run -u 1000:1000 busybox\n",
        "crane auth login -u $USER -p $PASSWORD r.local\n",
        "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==\n",
    ],
)
def test_text_that_is_not_a_credential_is_stored_in_evidence(text: str) -> None:
    assert not secret_in(text.encode())


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b'[host."https://r".header]\n  authorization = ["Basic Zm9vOmJhcg=="]\n', id="hosts.toml"),
        pytest.param(b"skopeo copy --dest-creds admin:hunter2 a b\n", id="skopeo"),
        pytest.param(b"docker login -u admin --password hunter2 r.local\n", id="docker-login"),
        pytest.param(b"docker login -u admin -p hunter2 r.local\n", id="docker-login-p"),
        pytest.param(b"curl https://admin:hunter2@r.local/v2/\n", id="url"),
        pytest.param(b"curl -u admin:hunter2 https://r.local/v2/\n", id="curl"),
        pytest.param(b"token: hunter2\n", id="token"),
        pytest.param(b"adminPassword: hunter2\n", id="camel-case"),
        pytest.param(b"aws_secret_access_key = hunter2\n", id="aws"),
        pytest.param(b"client_secret: hunter2\n", id="client-secret"),
        pytest.param(b"azure:\n  accountkey: hunter2\n", id="azure"),
        pytest.param(b"kind: Secret\ndata:\n  db: aHVudGVyMg==\n", id="kubernetes-secret"),
        pytest.param(b"kind: Secret\ndata:\n  .dockerconfigjson: eyJhdXRocyI6e319\n", id="pull-secret"),
        pytest.param("-----BEGIN PRIVATE KEY-----\n".encode("utf-16"), id="utf-16-pem"),
        pytest.param(b"\x30\x82\x0a\x00\x02\x01\x03\x30\x82\x09\x00", id="pkcs12"),
        pytest.param(b"\x30\x82\x05\x13\x30\x3d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d", id="encrypted-pkcs8"),
        pytest.param(b"PuTTY-User-Key-File-3: ssh-rsa\n", id="putty"),
        pytest.param(b'curl -H "Authorization:Bearer abc" https://r\n', id="header"),
        pytest.param(b'{"password":"hunter2"}', id="json"),
        pytest.param(b"\xfe\xed\xfe\xed\x00\x00\x00\x02", id="java-keystore"),
    ],
)
def test_credential_is_not_stored_in_evidence(data: bytes) -> None:
    assert secret_in(data)


def test_file_with_only_a_key_is_not_stored_in_evidence() -> None:
    kept, left_out = carried_files(plan_of(POOL % "trust: [ca.key]", **{"ca.key": KEY.encode()}))
    assert "ca.key" not in kept
    assert left_out == ("ca.key: it holds a private key",)


def test_packed_chart_is_stored_without_values_and_has_the_same_dependencies() -> None:
    inner = packed({"db/Chart.yaml": b"name: db\nversion: 1.0.0\n", "db/values.yaml": b"password: hunter2hunter2\n"})
    chart = b"name: shop\nversion: 1.0.0\ndependencies:\n- {name: db, repository: 'https://me:hunter3x@c.example'}\n"
    chart += b"- {name: redis, repository: 'https://c.example'}\n"
    files = {"shop/Chart.yaml": chart, "shop/values.yaml": b"pass: hunter2hunter2\n", "shop/charts/db-1.0.0.tgz": inner}
    files |= {"shop/templates/a.yaml": b"hunter2hunter2", "shop/charts/odd.tgz": b"no archive"}
    plan = plan_of(POOL % "disk: 1GB" + "workloads: [{chart: shop.tgz}]\n", **{"shop.tgz": packed(files)})
    kept, left_out = carried_files(plan)
    assert left_out == ("shop.tgz: its values and templates, because they may hold secrets",)
    assert not any(b"hunter" in part for part in opened(kept["shop.tgz"]))
    names = {name for part in opened(kept["shop.tgz"]) if part[257:262] == b"ustar" for name in names_in(part)}
    assert names == {"chart/Chart.yaml", "chart/charts/db-1.0.0.tgz", "chart/charts/odd.tgz"}
    again = load_plan_files("plan.yaml", kept)
    assert list(missing_dependencies(again, "shop.tgz")) == list(missing_dependencies(plan, "shop.tgz"))
    assert [one.text_at("name") for _, one in missing_dependencies(again, "shop.tgz")] == ["redis"]
    assert carried_files(again)[0]["shop.tgz"] == kept["shop.tgz"]


@pytest.mark.parametrize("name", ["deploy/a.zip", "images.txt", "shop.tgz"])
@pytest.mark.parametrize("data", [b"PK\x03\x04" + b"x" * 99, b"\x1f\x8b\x08\x00" + b"x" * 99, b"\x28\xb5\x2f\xfd" + b"x" * 99])
def test_other_packed_files_are_stored_as_format_only(name: str, data: bytes) -> None:
    text = POOL % "disk: 1GB" + "images: [{list: images.txt}]\nworkloads: [{manifests: deploy}, {chart: shop.tgz}]\n"
    plan = plan_of(text, **{"deploy/b.yaml": b"a: 1\n", "images.txt": b"a:1\n", "shop.tgz": b"", name: data})
    kept, left_out = carried_files(plan)
    assert kept[name] == data[:10]
    assert f"{name}: its packed charts, because they may hold secrets" in left_out
    assert resolve_needs(load_plan_files("plan.yaml", kept)).lines == resolve_needs(plan).lines


def test_charts_in_a_packed_chart_unpack_within_one_bound() -> None:
    bomb = packed({"x/Chart.yaml": b" " * 30_000_000})
    text = POOL % "disk: 1GB" + "workloads: [{chart: shop.tgz}]\n"
    plan = plan_of(text, **{"shop.tgz": packed({f"shop/charts/x{number}.tgz": bomb for number in range(50)})})
    start = time.process_time()
    assert len(carried_files(plan)[0]["shop.tgz"]) < 1_000_000
    assert time.process_time() - start < 5
