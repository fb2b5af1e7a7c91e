"""Passwords and tokens: which servers get them, which do not, and that no output shows them."""

from __future__ import annotations

import base64
import json
import pickle
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.collectors.registry import tokens as tokens_module
from auditor.collectors.registry.secret import Login, Secret
from auditor.errors import UsageError
from auditor.evidence.model import Kind, Place
from auditor.evidence.store import Store
from auditor.plan.model import Registry, SourceRegistry
from auditor.redaction import redact
from tests.collectors.asking import LINUX, PLACE, failure, gather, plan_of, tag_digest
from tests.peers.gateway import Asked, Fault, Gateway, Sent, basic, scope_of, serve_gateway
from tests.peers.images import BuiltIndex, build_image
from tests.peers.registry import RunningRegistry

pytestmark = pytest.mark.peer
PLANTED = "s3cr3t-Planted"


def login(folder: Path, host: str, user: str = "robot", password: str = PLANTED, **more: str) -> dict[str, Any]:
    """Options with a Docker config that holds one login."""
    auth = base64.b64encode(f"{user}:{password}".encode()).decode()
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"auths": {host: more or {"auth": auth}}}))
    return {"environment": {"DOCKER_CONFIG": str(folder)}}


def with_ca(running: RunningRegistry, ca: bytes | None = None) -> Mapping[str, Any]:
    """Return the plan settings of a source registry with a private CA."""
    assert running.ca is not None
    files = {"plan.yaml": b"version: 1\n", "ca.pem": running.ca.read_bytes() if ca is None else ca}
    return {"sources": (SourceRegistry(running.host, PLACE, ca="ca.pem"),), "files": files}


def test_basic_login_works_over_tls_with_a_private_ca(locked: RunningRegistry, tmp_path: Path) -> None:
    with Store.memory() as store:
        plan = plan_of(LINUX, **with_ca(locked))
        done = gather(store, plan, f"{locked.host}/locked/web:1", **login(tmp_path, locked.host, password="pass-w0rd"))
        assert tag_digest(store, f"{locked.host}/locked/web:1")
    assert (done.failures, done.requests) == (0, 3), "one 401, then the index and the manifest"


def test_internal_registry_uses_its_own_ca(locked: RunningRegistry, tmp_path: Path) -> None:
    settings = with_ca(locked)
    plan = plan_of(LINUX, files=settings["files"], registry=Registry(locked.host, PLACE, ca="ca.pem"))
    with Store.memory() as store:
        gather(
            store,
            plan,
            "quay.io/locked/web:1",
            places=frozenset({Place.TARGET}),
            **login(tmp_path, locked.host, password="pass-w0rd"),
        )
        assert tag_digest(store, f"{locked.host}/locked/web:1")


