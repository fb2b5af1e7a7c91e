"""Scripts that install node files. No text of the plan becomes a command.

A script replaces a file only if the node still has the content that the new file was made from. It shows the difference
first and keeps the old file under another name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditor.fix.fix_files import quoted

CA = "registry-ca.pem"
OWN, NEW = "own", "new"  # special digests: a file that only `auditor fix` writes; a file that must not exist yet

_LINUX = r"""set -euo pipefail
# The folder in containerd's config_path. K3s and RKE2 read their files from other folders.
certs_d=${CERTS_D:-/etc/containerd/certs.d}
here=$(cd -- "$(dirname -- "$0")" && pwd)
stamp=$(date -u +%Y%m%dT%H%M%SZ)
refused=0

place() {  # FILE TARGET BASE: BASE is the SHA-256 of the file that FILE was made from, "new" or "own"
  if [ -e "$2" ]; then
    if cmp -s -- "$1" "$2"; then printf '%s is up to date\n' "$2"; return; fi
    if [ "$3" != own ] && [ "$(sha256sum < "$2" | cut -d ' ' -f 1)" != "$3" ]; then
      printf 'refused: %s is not the file that this change was made from. Merge %s by hand, or add the node file to the ' \
        "$2" "$1" >&2
      printf 'plan (the config of the pool) and run auditor fix again.\n' >&2
      refused=1
      return
    fi
    diff -U 0 -- "$2" "$1" || true
    cp -p -- "$2" "$2.before-$stamp"
    printf 'kept the old file as %s\n' "$2.before-$stamp"
  else
    mkdir -p -- "$(dirname -- "$2")"
    install -m "$(stat -c %a -- "$1")" /dev/null "$2"
  fi
  cp -- "$1" "$2"
  printf 'wrote %s\n' "$2"
}
"""
# On Windows, config_path has no default. Set it to this folder in containerd's config.toml.
_CERTS_D = 'param([string]$CertsD = "$env:ProgramData\\containerd\\certs.d")'
_WINDOWS = r"""$ErrorActionPreference = 'Stop'
Set-StrictMode -Version Latest
$stamp = [DateTime]::UtcNow.ToString('yyyyMMddTHHmmssZ')
$script:refused = $false

function Set-Placed([string]$File, [string]$Target, [string]$Base) {
    $source = Join-Path $PSScriptRoot $File
    if (Test-Path -LiteralPath $Target) {
        $there = (Get-FileHash -LiteralPath $Target -Algorithm SHA256).Hash
        if ($there -eq (Get-FileHash -LiteralPath $source -Algorithm SHA256).Hash) {
            Write-Output "$Target is up to date"
            return
        }
        if (($Base -ne 'own') -and ($there -ne $Base)) {
            Write-Warning "refused: $Target is not the file that this change was made from. Merge $source by hand."
            $script:refused = $true
            return
        }
        Compare-Object @(Get-Content -LiteralPath $Target) @(Get-Content -LiteralPath $source) | Out-String | Write-Output
        Copy-Item -LiteralPath $Target -Destination "$Target.before-$stamp"
    }
    New-Item -ItemType Directory -Force -Path (Split-Path -Parent $Target) | Out-Null
    Copy-Item -LiteralPath $source -Destination $Target -Force
    Write-Output "wrote $Target"
}
"""


@dataclass(frozen=True, slots=True)
class InstalledFile:
    """A file next to the script, and its target. `below`: `target` is relative to config_path; else it is an absolute path.

    `before` is the content that it was made from, None for a new file. `own`: only `auditor fix` writes the file.
    """

    path: str
    target: str
    below: bool = False
    before: bytes | None = None
    own: bool = False

    @property
    def base(self) -> str:
        """Return the third argument of `place`."""
        if self.own:
            return OWN
        return NEW if self.before is None else hashlib.sha256(self.before).hexdigest()


def linux_script(files: Sequence[InstalledFile], by_hand: Sequence[str], *, has_ca: bool) -> str:
    """Return the script for Linux nodes. `by_hand` are files next to it that the operator merges by hand."""
    return "\n".join(["#!/usr/bin/env bash", _LINUX, *_linux_lines(files, by_hand, has_ca=has_ca), ""])


def _linux_lines(files: Sequence[InstalledFile], by_hand: Sequence[str], *, has_ca: bool) -> Iterator[str]:
    for file in files:
        target = f'"$certs_d"/{quoted(file.target)}' if file.below else quoted(file.target)
        yield f'place "$here"/{quoted(file.path)} {target} {file.base}'
    if has_ca:
        yield f'place "$here"/{CA} /usr/local/share/ca-certificates/airgap-registry.crt own'
        yield "if command -v update-ca-certificates >/dev/null; then update-ca-certificates"
        yield f'else place "$here"/{CA} /etc/pki/ca-trust/source/anchors/airgap-registry.pem own; update-ca-trust; fi'
    for name in by_hand:
        yield f"printf 'not installed: %s is a part of a file with credentials. Merge it by hand.\\n' {quoted(name)} >&2"
    yield "exit 3" if by_hand else '[ "$refused" = 0 ] || exit 3'


def windows_script(files: Sequence[InstalledFile], by_hand: Sequence[str], *, has_ca: bool) -> str:
    """Return the script for Windows nodes."""
    parameters = [_CERTS_D] if any(file.below for file in files) else []
    return "\r\n".join([*parameters, *_WINDOWS.splitlines(), *_windows_lines(files, by_hand, has_ca=has_ca), ""])


def _windows_lines(files: Sequence[InstalledFile], by_hand: Sequence[str], *, has_ca: bool) -> Iterator[str]:
    for file in files:
        target = file.target.replace("/", "\\")
        word = f"(Join-Path $CertsD '{target}')" if file.below else f"'{target}'"
        path = file.path.replace("/", "\\")
        yield f"Set-Placed '{path}' {word} '{file.base}'"
    if has_ca:
        yield f"Import-Certificate -FilePath (Join-Path $PSScriptRoot '{CA}') -CertStoreLocation Cert:\\LocalMachine\\Root"
    for name in by_hand:
        yield f"Write-Warning 'not installed: {name} is a part of a file with credentials. Merge it by hand.'"
    yield "exit 3" if by_hand else "if ($script:refused) { exit 3 }"
