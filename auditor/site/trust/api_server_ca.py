"""The CA that kubelet and kube-proxy of a pool trust for the API server: from `pools.*.kubeconfig`, else from `cluster.ca`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from auditor.errors import unexpected
from auditor.pki.certificate import Certificate
from auditor.pki.file_forms import form_of, hint_for
from auditor.pki.go_files import client_go_error, load_as_go
from auditor.plan.model import Endpoint, Plan, Pool
from auditor.plan.plan_paths import is_inside, normal
from auditor.readers.kubeconfig import Kubeconfig, UnreadableKubeconfig, is_kubeconfig, read_kubeconfig
from auditor.text import printable

API_CLIENTS = frozenset({"kubelet", "kube-proxy"})
# client-go transport/transport.go, TLSConfigFor
_AS_DATA = "Write the CA certificate as PEM, in base64, into `certificate-authority-data`: base64 -w0 ca.pem"
_INSECURE = "specifying a root certificates file with the insecure flag is not allowed"


@dataclass(frozen=True, slots=True)
class ApiServerCa:
    """The stated CA. `file` is its file in the plan.

    `unread` are reasons why its content is unknown. `error` is the error of a client that cannot use it. `uses_system`: the
    kubeconfig names no CA, so Go uses the roots of the operating system. `skips_verification`: the client verifies nothing.
    `fault` states why it reads no certificate, or not all, from the file, and `hint` how to fix the file. `server` is the host
    and port that it connects to, and `server_name` the name that it verifies instead; both are empty if unknown.
    """

    file: str
    certificates: tuple[Certificate, ...] = ()
    unread: tuple[str, ...] = ()
    error: str = ""
    uses_system: bool = False
    skips_verification: bool = False
    fault: str = ""
    hint: str = ""
    server: tuple[str, int] = ("", 0)
    server_name: str = ""

    def host_at(self, endpoint: Endpoint, others: Collection[tuple[str, int]]) -> str:
        """Return the name that the client verifies at an endpoint.

        A server of the kubeconfig that is no endpoint of the plan (`others`) is another address of this endpoint.
        """
        if self.server_name:
            return self.server_name
        host, _ = self.server
        return host if host and self.server not in others else endpoint.host

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
        return _of_pem(file, data, file)
    try:
        return _of_kubeconfig(plan, file, read_kubeconfig(data))
    except UnreadableKubeconfig as error:
        return ApiServerCa(file, unread=(f"{file}: {printable(str(error), 300)}",))


def _of_kubeconfig(plan: Plan, file: str, found: Kubeconfig) -> ApiServerCa:
    return replace(_ca_of(plan, file, found), server=found.address, server_name=found.server_name)


def _ca_of(plan: Plan, file: str, found: Kubeconfig) -> ApiServerCa:
    has_ca = found.ca is not None or bool(found.ca_file)
    if found.skips_verification and has_ca:
        fault = f"{file} names a CA and sets `insecure-skip-tls-verify: true`, which client-go rejects"
        return ApiServerCa(file, error=_INSECURE, fault=fault, hint="Remove `insecure-skip-tls-verify` from it.")
    if found.skips_verification:
        return ApiServerCa(file, skips_verification=True)
    if not has_ca:
        return ApiServerCa(file, uses_system=True)
    if found.ca is not None:
        ca = _of_pem(file, found.ca, f"`certificate-authority-data` in {file}")
        return replace(ca, hint=_AS_DATA) if ca.hint else ca
    beside = normal(f"{PurePosixPath(file).parent}/{found.ca_name}")
    same = [beside] if beside in plan.files else [path for path in plan.files if PurePosixPath(path).name == found.ca_name]
    if len(same) == 1:
        return _of_pem(same[0], plan.files[same[0]], same[0])
    why = f"{file} names {printable(found.ca_file, 200)}, which is not among the files of the plan"
    return ApiServerCa(file, unread=(f"{why}; name it in `cluster.ca`",))


def _of_pem(file: str, data: bytes, what: str) -> ApiServerCa:
    loaded = load_as_go(data)
    problem, form = next(iter(loaded.problems), ""), form_of(data)
    if loaded.certificates:
        fault = f"Go does not read all of {what}: {problem}" if problem else ""
        return ApiServerCa(file, loaded.certificates, fault=fault)
    reason = f"it is {form.what}" if form is not None else problem
    fault = f"{what}, its CA for the API server, holds no certificate that Go reads: {reason}"
    error = f"unable to load root certificates: {client_go_error(data)}" if data else ""
    return ApiServerCa(file, error=error, fault=fault, hint=hint_for(data, problem).replace("FILE", file))
