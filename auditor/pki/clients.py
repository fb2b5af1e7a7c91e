"""TLS clients as facts: what each trusts, fetches and refuses, and the words in which it fails.

A client that is in no row cannot be judged; `client_model` then gives None, and the caller says so.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

from auditor.facts import Fact, table
from auditor.pki.strength import Strength

Cause = Literal[
    "incomplete",
    "untrusted",
    "expired",
    "not-yet-valid",
    "name",
    "common-name",
    "invalid",
    "stall",
    "revocation",
    "no-revocation",
]
OperatingSystem = Literal["linux", "windows"]


class ClientModel(Fact, frozen=True, kw_only=True):
    """One TLS client on one OS.

    `verifier` is the code that decides, `reads` where it takes anchors from (`system`: the roots of the OS and what was
    added to them; `pool`: the files that the client itself is given). `partial_chain`: an intermediate may be an anchor.
    `connects` is the kind of endpoint that it connects to. `ca_file_error` is the error of a client that refuses a host because
    the CA file for it holds no certificate; empty if it goes on without it. `timeout` is the limit of its TLS handshake in
    seconds. `symptoms` holds its words by cause, empty where it does not fail for that; `{host}`, `{names}` and `{reason}` are
    filled in.
    """

    id: str
    os: OperatingSystem
    title: str
    verifier: Literal["go-system", "go-pool-plus-system", "go-pool-only", "openssl", "schannel", "cryptoapi"]
    reads: tuple[Literal["system", "pool"], ...]
    fetches_aia: bool
    updates_roots: bool
    revocation: Literal["none", "soft", "hard"]
    partial_chain: bool
    accepts_sha1: bool
    accepts_ed25519: bool
    minimum_rsa: int
    tls: Literal["own", "schannel"]
    connects: Literal["registry", "api-server", "any"] = "any"
    ca_file_error: str = ""
    timeout: int
    symptoms: dict[Cause, str]

    @property
    def strength(self) -> Strength:
        """What it accepts of signatures and keys."""
        reads_by_go = self.verifier.startswith("go-")
        return Strength(
            self.accepts_sha1,
            self.minimum_rsa,
            self.accepts_ed25519,
            any_usage=self.verifier != "openssl",
            negative_serials=not reads_by_go,
            odd_constraints=self.asks_windows or not reads_by_go,
            common_name=self.verifier == "openssl",
        )

    @property
    def asks_windows(self) -> bool:
        """Whether CryptoAPI decides, alone or first: it fetches, stalls, and heeds Microsoft's list."""
        return self.os == "windows" and self.verifier not in {"go-pool-only", "openssl"}

    def symptom(self, cause: Cause, *, host: str = "", names: str = "", reason: str = "") -> str:
        """What a user of this client sees."""
        return self.symptoms.get(cause, "").format(host=host, names=names, reason=reason)


class RootUpdateUrl(Fact, frozen=True, kw_only=True):
    """A URL that Windows asks for roots. `what`: `list`, or `root`, where `{sha1}` is the root's thumbprint."""

    what: Literal["list", "root"]
    url: str


class SchannelVersion(Fact, frozen=True, kw_only=True):
    """A version of TLS (`TLSv1.3`) that Windows speaks from a build on."""

    version: str
    first_build: int


@cache
def schannel_speaks(version: str, build: int | None) -> bool | None:
    """Whether a Windows of this build speaks a version of TLS by itself; None when the build decides and is not known."""
    rows: tuple[SchannelVersion, ...] = table("schannel_versions", SchannelVersion)
    row = next((row for row in rows if row.version == version), None)
    if row is None:
        return True
    return None if build is None else build >= row.first_build


@cache
def client_model(name: str, os: str) -> ClientModel | None:
    """The model of a client on an OS; None when the facts know nothing about it."""
    rows: tuple[ClientModel, ...] = table("tls_clients", ClientModel)
    return next((row for row in rows if row.id == name.lower() and row.os == os), None)


@cache
def client_ids(os: str) -> tuple[str, ...]:
    """Every client that the facts know on an OS."""
    rows: tuple[ClientModel, ...] = table("tls_clients", ClientModel)
    return tuple(row.id for row in rows if row.os == os)


@cache
def root_update_url(what: str, sha1: str = "") -> str:
    """Where Windows looks for the list of roots, or for one root."""
    rows: tuple[RootUpdateUrl, ...] = table("root_updates", RootUpdateUrl)
    return next(row.url for row in rows if row.what == what).format(sha1=sha1.upper())


def default_clients(runtime: str) -> tuple[str, ...]:
    """Who speaks TLS on a node when the plan does not say: the runtime (containerd if that is not named either), kubelet."""
    return (runtime.lower() or "containerd", "kubelet")
