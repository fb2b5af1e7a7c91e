"""The page that comes with the files: what each is for, what it mends, and what is left for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.check import Finding, Remedy
from auditor.fix.errands import Stayed
from auditor.fix.scripts.frame import Setting
from auditor.fix.written import Written, remark

NAME = "README.md"
_SHOWN = 20


def readme(
    setting: Setting, files: Sequence[Written], findings: tuple[Finding, ...], stayed: tuple[Stayed, ...], *, has_registry: bool
) -> Written:
    """The page."""
    done = {finding.fingerprint for file in files for finding in file.mends}
    left = [finding for finding in findings if finding.fingerprint not in done]
    again = "Read each file before you use it, and audit again after: `auditor audit PLAN --via source --via target`."
    lines = [
        f"# What mends {_text(setting.plan)}",
        "",
        f"Written by airgap-auditor {setting.tool} as of {setting.day}. Nothing was run. {again}",
        "",
        *_files(files),
        *_order(files),
        *_left(left),
        *_stayed(stayed, has_registry=has_registry),
    ]
    return Written(NAME, "\n".join([*lines, ""]), "this page")


def _files(files: Sequence[Written]) -> Iterator[str]:
    yield "## Files"
    yield ""
    if not files:
        yield "None: nothing that was found can be mended by a file."
    for file in files:
        yield f"- `{file.path}`: {_text(file.what)}."
        for finding in file.mends[:_SHOWN]:
            yield f"  - mends {finding.check}: {_text(finding.subject)} (`{finding.fingerprint}`)"
        if len(file.mends) > _SHOWN:
            yield f"  - and {len(file.mends) - _SHOWN} more, which the file names"
    yield ""


def _order(files: Sequence[Written]) -> Iterator[str]:
    if any(file.path.startswith("copy/copy-") for file in files):
        yield "Of the copy scripts, one is enough. They log in to no registry, and trust what the machine trusts: see to both."
        yield "A script that stopped goes on from there when it is run once more. `WORK` names the folder for what it fetches."
        yield ""


def _left(left: list[Finding]) -> Iterator[str]:
    yield "## Left for you"
    yield ""
    if not left:
        yield "Nothing."
    for finding in left:
        where = f" ({_text(finding.location)})" if finding.location is not None else ""
        yield f"- **{finding.check}**, {finding.severity}: {_text(finding.subject)}{where} (`{finding.fingerprint}`)"
        yield from (f"  - {_text(remedy.text)}{_commands(remedy)}" for remedy in finding.remedies)
    yield ""


def _commands(remedy: Remedy) -> str:
    return " The report has the commands." if remedy.commands else ""


def _stayed(stayed: tuple[Stayed, ...], *, has_registry: bool) -> Iterator[str]:
    if not has_registry:
        yield "The plan names no registry inside (`registry.host`), so that there is no place to copy to and no copy script."
        yield ""
    if stayed:
        yield "## Images that no script carries"
        yield ""
        yield from (f"- {_text(one.reference)}: {_text(one.why)}" for one in stayed)
        yield ""


def _text(text: object) -> str:
    """Text of the plan or the evidence, so that nothing in it is markup."""
    said = remark(text)
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|&!" else char for char in said)
