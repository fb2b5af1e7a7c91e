"""What nodes are told: hosts.toml or registries.yaml by pool, the CA of the registry inside, and a script that installs both.

A script beside the files only copies them: no text of the plan becomes a command. What it replaces it keeps under another name.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.fix.reported import Reported
from auditor.fix.written import Written, file_name, mended, remark
from auditor.plan.model import Pool, Registry
from auditor.plan.node_config import NodeConfig, read_node_config
from auditor.plan.paths import normal
from auditor.plan.rewrites import placed
from auditor.site import Site
from auditor.site.mirrors import Way
from checks.mirror_files import MirrorAdvice, MirrorFile, Placed, mirror_advice

CA = "registry-ca.pem"
_TRUST = "root-not-trusted"

_LINUX = r"""set -euo pipefail
# Where containerd's config_path points. K3s and RKE2 take registries.yaml from a place of their own.
certs_d=${CERTS_D:-/etc/containerd/certs.d}
here=$(cd -- "$(dirname -- "$0")" && pwd)
stamp=$(date -u +%Y%m%dT%H%M%SZ)

place() {  # FILE TARGET
  if [ -e "$2" ] && ! cmp -s -- "$1" "$2"; then cp -p -- "$2" "$2.before-$stamp"; fi
  mkdir -p -- "$(dirname -- "$2")"
  cp -- "$1" "$2"
  printf 'wrote %s\n' "$2"
}
"""
# On Windows config_path has no default: it must be set in containerd's config.toml, to the folder that is given here.
_CERTS_D = 'param([string]$CertsD = "$env:ProgramData\\containerd\\certs.d")'
_WINDOWS = r"""$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
$stamp = [DateTime]::UtcNow.ToString('yyyyMMddTHHmmssZ')

