"""Archives in a format that runtimes do not import: report what they probably are."""

from __future__ import annotations

from auditor.oci.defects import Defect
from auditor.oci.layouts.entry_index import EntryIndex
from auditor.oci.layouts.findings import Findings
from auditor.oci.tar import EntryKind

_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.zst", ".tar.xz", ".tar.bz2")
_TOPS = ("index.json", "manifest.json", "oci-layout")


def explain(contents: EntryIndex, findings: Findings) -> None:
    """Record why the archive holds no image, unless the reader has already reported the reason."""
    if contents.has("repositories"):
        detail = (
            "only the legacy file `repositories` names images; manifest.json is missing: runtimes do not import this format"
        )
        findings.add("repositories", Defect.UNSUPPORTED, detail)
        return
    if not contents.entries:
        if not findings:
            findings.add("", Defect.MALFORMED, "holds no entries")
        return
    if inner := _first(contents, _ARCHIVES):
        findings.add(
            inner, Defect.UNSUPPORTED, "is an archive inside the archive: unpack the outer archive and list the inner one"
        )
        return
    if below := _first(contents, tuple(f"/{name}" for name in _TOPS)):
        findings.add(below, Defect.UNSUPPORTED, "is in a subfolder of the archive, where runtimes do not look")
        return
    if not findings:
        detail = "holds neither manifest.json nor index.json: not a docker-archive, not an OCI layout"
        findings.add("", Defect.UNSUPPORTED, detail)


def _first(contents: EntryIndex, endings: tuple[str, ...]) -> str:
    """Return the first file with one of the endings."""
    files = (name for name, entry in contents.entries.items() if entry.kind is EntryKind.FILE)
    return next((name for name in files if name.endswith(endings)), "")
