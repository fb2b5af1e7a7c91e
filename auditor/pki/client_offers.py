"""What a TLS client offers in its ClientHello: `facts/tls_offers.yaml` and `facts/client_go.yaml`, or the dump of a node."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from auditor.facts import remembered, table
from auditor.facts.lookup import rows_at
from auditor.facts.versions import Versioned
from auditor.pki.clients import ClientModel
from auditor.pki.stores.node_state import NodeState

OfferLibrary = Literal["go", "openssl", "python", "schannel"]
_LIBRARIES: dict[str, OfferLibrary] = {"python": "python"}
# The names of Get-TlsEccCurve, in lower case, as IANA has them.
_CURVES = {"curve25519": "x25519", "nistp256": "secp256r1", "nistp384": "secp384r1", "nistp521": "secp521r1"}
_REGISTRY = {"TLSv1": "TLS 1.0", "TLSv1.1": "TLS 1.1", "TLSv1.2": "TLS 1.2", "TLSv1.3": "TLS 1.3"}


class OfferRow(Versioned, frozen=True, kw_only=True):
    """What a library offers by default in a range of its versions. Names are those of IANA."""

    library: OfferLibrary
    versions: tuple[str, ...]
    old_suites: tuple[str, ...]
    new_suites: tuple[str, ...] = ()
    old_groups: tuple[str, ...]
    new_groups: tuple[str, ...] = ()


class ClientGo(Versioned, frozen=True, kw_only=True):
    """The Go release whose defaults a program has, in a range of the program's versions."""

    client: str
    go: str


@dataclass(frozen=True, slots=True)
class ClientOffer:
    """What one client may offer. `source` states where this is known from; it is a clause for reports."""

    versions: tuple[str, ...]
    old_suites: frozenset[str]
    new_suites: frozenset[str]
    old_groups: frozenset[str]
    new_groups: frozenset[str]
    source: str = ""


@remembered
def _offers(library: str) -> tuple[OfferRow, ...]:
    rows: tuple[OfferRow, ...] = table("tls_offers", OfferRow)
    return tuple(row for row in rows if row.library == library)


@remembered
def _go_of(client: str) -> tuple[ClientGo, ...]:
    rows: tuple[ClientGo, ...] = table("client_go", ClientGo)
    return tuple(row for row in rows if row.client == client)


def library_of(model: ClientModel) -> OfferLibrary:
    """Return the TLS library of a client, as the facts about offers name it."""
    if model.tls == "schannel":
        return "schannel"
    if model.id in _LIBRARIES:
        return _LIBRARIES[model.id]
    return "go" if model.verifier.startswith("go-") else "openssl"


def offers_of(model: ClientModel, version: str, build: int | None, nodes: Sequence[NodeState] = ()) -> tuple[ClientOffer, ...]:
    """Return every offer that the client may make; several if its version, or the version of its library, is unknown.

    `version` is the client's version, or an empty string; `build` is the Windows build of its pool. The dumps of `nodes` decide
    for clients of Schannel.
    """
    library = library_of(model)
    if library == "schannel":
        built = [_of_node(node, build) for node in nodes] or [_of_rows(library, str(build or ""))]
        return tuple(dict.fromkeys(offer for offers in built for offer in offers))
    if library == "go":
        return _of_rows("go", *_go_releases(model, version))
    return _of_rows(library, version if library == "python" else "")


@remembered
def _go_rows(client: str, version: str) -> tuple[ClientGo, ...]:
    return rows_at(_go_of(client), version, client).rows


def _go_releases(model: ClientModel, version: str) -> tuple[str, ...]:
    if model.id in {"go", "go-explicit-pool", "go-pool-file"}:
        return (version,)
    rows = _go_rows(model.id, version)
    return tuple(dict.fromkeys(row.go for row in rows)) or ("",)


def with_library(model: ClientModel, version: str) -> ClientModel:
    """Return the model with the possible versions of its library: for programs in Go, which the facts list by version."""
    if library_of(model) != "go":
        return model
    known = tuple(release for release in _go_releases(model, version) if release)
    return msgspec.structs.replace(model, library_versions=known)


@remembered
def _of_rows(library: str, *versions: str) -> tuple[ClientOffer, ...]:
    rows = (row for version in versions for row in rows_at(_offers(library), version, library).rows)
    return tuple(dict.fromkeys(map(_offer, rows)))


def _offer(row: OfferRow) -> ClientOffer:
    return ClientOffer(
        row.versions,
        frozenset(row.old_suites),
        frozenset(row.new_suites),
        frozenset(row.old_groups),
        frozenset(row.new_groups),
    )


def _of_node(node: NodeState, build: int | None) -> Iterable[ClientOffer]:
    """Yield what a dumped node offers: the defaults of its build, changed by its own settings."""
    for default in _of_rows("schannel", str(_build_of(node) or build or "")):
        suites = frozenset(node.suites) if node.suites else default.old_suites | default.new_suites
        groups = _groups(node.curves) if node.curves else None
        yield ClientOffer(
            tuple(version for version in default.versions if node.protocols.get(f"{_REGISTRY[version]}\\Client", True)),
            frozenset(one for one in suites if "_WITH_" in one),
            frozenset(one for one in suites if "_WITH_" not in one),
            default.old_groups if groups is None else groups,
            default.new_groups if groups is None or not default.new_groups else groups,
            "by the dump of the node" if node.suites or node.curves or node.protocols else "",
        )


def _groups(curves: Iterable[str]) -> frozenset[str]:
    """Return groups by IANA's names. Windows also lists curves by their SEC names: `secP521r1`."""
    lower = (curve.lower() for curve in curves)
    return frozenset(_CURVES.get(curve, curve.replace("brainpoolp", "brainpoolP")) for curve in lower)


def _build_of(node: NodeState) -> int | None:
    parts = node.windows.split(".")
    return int(parts[2]) if len(parts) > 2 and parts[2].isdigit() else None
