"""The public roots that Windows nodes would have to download, as files, and a script that installs them.

The auditor ships the roots of Microsoft's program, so nothing is downloaded. The script installs every file in its `roots`
folder, so no text of a certificate becomes a command.
"""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.hazmat.primitives.serialization import Encoding

from auditor.check import RemedyKind
from auditor.fix.fix_files import Written, file_name, resolved_lines
from auditor.fix.reported import Reported
from auditor.pki.certificate import Certificate
from auditor.pki.stores.windows_roots import public_by_sha1
from auditor.plan.model import Pool
from auditor.site import Site

_INSTALL = r"""$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
Get-ChildItem -LiteralPath (Join-Path $PSScriptRoot 'roots') -Filter '*.crt' | ForEach-Object {
    Import-Certificate -FilePath $_.FullName -CertStoreLocation Cert:\LocalMachine\Root | Out-Null
    Write-Output "installed $($_.Name)"
}"""


def root_files(site: Site, findings: tuple[Reported, ...]) -> Iterator[Written]:
    """Yield the roots of every pool that needs some, and the pool's script."""
    for pool in site.plan.pools:
        ours = tuple(one for one in findings if one.kind is RemedyKind.INSTALL_ROOT and one.is_of(pool.name))
        wanted: dict[Certificate, list[Reported]] = {}
        for one in ours:
            root = public_by_sha1().get(str(one.facts.get("sha1", "")))
            if root is not None:
                wanted.setdefault(root, []).append(one)
        if wanted:
            yield from _of_pool(pool, wanted)


def _of_pool(pool: Pool, wanted: dict[Certificate, list[Reported]]) -> Iterator[Written]:
    folder = f"nodes/{file_name(pool.name)}"
    for root, resolves in wanted.items():
        pem = root.parsed.public_bytes(Encoding.PEM).decode("ascii")
        name = f"{file_name(root.name)}-{root.sha1[:8]}.crt"
        yield Written(
            f"{folder}/roots/{name}", pem, f"the public root {root.name} (SHA-1 {root.sha1.upper()})", tuple(resolves)
        )
    every = tuple(one for resolves in wanted.values() for one in resolves)
    yield Written(
        f"{folder}/install-roots.ps1",
        "\r\n".join([*resolved_lines(every), *_INSTALL.splitlines(), ""]),
        f"installs the roots on a node of {pool.name}; run it as an administrator",
        every,
        is_script=True,
    )
