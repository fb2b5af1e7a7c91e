"""The README of the fix files: the purpose of each file, what it resolves, and what remains to be fixed by hand."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Sequence

from auditor.check import Severity
from auditor.fix.errands import Stayed
from auditor.fix.fix_files import Joins, Written, remark
from auditor.fix.reported import Reported
from auditor.fix.scripts.frame import ScriptInputs
from auditor.redaction import redact
from auditor.text import clean, listed, many

README = "README.md"
MAX_DIFF = 400
_ORDER = {severity.value: -severity.rank for severity in Severity}


def readme(
    setting: ScriptInputs,
    files: Sequence[Written],
    findings: tuple[Reported, ...],
    stayed: tuple[Stayed, ...],
    notes: Sequence[str] = (),
) -> Written:
    """Return the README. `notes` are appended at the end."""
    done = {finding.fingerprint for file in files for finding in file.resolves}
    left = [finding for finding in findings if finding.fingerprint not in done]
    again = f" Audit again afterwards: `{remark(setting.again)}`." if setting.again else " Audit again afterwards."
    written = f"Written by airgap-auditor {setting.tool} as of {_text(setting.day)}. None of these files has been run."
    lines = [
        f"# Fixes for {_text(setting.plan)}",
        "",
        f"{written} Review each file before you use it.{again}",
        "",
        *_left(left),
        *_stayed(stayed),
        *_files(files),
        *_order(files),
        *_resolved(files),
        *_in_plan(files),
        *_changes(files),
    ]
    return Written(README, "\n".join([*lines, *notes, ""]), "this page")


def _files(files: Sequence[Written]) -> Iterator[str]:
    yield "## Files"
    yield ""
    if not files:
        yield "None. No file can resolve a finding."
    yield from (f"- `{file.path}`: {_text(file.what)}.{_credentials(file)}" for file in files)
    yield ""


def _credentials(file: Written) -> str:
    if not file.is_secret:
        return ""
    return " It contains the credentials of the file that it replaces, so only its owner can read it."


def _order(files: Sequence[Written]) -> Iterator[str]:
    if any(file.path.startswith("copy/copy-") for file in files):
        yield "Use one of the copy scripts. Log in to the registries and install their CAs on the copy machine first."
        yield "If a script stops, run it again: it continues where it stopped. Set `WORK` to the folder for downloads."
        yield ""


def _resolved(files: Sequence[Written]) -> Iterator[str]:
    by: dict[str, tuple[Reported, list[str]]] = {}
    for file in files:
        for finding in file.resolves:
            by.setdefault(finding.fingerprint, (finding, []))[1].append(f"`{file.path}`")
    if by:
        yield "## Findings and the files that resolve them"
        yield ""
        for finding, paths in sorted(by.values(), key=lambda pair: _rank(pair[0])):
            yield f"- {_named(finding)}: {' or '.join(dict.fromkeys(paths))}"
        yield ""


def _rank(finding: Reported) -> int:
    return _ORDER.get(finding.severity, 1)


def _named(finding: Reported) -> str:
    where = f" ({_text(finding.place)})" if finding.place else ""
    return f"**{_text(finding.check)}**, {_text(finding.severity)}: {_text(finding.subject)}{where}"


def _left(left: list[Reported]) -> Iterator[str]:
    """Yield the findings to fix by hand: errors and warnings one by one, the rest counted."""
    yield "## To fix by hand"
    yield ""
    if not left:
        yield "Nothing."
    for finding in sorted(left, key=_rank):
        if finding.severity != Severity.INFO:
            yield f"- {_named(finding)}"
            yield from (f"  - {_text(advice)}" for advice in finding.advice)
    infos = Counter(finding.check for finding in left if finding.severity == Severity.INFO)
    if infos:
        named = ", ".join(f"{_text(check)} ({count})" for check, count in sorted(infos.items()))
        yield f"- Information only, no effect offline: {named}."
    yield ""


def _in_plan(files: Sequence[Written]) -> Iterator[str]:
    """Yield where the next audit reads each file."""
    lists = [file for file in files if file.joins is Joins.LIST]
    configs = [file for file in files if file.place and file.joins is not Joins.LIST]
    if not (lists or configs):
        return
    yield "## Before the next audit"
    yield ""
    for file in configs:
        yield f"- Copy `{file.path}` to `{_text(file.place)}` next to the plan. {_part_of(file)}"
    if lists:
        yield "- Copy `lists` next to the plan. Add one set of lists under `images`, by tag or pinned:"
        yield ""
        yield "~~~yaml"
        for ending in (False, True):
            rows = [file for file in lists if file.path.endswith("-pinned.txt") is ending]
            yield from (f"# {'pinned' if ending else 'by tag'}",) if rows else ()
            yield from (f"- {{list: {file.place}, pools: [{', '.join(map(remark, file.pools))}]}}" for file in rows)
        yield "~~~"
    yield ""


def _part_of(file: Written) -> str:
    pools = listed([_text(pool) for pool in file.pools])
    match file.joins:
        case Joins.CONFIG | Joins.TRUST:
            return f"`{file.joins}` of pool {pools} must name the file or its folder."
        case Joins.COPY:
            return "`copy.config` must name the file."
        case _:
            return "`registry.config` must name the file."


def _changes(files: Sequence[Written]) -> Iterator[str]:
    changed = [file for file in files if file.before is not None]
    if not changed:
        return
    yield "## Changes to existing files"
    yield ""
    for file in changed:
        yield f"`{file.path}`:"
        yield ""
        yield "~~~diff"
        lines = list(_diff(file))
        yield from lines[:MAX_DIFF]
        if len(lines) > MAX_DIFF:
            yield f"… and {many(len(lines) - MAX_DIFF, 'more line')}"
        yield "~~~"
        yield ""


def _diff(file: Written) -> Iterator[str]:
    """Yield the changed lines without secrets. For a file with credentials, no context lines are shown."""
    before = redact((file.before or b"").decode("utf-8", "replace")).splitlines()
    context = 0 if file.is_secret else 3
    lines = difflib.unified_diff(before, redact(file.text).splitlines(), "before", "after", n=context, lineterm="")
    for line in lines:
        yield clean(line)


def _stayed(stayed: tuple[Stayed, ...]) -> Iterator[str]:
    if stayed:
        yield "## Images that no script copies"
        yield ""
        yield from (f"- {_text(one.reference)}: {_text(one.why)}" for one in stayed)
        yield ""


def _text(text: object) -> str:
    """Return text of the plan or the evidence with its Markdown escaped."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|&!" else char for char in remark(text))
