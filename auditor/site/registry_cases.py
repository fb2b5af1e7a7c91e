"""The view of controllers that request registries themselves: which host, and whether they reach, verify and log in to it."""

from __future__ import annotations

import enum
import fnmatch
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from auditor.errors import Location
from auditor.facts.versions import Answer, range_of
from auditor.net import Reach, Scope, authority
from auditor.oci.reference import Reference
from auditor.pki.trust_store import linux_public
from auditor.plan.model import Endpoint, Plan
from auditor.readers.workloads.registry_clients import (
    ClientRow,
    ControllerPod,
    RegistryUse,
    RegistryUses,
    client_rows,
    references_in,
)
from auditor.site.pull_access import LoginState, PullAccesses
from auditor.site.trust.served import Served, Unobserved

_LONGEST = 512  # characters of a pattern
_DOCKER_HUB, _HUB_HOST = "docker.io", "index.docker.io"


class ClientFault(enum.StrEnum):
    """What keeps a controller from a registry. The value is the case of the finding."""

    EXTERNAL = "external"
    REPORTED = "reported"  # external as well, and another check reports it
    CA = "ca"
    LOGIN = "login"
    UNKNOWN = "unknown"
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class ClientCase:
    """One use of one registry host. `images` are the first images that it requests there; `doubt` is set if unknown."""

    use: RegistryUse
    host: str
    fault: ClientFault
    images: tuple[Reference, ...]
    location: Location
    doubt: str = ""

    @property
    def requested_host(self) -> str:
        """The host that the controller, a Go program, connects to."""
        return _HUB_HOST if self.host == _DOCKER_HUB else self.host

    @property
    def is_external(self) -> bool:
        """Whether the host is external."""
        return self.fault in {ClientFault.EXTERNAL, ClientFault.REPORTED}


_MakeCase = Callable[[ClientFault, str], ClientCase]


