"""Why a host gave no answer, with real servers and real failures, and the environment of the connections."""

from __future__ import annotations

import datetime
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from auditor.collectors.collect import Collected
from auditor.collectors.registry.environment import check_proxies, proxy_for, public_context
from auditor.collectors.tls import observe_chain
from auditor.errors import UsageError
from auditor.evidence.causes import Cause
from auditor.evidence.missed import missed_since
from auditor.evidence.model import Absent, Failed, Kind, Place, Seen
from auditor.evidence.store import Store
from auditor.plan.model import Plan, SourceRegistry
from tests.collectors.asking import gather, plan_of
from tests.peers.authority import make_authority
from tests.peers.gateway import Gateway
from tests.peers.images import build_image, build_index
from tests.peers.proxy import proxying
from tests.peers.registry import RunningRegistry, serve
from tests.peers.tls import free_port, listening

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def cause_of_tag(reference: str, plan: Plan, **more: object) -> tuple[Cause, Collected]:
    with Store.memory() as store:
        done = gather(store, plan, reference, **more)
        observed = store.tag(reference)
    assert isinstance(observed, Failed), observed
    return observed.cause, done


def with_ca(host: str, ca: bytes) -> Plan:
    plan = plan_of("linux/amd64")
    from dataclasses import replace

    return replace(plan, sources=(SourceRegistry(host, plan.where("sources"), "ca.pem", insecure=False),), files={"ca.pem": ca})


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningRegistry, Path]]:
    """A registry with a certificate of a private CA and `app/web:1`, and that CA."""
    folder = tmp_path_factory.mktemp("private")
    authority = make_authority(folder)
    with serve(folder / "registry", authority=authority) as running:
        with running.uploader() as uploader:
            uploader.index("app/web", build_index(build_image("linux/amd64", label="private")), "1")
        yield running, authority.ca


def test_a_closed_port_refuses() -> None:
    port = free_port()
    cause, done = cause_of_tag(f"127.0.0.1:{port}/app/web:1", plan_of("linux/amd64"))
    assert cause is Cause.REFUSED
    (missed,) = done.missed
    assert missed.fault is not None
    assert (missed.fault.host, missed.counts) == (f"127.0.0.1:{port}", {"tags": 1})


def test_a_name_that_does_not_resolve() -> None:
    assert cause_of_tag("registry.invalid:5000/app/web:1", plan_of("linux/amd64"))[0] is Cause.NAME
    observed = observe_chain("registry.invalid", 443)
    assert isinstance(observed, Failed)
    assert observed.cause is Cause.NAME


def test_a_server_that_hangs_up() -> None:
    with listening(lambda _: None) as port:
        assert cause_of_tag(f"127.0.0.1:{port}/app/web:1", plan_of("linux/amd64"))[0] is Cause.CLOSED


@pytest.mark.parametrize(
    ("status", "cause"),
    [(401, Cause.LOGIN), (403, Cause.FORBIDDEN), (429, Cause.RATE_LIMIT), (503, Cause.SERVER), (418, Cause.STATUS)],
)
def test_status_without_an_answer_is_a_failure(status: int, cause: Cause) -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(f"HTTP/1.1 {status} Made-Up\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

    with listening(behave) as port:
        assert cause_of_tag(f"127.0.0.1:{port}/app/web:1", plan_of("linux/amd64"))[0] is cause


def test_web_page_is_not_a_registry_answer() -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(65_536)
        page = b"<html>log in</html>"
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(page) + page
        )

    with listening(behave) as port:
        assert cause_of_tag(f"127.0.0.1:{port}/app/web:1", plan_of("linux/amd64"))[0] is Cause.WEB_PAGE


