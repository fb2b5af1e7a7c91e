"""The copy script for regctl: the one that can cross a gap on a disk, and takes `urls` out of manifests by itself.

What it fetches goes into one OCI layout, each blob once. `fetch` and `push` are the two sides of the gap; without either, it
copies from registry to registry. Behaviour: facts/windows.md section 7, executed on v0.11.7.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never

from auditor.fix.reported import Reported
from auditor.fix.scripts.frame import Setting, script
from auditor.fix.steps import CopyBlob, CopyManifest, Errand, Rewrite, Step, WriteIndex
from auditor.fix.written import Written, quoted

_MODES = r"""
mode=${1:-both}
case $mode in fetch|push|both) ;; *) printf 'usage: %s [fetch|push]\n' "$0" >&2; exit 2 ;; esac
layout=$work/layout
mkdir -p -- "$work"
"""

# Rewriting happens in the layout: a registry that refuses `urls` never sees them.
REWRITE = r"""
# A name in the layout for what a step fetches: the same in every script that has the step.
named() { printf '%s\n' "$@" | sha256sum | cut -c 1-32; }

strip() {  # SOURCE-REPOSITORY NAME DIGEST...: into the layout under a name, without urls
  local source=$1 name=$2 digest number=0 manifests=()
  shift 2
  for digest in "$@"; do
    number=$((number + 1))
    hub image copy --include-external "$source@$digest" "ocidir://$layout:$name-$number"
    hub image mod "ocidir://$layout:$name-$number" --replace --external-urls-rm
    manifests+=(--ref "ocidir://$layout:$name-$number")
  done
  if [ "$number" -eq 1 ]; then
    hub image copy "ocidir://$layout:$name-1" "ocidir://$layout:$name"
  else
    hub index create "ocidir://$layout:$name" "${manifests[@]}"
  fi
}
"""

_FUNCTIONS = r"""
there() { [ "$(hub manifest head "$1" 2>/dev/null)" = "$2" ]; }
in_layout() { [ -e "$layout/index.json" ] && hub manifest head "ocidir://$layout:$1" >/dev/null 2>&1; }

copy() {  # SOURCE TARGET DIGEST
  step "copy $1 to $2"
  local name
  name=$(named "$@")
  case $mode in
    fetch) in_layout "$name" || hub image copy --include-external "$1" "ocidir://$layout:$name" ;;
    push) there "$2" "$3" || hub image copy --include-external "ocidir://$layout:$name" "$2" ;;
    both) there "$2" "$3" || hub image copy --include-external "$1" "$2" ;;
  esac
}

blob() {  # SOURCE-REPOSITORY TARGET-REPOSITORY DIGEST
  step "bring $3 to $2"
  local file=$work/${3#*:}
  if [ "$mode" != push ] && ! [ -e "$file" ]; then
    hub blob get "$1" "$3" > "$file.part"
    mv -- "$file.part" "$file"
  fi
  [ "$mode" = fetch ] || hub blob put --digest "$3" "$2" < "$file"
}

index() {  # TARGET REPOSITORY DIGEST...
  step "write an index of $(($# - 2)) manifests to $1"
  local target=$1 repository=$2 digest manifests=()
  shift 2
  [ "$mode" != fetch ] || return 0
  for digest in "$@"; do manifests+=(--ref "$repository@$digest"); done
  hub index create "$target" "${manifests[@]}"
}

rewrite() {  # SOURCE-REPOSITORY TARGET DIGEST...
  step "bring $2 without urls"
  local source=$1 target=$2 name
  name=$(named "$@")
  shift 2
  [ "$mode" = push ] || in_layout "$name" || strip "$source" "$name" "$@"
  [ "$mode" = fetch ] || hub image copy "ocidir://$layout:$name" "$target"
}

rewrite_in_place() {  # TARGET
  step "take the urls out of $1"
  [ "$mode" = fetch ] || hub image mod "$1" --replace --external-urls-rm
}"""


def hub(domains: Iterable[str]) -> str:
    """The function that calls regctl with what it has to know of hosts without TLS."""
    words = [word for domain in domains for word in ("--host", f"reg={domain},tls=disabled")]
    return f'hub() {{ regctl {" ".join([*map(quoted, words), ""])}"$@"; }}'


def line(step: Step) -> str:
    """A step as a line of the script."""
    match step:
        case CopyManifest(source, target, digest):
            words = ["copy", source, target, digest]
        case CopyBlob(source, target, digest):
            words = ["blob", source.repository, target.repository, digest]
        case WriteIndex(target, manifests):
            words = ["index", target, target.repository, *manifests]
        case Rewrite(source, target, manifests):
            words = ["rewrite_in_place", target] if step.in_place else ["rewrite", source.repository, target, *manifests]
        case _:
            assert_never(step)
    return " ".join([str(words[0]), *map(quoted, words[1:])])


def domains(setting: Setting, errands: Sequence[Errand]) -> tuple[str, ...]:
    """The hosts that are spoken to without TLS."""
    named = dict.fromkeys(host for errand in errands for host in (errand.reference.domain, errand.target.domain))
    return tuple(host for host in named if setting.is_insecure(host))


def copy_script(setting: Setting, errands: Sequence[Errand], mends: tuple[Reported, ...]) -> Written:
    """The script."""
    lines = [line(step) for errand in errands for step in errand.steps]
    title = "Carries what is missing into the registry inside, with regctl (0.5 or later)."
    functions = "\n".join((hub(domains(setting, errands)), _MODES, REWRITE, _FUNCTIONS))
    text = script(setting, title, ["regctl"], functions, lines, mends)
    what = "copies with regctl: straight; or, called with fetch, to a disk, and from there, called with push, into the registry"
    return Written("copy/copy-regctl.sh", text, what, mends, is_script=True)