@dataclass(frozen=True)
class RegistryCases:
    """Decides use by use. `chains` are those of the site's TLS endpoints."""

    plan: Plan
    reach: Reach
    uses: RegistryUses
    accesses: PullAccesses
    chains: Mapping[Endpoint, Served | Unobserved]
    login_sign: str = ""  # why a pull may need a login that the plan does not declare
    _private: dict[str, bool | None] = field(default_factory=dict)
    _images: dict[str, tuple[Reference, ...]] = field(default_factory=dict)

    def cases(self) -> Iterator[ClientCase]:
        """Yield one case per use and host."""
        for use in (*self.uses.uses, *self._always()):
            hosts: dict[str, list[tuple[Reference | None, Location]]] = {}
            for host, reference, location in self._requested(use):
                hosts.setdefault(host, []).append((reference, location))
            for host, found in hosts.items():
                images = tuple(dict.fromkeys(one for one, _ in found if one is not None))
                yield from self._case(use, host, images, found[0][1])

    def _always(self) -> Iterator[RegistryUse]:
        """Yield a use for each controller in the workloads that requests the images of all pods without any object."""
        for row in client_rows():
            if not row.kinds and row.image in self.uses.pods:
                where = self.plan.where("workloads")
                yield RegistryUse(
                    row,
                    row.program,
                    "",
                    where,
                    (("*", where),),
                    has_ca=False,
                    has_login=False,
                    is_insecure=False,
                    enforced=False,
                )

    def _requested(self, use: RegistryUse) -> Iterator[tuple[str, Reference | None, Location]]:
        if use.row.asks != "pods":
            yield from references_in(use)
            return
        for reference in self._references(use.row):
            if any(_selects(pattern, reference, segment=use.row.is_star_segment) for pattern, _ in use.asked):
                yield reference.domain, reference, use.location

    def _references(self, row: ClientRow) -> tuple[Reference, ...]:
        """Return the images of the pods that concern a controller, each once."""
        if row.program not in self._images:
            label, skipped = row.namespace_label, row.skip_namespaces
            labelled = self.uses.labelled.get(label, set())
            pods = [pod for pod in self.accesses.objects.pods if not label or pod.namespace in labelled]
            kept = (image.reference for pod in pods if pod.namespace not in skipped for image in pod.images)
            self._images[row.program] = tuple(dict.fromkeys(kept))
        return self._images[row.program]

    def _case(self, use: RegistryUse, host: str, images: tuple[Reference, ...], location: Location) -> Iterator[ClientCase]:
        row = use.row
        asked = tuple(image for image in images if not image.digest) if row.tags_only else images

        def case(fault: ClientFault, doubt: str) -> ClientCase:
            return ClientCase(use, host, fault, asked, location, doubt)

        if (images and not asked) or (host and self._is_skipped(row, host)):
            yield case(ClientFault.PASSED, "")  # it sends no request
            return
        if (mirror := self._mirror(row, host)) is not None:
            host = mirror
        scope = self.reach.of(host) if host else Scope.UNKNOWN
        if scope is Scope.UNKNOWN:
            yield case(ClientFault.UNKNOWN, f"the registry in {use.asked[0][0][:80]!r} is not fully known")
        elif scope is Scope.EXTERNAL:
            yield from self._external(row, case)
        elif not self._is_internal_registry(host):
            yield case(ClientFault.PASSED, "")
        else:
            yield from self._internal(use, host, asked, case)

    def _external(self, row: ClientRow, case: _MakeCase) -> Iterator[ClientCase]:
        if row.external_by:
            yield case(ClientFault.REPORTED, "")
        elif self.uses.rewriter:
            yield case(ClientFault.UNKNOWN, f"{self.uses.rewriter} may replace the registry in it")
        elif (row.rewritten_by,) in self.uses.objects:
            yield case(ClientFault.UNKNOWN, f"an object of kind {row.rewritten_by} may replace the registry in it")
        else:
            yield case(ClientFault.EXTERNAL, "")

    def _internal(self, use: RegistryUse, host: str, images: tuple[Reference, ...], case: _MakeCase) -> Iterator[ClientCase]:
        registry = self.plan.registry
        pod = self.uses.pods.get(use.row.image)
        is_sound = True
        is_insecure = use.is_insecure and _reads(pod, use.row.insecure_since)
        if registry is not None and registry.insecure:
            if not (is_insecure or self._sets(pod, use.row.insecure_argument, use.row.insecure_environment)):
                is_sound = False
                yield case(ClientFault.UNKNOWN, f"{host} uses plain HTTP or unverified TLS, and the program verifies TLS")
        elif not is_insecure and not self._has_ca(use, host, pod) and self.is_private(host) is not False:
            is_sound = False
            yield self._lacks_ca(use, host, pod, case)
        if registry is not None and (registry.auth == "required" or self.login_sign):
            for one in self._login(use, images, pod, case):
                is_sound = False
                doubt = f"{self.login_sign}, and the program shows no login. Set `registry.auth` in the plan"
                yield case(ClientFault.UNKNOWN, doubt) if self.login_sign else one
        if is_sound:
            yield case(ClientFault.PASSED, "")

    def _lacks_ca(self, use: RegistryUse, host: str, pod: ControllerPod | None, case: _MakeCase) -> ClientCase:
        if self.is_private(host) is None:
            return case(ClientFault.UNKNOWN, f"it sets no CA, and it is unknown who signed the certificate of {host}")
        if pod is None:
            doubt = f"{use.owner} sets no CA for {host}, and the Deployment of the program is not among the workloads"
            return case(ClientFault.UNKNOWN, doubt)
        return case(ClientFault.CA, "")

    def _login(
        self, use: RegistryUse, images: tuple[Reference, ...], pod: ControllerPod | None, case: _MakeCase
    ) -> Iterator[ClientCase]:
        row = use.row
        if use.has_login or self._sets(pod, row.login_argument, ""):
            return
        if row.asks == "field" and row.login and not (pod is None and row.login_argument):
            yield case(ClientFault.LOGIN, "")
        elif row.asks == "field" or row.login_argument:
            yield case(ClientFault.UNKNOWN, f"the plan does not show how the program logs in ({row.login_setting})")
        else:
            states = tuple(self._accesses(use, set(images)))
            for access in states or (LoginState.UNKNOWN,):
                if access is not LoginState.HELD:
                    is_known = access is not LoginState.UNKNOWN
                    doubt = "" if is_known else "it logs in with the pull Secrets of the pods, which are not in the plan"
                    yield case(ClientFault.LOGIN if is_known else ClientFault.UNKNOWN, doubt)
                    return

    def _accesses(self, use: RegistryUse, images: set[Reference]) -> Iterator[LoginState]:
        for pod in self.accesses.objects.pods:
            for image in pod.images:
                if image.reference in images and (use.row.asks == "pods" or pod.owner == use.owner):
                    yield self.accesses.by_secrets(pod, image.reference)[0]

    def _has_ca(self, use: RegistryUse, host: str, pod: ControllerPod | None) -> bool:
        row = use.row
        if (use.has_ca and _reads(pod, row.ca_since)) or (row.ca_object and row.ca_object in self.uses.objects):
            return True
        if row.ca_config_map and self.uses.config_maps.get(row.ca_config_map, {}).get(row.ca_key.format(host=_bare(host))):
            return True
        if pod is None:
            return False
        uses_variables = not row.ca_config_map and bool(pod.names & {"SSL_CERT_FILE", "SSL_CERT_DIR"})
        return pod.has_ca or uses_variables or self._sets(pod, row.ca_argument, row.ca_environment)

    def is_private(self, host: str) -> bool | None:
        """Return whether the certificate of an internal registry is signed by a private CA, or None if unknown."""
        if host not in self._private:
            self._private[host] = self._decide_private(host)
        return self._private[host]

    def _decide_private(self, host: str) -> bool | None:
        registry = self.plan.registry
        if registry is not None and registry.ca:
            return True
        for endpoint, served in self.chains.items():
            if authority(endpoint.name) == authority(host) and isinstance(served, Served):
                return not any(one in linux_public() or linux_public().issuers_of(one) for one in served.certificates)
        return None

    def _is_internal_registry(self, host: str) -> bool:
        registry = self.plan.registry
        if registry is None:
            return False
        places = (registry.host, *(place.partition("/")[0] for place in registry.rewrites.values()))
        return authority(host) in set(map(authority, places))

    def _is_skipped(self, row: ClientRow, host: str) -> bool:
        """Return whether a setting of the controller excludes a registry."""
        skipped = self.uses.config_maps.get(row.skip_config_map, {}) if row.skip_config_map else {}
        names = {_DOCKER_HUB: _HUB_HOST}
        return any(names.get(host, host) in skipped.get(key, "").replace(" ", "").split(",") for key in row.skip_keys)

    def _mirror(self, row: ClientRow, host: str) -> str | None:
        found = self.uses.config_maps.get(row.mirror_config_map, {}) if row.mirror_config_map else {}
        mirror = found.get(f"{row.mirror_prefix}{host}") or found.get(
            f"{row.mirror_prefix}{_HUB_HOST}" if host == _DOCKER_HUB else ""
        )
        return mirror.partition("/")[0] if mirror else None

    @staticmethod
    def _sets(pod: ControllerPod | None, argument: str, variable: str) -> bool:
        return pod is not None and not pod.names.isdisjoint({argument, variable} - {""})


def _reads(pod: ControllerPod | None, since: str) -> bool:
    """Return whether the controller knows a field of the object. An unknown version counts as a current one."""
    if pod is None or not since:
        return True
    return range_of(since=since).answer(pod.version) is not Answer.NO


def _bare(host: str) -> str:
    return host.rpartition(":")[0] if ":" in host and not host.endswith("]") else host


def _selects(pattern: str, reference: Reference, *, segment: bool) -> bool:
    """Return whether a pattern of images covers an image. With `segment`, a single `*` does not match `/`."""
    texts = (str(reference), reference.repository, reference.path, reference.path.removeprefix("library/"))
    pattern = pattern[:_LONGEST]
    if segment and "**" not in pattern:
        return any(_fits_segments(text, pattern) for text in texts)
    return any(fnmatch.fnmatchcase(text, pattern) for text in texts)


def _fits_segments(text: str, pattern: str) -> bool:
    parts, wanted = text.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))
