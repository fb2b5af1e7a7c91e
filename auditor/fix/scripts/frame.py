"""What every copy script begins and ends with: it stops at the first failure, says where, and goes on from there next time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditor.fix.reported import Reported
from auditor.fix.written import mended, quoted, remark
from auditor.plan.node_config.addresses import is_loopback

_BEGIN = r"""set -Eeuo pipefail
done=0
doing="the start"
trap 'printf "\nstopped at %s\nrun the script once more to go on from there\n" "$doing" >&2' ERR

step() {
  done=$((done + 1)); doing="[$done/$total] $*"
  printf '%s\n' "$doing" >&2
}

needs() {
  command -v "$1" >/dev/null || { printf '%s is needed and not on PATH\n' "$1" >&2; exit 2; }
}

# Everything that is fetched before it is pushed lies here until the script has ended; layers of Windows take gigabytes.
work=${WORK:-$PWD/work}
case $work in *[:@]*) printf 'WORK: %s: no tool takes a folder with : or @ in its name\n' "$work" >&2; exit 2 ;; esac
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """What scripts are written for: the plan by name, the tool that writes them, and hosts that do not speak verified TLS."""

    plan: str
    day: str
    tool: str
    insecure: frozenset[str]

    def is_insecure(self, domain: str) -> bool:
        """Whether a host is spoken to without TLS: on loopback, or because the plan says so."""
        return domain in self.insecure or is_loopback(domain)


def script(
    setting: Setting,
    title: str,
    needs: Iterable[str],
    functions: str,
    lines: Sequence[str],
    mends: tuple[Reported, ...],
    after: str = "",
) -> str:
    """A whole script. `lines` are its steps, `after` what follows them."""
    return "\n".join(
        [
            "#!/usr/bin/env bash",
            f"# {title} Read it before you run it.",
            f"# Written by airgap-auditor {setting.tool} for {remark(setting.plan)}, as of {setting.day}.",
            *mended(mends),
            _BEGIN,
            *(f"needs {quoted(program)}" for program in needs),
            functions,
            f"total={len(lines)}",
            *lines,
            after or 'printf "done: %s steps\\n" "$total" >&2',
            "",
        ]
    )
