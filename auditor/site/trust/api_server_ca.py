"""The CA that kubelet and kube-proxy of a pool trust for the API server: from `pools.*.kubeconfig`, else from `cluster.ca`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from auditor.errors import unexpected
from auditor.pki.certificate import Certificate
from auditor.pki.go_files import load_as_go
from auditor.plan.model import Plan, Pool
from auditor.plan.plan_paths import is_inside, normal
from auditor.readers.kubeconfig import Kubeconfig, UnreadableKubeconfig, is_kubeconfig, read_kubeconfig
from auditor.text import printable

API_CLIENTS = frozenset({"kubelet", "kube-proxy"})
# client-go transport/transport.go, rootCertPool and createErrorParsingCAData
_NO_PEM = "unable to load root certificates: unable to parse bytes as PEM block"
_INSECURE = "specifying a root certificates file with the insecure flag is not allowed"


@dataclass(frozen=True, slots=True)
class ApiServerCa:
    """The stated CA. `file` is its file in the plan.

    `unread` are reasons why its content is unknown. `error` is the error of a client that cannot use it. `uses_system`: the
    kubeconfig names no CA, so Go uses the roots of the operating system. `skips_verification`: the client verifies nothing.
    """

    file: str
    certificates: tuple[Certificate, ...] = ()
    unread: tuple[str, ...] = ()
    error: str = ""
    uses_system: bool = False
    skips_verification: bool = False

    @property
    def name(self) -> str:
        """Return the CA for a message."""
        return f"the CA that kubelet trusts ({self.file})"


def api_server_ca(plan: Plan, pool: Pool) -> ApiServerCa | None:
    """Return the CA of a pool's kubelet, or None if the plan does not state it. Never raises."""
    named = pool.kubeconfig or (plan.cluster.ca if plan.cluster is not None else "")
    if not named:
        return None
    try:
        return _read(plan, normal(named))
    except Exception as error:  # noqa: BLE001 - one file must not end the audit
        return ApiServerCa(named, unread=(unexpected(f"reading {named}", error),))


def _read(plan: Plan, file: str) -> ApiServerCa:
    if file not in plan.files:
        is_folder = any(is_inside(name, file) for name in plan.files)
        reason = "it is a folder: name the file in it" if is_folder else plan.left_out.get(file, "it does not exist")
        return ApiServerCa(file, unread=(f"{file}: {reason}",))
    data = plan.files[file]
    if not is_kubeconfig(data):
        return _of_pem(file, data)
    try:
        return _of_kubeconfig(plan, file, read_kubeconfig(data))
    except UnreadableKubeconfig as error:
        return ApiServerCa(file, unread=(f"{file}: {printable(str(error), 300)}",))


def _of_kubeconfig(plan: Plan, file: str, found: Kubeconfig) -> ApiServerCa:
    has_ca = found.ca is not None or bool(found.ca_file)
    if found.skips_verification:
        return ApiServerCa(file, error=_INSECURE if has_ca else "", skips_verification=not has_ca)
    if not has_ca:
        return ApiServerCa(file, uses_system=True)
    if found.ca is not None:
        return _of_pem(file, found.ca)
    beside = normal(f"{PurePosixPath(file).parent}/{found.ca_name}")
    same = [beside] if beside in plan.files else [path for path in plan.files if PurePosixPath(path).name == found.ca_name]
    if len(same) == 1:
        return _of_pem(same[0], plan.files[same[0]])
    why = f"{file} names {printable(found.ca_file, 200)}, which is not among the files of the plan"
    return ApiServerCa(file, unread=(f"{why}; name it in `cluster.ca`",))


def _of_pem(file: str, data: bytes) -> ApiServerCa:
    loaded = load_as_go(data)
    return ApiServerCa(file, loaded.certificates, error="" if loaded.certificates else _NO_PEM)
