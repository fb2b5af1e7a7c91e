"""Validators of report formats that other projects wrote. `.ci/run` installs them into a virtual environment of their own."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.peers.programs import require

_CYCLONEDX = """
import json, sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
text = open(sys.argv[1], encoding="utf-8").read()
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
if error is not None:
    sys.exit(f"{error.data.message} at {list(error.data.absolute_path)}"[:2000])
def below(rows):
    for row in rows:
        yield row
        yield from below(row.get("components", []))
for row in below(json.loads(text)["components"]):
    if "purl" in row and PackageURL.from_string(row["purl"]).to_string() != row["purl"]:
        sys.exit(f"not in its canonical form: {row['purl']}")
"""
_OSCAL = """
import json, sys
from trestle.oscal.assessment_results import AssessmentResults
AssessmentResults.parse_obj(json.load(open(sys.argv[1], encoding="utf-8"))["assessment-results"])
"""


def cyclonedx_faults(path: Path) -> str:
    """Why cyclonedx-python-lib's strict validator or packageurl-python rejects a BOM; empty if they accept it."""
    return _faults(_CYCLONEDX, path)


def oscal_faults(path: Path) -> str:
    """Why compliance-trestle's models of NIST's schema reject assessment results; empty if they accept them."""
    return _faults(_OSCAL, path)


def _faults(code: str, path: Path) -> str:
    python = Path(require("trestle")).parent / "python"
    done = subprocess.run([str(python), "-c", code, str(path)], capture_output=True, text=True, timeout=120, check=False)
    return done.stderr.strip() if done.returncode else ""
