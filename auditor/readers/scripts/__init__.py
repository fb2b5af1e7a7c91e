"""The copy scripts that the plan names: parsed, never run."""

from __future__ import annotations

from auditor.errors import Location, unexpected
from auditor.plan.model import Plan
from auditor.plan.plan_paths import is_inside, normal, shown_path
from auditor.readers.scripts.batch import BATCH, read_batch
from auditor.readers.scripts.model import Command, Script, UnreadableScript, Word
from auditor.readers.scripts.nested import with_nested
from auditor.readers.scripts.parsing import FORBIDDEN, LETTER, MAX_BARS, MAX_BYTES, MAX_SIGNS, POWERSHELL, is_too_dense
from auditor.readers.scripts.powershell import read_powershell
from auditor.readers.scripts.shell import read_shell

__all__ = ["Command", "Script", "UnreadableScript", "Word", "copy_scripts", "read_script", "read_text"]

_POWERSHELL = (".ps1", ".psm1")
_OTHER = (".py", ".rb", ".pl", ".js", ".go", ".bat", ".cmd", ".yaml", ".yml")
_SHELLS = (b"sh", b"bash", b"dash", b"ksh")


def copy_scripts(plan: Plan) -> dict[str, Script | UnreadableScript]:
    """Return every script among the files, or in the folders, that `copy.scripts` names, by its path relative to the plan."""
    wanted = [normal(name) for name in plan.copy.scripts] if plan.copy is not None else []
    found: dict[str, Script | UnreadableScript] = {}
    for path, data in plan.files.items():
        if any(is_inside(path, name) for name in wanted):
            found[path] = _read_or_error(shown_path(plan.path, path), data)
    for path, reason in plan.left_out.items():
        if any(is_inside(path, name) for name in wanted):
            place = Location(shown_path(plan.path, path))
            found[path] = UnreadableScript(f"the evidence does not contain it: {reason}", place, missing=True)
    return found


def _read_or_error(file: str, data: bytes) -> Script | UnreadableScript:
    try:
        return read_script(file, data)
    except UnreadableScript as error:
        return error
    except Exception as error:  # noqa: BLE001 - one script must not end the audit
        return UnreadableScript(unexpected("reading this script", error), Location(file))


def read_script(file: str, data: bytes) -> Script:
    """Return the commands of a script. Raises UnreadableScript for one that is too large, or in an unsupported language."""
    if len(data) > MAX_BYTES:
        raise UnreadableScript(f"the script has {len(data):,} bytes, but the limit is {MAX_BYTES:,}", Location(file))
    if is_too_dense(data):
        raise UnreadableScript(f"more than {MAX_SIGNS:,} brackets, quotes and the like, or {MAX_BARS:,} pipes", Location(file))
    data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    if LETTER.encode() in data:
        raise UnreadableScript(f"it contains the letter {LETTER}, which is not supported", Location(file))
    if file.lower().endswith(_POWERSHELL):
        if FORBIDDEN.search(data):
            raise UnreadableScript("it contains a control character, which is not supported", Location(file))
        return with_nested(read_powershell(file, data), read_text)
    if not _is_shell(file, data) or b"\0" in data:
        raise UnreadableScript("it is neither a shell script nor a PowerShell script", Location(file, 1))
    return with_nested(read_shell(file, data), read_text)


def read_text(language: str, file: str, text: str) -> Script:
    """Return the commands of a text inside a script or a pod. Raises UnreadableScript."""
    data = text.encode("utf-8", "replace")
    if len(data) > MAX_BYTES:
        raise UnreadableScript(f"the script has {len(data):,} bytes, but the limit is {MAX_BYTES:,}", Location(file))
    if language == BATCH:
        return read_batch(file, text)
    if is_too_dense(data) or LETTER in text or (language == POWERSHELL and FORBIDDEN.search(data)):
        raise UnreadableScript("text for an unsupported shell", Location(file))
    return read_powershell(file, data) if language == POWERSHELL else read_shell(file, data)


def _is_shell(file: str, data: bytes) -> bool:
    """Return whether it is a shell script: by the interpreter in the first line, else by the file name."""
    first = data.split(b"\n", 1)[0]
    if not first.startswith(b"#!"):
        return not file.lower().endswith(_OTHER)
    words = first[2:].replace(b"env -S", b"env").split()
    names = [word.rpartition(b"/")[2] for word in words if not word.startswith(b"-")]
    return any(name in _SHELLS for name in names[:2])
