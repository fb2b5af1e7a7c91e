"""GitLab's code quality report: a list of issues with locations and fingerprints, which a merge request compares.

GitLab has no state for an accepted finding. It stays in the list as info, and its description names the owner. Areas that
were not examined are in the list as info too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from auditor.check import Severity
from auditor.report import JudgedFinding, Report, ScopeRow
from reports.ascii_json import Json, plain, written_list
from reports.headline import status, unexamined
from reports.wording import Asked, FilePosition, asked, place_asked, place_of, places_of, shortened

SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.INFO: "info"}
UNDETERMINED = "major"
NOWHERE = "audit"  # GitLab requires a path, and without a plan there may be none


def render(report: Report) -> str:
    """Return every finding and undetermined outcome as an issue, in ASCII. Repeated fingerprints get a number."""
    plan = report.input_path.replace("\\", "/").removeprefix("./") or NOWHERE
    places = places_of(report)
    seen: dict[str, int] = {}
    issues: list[Json] = []
    found = [
        *((item.finding.fingerprint, _finding(item, plan)) for item in report.findings if item.severity.at_least(report.show)),
        *((one.fingerprint, _question(one, places, plan)) for one in asked(report.undetermined)),
        *((_fingerprint(row), _not_examined(row, plan)) for row in unexamined(report)),
    ]
    for fingerprint, issue in found:
        # GitLab shows only the first issue of each fingerprint.
        seen[fingerprint] = seen.get(fingerprint, 0) + 1
        number = seen[fingerprint]
        issues.append({**issue, "fingerprint": fingerprint if number == 1 else f"{fingerprint}-{number}"})
    return f"{written_list(plain(issues))}\n"


def _finding(item: JudgedFinding, plan: str) -> Json:
    finding, waived = item.finding, item.waived
    text = finding.message
    if waived is not None:
        text = f"Waived by {waived.owner} until {waived.expires.isoformat()} ({waived.reason}): {text}"
    elif item.baselined:
        text = f"Baselined: {text}"
    severity = "info" if waived is not None else SEVERITIES[item.severity]
    return _issue(finding.check, text, severity, _location(place_of(finding) or FilePosition(plan)))


def _question(one: Asked, places: Mapping[str, FilePosition], plan: str) -> Json:
    place = place_asked(one, places, plan)
    return _issue(one.first.check, f"Undetermined: {one.text}", UNDETERMINED, _location(place))


def _not_examined(row: ScopeRow, plan: str) -> Json:
    """Yield an issue for each area that was not examined, because GitLab has no field for a verdict."""
    text = f"Not examined: {row.area.label} ({status(row)}). {row.hint}"
    return _issue("scope", text, SEVERITIES[Severity.INFO], _location(FilePosition(plan)))


def _fingerprint(row: ScopeRow) -> str:
    return hashlib.sha256(f"scope\x00{row.area.value}\x00{row.status.value}".encode()).hexdigest()[:32]


def _issue(check: str, text: str, severity: str, location: Json) -> Json:
    return {"check_name": check, "description": shortened(text) or check, "severity": severity, "location": location}


def _location(place: FilePosition) -> Json:
    return {"path": place.file, "lines": {"begin": max(1, place.line)}}
