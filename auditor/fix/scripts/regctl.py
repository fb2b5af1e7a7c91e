"""The copy script for regctl. It can copy by way of a disk, and removes `urls` from manifests without another tool.

`fetch` (connected side) writes one OCI layout with each blob once, and `push` (offline side) reads it. Without either, the
script copies from registry to registry. Behaviour: executed on v0.11.7.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never

from auditor.fix.fix_files import Written, quoted
from auditor.fix.scripts.frame import Resolved, ScriptInputs, resolved_by, script, steps_of
from auditor.fix.steps import CopyBlob, CopyManifest, Errand, Push, Rewrite, WriteIndex

_MODES = r"""
mode=${1:-both}
case $mode in fetch|push|both) ;; *) printf 'usage: %s [fetch|push]\n' "$0" >&2; exit 2 ;; esac
layout=$work/layout
mkdir -p -- "$work"
"""

# Rewrite in the layout, because a registry may refuse manifests with `urls`.
REWRITE = r"""
# The name of a step's image in the layout. The same step has the same name in every script.
named() { printf '%s\n' "$@" | sha256sum | cut -c 1-32; }

strip() {  # SOURCE-REPOSITORY NAME DIGEST...: copy into the layout under a name, without urls
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
  step "copy $3 to $2"
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
  step "copy $2 without urls"
  local source=$1 target=$2 name
  name=$(named "$@")
  shift 2
  [ "$mode" = push ] || in_layout "$name" || strip "$source" "$name" "$@"
  [ "$mode" = fetch ] || hub image copy "ocidir://$layout:$name" "$target"
}

rewrite_in_place() {  # TARGET
  step "remove the urls from $1"
  [ "$mode" = fetch ] || hub image mod "$1" --replace --external-urls-rm
}

from_archive() {  # ARCHIVE TARGET [--name NAME]
  step "push $2 from $1"
  local archive=$archives/$1 target=$2
  shift 2
  [ "$mode" = fetch ] || hub image import "$@" "$target" "$archive"
}

from_layout() {  # FOLDER NAME TARGET
  step "push $3 from $1"
  [ "$mode" = fetch ] || hub image copy --include-external "ocidir://$archives/$1:$2" "$3"
}"""
_INSTEAD = "regctl cannot select these images in their archives: push them with skopeo"


def hub(domains: Iterable[str]) -> str:
    """Return the shell function that calls regctl with the options for hosts without TLS."""
    words = [word for domain in domains for word in ("--host", f"reg={domain},tls=disabled")]
    return f'hub() {{ regctl {" ".join([*map(quoted, words), ""])}"$@"; }}'


def line(step: CopyManifest | CopyBlob | WriteIndex | Rewrite) -> str:
    """Return a step between registries as a line of the script."""
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
    return command(*words)


def command(name: object, *words: object) -> str:
    """Return a call of one of the script's functions."""
    return " ".join([str(name), *map(quoted, words)])


def _lines(errand: Errand) -> list[str] | None:
    lines = [_pushed(step) if isinstance(step, Push) else line(step) for step in errand.steps]
    return None if "" in lines else lines


def _pushed(push: Push) -> str:
    """Return the line that pushes an image from an archive, or an empty string if regctl cannot select it."""
    if push.is_folder:
        return command("from_layout", push.path, push.name, push.target) if push.form == "oci-layout" and push.name else ""
    named = [] if push.alone else ["--name", push.name]
    return command("from_archive", push.path, push.target, *named) if push.form in {"oci-layout", "docker-archive"} else ""


def domains(setting: ScriptInputs, errands: Sequence[Errand]) -> tuple[str, ...]:
    """Return the hosts without TLS."""
    named = dict.fromkeys(host for errand in errands for host in (errand.reference.domain, errand.target.domain))
    return tuple(host for host in named if setting.is_insecure(host))


def copy_script(setting: ScriptInputs, errands: Sequence[Errand], resolves: Resolved) -> Written:
    """Return the script."""
    steps = steps_of(errands, _lines)
    title = "Copies what is missing to the internal registry, with regctl (0.5 or later)."
    functions = "\n".join((hub(domains(setting, errands)), _MODES, REWRITE, _FUNCTIONS))
    text = script(setting, title, ["regctl"], functions, steps, resolved_by(resolves, errands, steps), _INSTEAD)
    what = "copies with regctl, directly, or in two steps: `fetch` to a disk, then `push` from the disk to the registry"
    return Written("copy/copy-regctl.sh", text, f"{what}{steps.but}", resolved_by(resolves, errands, steps), is_script=True)