def test_plain_http_where_tls_is_expected(tmp_path: Path) -> None:
    def behave(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with listening(behave) as port:
        host = f"127.0.0.1:{port}"
        assert cause_of_tag(f"{host}/app/web:1", with_ca(host, make_authority(tmp_path).ca.read_bytes()))[0] is Cause.PLAIN_HTTP


def test_missing_image_counts_as_observed(hostile: Gateway) -> None:
    with Store.memory() as store:
        done = gather(store, plan_of("linux/amd64"), f"{hostile.host}/app/web:1")
        if isinstance(store.tag(f"{hostile.host}/app/web:1"), Absent):
            assert done.missed == ()


@pytest.mark.peer
def test_a_private_ca_is_unknown_until_it_is_given(private: tuple[RunningRegistry, Path], tmp_path: Path) -> None:
    registry, ca = private
    reference = f"{registry.host}/app/web:1"
    other = with_ca(registry.host, make_authority(tmp_path).ca.read_bytes())
    assert cause_of_tag(reference, other)[0] is Cause.UNKNOWN_ISSUER
    for more in (
        {"plan": other, "environment": {"SSL_CERT_FILE": str(ca)}},
        {"plan": plan_of("linux/amd64"), "ca": ca.read_bytes()},
    ):
        plan = more.pop("plan")
        with Store.memory() as store:
            done = gather(store, plan, reference, **more)  # type: ignore[arg-type]
            assert isinstance(store.tag(reference), Seen), store.tag(reference)
            assert done.missed == ()


@pytest.mark.peer
@pytest.mark.parametrize("hashed", [False, True])
def test_ssl_cert_dir_is_read_with_and_without_hashed_names(
    hashed: bool, private: tuple[RunningRegistry, Path], tmp_path: Path
) -> None:
    registry, ca = private
    folder, own = tmp_path / "certs", tmp_path / "own"
    folder.mkdir()
    own.mkdir()
    (folder / "README").write_text("no certificate")
    (folder / "corp.pem").write_bytes(ca.read_bytes())
    if hashed:
        import subprocess

        subprocess.run(["openssl", "rehash", str(folder)], check=True)
    plan = with_ca(registry.host, make_authority(own).ca.read_bytes())
    with Store.memory() as store:
        gather(store, plan, f"{registry.host}/app/web:1", environment={"SSL_CERT_DIR": f"/nowhere:{folder}"})
        assert isinstance(store.tag(f"{registry.host}/app/web:1"), Seen)


@pytest.mark.peer
def test_a_registry_with_a_private_ca_is_asked_through_a_proxy(
    private: tuple[RunningRegistry, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry, ca = private
    reference = f"{registry.host}/app/web:1"
    plan = with_ca(registry.host, ca.read_bytes())
    with proxying(tmp_path) as (port, log):
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        with Store.memory() as store:
            gather(store, plan, reference)
            assert isinstance(store.tag(reference), Seen)
        assert f"CONNECT {registry.host}" in log.read_text()
        other = with_ca(registry.host, make_authority(tmp_path).ca.read_bytes())
        assert cause_of_tag(reference, other)[0] is Cause.UNKNOWN_ISSUER


def test_a_proxy_that_is_down_is_named_as_the_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = free_port()
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy}")
    cause, done = cause_of_tag("registry.example.com/app/web:1", plan_of("linux/amd64"))
    assert cause is Cause.PROXY
    assert f"the proxy http://127.0.0.1:{proxy}" in done.missed[0].detail


@pytest.mark.peer
def test_proxy_that_requires_a_login_is_the_cause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with proxying(tmp_path, "BasicAuth robot pass-w0rd") as (port, _):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        assert cause_of_tag("registry.example.com/app/web:1", plan_of("linux/amd64"))[0] is Cause.PROXY_LOGIN


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize(
    "value",
    ["http://[::1", "http://proxy:port", "socks5://user:pass-w0rd@proxy:1080", "ftp://proxy", "http://", "http://proxy:99999"],
)
def test_a_proxy_that_cannot_be_used_is_a_usage_error(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=f"^{name}: ") as caught:
        check_proxies()
    assert "w0rd" not in f"{caught.value} {caught.value.hint}"
    with Store.memory() as store, pytest.raises(UsageError):
        gather(store, plan_of("linux/amd64"), "registry.example.com/app/web:1")


@pytest.mark.parametrize("value", ["http://proxy:3128", "proxy:3128", "https://proxy", "http://user:word@10.0.0.1:8080", ""])
def test_usable_proxies_are_accepted(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", value)
    check_proxies()


@pytest.mark.parametrize(
    ("url", "exceptions", "is_direct"),
    [
        ("https://registry.plant7.local:5000/", "plant7.local", True),
        ("https://registry.plant7.local:5000/", ".plant7.local", True),
        ("https://registry.plant7.local:5000/", "registry.plant7.local:5000", True),
        ("https://registry.plant7.local:5000/", "registry.plant7.local:443", False),
        ("https://registry.plant7.local/", "registry.plant7.local:443", True),
        ("https://10.1.2.3/", "10.0.0.0/8", True),
        ("https://11.1.2.3/", "10.0.0.0/8", False),
        ("https://[fd00::7]/", "fd00::/8", True),
        ("https://quay.io/", "localhost, *", True),
        ("https://quay.io/", "docker.io,10.0.0.0/8", False),
    ],
)
def test_no_proxy(url: str, exceptions: str, is_direct: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", exceptions)
    assert (proxy_for(httpx.URL(url)) is None) is is_direct


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_unreadable_roots_are_a_usage_error(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.pem").write_text("no certificate")
    values = ["/nowhere", str(tmp_path / "empty"), *([str(tmp_path / "text.pem")] if name == "SSL_CERT_FILE" else [])]
    for value in values:
        with pytest.raises(UsageError, match=f"^{name}="):
            public_context({name: value})
    with Store.memory() as store, pytest.raises(UsageError):
        gather(store, plan_of("linux/amd64"), "registry.example.com/app/web:1", environment={name: "/nowhere"})


def test_archives_alone_need_no_usable_proxy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from dataclasses import replace

    from auditor.plan.model import CopyPlan

    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy")
    plan = plan_of("linux/amd64")
    plan = replace(plan, path=str(tmp_path / "plan.yaml"), copy=CopyPlan(plan.where("copy"), archives=("media/a.tar",)))
    with Store.memory() as store:
        done = gather(store, plan, places=frozenset({Place.ARCHIVES}))
    (missed,) = done.missed
    assert (missed.fault, missed.where, missed.counts) == (None, "media/a.tar", {"archives": 1})


AT = datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)


def test_cause_is_read_back_and_an_older_row_has_none(tmp_path: Path) -> None:
    path = tmp_path / "site.evidence"
    source = "https://a.example/v2/b/manifests/1"
    with Store.create(path) as store:
        for cause in Cause:
            store.put_tag(f"a.example/b:{cause.name.lower()}", Failed(Kind.UNREACHABLE, "x", AT, source, cause))
    with Store.open(path) as store:
        for cause in Cause:
            observed = store.tag(f"a.example/b:{cause.name.lower()}")
            assert isinstance(observed, Failed)
            assert (observed.kind, observed.cause) == (Kind.UNREACHABLE, cause)
        (old,) = [one for one in missed_since(store, AT, {}) if one.fault and one.fault.cause is Cause.UNKNOWN]
        assert old.fault is not None
        assert old.fault.host == "a.example"
        assert missed_since(store, AT + datetime.timedelta(seconds=1), {}) == ()
