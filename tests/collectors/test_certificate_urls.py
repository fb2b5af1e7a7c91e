"""CRLs and issuers come from a real server that counts requests: only for hosts that the plan allows, once, and bounded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from auditor.collectors import certificate_urls
from auditor.collectors.collect import Collected
from auditor.collectors.registry.answers import now
from auditor.evidence.model import Absent, ChainSeen, Fetched, Kind, Observation, Seen
from auditor.evidence.overlay import Overlaid
from auditor.evidence.store import Store
from auditor.plan.model import Endpoint, Registry
from auditor.testing.certificates import CA, SERVER, Hierarchy, Made, Shape, hierarchy, make
from tests.collectors.asking import LINUX, PLACE, failure, gather, plan_of
from tests.peers.authority import make_authority
from tests.peers.gateway import Gateway, Handler, Sent
from tests.peers.tls import free_port, python_server

HOST = "registry.plant7.local"
LOOPBACK = ("127.0.0.1",)


def serving(*parts: Made) -> Callable[[str, int], Observation[ChainSeen]]:
    """Return a stand-in for the endpoint that serves these certificates."""
    chain = ChainSeen(tuple(part.certificate.der for part in parts), "TLSv1.3")
    return lambda host, port: Seen(chain, now(), f"tls://{host}:{port}")


def pointing(gateway: Gateway, *crls: str, aia: tuple[str, ...] = ()) -> Shape:
    """A server certificate that names paths of the gateway."""
    return replace(SERVER, crl=tuple(at(gateway, path) for path in crls), aia=tuple(at(gateway, path) for path in aia))


def at(gateway: Gateway, path: str) -> str:
    return path if "://" in path else f"http://{gateway.host}{path}"


def asked(gateway: Gateway) -> list[str]:
    return [one.path for one in gateway.log]


def collected(store: Store, made: Hierarchy, reachable: tuple[str, ...] = LOOPBACK, host: str = HOST) -> Collected:
    plan = plan_of(LINUX, endpoints=(Endpoint(host, 443, PLACE),), reachable=reachable)
    return gather(store, plan, observe_chain=serving(made.leaf, made.issuing))


def test_lists_and_issuers_are_fetched_once_for_all_endpoints(hostile: Gateway) -> None:
    hostile.answers |= {"/leaf.crl": Sent(body=b"a list"), "/issuing.cer": Sent(body=b"an issuer")}
    made = hierarchy(leaf=pointing(hostile, "/leaf.crl", aia=("/issuing.cer",)))
    endpoints = tuple(Endpoint(HOST, port, PLACE) for port in (443, 5000, 6443))
    with Store.memory() as store:
        plan = plan_of(LINUX, endpoints=endpoints, reachable=LOOPBACK)
        done = gather(store, plan, observe_chain=serving(made.leaf, made.issuing))
        found = store.fetched(at(hostile, "/leaf.crl"))
        assert isinstance(found, Seen)
        assert (found.value, found.source) == (Fetched(b"a list"), at(hostile, "/leaf.crl"))
        issuer = store.fetched(at(hostile, "/issuing.cer"))
        assert isinstance(issuer, Seen)
        assert issuer.value.body == b"an issuer"
        assert store.fetched("http://ocsp.example") is None
    assert sorted(asked(hostile)) == ["/issuing.cer", "/leaf.crl"]
    assert (done.requests, done.failures) == (5, 0)


def test_external_host_gets_no_request(hostile: Gateway) -> None:
    made = hierarchy(leaf=pointing(hostile, "/leaf.crl", aia=("/issuing.cer",)))
    with Store.memory() as store:
        collected(store, made, reachable=("*.plant7.local", "10.0.0.0/8"))
        assert store.fetched(at(hostile, "/leaf.crl")) is None
    assert asked(hostile) == []


def test_host_of_an_endpoint_gets_a_request(hostile: Gateway) -> None:
    made = hierarchy(leaf=pointing(hostile, "/leaf.crl"))
    with Store.memory() as store:
        collected(store, made, reachable=(), host="127.0.0.1")
    assert asked(hostile) == ["/leaf.crl"]


def test_host_of_the_registry_gets_a_request(hostile: Gateway) -> None:
    """Even if `network.reachable` does not name it, and it is not a TLS endpoint."""
    made = hierarchy(leaf=pointing(hostile, "/leaf.crl"))
    registry = Registry("127.0.0.1:5000", PLACE, insecure=True)
    with Store.memory() as store:
        plan = plan_of(LINUX, endpoints=(Endpoint(HOST, 443, PLACE),), registry=registry)
        gather(store, plan, observe_chain=serving(made.leaf, made.issuing))
    assert asked(hostile) == ["/leaf.crl"]


@pytest.mark.parametrize("host", ["pki.default.svc", "pki.svc.cluster.local", "localhost", "127.0.0.1"])
def test_cluster_and_loopback_hosts_get_no_request(host: str, hostile: Gateway) -> None:
    """They are internal, but the machine that collects may be in another cluster."""
    url = f"http://{host}:{hostile.host.rpartition(':')[2]}/leaf.crl"
    with Store.memory() as store:
        collected(store, hierarchy(leaf=pointing(hostile, url)), reachable=())
        assert store.fetched(url) is None
    assert asked(hostile) == []


def test_a_chain_file_is_followed_too(hostile: Gateway) -> None:
    made = hierarchy(leaf=pointing(hostile, "/leaf.crl"))
    files = {"plan.yaml": b"version: 1\n", "chain.pem": made.leaf.pem}
    endpoints = (Endpoint(HOST, 443, PLACE, chain="chain.pem"), Endpoint(HOST, 444, PLACE, chain="lost.pem"))
    with Store.memory() as store:
        done = gather(store, plan_of(LINUX, endpoints=endpoints, reachable=LOOPBACK, files=files))
        assert (done.requests, done.failures) == (1, 0)
        assert isinstance(store.fetched(at(hostile, "/leaf.crl")), Absent)
        assert (store.chain(f"{HOST}:443"), store.tls_offered(f"{HOST}:443")) == (None, None)


@pytest.mark.parametrize("form", ["der", "pem", "p7c"])
def test_issuers_are_followed_upwards(form: str, hostile: Gateway) -> None:
    made = hierarchy(
        leaf=pointing(hostile, aia=("/issuing.cer",)),
        issuing=replace(CA, crl=(at(hostile, "/root.crl"),), aia=(at(hostile, "/root.cer"),)),
        root=replace(CA, aia=(at(hostile, "/root.cer"),)),
    )
    parsed = made.issuing.certificate.parsed
    body = {
        "der": made.issuing.certificate.der,
        "pem": made.issuing.pem,
        "p7c": pkcs7.serialize_certificates([parsed], Encoding.DER),
    }[form]
    hostile.answers |= {"/issuing.cer": Sent(body=body), "/root.cer": Sent(body=made.root.certificate.der)}
    with Store.memory() as store:
        gather(
            store,
            plan_of(LINUX, endpoints=(Endpoint(HOST, 443, PLACE),), reachable=LOOPBACK),
            observe_chain=serving(made.leaf),
        )
        assert isinstance(store.fetched(at(hostile, "/root.cer")), Seen)
    assert sorted(asked(hostile)) == ["/issuing.cer", "/root.cer", "/root.crl"]


def test_endless_issuer_chain_is_bounded(hostile: Gateway) -> None:
    """Each issuer names another one, without end."""

    def endless(handler: Handler, sent: Sent) -> None:
        number = int(handler.path.removeprefix("/"))
        next_one = make(f"CA {number}", None, replace(CA, aia=(at(hostile, f"/{number + 1}"),)))
        handler.send(replace(sent, status=200, body=next_one.certificate.der))

    hostile.inject("/", endless, times=1_000)
    with Store.memory() as store:
        collected(store, hierarchy(leaf=pointing(hostile, aia=("/0",))))
    assert asked(hostile) == [f"/{number}" for number in range(certificate_urls.MAX_LEVELS)]


def test_number_of_requested_urls_is_bounded(hostile: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate_urls, "MAX_URLS", 3)
    with Store.memory() as store:
        collected(store, hierarchy(leaf=pointing(hostile, *(f"/{number}.crl" for number in range(10)))))
    assert len(asked(hostile)) == 3


@pytest.mark.parametrize("url", ["ldap:///CN=Corp", "file:///etc/passwd", "ftp://127.0.0.1/a.crl", "http://", "//127.0.0.1/x"])
def test_only_http_urls_are_requested(url: str) -> None:
    with Store.memory() as store:
        done = collected(store, hierarchy(leaf=replace(SERVER, crl=(url,))), reachable=("*",))
        assert store.fetched(url) is None
    assert done.requests == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(401, Kind.DENIED), (403, Kind.DENIED), (500, Kind.UNREACHABLE), (204, Kind.UNREACHABLE)]
)
def test_invalid_answers_are_failures(status: int, kind: Kind, hostile: Gateway) -> None:
    hostile.answers["/a.crl"] = Sent(status)
    with Store.memory() as store:
        done = collected(store, hierarchy(leaf=pointing(hostile, "/a.crl")))
        assert failure(store.fetched(at(hostile, "/a.crl"))) == (kind, f"status {status}")
    assert done.failures == 1
    assert len(hostile.log) == (2 if status == 500 else 1)


def test_a_body_is_read_only_to_the_limit(hostile: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate_urls, "MAX_FETCHED", 1000)
    hostile.answers |= {"/big.crl": Sent(body=bytes(1001)), "/fits.crl": Sent(body=bytes(1000))}
    with Store.memory() as store:
        collected(store, hierarchy(leaf=pointing(hostile, "/big.crl", "/fits.crl")))
        assert failure(store.fetched(at(hostile, "/big.crl"))) == (Kind.MALFORMED, "more than 1,000 bytes")
        assert isinstance(store.fetched(at(hostile, "/fits.crl")), Seen)


def test_all_bodies_together_are_bounded(hostile: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificate_urls, "MAX_BYTES", 1000)
    monkeypatch.setattr(certificate_urls, "AT_ONCE", 1)
    paths = tuple(f"/{number}.crl" for number in range(5))
    hostile.answers |= {path: Sent(body=bytes(400)) for path in paths}
    with Store.memory() as store:
        done = collected(store, hierarchy(leaf=pointing(hostile, *paths)))
        kind, detail = failure(store.fetched(at(hostile, "/4.crl")))
    assert (kind, "more than 1,000 bytes" in detail, done.failures) == (Kind.UNSUPPORTED, True, 2)


def test_redirects_stay_on_internal_hosts(hostile: Gateway) -> None:
    port = hostile.host.rpartition(":")[2]
    hostile.answers |= {
        "/far.crl": Sent(302, {"Location": "http://outside.example/list.crl"}),
        "/near.crl": Sent(302, {"Location": f"http://localhost:{port}/moved.crl"}),
        "/moved.crl": Sent(body=b"moved"),
        "/round.crl": Sent(302, {"Location": "/round.crl"}),
        "/none.crl": Sent(302, {"Location": "http://[::1"}),
        "/odd.crl": Sent(302, {"Location": "http://xn--a/"}),
    }
    made = hierarchy(leaf=pointing(hostile, "/far.crl", "/near.crl", "/round.crl", "/none.crl", "/odd.crl"))
    with Store.memory() as store:
        collected(store, made, reachable=("127.0.0.1", "localhost"))
        kind, detail = failure(store.fetched(at(hostile, "/far.crl")))
        assert (kind, "http://outside.example/list.crl is not followed" in detail) == (Kind.DENIED, True)
        near = store.fetched(at(hostile, "/near.crl"))
        assert isinstance(near, Seen)
        assert near.value.body == b"moved"
        assert failure(store.fetched(at(hostile, "/round.crl"))) == (Kind.MALFORMED, "more than 5 redirects")
        for path in ("/none.crl", "/odd.crl"):
            assert failure(store.fetched(at(hostile, path)))[0] is Kind.MALFORMED


def test_earlier_download_is_kept_and_a_new_failure_is_reported(hostile: Gateway) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/a.crl"
    with Store.memory() as store:
        before = Seen(Fetched(b"yesterday's"), now(), url)
        store.put_fetched(url, before)
        done = collected(store, hierarchy(leaf=pointing(hostile, url)))
        kept = store.fetched(url)
        assert isinstance(kept, Seen)
        assert kept.value == before.value
        assert set(done.unanswered) == {url}
        assert failure(Overlaid(store, done.unanswered).fetched(url))[0] is Kind.UNREACHABLE


def test_https_url_is_verified_with_the_public_roots(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("https")
    authority = make_authority(folder)
    (folder / "served").mkdir()
    chain, key = authority.certificate.read_bytes(), authority.key.read_bytes()
    with python_server(folder / "served", chain, key) as port, Store.memory() as store:
        url = f"https://localhost:{port}/a.crl"
        collected(store, hierarchy(leaf=replace(SERVER, crl=(url,))), reachable=("localhost",))
        kind, detail = failure(store.fetched(url))
    assert (kind, "CERTIFICATE_VERIFY_FAILED" in detail) == (Kind.UNREACHABLE, True)


@pytest.mark.parametrize("url", ["http://xn--a/x.crl", "http://999.1.1.1/x.crl", "http://[v1.a]/x.crl"])
def test_invalid_address_is_malformed(url: str) -> None:
    with Store.memory() as store:
        collected(store, hierarchy(leaf=replace(SERVER, crl=(url,))), reachable=("*",))
        assert failure(store.fetched(url))[0] is Kind.MALFORMED


@pytest.mark.parametrize(
    "url", ["http://127.1:{port}/x.crl", "http://2130706433:{port}/x.crl", "http://localhost.:{port}/x.crl"]
)
@pytest.mark.parametrize("pattern", ["*", "*.plant7.local", "10.0.0.0/8"])
def test_certificate_url_on_this_machine_gets_no_request(url: str, pattern: str, hostile: Gateway) -> None:
    port = hostile.host.rpartition(":")[2]
    made = hierarchy(leaf=pointing(hostile, url.format(port=port)))
    with Store.memory() as store:
        collected(store, made, reachable=(pattern,))
    assert asked(hostile) == []
