"""A login is sent only to the origin that it was stored for, whatever redirects, challenges and realms other servers name."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from auditor.collectors.registry.challenge import may_follow
from auditor.collectors.registry.credentials import Credentials
from auditor.collectors.registry.failures import shown
from auditor.evidence.model import Kind
from auditor.evidence.store import Store
from auditor.net import is_own_machine, is_plain_host
from tests.collectors.asking import LINUX, failure, gather, plan_of, tag_digest
from tests.peers.gateway import Gateway, Sent, basic, serve_gateway
from tests.peers.images import BuiltIndex

PLANTED = "s3cr3t-Planted"
OWN = (
    *("localhost", "LOCALHOST", "localhost.", "LocalHost..", "a.localhost", "a.localhost.", "localhost.localdomain"),
    *("ip6-localhost", "127.0.0.1", "127.1", "127.0.1", "127.255.0.9", "2130706433", "0x7f000001", "0x7F.1", "0177.0.0.1"),
    *("017700000001", "0", "0.0.0.00", "0.1.2.3", "::1", "[::1]", "::", "[::]", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"),
    *("[::ffff:127.0.0.1]", "::ffff:7f00:1", "::ffff:0.0.0.0", "::127.0.0.1", "64:ff9b::127.0.0.1", "2002:7f00:1::1"),
    *("::1%lo", "[::1%25lo]", "127。0。0。1", "localhost\uff0e", "127\uff611"),
)
OTHERS = (
    *("10.0.0.1", "128.0.0.1", "registry.example", "localhost.example", "127.0.0.1.example", "x127.1", "fe80::1", ""),
    *("2001:db8::1", "::ffff:10.0.0.1", "1.2.3.4.5", "4294967296", "256.0.0.1", "0x", "09", "1..1", "-1", "127.0.0.1x"),
)


@pytest.mark.parametrize("host", OWN)
def test_this_machine_is_found_in_every_spelling(host: str) -> None:
    assert is_own_machine(host)


@pytest.mark.parametrize("host", OTHERS)
def test_other_hosts_are_not_this_machine(host: str) -> None:
    assert not is_own_machine(host)


@pytest.mark.parametrize("host", ["fe80::1%eth0", "::1%25lo", "loc%61lhost", "a b", "", "a\r\nb", "a:b"])
def test_no_host_with_a_zone_or_an_escape_is_plain(host: str) -> None:
    assert not is_plain_host(host)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", OWN)
def test_no_other_server_may_name_this_machine(host: str, scheme: str) -> None:
    bare = host.strip("[]")
    try:
        named = httpx.URL(f"{scheme}://{f'[{bare}]' if ':' in bare else bare}/token")
        assert not may_follow(httpx.URL("https://registry.example"), named)
    except (httpx.InvalidURL, ValueError):
        return  # no address at all: nothing is sent there


def test_a_server_on_loopback_may_name_plain_http_only_where_it_is_surely_loopback() -> None:
    asked = httpx.URL("http://127.0.0.1:5000")
    assert may_follow(asked, httpx.URL("http://127.0.0.1:5001/token"))
    assert not may_follow(asked, httpx.URL("http://localhost.localdomain/token"))
    assert not may_follow(asked, httpx.URL("http://0.0.0.0/token"))


def test_a_realm_on_another_host_is_followed_over_tls_only() -> None:
    asked = httpx.URL("https://registry-1.docker.io")
    assert may_follow(asked, httpx.URL("https://auth.docker.io/token"))
    assert not may_follow(asked, httpx.URL("http://auth.docker.io/token"))


def test_an_address_with_escaped_line_breaks_is_shown_escaped() -> None:
    assert shown("https://u:p@host:8/a%0d%0ab?x=1#f") == "https://host:8/a%0d%0ab"


def stored(folder: Path, key: str, **more: str) -> dict[str, Any]:
    """Options with a Docker configuration that holds one login."""
    auth = base64.b64encode(f"robot:{PLANTED}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {key: more or {"auth": auth}}}))
    return {"environment": {"DOCKER_CONFIG": str(folder)}}


@pytest.mark.parametrize(
    ("key", "scheme", "is_sent"),
    [
        ("r.example", "https", True),
        ("r.example", "http", True),
        ("https://r.example", "https", True),
        ("https://r.example", "http", False),
        ("https://r.example/v2/", "http", False),
        ("http://r.example", "http", True),
        ("r.example:5000", "https", False),
        ("other.example", "https", False),
    ],
)
def test_a_login_belongs_to_scheme_host_and_port(key: str, scheme: str, is_sent: bool, tmp_path: Path) -> None:
    options = stored(tmp_path, key)
    found = Credentials(options["environment"], tmp_path).find("r.example/shop/web", scheme)
    assert (found is not None) is is_sent


CHALLENGES = {
    "basic": 'Basic realm="x"',
    "bearer of a third server": 'Bearer realm="http://{third}/token",service="x"',
    "bearer of its own": 'Bearer realm="http://{second}/token",service="x"',
    "bearer of the first": 'Bearer realm="http://{first}/token",service="x"',
}


@pytest.mark.peer
@pytest.mark.parametrize("first_asks", [False, True])
@pytest.mark.parametrize("identity", [False, True])
@pytest.mark.parametrize("challenge", CHALLENGES)
def test_a_challenge_after_a_redirect_gets_no_login(
    challenge: str, identity: bool, first_asks: bool, hostile: Gateway, tmp_path: Path
) -> None:
    """A redirects to B, and B answers 401 and names a token service. Neither B nor that service gets the login of A."""
    with serve_gateway() as second, serve_gateway() as third:
        names = {"first": hostile.host, "second": second.host, "third": third.host}
        second.challenge, second.tokens = CHALLENGES[challenge].format(**names), {"never"}
        for gateway in (second, third, hostile):
            gateway.issued = lambda _asked, _body: {"token": "fine"}
        if first_asks:
            hostile.challenge, hostile.tokens = 'Basic realm="x"', {basic("robot", PLANTED)}
        target = f"http://{second.host}/v2/shop/web/manifests/1"
        hostile.answers["/v2/shop/web/manifests/1"] = Sent(307, {"Location": target})
        more = {"identitytoken": PLANTED} if identity and not first_asks else {}
        with Store.memory() as store:
            gather(store, plan_of(LINUX), f"{hostile.host}/shop/web:1", **stored(tmp_path, hostile.host, **more))
            kind, detail = failure(store.tag(f"{hostile.host}/shop/web:1"))
        assert kind is Kind.DENIED
        assert second.host in detail
        assert {one.authorization for one in (*second.log, *third.log)} <= {""}
        assert not second.asked("/token") + third.asked("/token") + hostile.asked("/token")


@pytest.mark.peer
def test_redirecting_token_service_gets_no_login(gateway: Gateway, shop: BuiltIndex, tmp_path: Path) -> None:
    with serve_gateway() as second:
        gateway.ask_for_tokens("fine")
        second.issued = lambda _asked, _body: {"token": "fine"}
        moved = Sent(307, {"Location": f"http://{second.host}/token"})
        gateway.inject("/token", lambda handler, _sent: handler.send(moved), times=9)
        with Store.memory() as store:
            gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1", **stored(tmp_path, gateway.host))
            assert tag_digest(store, f"{gateway.host}/shop/web:1") == shop.digest
        assert {one.authorization for one in second.log} == {""}
        assert gateway.asked("/token")[0].authorization == basic("robot", PLANTED)


@pytest.mark.peer
def test_the_realm_of_the_registrys_own_challenge_gets_the_login(gateway: Gateway, shop: BuiltIndex, tmp_path: Path) -> None:
    with serve_gateway() as service:
        gateway.ask_for_tokens("fine", realm=f"http://{service.host}/token")
        service.issued = lambda _asked, _body: {"token": "fine"}
        with Store.memory() as store:
            gather(store, plan_of(LINUX), f"{gateway.host}/shop/web:1", **stored(tmp_path, gateway.host))
            assert tag_digest(store, f"{gateway.host}/shop/web:1") == shop.digest
        assert service.asked("/token")[0].authorization == basic("robot", PLANTED)