def test_missing_ca_makes_a_registry_unreachable_with_the_reason(locked: RunningRegistry, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    from tests.peers.authority import make_authority

    with Store.memory() as store:
        gather(store, plan_of(LINUX, **with_ca(locked, make_authority(other).ca.read_bytes())), f"{locked.host}/locked/web:1")
        kind, detail = failure(store.tag(f"{locked.host}/locked/web:1"))
    assert kind is Kind.UNREACHABLE
    assert "CERTIFICATE_VERIFY_FAILED" in detail


@pytest.mark.parametrize(
    "ca", [b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\xff\xfe"]
)
def test_invalid_ca_is_a_usage_error(ca: bytes, locked: RunningRegistry) -> None:
    with Store.memory() as store, pytest.raises(UsageError, match="holds no readable certificate"):
        gather(store, plan_of(LINUX, **with_ca(locked, ca)), f"{locked.host}/locked/web:1")


def test_wrong_or_no_password_is_denied(locked: RunningRegistry, tmp_path: Path) -> None:
    plan = plan_of(LINUX, **with_ca(locked))
    for options, requests in ((login(tmp_path, locked.host, password="wrong"), 2), ({}, 1)):
        with Store.memory() as store:
            done = gather(store, plan, f"{locked.host}/locked/web:1", **options)
            assert failure(store.tag(f"{locked.host}/locked/web:1"))[0] is Kind.DENIED
            assert done.requests == requests


def test_unreadable_login_is_reported_after_a_refusal(locked: RunningRegistry, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    with Store.memory() as store:
        plan = plan_of(LINUX, **with_ca(locked))
        gather(store, plan, f"{locked.host}/locked/web:1", environment={"DOCKER_CONFIG": str(tmp_path)})
        assert "config.json is not a valid" in failure(store.tag(f"{locked.host}/locked/web:1"))[1]


def test_plain_http_to_a_tls_port_is_a_failure(locked: RunningRegistry) -> None:
    with Store.memory() as store:
        gather(store, plan_of(LINUX), f"{locked.host}/locked/web:1")
        assert "400" in failure(store.tag(f"{locked.host}/locked/web:1"))[1]


def issue(gateway: Gateway, **more: object) -> None:
    """Let the gateway issue tokens that are valid from then on."""
    lock = threading.Lock()

    def issued(_asked: Asked, _body: bytes) -> dict[str, object]:
        with lock:
            token = f"token-{len(gateway.asked('/token'))}"
            assert gateway.tokens is not None
            gateway.tokens.add(token)
            return {"token": token, **more}

    gateway.issued = issued


def test_one_token_serves_a_repository(gateway: Gateway, shop: BuiltIndex) -> None:
    gateway.ask_for_tokens(scope="repository:shop/web:pull")
    issue(gateway)
    with Store.memory() as store:
        assert (
            gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1", f"{gateway.host}/shop/web@{shop.digest}").failures == 0
        )
    asked = gateway.asked("/token")
    assert [scope_of(one) for one in asked] == ["repository:shop/web:pull"]
    assert asked[0].authorization == "", "no login is sent"


def test_next_repository_requests_its_token_before_a_401(gateway: Gateway, registry: RunningRegistry, shop: BuiltIndex) -> None:
    with registry.uploader() as uploader:
        uploader.image("shop/other", build_image(LINUX, label="other"), "1")
    gateway.ask_for_tokens()
    issue(gateway)
    with Store.memory() as store:
        gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1", f"{gateway.host}/shop/other:1", jobs=1)
        assert tag_digest(store, f"{gateway.host}/shop/web:1") == shop.digest
    assert len([one for one in gateway.log if not one.authorization and "/token" not in one.path]) == 1
    assert {scope_of(one) for one in gateway.asked("/token")} == {"repository:shop/web:pull", "repository:shop/other:pull"}


def test_expired_token_is_fetched_again(gateway: Gateway, shop: BuiltIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens_module, "_EARLY", 60.0)
    gateway.ask_for_tokens()
    issue(gateway, expires_in=1)
    with Store.memory() as store:
        gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1")
        assert tag_digest(store, f"{gateway.host}/shop/web:1") == shop.digest
    assert len(gateway.asked("/token")) == 2


def test_revoked_token_is_fetched_again(gateway: Gateway, shop: BuiltIndex) -> None:
    gateway.ask_for_tokens()
    issue(gateway)

    def withdraw(handler: Any, sent: Sent) -> None:
        gateway.tokens = set()
        handler.send(sent)

    gateway.inject("/manifests/1", lambda handler, sent: handler.send(sent))  # the 401
    gateway.inject("/manifests/1", withdraw)
    with Store.memory() as store:
        assert gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1").failures == 0
        assert tag_digest(store, f"{gateway.host}/shop/web:1") == shop.digest
    assert len(gateway.asked("/token")) == 2


def test_a_loop_of_401_ends_denied(gateway: Gateway) -> None:
    gateway.ask_for_tokens()
    gateway.issued = lambda _asked, _body: {"access_token": "never-good"}
    with Store.memory() as store:
        gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1")
        assert failure(store.tag(f"{gateway.host}/shop/web:1"))[0] is Kind.DENIED
    assert len(gateway.log) == 3


def test_challenges_that_change_each_time_are_bounded(gateway: Gateway) -> None:
    gateway.ask_for_tokens()
    scopes = iter(range(1000))

    def issued(_asked: Asked, _body: bytes) -> dict[str, object]:
        gateway.ask_for_tokens(scope=f"repository:shop/web:{next(scopes)}")
        return {"token": "no"}

    gateway.issued = issued
    with Store.memory() as store:
        gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1")
        assert failure(store.tag(f"{gateway.host}/shop/web:1"))[0] is Kind.DENIED
    assert len(gateway.log) < 10


@pytest.mark.parametrize(
    ("realm", "kind"),
    [
        ("http://registry.example/token", Kind.DENIED),
        ("ftp://127.0.0.1/token", Kind.DENIED),
        ("/token", Kind.DENIED),
        ("", Kind.DENIED),
        ("http://user:pass@127.0.0.1/token", Kind.DENIED),
        ("https://host:port/token", Kind.MALFORMED),
        ("https://xn--a/token", Kind.MALFORMED),
    ],
)
def test_token_service_without_tls_gets_no_request(realm: str, kind: Kind, gateway: Gateway, tmp_path: Path) -> None:
    gateway.ask_for_tokens(realm=realm or " ")
    with Store.memory() as store:
        gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1", **login(tmp_path, gateway.host))
        assert failure(store.tag(f"{gateway.host}/shop/web:1"))[0] is kind
    assert len(gateway.log) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Sent(401, body=b"{}"), Kind.DENIED),
        (Sent(404), Kind.DENIED),
        (Sent(418), Kind.UNREACHABLE),
        (Sent(200, body=b"<html>"), Kind.MALFORMED),
        (Sent(200, body=b'{"token": "a\\r\\nX-Evil: 1"}'), Kind.MALFORMED),
        (Sent(200, body=b'{"token": ""}'), Kind.MALFORMED),
        (Sent(200, body=b'{"token": "' + b"x" * 70_000 + b'"}'), Kind.MALFORMED),
    ],
)
def test_token_service_without_a_token_is_a_failure(answer: Sent, kind: Kind, gateway: Gateway) -> None:
    gateway.ask_for_tokens()
    gateway.inject("/token", lambda handler, _sent: handler.send(answer), times=9)
    with Store.memory() as store:
        gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1")
        assert failure(store.tag(f"{gateway.host}/shop/web:1"))[0] is kind


