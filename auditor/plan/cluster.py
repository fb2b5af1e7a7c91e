"""The Kubernetes distribution of a plan, with its YAML keys: see auditor/plan/parts.py.

Annotations are not postponed here, for the reason given there.
"""

import datetime
from dataclasses import dataclass
from typing import Annotated, ClassVar

from auditor.errors import Location
from auditor.plan.keys import Key, PlanSection, ValueForm
from auditor.plan.parts import RENEWALS


@dataclass(frozen=True, slots=True)
class Cluster:
    """The Kubernetes distribution."""

    SECTION: ClassVar = PlanSection("ClusterPart")

    distribution: Annotated[str, Key("rke2, k3s, kubeadm, k0s, …", ValueForm.TEXT, examples=("rke2",))]
    version: Annotated[
        str, Key("its version, in quotes if YAML would read it as a number", ValueForm.TEXT, examples=("v1.33.5+rke2r1",))
    ]
    location: Location
    cni: Annotated[str, Key("the network plug-in: calico, flannel, cilium, …", ValueForm.TEXT, examples=("calico",))] = ""
    images: Annotated[
        tuple[str, ...],
        Key(
            "the image list of exactly this release, or several (Linux and Windows); it replaces the facts about the version. "
            "A file with `windows` in its name is for Windows nodes",
            ValueForm.RELEASE_LISTS,
            examples=("lists/rke2-images.linux-amd64.txt", ["rke2-images.linux-amd64.txt", "rke2-images.windows-amd64.txt"]),
        ),
    ] = ()
    ca: Annotated[
        str,
        Key(
            "the cluster CA that the kubeconfigs of all nodes hold, as PEM, or one of these kubeconfigs: the only CA that "
            "kubelet and kube-proxy trust for the API server; `pools.*.kubeconfig` overrides it",
            ValueForm.FILE,
            examples=("certs/kubernetes-ca.crt",),
        ),
    ] = ""
    installed: Annotated[
        datetime.date | None,
        Key(
            "the day on which it issued its certificates: the installation, or the last renewal; default: the day of the audit",
            ValueForm.DATE,
            examples=("2026-12-15",),
        ),
    ] = None
    restarts: Annotated[
        int | None,
        Key(
            "the longest time between two restarts of the distribution's service on a node; RKE2, K3s and k0s renew their "
            "certificates at a restart",
            ValueForm.DURATION,
            examples=("90d",),
        ),
    ] = None
    switched_off: Annotated[
        int | None,
        Key("the longest time for which all its nodes are switched off", ValueForm.DURATION, examples=("425d",)),
    ] = None
    renewal: Annotated[str, Key(f"who renews its certificates before they expire: {RENEWALS}", ValueForm.RENEWAL)] = ""
