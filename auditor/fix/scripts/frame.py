"""What every copy script begins and ends with: it stops at the first failure, says where, and goes on from there next time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditor.fix.reported import Reported
from auditor.fix.steps import Errand
from auditor.fix.written import mended, once, quoted, remark
from auditor.readers.node_config.addresses import is_loopback
from auditor.text import many

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
# Where the plan's paths of archives begin.
archives=${ARCHIVES:-$PWD}
case $work in *[:@]*) printf 'WORK: %s: no tool takes a folder with : or @ in its name\n' "$work" >&2; exit 2 ;; esac
"""

Mends = Mapping[Errand, tuple[Reported, ...]]


@dataclass(frozen=True, slots=True)
class Setting:
    """What scripts are written for: the plan by name, the tool that writes them, and hosts without verified TLS."""

    plan: str
    day: str
    tool: str
    insecure: frozenset[str]
    again: str = ""  # the command of the next audit
    with_ca: frozenset[str] = frozenset()  # hosts for which the plan has a CA: they use TLS, on loopback too

    def is_insecure(self, domain: str) -> bool:
        """Whether a host is spoken to without TLS: on loopback, or because the plan says so."""
        return domain in self.insecure or (is_loopback(domain) and domain not in self.with_ca)


@dataclass(frozen=True, slots=True)
class Steps:
    """The steps of a script as its lines, and the images that the tool cannot bring."""

    lines: tuple[str, ...]
    left: tuple[Errand, ...] = ()

    @property
    def but(self) -> str:
        """What the tool does not do, for the page."""
        return f", but for {many(len(self.left), 'image')}, which it cannot bring as they must be" if self.left else ""


def steps_of(errands: Sequence[Errand], line: Callable[[Errand], Sequence[str] | None]) -> Steps:
    """The lines of all images. `line` gives None for one that the tool cannot bring."""
    made = {errand: line(errand) for errand in errands}
    left = tuple(errand for errand, lines in made.items() if lines is None)
    return Steps(tuple(one for lines in made.values() if lines is not None for one in lines), left)


def mends_of(mends: Mends, errands: Sequence[Errand], steps: Steps) -> tuple[Reported, ...]:
    """What is mended by the images that the tool brings."""
    return once(finding for errand in errands if errand not in steps.left for finding in mends[errand])


def script(
    setting: Setting, title: str, needs: Iterable[str], functions: str, steps: Steps, mends: tuple[Reported, ...], instead: str
) -> str:
    """A whole script. It ends with 3 where the tool cannot bring all; `instead` says what can."""
    return "\n".join(
        [
            "#!/usr/bin/env bash",
            f"# {title} Read it before you run it.",
            f"# Written by airgap-auditor {setting.tool} for {remark(setting.plan)}, as of {remark(setting.day)}.",
            *mended(mends),
            _BEGIN,
            *(f"needs {quoted(program)}" for program in needs),
            functions,
            f"total={len(steps.lines)}",
            *steps.lines,
            *(_left(steps.left, instead) if steps.left else ['printf "done: %s steps\\n" "$total" >&2']),
            "",
        ]
    )


def _left(left: tuple[Errand, ...], instead: str) -> Iterator[str]:
    yield f"printf '%s\\n' {quoted(instead)} \\"
    yield from (f"  {quoted(errand.reference)} \\" for errand in left)
    yield "  >&2"
    yield "exit 3"