function Set-Placed([string]$File, [string]$Target) {
    $source = Join-Path $PSScriptRoot $File
    if (Test-Path -LiteralPath $Target) { Copy-Item -LiteralPath $Target -Destination "$Target.before-$stamp" }
    New-Item -ItemType Directory -Force -Path (Split-Path -Parent $Target) | Out-Null
    Copy-Item -LiteralPath $source -Destination $Target -Force
    Write-Output "wrote $Target"
}
"""


def node_files(site: Site, findings: tuple[Reported, ...]) -> Iterator[Written]:
    """The files of every pool that needs any."""
    registry = site.plan.registry
    if registry is None:
        return
    ca = site.plan.files.get(normal(registry.ca)) if registry.ca else None
    for pool in site.plan.pools:
        yield from _of_pool(site, registry, pool, findings, ca)


def _of_pool(site: Site, registry: Registry, pool: Pool, findings: tuple[Reported, ...], ca: bytes | None) -> Iterator[Written]:
    config = site.node_configs.get(pool.name) or read_node_config(site.plan, pool)
    advices = list(_advices(site, registry, config))
    ours = tuple(f for f in findings if f.subject.pool == pool.name)
    mirrors = tuple(f for f in ours if f.check == "mirror-not-configured")
    trust = tuple(f for f in ours if f.check == _TRUST and f.subject.id.startswith(registry.host))
    folder = f"nodes/{file_name(pool.name)}"
    files = [file for advice in advices if (file := advice.file) is not None and _has_plain_name(file)]
    for file in files:
        text = "\n".join([*mended(mirrors), *file.lines, ""])
        yield Written(f"{folder}/{_path(file)}", text, f"for the nodes of {pool.name}: {_purpose(file)}", mirrors)
    if text := _by_hand(advices):
        what = f"what no file can do for the nodes of {pool.name}"
        yield Written(f"{folder}/by-hand.txt", text, what)
    pem = ca.decode("utf-8", "replace") if ca is not None and trust else ""
    if pem:
        yield Written(f"{folder}/{CA}", pem, f"the CA of {registry.host}, as the plan has it", trust)
    if files or pem:
        yield _installer(folder, config, files, (*mirrors, *trust), has_ca=bool(pem))


def _advices(site: Site, registry: Registry, config: NodeConfig) -> Iterator[MirrorAdvice]:
    """One for each registry whose images do not come from inside alone; for a file that holds all registries, one."""
    settled = {
        group.registry for group in site.mirroring if group.pool.name == config.pool.name and group.first.way is Way.INSIDE
    }
    images = {need.reference: None for need in site.needs.needs if need.pool == config.pool.name}
    pairs: list[Placed] = [(reference, placed(registry, reference)) for reference in images]
    pairs = [pair for pair in pairs if pair[0] != pair[1]]
    seen: set[str] = set()
    for first in pairs:
        domain = first[0].domain
        if domain in seen or (domain in settled and config.distribution is None):
            continue
        seen.add(domain)
        yield mirror_advice(config, registry, [first, *(pair for pair in pairs if pair != first)])
        if config.distribution is not None:
            return


def _has_plain_name(file: MirrorFile) -> bool:
    """Whether its folder can be named in a script as it is; that of an IPv6 address cannot."""
    return not file.folder or file_name(file.folder) == file.folder


def _path(file: MirrorFile) -> str:
    return f"certs.d/{file.folder}/{file.name}" if file.folder else file.name


def _purpose(file: MirrorFile) -> str:
    return f"{file.folder} comes from the registry inside" if file.folder else "every registry is the one inside"


def _by_hand(advices: list[MirrorAdvice]) -> str:
    told = [advice.text for advice in advices if advice.file is None or not _has_plain_name(advice.file)]
    return "".join(f"- {remark(text) if len(text) < 100 else text}\n" for text in told)


def _installer(
    folder: str, config: NodeConfig, files: list[MirrorFile], mends: tuple[Reported, ...], *, has_ca: bool
) -> Written:
    pool = config.pool
    if pool.is_windows:
        parameters = [_CERTS_D] if any(file.folder for file in files) else []
        text = "\r\n".join(
            [*mended(mends), *parameters, *_WINDOWS.splitlines(), *_windows_lines(config, files, has_ca=has_ca), ""]
        )
        return Written(
            f"{folder}/install.ps1",
            text,
            f"installs the above on a node of {pool.name}; run as an administrator",
            mends,
            is_script=True,
        )
    text = "\n".join(["#!/usr/bin/env bash", *mended(mends), _LINUX, *_linux_lines(config, files, has_ca=has_ca), ""])
    return Written(
        f"{folder}/install.sh", text, f"installs the above on a node of {pool.name}; run as root", mends, is_script=True
    )


def _linux_lines(config: NodeConfig, files: list[MirrorFile], *, has_ca: bool) -> Iterator[str]:
    for file in files:
        if file.folder:
            yield f'place "$here"/{_path(file)} "$certs_d"/{file.folder}/{file.name}'
        else:
            yield f'place "$here"/{file.name} {_place_of(config, windows=False)}'
    if has_ca:
        yield f'place "$here"/{CA} /usr/local/share/ca-certificates/airgap-registry.crt'
        yield "if command -v update-ca-certificates >/dev/null; then update-ca-certificates"
        yield f'else place "$here"/{CA} /etc/pki/ca-trust/source/anchors/airgap-registry.pem; update-ca-trust; fi'


def _windows_lines(config: NodeConfig, files: list[MirrorFile], *, has_ca: bool) -> Iterator[str]:
    for file in files:
        if file.folder:
            relative = _path(file).replace("/", "\\")
            yield f"Set-Placed '{relative}' (Join-Path $CertsD '{file.folder}\\{file.name}')"
        else:
            yield f"Set-Placed '{file.name}' '{_place_of(config, windows=True)}'"
    if has_ca:
        yield f"Import-Certificate -FilePath (Join-Path $PSScriptRoot '{CA}') -CertStoreLocation Cert:\\LocalMachine\\Root"


def _place_of(config: NodeConfig, *, windows: bool) -> str:
    row = config.distribution
    assert row is not None  # noqa: S101 - only a distribution has a file for all registries
    return row.windows_file if windows else row.file
