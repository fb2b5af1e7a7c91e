"""Whether a client presents the certificate that an endpoint asks it for."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.evidence.model import ClientAuth, Handshakes
from auditor.pki.certificate import Certificate
from auditor.pki.clients import ClientModel
from auditor.pki.der_names import name_text
from auditor.pki.loading import load_certificates
from auditor.plan.model import API_SERVER_KIND, Endpoint, Plan, Pool
from auditor.plan.plan_paths import is_inside
from auditor.readers.node_config import NodeConfig
from auditor.readers.node_config.tls import TlsSetting, file_of
from auditor.site.trust.runtime import RUNTIMES, is_for
from auditor.text import listed, moment

CLIENT_AUTH, ANY_USAGE = "1.3.6.1.5.5.7.3.2", "2.5.29.37.0"


class Presented(enum.Enum):
    """Whether the client can satisfy the endpoint."""

    NOT_ASKED = enum.auto()  # the endpoint asks for none, does not need one, or was not observed
    YES = enum.auto()
    NO = enum.auto()
    UNKNOWN = enum.auto()


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The result for one client. `why` is a clause for reports. `said` is the endpoint's answer to a client without one."""

    presented: Presented
    why: str = ""
    said: str = ""


NOT_ASKED = ClientCertificate(Presented.NOT_ASKED)


def client_certificate(
    plan: Plan,
    config: NodeConfig | None,
    endpoint: Endpoint,
    pool: Pool,
    model: ClientModel,
    handshakes: Handshakes | None,
    at: datetime.datetime,
) -> ClientCertificate:
    """Return whether a client presents the certificate that the endpoint asks for."""
    auth = handshakes.client_auth if handshakes is not None else ClientAuth.UNKNOWN
    if handshakes is None or auth not in {ClientAuth.REQUIRED, ClientAuth.ASKED}:
        return NOT_ASKED
    said = handshakes.refusal
    if model.id in {one.lower().partition(" ")[0] for one in endpoint.client_certificates}:
        return ClientCertificate(Presented.YES, said=said)
    if model.connects == API_SERVER_KIND and endpoint.kind == API_SERVER_KIND:
        return ClientCertificate(Presented.YES, said=said)  # kubelet gets its client certificate when the node joins
    settings = _settings(config, pool, model, endpoint)
    if settings:
        return _configured(plan, pool, settings, handshakes, at)
    if auth is ClientAuth.ASKED:
        why = "the endpoint asks for a client certificate, and it was not observed what it does without one"
        return ClientCertificate(Presented.UNKNOWN, f"{why}. The plan gives this client none", said)
    why = "the endpoint demands a client certificate, and the plan gives this client none"
    return ClientCertificate(Presented.NO, why, said)


def _settings(config: NodeConfig | None, pool: Pool, model: ClientModel, endpoint: Endpoint) -> tuple[TlsSetting, ...]:
    if config is None or model.id not in RUNTIMES:
        return ()
    return tuple(one for one in config.tls if one.client and is_for(one, endpoint, pool))


def _configured(
    plan: Plan, pool: Pool, settings: tuple[TlsSetting, ...], handshakes: Handshakes, at: datetime.datetime
) -> ClientCertificate:
    """Return the result for a runtime whose configuration names client certificates."""
    near = tuple(path for path in plan.files if any(is_inside(path, name) for name in (*pool.config, *pool.trust)))
    faults: list[str] = []
    for setting in settings:
        for written in setting.client_files:
            file = file_of(setting, written, plan.files, near)
            found = load_certificates(plan.files[file]).certificates if file else ()
            if not found:
                why = f"{setting.location} names the client certificate {written}, which is not among the files of the plan"
                return ClientCertificate(Presented.UNKNOWN, why, handshakes.refusal)
            fault = next(_faults(found, handshakes, at), "")
            if not fault:
                return ClientCertificate(Presented.YES, said=handshakes.refusal)
            faults.append(f"the client certificate {written} in {setting.location}: {fault}")
    if not faults:
        why = f"{settings[0].location} configures a client certificate, but not its file"
        return ClientCertificate(Presented.UNKNOWN, why, handshakes.refusal)
    return ClientCertificate(Presented.NO, faults[0], handshakes.refusal)


def _faults(chain: tuple[Certificate, ...], handshakes: Handshakes, at: datetime.datetime) -> Iterator[str]:
    """Yield why an endpoint refuses a client certificate. Go presents it only if one of the named CAs issued it."""
    leaf = chain[0]
    if at > leaf.not_after:
        yield f"it expired on {moment(leaf.not_after)}"
    if at < leaf.not_before:
        yield f"it is valid only from {moment(leaf.not_before)}"
    if leaf.extensions.ekus is not None and not {CLIENT_AUTH, ANY_USAGE} & set(leaf.extensions.ekus):
        yield "its extended key usage does not allow TLS clients"
    issuers = {name_text(one.parsed.issuer.public_bytes()) for one in chain}
    if handshakes.authorities and not issuers & set(handshakes.authorities):
        accepted = listed(handshakes.authorities, 3)
        yield f"{leaf.issuer_name} issued it, and the endpoint accepts only certificates of {accepted}"
