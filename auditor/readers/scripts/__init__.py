"""The scripts that copy, as the plan names them: read by a real parser and never run."""

from __future__ import annotations

from auditor.errors import Location, unexpected
from auditor.plan.model import Plan
from auditor.plan.plan_paths import is_inside, normal, shown_path
from auditor.readers.scripts.model import Command, Script, UnreadableScript, Word
from auditor.readers.scripts.nested import with_nested
from auditor.readers.scripts.parsing import FORBIDDEN, LETTER, MAX_BARS, MAX_BYTES, MAX_SIGNS, POWERSHELL, is_too_dense
from auditor.readers.scripts.powershell import read_powershell
from auditor.readers.scripts.shell import read_shell

__all__ = ["Command", "Script", "UnreadableScript", "Word", "copy_scripts", "read_script"]

_POWERSHELL = (".ps1", ".psm1")
_OTHER = (".py", ".rb", ".pl", ".js", ".go", ".bat", ".cmd", ".yaml", ".yml")
_SHELLS = (b"sh", b"bash", b"dash", b"ksh")


def copy_scripts(plan: Plan) -> dict[str, Script | UnreadableScript]:
    """Every script among the files, or in the folders, that `copy.scripts` names, by its path beside the plan."""
    wanted = [normal(name) for name in plan.copy.scripts] if plan.copy is not None else []
    found: dict[str, Script | UnreadableScript] = {}
    for path, data in plan.files.items():
        if any(is_inside(path, name) for name in wanted):
            found[path] = _read_or_error(shown_path(plan.path, path), data)
    for path, reason in plan.left_out.items():
        if any(is_inside(path, name) for name in wanted):
            place = Location(shown_path(plan.path, path))
            found[path] = UnreadableScript(f"it was not carried here: {reason}", place, missing=True)
    return found


def _read_or_error(file: str, data: bytes) -> Script | UnreadableScript:
    try:
        return read_script(file, data)
    except UnreadableScript as error:
        return error
    except Exception as error:  # noqa: BLE001 - one script must not end the audit
        return UnreadableScript(unexpected("reading this script", error), Location(file))


def read_script(file: str, data: bytes) -> Script:
    """What a script does. Raises UnreadableScript for what is too large, or in a language that is not read."""
    if len(data) > MAX_BYTES:
        raise UnreadableScript(f"a script of {len(data):,} bytes; {MAX_BYTES:,} are read", Location(file))
    if is_too_dense(data):
        raise UnreadableScript(f"more than {MAX_SIGNS:,} brackets, quotes and the like, or {MAX_BARS:,} pipes", Location(file))
    data = data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    if LETTER.encode() in data:
        raise UnreadableScript(f"it holds the letter {LETTER}, with which it is not read", Location(file))
    if file.lower().endswith(_POWERSHELL):
        if FORBIDDEN.search(data):
            raise UnreadableScript("it holds a control character, with which it is not read", Location(file))
        return with_nested(read_powershell(file, data), _read_text)
    if not _is_shell(file, data) or b"\0" in data:
        raise UnreadableScript("it is neither a shell script nor one of PowerShell", Location(file, 1))
    return with_nested(read_shell(file, data), _read_text)


def _read_text(language: str, file: str, text: str) -> Script:
    """A text in a script. Raises UnreadableScript."""
    data = text.encode("utf-8", "replace")
    if is_too_dense(data) or LETTER in text or (language == POWERSHELL and FORBIDDEN.search(data)):
        raise UnreadableScript("text for a shell that is not read", Location(file))
    return read_powershell(file, data) if language == POWERSHELL else read_shell(file, data)


def _is_shell(file: str, data: bytes) -> bool:
    """By the first line where it names an interpreter, else by the name of the file."""
    first = data.split(b"\n", 1)[0]
    if not first.startswith(b"#!"):
        return not file.lower().endswith(_OTHER)
    words = first[2:].replace(b"env -S", b"env").split()
    names = [word.rpartition(b"/")[2] for word in words if not word.startswith(b"-")]
    return any(name in _SHELLS for name in names[:2])
