"""The copy script for crane, from registry to registry. The script calls regctl to remove `urls`, which crane cannot do.

Behaviour: executed on crane v0.20.6. If the target has an index, crane does not copy its manifests, so the script lists each
one.
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.fix.fix_files import Written
from auditor.fix.scripts.frame import Resolved, ScriptInputs, resolved_by, script, steps_of
from auditor.fix.scripts.regctl import REWRITE, command, domains, hub, line
from auditor.fix.steps import CopyBlob, Errand, Push, Rewrite

_FUNCTIONS = r"""
mkdir -p -- "$work"

there() { [ "$(crane digest "$1" 2>/dev/null)" = "$2" ]; }

copy() {  # SOURCE TARGET DIGEST
  step "copy $1 to $2"
  there "$2" "$3" || crane copy --allow-nondistributable-artifacts "$1" "$2"
}

index() {  # TARGET REPOSITORY DIGEST...
  step "write an index of $(($# - 2)) manifests to $1"
  local target=$1 repository=$2 digest manifests=()
  shift 2
  for digest in "$@"; do manifests+=(-m "$repository@$digest"); done
  crane index append "${manifests[@]}" -t "$target"
}

push() {  # ARCHIVE TARGET
  step "push $2 from $1"
  crane push --allow-nondistributable-artifacts "$archives/$1" "$2"
}"""
_INSTEAD = "crane can push only from archives with a single image: push these images with skopeo or regctl"

# crane cannot upload a single blob. An image that consists of that layer uploads it, and stays under its own tag.
_BLOB = r"""
blob() {  # SOURCE-REPOSITORY TARGET-REPOSITORY DIGEST
  step "copy $3 to $2"
  local file=$work/${3#*:}
  crane blob "$1@$3" > "$file"
  printf '%s  %s\n' "${3#*:}" "$file" | sha256sum --check --quiet
  crane append -f "$file" -t "$2:blob-${3:7:12}"
  rm -- "$file"
}"""

_REWRITE = r"""
layout=$work/layout

rewrite() {  # SOURCE-REPOSITORY TARGET DIGEST...
  step "copy $2 without urls"
  local source=$1 target=$2 name
  name=$(named "$@")
  shift 2
  strip "$source" "$name" "$@"
  hub image copy "ocidir://$layout:$name" "$target"
}

rewrite_in_place() {  # TARGET
  step "remove the urls from $1"
  hub image mod "$1" --replace --external-urls-rm
}"""


def _lines(errand: Errand) -> list[str] | None:
    lines = [_pushed(step) if isinstance(step, Push) else line(step) for step in errand.steps]
    return None if "" in lines else lines


def _pushed(push: Push) -> str:
    """Return the line that pushes an image from an archive, or an empty string if crane cannot."""
    fits = push.form == ("oci-layout" if push.is_folder else "docker-archive")
    return command("push", push.path, push.target) if fits and push.alone else ""


def copy_script(setting: ScriptInputs, errands: Sequence[Errand], resolves: Resolved) -> Written:
    """Return the script."""
    steps = [step for errand in errands for step in errand.steps]
    without_tls = domains(setting, errands)
    functions = [_FUNCTIONS]
    if any(host in setting.insecure for host in without_tls):
        functions.insert(0, 'crane() { command crane --insecure "$@"; }')
    if any(isinstance(step, CopyBlob) for step in steps):
        functions.append(_BLOB)
    rewrites = any(isinstance(step, Rewrite) for step in steps)
    if rewrites:
        functions += [hub(without_tls), REWRITE, _REWRITE]
    also = ", and with regctl, which removes the urls of layers from manifests" if rewrites else ""
    title = f"Copies what is missing to the internal registry, with crane (0.16 or later){also}."
    needs = ["crane", "regctl"] if rewrites else ["crane"]
    made = steps_of(errands, _lines)
    found = resolved_by(resolves, errands, made)
    text = script(setting, title, needs, "\n".join(functions), made, found, _INSTEAD)
    return Written("copy/copy-crane.sh", text, f"copies with crane{also}{made.but}", found, is_script=True)
