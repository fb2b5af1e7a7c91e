"""The internal registry and the source registries of a plan, with their YAML keys: see auditor/plan/parts.py.

Annotations are not postponed here, for the reason given there.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from auditor.errors import Location
from auditor.plan.keys import Key, PlanSection, ValueForm
from auditor.plan.parts import NO_PAIRS, Program


@dataclass(frozen=True, slots=True)
class Registry:
    """The internal registry."""

    SECTION: ClassVar = PlanSection("RegistryPart")

    host: Annotated[str, Key("its host and port, without a scheme", ValueForm.HOST)]
    location: Location
    kind: Annotated[
        Program | None,
        Key("the registry software: harbor, distribution, zot, …", ValueForm.PROGRAM, examples=("distribution 2.8.2",)),
    ] = None
    config: Annotated[str, Key("its configuration file", ValueForm.FILE, examples=("registry/config.yml",))] = ""
    ca: Annotated[str, Key("the CA that signed its certificate", ValueForm.FILE, examples=("certs/corp-root.pem",))] = ""
    disk: Annotated[int | None, Key("its disk space for images", ValueForm.SIZE)] = None
    keep_versions: Annotated[
        int, Key("how many versions of all images it keeps at the same time", ValueForm.COUNT, least=1, most=1000)
    ] = 1
    insecure: Annotated[
        bool, Key("it uses plain HTTP or unverified TLS; not needed for a loopback registry", ValueForm.FLAG)
    ] = False
    rewrites: Annotated[
        Mapping[str, str],
        Key(
            "source prefix → its location on the internal registry",
            ValueForm.PREFIXES,
            examples=({"docker.io": "registry.plant7.local:5000/dockerhub"},),
        ),
    ] = field(default_factory=lambda: NO_PAIRS)
    auth: Annotated[
        str,
        Key(
            "`required`: a pull needs a login; `none`: anyone may pull; default: not declared",
            ValueForm.REGISTRY_AUTH,
            examples=("required",),
        ),
    ] = ""
    max_body: Annotated[
        int | None,
        Key(
            "the largest request that the proxy or ingress in front of it accepts, as in nginx (`1g`, `512m`) or as a size; "
            "0 is unlimited",
            ValueForm.BODY_SIZE,
            examples=("1g",),
        ),
    ] = None
    token_expires: Annotated[
        datetime.date | None,
        Key(
            "the last day of the robot account or pull token that the nodes log in with",
            ValueForm.DATE,
            examples=("2027-03-31",),
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class SourceRegistry:
    """A source registry with a private CA, plain HTTP or unverified TLS."""

    SECTION: ClassVar = PlanSection("SourcePart")

    host: str
    location: Location
    ca: Annotated[str, Key("the CA that signed its certificate", ValueForm.FILE, examples=("certs/corp-root.pem",))] = ""
    insecure: Annotated[bool, Key("it uses plain HTTP, or its certificate is not verified", ValueForm.FLAG)] = False
