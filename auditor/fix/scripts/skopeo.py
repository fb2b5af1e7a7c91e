"""The copy script for skopeo, from registry to registry. It copies whole indexes, and removes `urls` from single manifests.

skopeo skips layers with `urls` and has no option to copy them. The script copies them through a docker-archive, which has no
foreign layers but holds only one manifest. It lists the images that it cannot copy and exits with 3.
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.fix.fix_files import Written, quoted
from auditor.fix.scripts.frame import Resolved, ScriptInputs, resolved_by, script, steps_of
from auditor.fix.scripts.regctl import command, domains
from auditor.fix.steps import CopyBlob, CopyManifest, Errand, Push, Rewrite, WriteIndex

_FUNCTIONS = r"""
mkdir -p -- "$work"

digest_of() { skopeo inspect --raw --tls-verify="$(tls "$1")" "docker://$1" 2>/dev/null | sha256sum | cut -d ' ' -f 1; }
there() { [ "$(digest_of "$1" || true)" = "${2#sha256:}" ]; }

copy() {  # SOURCE TARGET DIGEST
  step "copy $1 to $2"
  there "$2" "$3" || skopeo copy --all --preserve-digests \
    --src-tls-verify="$(tls "$1")" --dest-tls-verify="$(tls "$2")" "docker://$1" "docker://$2"
}

rewrite() {  # SOURCE TARGET
  step "copy $2 without urls"
  local file=$work/image-$done.tar
  rm -f -- "$file"
  skopeo copy --src-tls-verify="$(tls "$1")" "docker://$1" "docker-archive:$file"
  skopeo copy --dest-tls-verify="$(tls "$2")" "docker-archive:$file" "docker://$2"
  rm -- "$file"
}

push() {  # TRANSPORT PATH NAME TARGET
  step "push $4 from $2"
  skopeo copy --all --dest-tls-verify="$(tls "$4")" "$1:$archives/$2${3:+:$3}" "docker://$4"
}"""
_INSTEAD = "skopeo would skip layers or lose platforms of these images: copy them with copy-regctl.sh or copy-crane.sh"
_TRANSPORTS = {
    ("docker-archive", False): "docker-archive",
    ("oci-layout", False): "oci-archive",
    ("oci-layout", True): "oci",
    ("dir", True): "dir",
}


def _tls(without: tuple[str, ...]) -> str:
    cases = "".join(f"{quoted(host)}/*) echo false ;; " for host in without)
    return f"tls() {{ case $1 in {cases}*) echo true ;; esac; }}"


def _lines(errand: Errand) -> list[str] | None:
    """Return the lines for an image, or None if skopeo cannot copy it."""
    match errand.steps:
        case (Push() as push,):
            return _pushed(push)
        case (Rewrite(source, target, (digest,), whole=False),):
            return [command("rewrite", source.at(digest), target)]
        case steps if any(isinstance(step, Rewrite | CopyBlob) or _is_foreign(step) for step in steps):
            return None
        case (*_, WriteIndex(target)) if errand.root:
            return [command("copy", errand.reference.at(errand.root), target, errand.root)]
        case steps:
            return [command("copy", step.source, step.target, step.digest) for step in steps if isinstance(step, CopyManifest)]


def _pushed(push: Push) -> list[str] | None:
    transport = _TRANSPORTS.get((push.form, push.is_folder))
    if transport is None or ":" in push.path:
        return None
    name = "" if push.alone or transport == "dir" else push.name
    return [command("push", transport, push.path, name, push.target)]


def _is_foreign(step: object) -> bool:
    return isinstance(step, CopyManifest) and step.foreign


def copy_script(setting: ScriptInputs, errands: Sequence[Errand], resolves: Resolved) -> Written:
    """Return the script and the findings that it resolves, which are fewer than those of the other tools."""
    steps = steps_of(errands, _lines)
    found = resolved_by(resolves, errands, steps)
    functions = "\n".join((_tls(domains(setting, errands)), _FUNCTIONS))
    title = "Copies what is missing to the internal registry, with skopeo (1.6 or later). An index is always copied whole."
    text = script(setting, title, ["skopeo"], functions, steps, found, _INSTEAD)
    return Written("copy/copy-skopeo.sh", text, f"copies with skopeo{steps.but}", found, is_script=True)
