"""The TLS endpoints of a plan, with their YAML keys: see auditor/plan/parts.py."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Annotated, ClassVar

from auditor.errors import Location
from auditor.plan.keys import Key, PlanSection, ValueForm
from auditor.plan.parts import RENEWALS


class EndpointOrigin(enum.StrEnum):
    """The reason why a host and port is a TLS endpoint of the nodes."""

    DECLARED = "declared"  # listed under `endpoints`
    REGISTRY = "registry"  # the internal registry, a target of its rewrites, or a mirror of the node configuration
    IMAGE = "image"  # an internal host from which nodes pull an image by its own name


REGISTRY_KIND, API_SERVER_KIND, WEB_KIND = "registry", "api-server", "web"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A TLS endpoint that nodes use: `host:port`, or a mapping with the chain in a file.

    With `chain`, that file replaces a connection. `clients` is empty if the plan does not name them. `kind` is empty if it is
    unknown.
    """

    SECTION: ClassVar = PlanSection("EndpointPart", shorthand="host")

    host: Annotated[str, Key("host and port", ValueForm.HOST, examples=("k8s.plant7.local:6443",))]
    port: int
    location: Location
    chain: Annotated[
        str, Key("a PEM file with the chain, used instead of a connection", ValueForm.FILE, examples=("certs/api-chain.pem",))
    ] = ""
    clients: Annotated[
        tuple[str, ...],
        Key(
            "the TLS clients that connect to it, on the pools that list them, or on all if no pool does; default: by `kind`. "
            "Such a client of a pool connects to no endpoint that does not name it, except the runtime and kubelet",
            ValueForm.TEXTS,
            examples=(["curl", "git"],),
        ),
    ] = ()
    kind: Annotated[
        str,
        Key(
            "its kind: the runtime connects to a registry, kubelet to an api-server, other clients of the pools to "
            "all but api-servers; default: registry if nodes pull from it, api-server on port 6443",
            ValueForm.ENDPOINT_KIND,
            examples=("api-server",),
        ),
    ] = ""
    renewal: Annotated[
        str, Key(f"who renews its certificate before it expires: {RENEWALS}", ValueForm.RENEWAL, examples=("automatic",))
    ] = ""
    client_certificates: Annotated[
        tuple[str, ...],
        Key(
            "the clients that present a client certificate to it; kubelet and a runtime with a client certificate in `config` "
            "need no entry",
            ValueForm.TEXTS,
            examples=(["curl", "helm"],),
        ),
    ] = ()
    origin: EndpointOrigin = EndpointOrigin.DECLARED

    @property
    def name(self) -> str:
        """`host:port`, its id in evidence and findings."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
