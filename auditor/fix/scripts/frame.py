"""The frame of every copy script. The script stops at the first failure, reports the step, and resumes there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditor.fix.fix_files import once, quoted, remark, resolved_lines
from auditor.fix.reported import Reported
from auditor.fix.steps import Errand
from auditor.readers.node_config.urls import is_loopback
from auditor.text import many

_BEGIN = r"""set -Eeuo pipefail
done=0
doing="the start"
trap 'printf "\nstopped at %s\nrun the script again to continue from there\n" "$doing" >&2' ERR

step() {
  done=$((done + 1)); doing="[$done/$total] $*"
  printf '%s\n' "$doing" >&2
}

needs() {
  command -v "$1" >/dev/null || { printf '%s is required but not on PATH\n' "$1" >&2; exit 2; }
}

# Downloads stay here until the script has ended. Windows layers take gigabytes.
work=${WORK:-$PWD/work}
# Base folder of the plan's archive paths.
archives=${ARCHIVES:-$PWD}
case $work in *[:@]*) printf 'WORK: %s: copy tools reject a folder with : or @ in its name\n' "$work" >&2; exit 2 ;; esac
"""

Resolved = Mapping[Errand, tuple[Reported, ...]]


@dataclass(frozen=True, slots=True)
class ScriptInputs:
    """Inputs of the scripts: the plan's name, the auditor's version, and hosts without verified TLS."""

    plan: str
    day: str
    tool: str
    insecure: frozenset[str]
    again: str = ""  # the command of the next audit
    with_ca: frozenset[str] = frozenset()  # hosts for which the plan has a CA: they use TLS, on loopback too

    def is_insecure(self, domain: str) -> bool:
        """Whether connections use no verified TLS: on loopback, or because the plan sets `insecure`."""
        return domain in self.insecure or (is_loopback(domain) and domain not in self.with_ca)


@dataclass(frozen=True, slots=True)
class Steps:
    """The lines of a script, and the images that the tool cannot copy."""

    lines: tuple[str, ...]
    left: tuple[Errand, ...] = ()

    @property
    def but(self) -> str:
        """A note for the README about images that the tool cannot copy, or an empty string."""
        return f", except {many(len(self.left), 'image')} that the tool cannot copy as required" if self.left else ""


def steps_of(errands: Sequence[Errand], line: Callable[[Errand], Sequence[str] | None]) -> Steps:
    """Return the lines of all images. `line` returns None for an image that the tool cannot copy."""
    made = {errand: line(errand) for errand in errands}
    left = tuple(errand for errand, lines in made.items() if lines is None)
    return Steps(tuple(one for lines in made.values() if lines is not None for one in lines), left)


def resolved_by(resolves: Resolved, errands: Sequence[Errand], steps: Steps) -> tuple[Reported, ...]:
    """Return the findings that are resolved by the images that the tool copies."""
    return once(finding for errand in errands if errand not in steps.left for finding in resolves[errand])


def script(
    setting: ScriptInputs,
    title: str,
    needs: Iterable[str],
    functions: str,
    steps: Steps,
    resolves: tuple[Reported, ...],
    instead: str,
) -> str:
    """Return the whole script. It exits with 3 if the tool cannot copy all images; `instead` names an alternative."""
    return "\n".join(
        [
            "#!/usr/bin/env bash",
            f"# {title} Review it before you run it.",
            f"# Written by airgap-auditor {setting.tool} for {remark(setting.plan)}, as of {remark(setting.day)}.",
            *resolved_lines(resolves),
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
