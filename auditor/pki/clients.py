"""TLS clients as facts: what each trusts, downloads and rejects, and its error messages.

For a client without a row, `client_model` returns None and the caller reports it as undetermined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from auditor.facts import Fact, remembered, table
from auditor.facts.lookup import Found, GapKind, rows_at
from auditor.facts.versions import Versioned

if TYPE_CHECKING:
    from auditor.pki.public_keys import Library
    from auditor.pki.strength import Strength

Cause = Literal[
    "incomplete",
    "untrusted",
    "expired",
    "not-yet-valid",
    "name",
    "common-name",
    "invalid",
    "parse",
    "handshake",
    "version",
    "client-certificate",
    "stall",
    "revocation",
    "no-revocation",
]
OperatingSystem = Literal["linux", "windows"]


class RevocationSwitch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to make a client skip the revocation check: what to do, and the command."""

    text: str
    command: str


class ClientModel(Versioned, frozen=True, kw_only=True):
    """One TLS client on one OS, in a range of its versions.

    `verifier` is the code that decides. `reads` is the source of its anchors: `system` is the OS store with its additions;
    `pool` is the files configured for the client. `partial_chain`: an intermediate may be an anchor. `strict`: it
    rejects certificates that violate RFC 5280. `connects` is the kind of
    endpoint that it connects to. `ca_file_error` is its error if the CA file for a host holds no certificate; empty if the
    client ignores such a file. `timeout` is the limit of its TLS handshake in seconds. `symptoms` holds its error messages by
    cause, with the fields `{host}`, `{names}` and `{reason}`; empty if the cause is no error for it.
    `library_versions` are the possible versions of its TLS library on the nodes; empty if unknown. No row states them.
    """

    id: str
    os: OperatingSystem
    title: str
    verifier: Literal["go-system", "go-pool-plus-system", "go-pool-only", "openssl", "schannel", "cryptoapi", "java"]
    reads: tuple[Literal["system", "pool"], ...]
    fetches_aia: bool
    updates_roots: bool
    revocation: Literal["none", "soft", "hard"]
    partial_chain: bool
    accepts_sha1: bool
    minimum_rsa: int
    strict: bool = False
    tls: Literal["own", "schannel"]
    connects: Literal["registry", "api-server", "any"] = "any"
    ca_file_error: str = ""
    timeout: int
    skips_revocation: RevocationSwitch | None = None
    symptoms: dict[Cause, str]
    library_versions: tuple[str, ...] = ()

    @property
    def strength(self) -> Strength:
        """Return which signatures and keys it accepts."""
        # The facts about clients are read more often than certificates.
        from auditor.pki.constraints import GO_RULES, JAVA_RULES, OPENSSL_RULES, WINDOWS_RULES  # noqa: PLC0415
        from auditor.pki.strength import Strength  # noqa: PLC0415

        is_java = self.verifier == "java"
        reads_by_go = self.verifier.startswith("go-")
        by_library = GO_RULES if reads_by_go else OPENSSL_RULES
        return Strength(
            self.accepts_sha1,
            self.minimum_rsa,
            any_usage=self.verifier != "openssl",
            odd_constraints=self.asks_windows or not reads_by_go,
            common_name=self.verifier in {"openssl", "java"},
            strict=self.strict,
            parses_as_go=reads_by_go,
            counts_self_issued=reads_by_go and not self.asks_windows,
            leaf_usage=self.verifier == "openssl",
            signing_leaf=is_java,
            bare_anchors=is_java,
            ca_usages=not is_java,
            short_wildcards="refused" if self.verifier == "openssl" else "unknown" if self.asks_windows else "accepted",
            chain_keys=self._chain_library,
            server_keys="java" if is_java else "windows" if self.tls == "schannel" else "go" if reads_by_go else "openssl",
            versions=self.library_versions,
            constraints=JAVA_RULES if is_java else WINDOWS_RULES if self.asks_windows else by_library,
        )

    @property
    def _chain_library(self) -> Library:
        if self.verifier == "java":
            return "java"
        if self.verifier in {"schannel", "cryptoapi"} or (self.os == "windows" and self.verifier == "go-system"):
            return "windows"
        return "openssl" if self.verifier == "openssl" else "go"

    @property
    def has_own_ca(self) -> bool:
        """Return whether it trusts only the CA of its kubeconfig, or the keystore of its JDK."""
        return (self.connects == "api-server" or self.verifier == "java") and "system" not in self.reads

    @property
    def asks_windows(self) -> bool:
        """Return whether CryptoAPI decides, alone or first. CryptoAPI downloads, waits for timeouts, and applies Microsoft's
        list.
        """
        return self.os == "windows" and self.verifier not in {"go-pool-only", "java", "openssl"}

    def error_of(self, flaw: str) -> str:
        """Return the text of the client's library for a kind of flaw; empty if the facts have none."""
        return _errors().get((self.errors, flaw), "")

    @property
    def errors(self) -> str:
        """Return whose error texts the client prints: those of `facts/tls_errors.yaml`."""
        if self.verifier.startswith("go-"):
            return "go"
        return {"openssl": "openssl", "java": "java", "schannel": "cryptoapi"}.get(self.verifier, "dotnet")

    def symptom(self, cause: Cause, *, host: str = "", names: str = "", reason: str = "") -> str:
        """Return the error message of this client."""
        return self.symptoms.get(cause, "").format(host=host, names=names, reason=reason)