@pytest.mark.usefixtures("shop")
def test_an_identity_token_is_sent_to_the_token_service_only(gateway: Gateway, tmp_path: Path) -> None:
    bodies: list[bytes] = []
    gateway.ask_for_tokens()

    def issued(_asked: Asked, body: bytes) -> dict[str, object]:
        bodies.append(body)
        gateway.tokens = {"fine"}
        return {"access_token": "fine"}

    gateway.issued = issued
    with Store.memory() as store:
        done = gather(
            store, plan_of(LINUX), f"{gateway.host}/shop/web:1", **login(tmp_path, gateway.host, identitytoken=PLANTED)
        )
    assert done.failures == 0
    assert b"grant_type=refresh_token" in bodies[0]
    assert PLANTED.encode() in bodies[0]
    assert all(PLANTED not in one.authorization for one in gateway.log)


def test_credentials_are_not_sent_to_a_redirect_target(gateway: Gateway, tmp_path: Path, shop: BuiltIndex) -> None:
    with serve_gateway() as elsewhere:
        elsewhere.answers["/stored"] = Sent(200, {"Content-Type": shop.index.media_type}, shop.index.body)
        gateway.challenge = 'Basic realm="x"'
        gateway.tokens = {basic("robot", PLANTED)}
        signed = f"http://{elsewhere.host}/stored?X-Amz-Signature={PLANTED}"
        gateway.inject("/manifests/1", lambda handler, sent: handler.send(sent))  # the 401
        gateway.inject("/manifests/1", lambda handler, _sent: handler.send(Sent(307, {"Location": signed})))
        with Store.memory() as store:
            gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1", **login(tmp_path, gateway.host))
            assert tag_digest(store, f"{gateway.host}/shop/web:1") == shop.digest
        assert [one.authorization for one in elsewhere.log] == [""]
        assert gateway.log[1].authorization == basic("robot", PLANTED)


def test_a_posted_login_is_not_redirected(gateway: Gateway, tmp_path: Path) -> None:
    gateway.ask_for_tokens()
    with serve_gateway() as elsewhere:
        target = f"http://{elsewhere.host}/token"
        gateway.inject("/token", lambda handler, _sent: handler.send(Sent(307, {"Location": target})), times=9)
        with Store.memory() as store:
            gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1", **login(tmp_path, gateway.host, identitytoken=PLANTED))
            assert failure(store.tag(f"{gateway.host}/shop/web:1"))[0] is Kind.DENIED
        assert not elsewhere.log


def answering(sent: Sent) -> Fault:
    """Send another answer."""
    return lambda handler, _sent: handler.send(sent)


@pytest.mark.usefixtures("shop")
def test_no_planted_secret_reaches_any_output(gateway: Gateway, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A registry echoes the request in every error that it can return."""
    echo = json.dumps(
        {"errors": [{"code": "UNKNOWN", "message": f"{basic('robot', PLANTED)} {PLANTED} token-{PLANTED}"}]}
    ).encode()
    gateway.ask_for_tokens()

    def issued(_asked: Asked, _body: bytes) -> dict[str, object]:
        gateway.tokens = {f"token-{PLANTED}"}
        return {"token": f"token-{PLANTED}"}

    gateway.issued = issued
    for target, status in (("shop/web/manifests/2", 500), ("shop/web/manifests/3", 403), ("shop/web/manifests/4", 404)):
        gateway.inject(target, lambda handler, sent: handler.send(sent))
        gateway.inject(target, answering(Sent(status, body=echo)), times=99)
    path = tmp_path / "site.evidence"
    with Store.create(path) as store:
        names = [f"{gateway.host}/shop/web:{number}" for number in (2, 3, 4, 1)]
        done = gather(store, plan_of(LINUX), *names, jobs=1, **login(tmp_path / "docker", gateway.host))
        told = repr([store.tag(name) for name in names]) + repr(done)
    assert "REDACTED" in told
    output = capfd.readouterr()
    encoded = base64.b64encode(f"robot:{PLANTED}".encode()).decode()
    for text in (told, output.out, output.err, path.read_bytes().decode("latin-1")):
        assert PLANTED not in text
        assert encoded not in text


def test_a_secret_cannot_be_printed_or_stored() -> None:
    secret, user = Secret(PLANTED), Login("robot", Secret(PLANTED))
    assert PLANTED not in f"{secret} {secret!r} {user} {user!r} {user.basic()} {[secret]}"
    assert secret == Secret(PLANTED)
    assert secret != PLANTED
    assert len({secret, Secret(PLANTED)}) == 1
    assert redact(f"x {PLANTED} y") == "x REDACTED y"
    with pytest.raises(TypeError):
        pickle.dumps(secret)
