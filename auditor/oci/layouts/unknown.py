"""Archives of no format that runtimes import: what they probably are."""

from __future__ import annotations

from auditor.oci.defects import Defect
from auditor.oci.layouts.contents import Contents
from auditor.oci.layouts.findings import Findings
from auditor.oci.tar import EntryKind

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".tar.bz2")
_TOPS = ("index.json", "manifest.json", "oci-layout")


def explain(contents: Contents, findings: Findings) -> None:
    """Say why there is no image. A reader that stopped early has said why already."""
    if contents.has("repositories"):
        detail = "only the legacy file `repositories` names images, there is no manifest.json: runtimes no longer import this"
        findings.add("repositories", Defect.UNSUPPORTED, detail)
        return
    if not contents.entries:
        if not findings:
            findings.add("", Defect.MALFORMED, "holds no entries")
        return
    if inner := _first(contents, _ARCHIVES):
        findings.add(inner, Defect.UNSUPPORTED, "an archive inside the archive: unpack the outer one and name the inner one")
        return
    if below := _first(contents, tuple(f"/{name}" for name in _TOPS)):
        findings.add(below, Defect.UNSUPPORTED, "lies in a folder inside the archive, where no runtime looks for it")
        return
    if not findings:
        detail = "holds no manifest.json and no index.json: neither a docker-archive, nor an OCI layout"
        findings.add("", Defect.UNSUPPORTED, detail)


def _first(contents: Contents, endings: tuple[str, ...]) -> str:
    """The first file with one of the endings."""
    files = (name for name, entry in contents.entries.items() if entry.kind is EntryKind.FILE)
    return next((name for name in files if name.endswith(endings)), "")
