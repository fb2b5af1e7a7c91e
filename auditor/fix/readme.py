"""The page that comes with the files: what each is for, what it mends, and what is left for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.fix.errands import Stayed
from auditor.fix.reported import Reported
from auditor.fix.scripts.frame import Setting
from auditor.fix.written import Written, remark

NAME = "README.md"


def readme(
    setting: Setting,
    files: Sequence[Written],
    findings: tuple[Reported, ...],
    stayed: tuple[Stayed, ...],
    notes: Sequence[str] = (),
) -> Written:
    """The page. `notes` are said at its end."""
    done = {finding.fingerprint for file in files for finding in file.mends}
    left = [finding for finding in findings if finding.fingerprint not in done]
    again = "Read each file before you use it, and audit again after: `auditor audit PLAN --via source --via target`."
    lines = [
        f"# What mends {_text(setting.plan)}",
        "",
        f"Written by airgap-auditor {setting.tool} as of {_text(setting.day)}. Nothing was run. {again}",
        "",
        *_files(files),
        *_order(files),
        *_mended(files),
        *_left(left),
        *_stayed(stayed),
    ]
    return Written(NAME, "\n".join([*lines, *notes, ""]), "this page")


def _files(files: Sequence[Written]) -> Iterator[str]:
    yield "## Files"
    yield ""
    if not files:
        yield "None: nothing that was found can be mended by a file."
    yield from (f"- `{file.path}`: {_text(file.what)}." for file in files)
    yield ""


def _order(files: Sequence[Written]) -> Iterator[str]:
    if any(file.path.startswith("copy/copy-") for file in files):
        yield "Of the copy scripts, one is enough. They log in to no registry, and trust what the machine trusts: see to both."
        yield "A script that stopped goes on from there when it is run once more. `WORK` names the folder for what it fetches."
        yield ""


def _mended(files: Sequence[Written]) -> Iterator[str]:
    by: dict[str, tuple[Reported, list[str]]] = {}
    for file in files:
        for finding in file.mends:
            by.setdefault(finding.fingerprint, (finding, []))[1].append(f"`{file.path}`")
    if by:
        yield "## Findings and what mends them"
        yield ""
        for finding, paths in by.values():
            yield f"- {_named(finding)}: {' or '.join(dict.fromkeys(paths))}"
        yield ""


def _named(finding: Reported) -> str:
    where = f" ({_text(finding.place)})" if finding.place else ""
    return (
        f"**{_text(finding.check)}**, {_text(finding.severity)}: {_text(finding.subject)}{where}, {_text(finding.fingerprint)}"
    )


def _left(left: list[Reported]) -> Iterator[str]:
    yield "## Left for you"
    yield ""
    if not left:
        yield "Nothing."
    for finding in left:
        yield f"- {_named(finding)}"
        yield from (f"  - {_text(advice)}" for advice in finding.advice)
    yield ""


def _stayed(stayed: tuple[Stayed, ...]) -> Iterator[str]:
    if stayed:
        yield "## Images that no script carries"
        yield ""
        yield from (f"- {_text(one.reference)}: {_text(one.why)}" for one in stayed)
        yield ""


def _text(text: object) -> str:
    """Text of the plan or the evidence, so that nothing in it is markup."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|&!" else char for char in remark(text))
