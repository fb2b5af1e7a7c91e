"""The copy script for skopeo, from registry to registry. It carries an index whole, and takes `urls` out of one manifest only.

It leaves layers with `urls` behind, without an option against it: they come along through a docker-archive, which knows nothing
of such layers, and has room for one manifest. What it cannot do it says, and ends with 3.
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.fix.reported import Reported
from auditor.fix.scripts.frame import Setting, script
from auditor.fix.scripts.regctl import domains
from auditor.fix.steps import CopyBlob, CopyManifest, Errand, Rewrite, WriteIndex
from auditor.fix.written import Written, once, quoted, remark

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
  step "bring $2 without urls"
  local file=$work/image-$done.tar
  rm -f -- "$file"
  skopeo copy --src-tls-verify="$(tls "$1")" "docker://$1" "docker-archive:$file"
  skopeo copy --dest-tls-verify="$(tls "$2")" "docker-archive:$file" "docker://$2"
  rm -- "$file"
}"""


def _tls(without: tuple[str, ...]) -> str:
    cases = "".join(f"{quoted(host)}/*) echo false ;; " for host in without)
    return f"tls() {{ case $1 in {cases}*) echo true ;; esac; }}"


def _line(errand: Errand) -> str | None:
    """The image as one line; None for what skopeo cannot do."""
    match errand.steps:
        case (Rewrite(source, target, (digest,), whole=False),):
            return " ".join(["rewrite", quoted(source.at(digest)), quoted(target)])
        case steps if any(isinstance(step, Rewrite | CopyBlob) or _is_foreign(step) for step in steps):
            return None
        case (*_, WriteIndex(target)) if errand.root:
            return " ".join(["copy", quoted(errand.reference.at(errand.root)), quoted(target), quoted(errand.root)])
        case steps:
            copies = [step for step in steps if isinstance(step, CopyManifest)]
            return "\n".join(" ".join(["copy", *map(quoted, (c.source, c.target, c.digest))]) for c in copies)


def _is_foreign(step: object) -> bool:
    return isinstance(step, CopyManifest) and step.foreign


def copy_script(setting: Setting, errands: Sequence[Errand], mends: dict[Errand, tuple[Reported, ...]]) -> Written:
    """The script, and what it mends: less than the others."""
    lines = {errand: _line(errand) for errand in errands}
    left = [errand for errand, line in lines.items() if line is None]
    done = [made for line in lines.values() if line is not None for made in line.splitlines()]
    found = once(finding for errand in errands if errand not in left for finding in mends[errand])
    after = ""
    if left:
        names = [f"  {quoted(errand.reference)}" + " \\" for errand in left]
        says = "skopeo leaves layers of these behind, or would lose platforms: copy them with copy-regctl.sh or copy-crane.sh"
        after = "\n".join([f"printf '%s\\n' {quoted(says)} \\", *names, "  >&2", "exit 3"])
    functions = "\n".join((_tls(domains(setting, errands)), _FUNCTIONS))
    title = "Carries what is missing into the registry inside, with skopeo (1.6 or later), an index always whole."
    text = script(setting, title, ["skopeo"], functions, done, found, after)
    but = f", but for {len(left)} of {len(errands)} images, which it cannot bring as they must be" if left else ""
    return Written("copy/copy-skopeo.sh", text, f"copies with skopeo{remark(but)}", found, is_script=True)
