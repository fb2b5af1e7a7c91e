"""The view of pull access: whether pods and nodes can log in to the internal registry for the images that they pull from it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from auditor.errors import Location
from auditor.net import Reach, authority
from auditor.oci.reference import Reference
from auditor.plan.model import Plan
from auditor.plan.rewrites import placed
from auditor.readers.node_config import NodeConfig
from auditor.readers.node_logins import NodeLogins
from auditor.readers.workloads.pulling import PullingPod, PullObjects

_NODES_OF_CLUSTER = {"openshift": "nodes of OpenShift use the cluster's pull secret, which the plan does not show"}


class LoginState(enum.StrEnum):
    """Why a pod has, lacks or may have a login."""

    HELD = "held"
    NO_SECRET = "no-secret"  # noqa: S105 - a case, not a secret; neither the pod nor its ServiceAccount names one
    OTHER_NAMESPACE = "other-namespace"  # the named Secret exists only in other namespaces
    NOT_FOUND = "not-found"  # the named Secret exists nowhere, and the plan's workloads are complete
    NO_ENTRY = "no-entry"  # the named Secret has no login for the registry
    UNUSABLE = "unusable"  # kubelet does not read the named Secret
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PullAccess:
    """The access of one pod to one image from one pool. `host` is where a node requests it.

    `doubt` is set if the pod has no login and it is unknown whether the nodes have one.
    """

    pod: PullingPod
    reference: Reference
    pool: str
    host: str
    access: LoginState
    secret: str = ""
    detail: str = ""
    location: Location | None = None
    doubt: str = ""


@dataclass(frozen=True)
class PullAccesses:
    """Decides who can log in. Values that many pods share are computed once."""

    plan: Plan
    find: Callable[[], PullObjects]
    configs: Mapping[str, NodeConfig]
    logins: Mapping[str, NodeLogins]
    reach: Reach
    _requests: dict[tuple[str, Reference], tuple[tuple[str, str], ...]] = field(default_factory=dict)

    @property
    def objects(self) -> PullObjects:
        """The objects of the workloads. They are read late, because most questions do not need them."""
        return self.find()

    def of_pods(self) -> Iterator[PullAccess]:
        """Yield one access per pod, pool and image that nodes pull from the internal registry."""
        for pod in self.objects.pods:
            for image in pod.images:
                if image.policy == "Never":
                    continue
                for pool in pod.pools:
                    if requests := self.requests(pool, image.reference):
                        yield self._access(pod, image.reference, image.location, pool, requests)

    def requests(self, pool: str, reference: Reference) -> tuple[tuple[str, str], ...]:
        """Return scheme and host of each request for an image that a node of a pool sends to the internal registry."""
        key = (pool, reference)
        if key not in self._requests:
            self._requests[key] = tuple(self._asked(pool, reference))
        return self._requests[key]

    def _asked(self, pool: str, reference: Reference) -> Iterator[tuple[str, str]]:
        registry = self.plan.registry
        if registry is None:
            return
        places = (registry.host, *(place.partition("/")[0] for place in registry.rewrites.values()))
        known = frozenset(map(authority, places))
        config = self.configs.get(pool)
        if config is not None and config.doubt(reference.domain) is None and config.refusal is None:
            for one in config.asked(reference):
                if authority(one.host, one.scheme) in known:
                    yield one.scheme, one.host
            return
        if self.reach.declares(reference.domain) and authority(reference.domain) not in known:
            return  # another internal registry, from which nodes pull by the image's own name
        target = placed(registry, reference).domain
        if authority(target) in known:
            yield "http" if registry.insecure else "https", target

    def node_has(self, pool: str, reference: Reference) -> bool | str:
        """Return whether the nodes of a pool have a login for an image, or why that is unknown."""
        logins = self.logins[pool]
        if any(logins.serve(host, scheme, reference.repository) for scheme, host in self.requests(pool, reference)):
            return True
        cluster = self.plan.cluster
        of_cluster = _NODES_OF_CLUSTER.get(cluster.distribution.lower(), "") if cluster is not None else ""
        return logins.unknown or of_cluster or False

    def _access(
        self, pod: PullingPod, reference: Reference, location: Location, pool: str, requests: tuple[tuple[str, str], ...]
    ) -> PullAccess:
        host = requests[0][1]
        node = self.node_has(pool, reference)
        access, secret, detail = (LoginState.HELD, "", "") if node is True else self.by_secrets(pod, reference)
        doubt = node if isinstance(node, str) and access not in {LoginState.HELD, LoginState.UNKNOWN} else ""
        return PullAccess(pod, reference, pool, host, access, secret, detail, location, doubt)

    def by_secrets(self, pod: PullingPod, reference: Reference) -> tuple[LoginState, str, str]:
        """Return the access that pull Secrets give, the Secret that decides, and a clause about it."""
        names, doubt = self._names(pod)
        found = [(*self._of_secret(pod.namespace, name, reference), name) for name in names]
        for wanted in (LoginState.HELD, LoginState.UNKNOWN):
            for access, detail, name in found:
                if access is wanted:
                    return access, name, detail
        if maker := next((one for one in self.objects.makers if not one.names and one.may_make(pod.namespace, "")), None):
            return LoginState.UNKNOWN, "", f"{maker.owner} may add pull Secrets"
        if found:
            access, detail, name = found[0]
            return access, name, detail
        if doubt:
            return LoginState.UNKNOWN, "", doubt
        return LoginState.NO_SECRET, "", f"neither the pod nor its ServiceAccount `{pod.account}` names a pull Secret"

    def _names(self, pod: PullingPod) -> tuple[tuple[str, ...], str]:
        """Return the pull Secrets of a pod: its own, else those of its ServiceAccount; and why these are unknown."""
        if pod.secrets:
            return pod.secrets, ""
        accounts = self.objects.accounts
        key = (pod.namespace, pod.account)
        if key in accounts:
            return accounts[key], ""
        others = [namespace for namespace, name in accounts if name == pod.account]
        if others and ("" in others or not pod.namespace):
            return accounts[others[0], pod.account], ""
        if pod.account != "default" and not self.plan.workloads_complete:
            return (), f"the workloads do not contain the ServiceAccount `{pod.account}`, which may name a pull Secret"
        return (), ""

    def _of_secret(self, namespace: str, name: str, reference: Reference) -> tuple[LoginState, str]:
        secrets = self.objects.secrets
        secret = secrets.get((namespace, name)) or secrets.get(("", name))
        if secret is not None:
            if secret.logins is None:
                return LoginState.UNKNOWN, f"the registries in the Secret `{name}` are unknown: {secret.why}"
            if secret.logins.serves(reference.repository):
                return LoginState.HELD, ""
            why = secret.why or _why_no_entry(secret.logins.keys, secret.logins.empty, reference)
            access = LoginState.UNUSABLE if secret.why else LoginState.NO_ENTRY
            return access, f"the Secret `{name}` gives no login for {reference.domain}: {why}"
        if maker := next((one for one in self.objects.makers if one.may_make(namespace, name)), None):
            return LoginState.UNKNOWN, f"{maker.owner} may create the Secret `{name}`, and its content is not in the plan"
        if others := self.objects.namespaces_with(name):
            if not namespace:
                return LoginState.UNKNOWN, f"the namespace of the pod is not stated, and `{name}` is in `{others[0]}`"
            return (
                LoginState.OTHER_NAMESPACE,
                f"the Secret `{name}` is in the namespace `{others[0]}`, where these pods cannot use it",
            )
        if self.plan.workloads_complete:
            return LoginState.NOT_FOUND, f"no workload of the plan contains the Secret `{name}`"
        return LoginState.UNKNOWN, f"the workloads do not contain the Secret `{name}`, so it is unknown who creates it"


def _why_no_entry(keys: tuple[str, ...], empty: tuple[str, ...], reference: Reference) -> str:
    if any(key == reference.domain for key in empty):
        return "its entry for this registry holds no password, as if a credential helper keeps it"
    return f"it has entries only for {', '.join(sorted(keys)[:3])}" if keys else "it has no entry with a login"