class NetworkWait(Fact, frozen=True, kw_only=True):
    """How long a component waits for a URL that does not answer."""

    name: str
    seconds: int


class RootUpdateUrl(Fact, frozen=True, kw_only=True):
    """A URL from which Windows downloads roots. `what`: `list`, or `root`, where `{sha1}` is the root's thumbprint."""

    what: Literal["list", "root"]
    url: str


class SchannelVersion(Fact, frozen=True, kw_only=True):
    """A TLS version (`TLSv1.3`) that Windows supports from a build on."""

    version: str
    first_build: int


@remembered
def cryptoapi_wait() -> int:
    """Return the number of seconds that CryptoAPI waits for one URL."""
    rows: tuple[NetworkWait, ...] = table("network_waits", NetworkWait)
    return next(row.seconds for row in rows if row.name == "cryptoapi-url")


class ErrorText(Fact, frozen=True, kw_only=True):
    """The error text of a library for a kind of flaw (`auditor.pki.path_rules.FlawKind`), or for `revoked`."""

    library: Literal["go", "java", "openssl", "dotnet", "cryptoapi"]
    flaw: str
    error: str


@remembered
def _errors() -> dict[tuple[str, str], str]:
    rows: tuple[ErrorText, ...] = table("tls_errors", ErrorText)
    return {(row.library, row.flaw): row.error for row in rows}


@remembered
def schannel_speaks(version: str, build: int | None) -> bool | None:
    """Return whether Windows of this build supports a TLS version by default, or None if an unknown build decides it."""
    rows: tuple[SchannelVersion, ...] = table("schannel_versions", SchannelVersion)
    row = next((row for row in rows if row.version == version), None)
    if row is None:
        return True
    return None if build is None else build >= row.first_build


@remembered
def client_models(client: str, os: str) -> Found[ClientModel]:
    """Return the models of a client on an OS, or why the facts have none. `client` is `python` or `python 3.13`.

    Without a version, the result has a model for each range of versions.
    """
    name, _, version = client.lower().partition(" ")
    rows: tuple[ClientModel, ...] = table("tls_clients", ClientModel)
    return rows_at((row for row in rows if row.id == name and row.os == os), version.strip(), name)


def client_model(client: str, os: str) -> ClientModel | None:
    """Return the model of a client on an OS, or None if the facts have none. Without a version: that of the oldest versions."""
    found = client_models(client, os)
    is_known = found.gap is None or found.gap.kind is GapKind.UNSTATED
    return found.rows[0] if is_known and found.rows else None


@remembered
def client_ids(os: str) -> tuple[str, ...]:
    """Return every client that the facts list for an OS."""
    rows: tuple[ClientModel, ...] = table("tls_clients", ClientModel)
    return tuple(dict.fromkeys(row.id for row in rows if row.os == os))


@remembered
def root_update_url(what: str, sha1: str = "") -> str:
    """Return the URL where Windows downloads the list of roots, or one root."""
    rows: tuple[RootUpdateUrl, ...] = table("root_updates", RootUpdateUrl)
    return next(row.url for row in rows if row.what == what).format(sha1=sha1.upper())


def with_system_roots(model: ClientModel) -> ClientModel:
    """Return a Go client that has no CA of its own, and so uses the roots of the operating system like any Go program."""
    system = client_model("go", model.os)
    assert system is not None  # noqa: S101 - a row of our own table
    return msgspec.structs.replace(system, id=model.id, title=model.title, connects=model.connects)


def default_clients(runtime: str) -> tuple[str, ...]:
    """Return the TLS clients of a node if the plan lists none: the runtime (default containerd) and kubelet."""
    return (runtime.lower() or "containerd", "kubelet")
