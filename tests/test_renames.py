"""A renamed check id or enum value changes only itself in a report: no code depends on the old text."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from auditor.policy import POLICY_RULES
from checks import CATALOGUE

ROOT = Path(__file__).parent.parent
IDS = tuple(rule.id for rule in (*CATALOGUE, *POLICY_RULES))
FORMATS = ("text", "markdown", "lines", "json", "html", "junit", "egress", "csv")
# The file of an enum, and values of it that the reports below show.
VALUES = {
    "auditor/report/rows.py": ("blocked", "fallback"),
    "auditor/report/model.py": ("not-applicable", "not-declared", "not-ready"),
    "auditor/site/trust/prospect.py": ("fails", "undetermined"),
    "auditor/site/trust/picture.py": ("missing", "not on the node"),
    "auditor/site/images.py": ("build-mismatch",),
    "auditor/evidence/kinds.py": ("missing-evidence",),
    "auditor/outcomes.py": ("symptom", "copy-image", "add-to-list", "mirror-config", "trust-root", "docker-key"),
}
SCRIPT = """
import datetime, pathlib, runpy, sys, yaml
import reports
from auditor.engine import evaluate
from auditor.policy import Policy, judge
from checks import CATALOGUE
from auditor.testing import site_of
from auditor.testing.example_values import day
out, formats = pathlib.Path(sys.argv[1]), sys.argv[2].split(",")
for path in sorted(pathlib.Path("checks/examples").glob("[c-m]*.yaml")):
    for number, form in enumerate(yaml.safe_load(path.read_text())[:3]):
        if "certificates" not in form:  # their keys are new in each run
            today = day(form.get("today", datetime.date(2026, 11, 23)))
            report = judge(evaluate(site_of(form), CATALOGUE, today), Policy(), today)
            for name in formats:
                (out / f"{path.stem}-{number}.{name}").write_text(reports.render(report, name))
"""


def renamed(text: str) -> str:
    """Another text of the same length, so that no table and no line break differs."""
    return f"{text[:-1]}9"


def run(folder: Path, *command: str) -> None:
    done = subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, timeout=300, check=False, env={"PATH": ""}
    )
    assert done.returncode in {0, 1, 3}, done.stderr[-2000:]
    assert "Traceback" not in done.stderr, done.stderr[-2000:]


def written(folder: Path) -> Mapping[str, str]:
    """The reports of the example and of examples of checks, and the files of `auditor fix`, by their names."""
    out = folder / "out"
    out.mkdir()
    given = ("plan.yaml", "--evidence", "plant-7.evidence", "--at", "2026-11-23")
    formats = [word for name in FORMATS for word in ("--format", f"{name}={out}/example.{name}")]
    # Run in the copy, so that Python imports the copy: -m puts the current folder first.
    example = folder / "examples/plant-7"
    start = "import sys; sys.path.insert(0, sys.argv.pop(1)); from auditor.__main__ import main; main()"
    run(example, "-c", start, str(folder), "audit", *given, *formats)
    run(example, "-c", start, str(folder), "fix", *given, "-o", str(out / "fix"))
    run(folder, "-c", f"import sys; sys.path.insert(0, '.')\n{SCRIPT}", str(out), ",".join(FORMATS))
    return {path.relative_to(out).as_posix(): path.read_text(encoding="utf-8") for path in files_in(out)}


def files_in(folder: Path) -> Iterator[Path]:
    yield from sorted(path for path in folder.rglob("*") if path.is_file())


def copied(folder: Path) -> Path:
    """The code and the example in a folder of their own."""
    for name in ("auditor", "checks", "reports", "tests", "examples"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "golden", "peers"))
    return folder


def normal(text: str) -> str:
    """Without digests, fingerprints and folder names, which change with what is hashed."""
    text = re.sub(r"/\S*/(changed|plain)\b", "", text)
    return re.sub(r"(?<![0-9A-Za-z])[0-9a-f]{12,64}(?![0-9A-Za-z])|sha256-[\w+/=]{43,}", "<hash>", text)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    return written(copied(tmp_path_factory.mktemp("plain") / "plain"))


def differences(plain: Mapping[str, str], changed: Mapping[str, str], names: Mapping[str, str]) -> dict[str, list[str]]:
    """The lines that differ by more than the names that were changed, by file."""
    assert plain.keys() == changed.keys()
    pattern = re.compile("|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)))
    found: dict[str, list[str]] = {}
    for path, text in plain.items():
        back = pattern.sub(lambda match: names[match[0]], changed[path])
        lines = zip(normal(text).splitlines(), normal(back).splitlines(), strict=True)
        if different := [f"{one}\n{other}" for one, other in lines if one != other]:
            found[path] = different[:3]
    return found


def test_renamed_check_id_changes_only_the_name(plain: Mapping[str, str], tmp_path: Path) -> None:
    folder = copied(tmp_path / "changed")
    names = {renamed(one): one for one in IDS}
    assert len(names) == len(IDS)
    checks = [path for path in (folder / "checks").rglob("*") if path.suffix in {".py", ".json"}]  # catalogue.json is generated
    for path in (*checks, folder / "auditor/policy/rules.py"):
        text = path.read_text(encoding="utf-8")
        # Without an id of its own, a check has the name of its module, which stays.
        text = re.sub(r"CHECK = define\(\s*run,", f'CHECK = define(run, id="{path.stem.replace("_", "-")}",', text)
        for new, old in names.items():
            text = text.replace(f'"{old}"', f'"{new}"')
        path.write_text(text, encoding="utf-8")
    plan = folder / "examples/plant-7/plan.yaml"
    text, waived = plan.read_text(encoding="utf-8"), "certificate-expiring"
    plan.write_text(text.replace(f"check: {waived}", f"check: {renamed(waived)}"), encoding="utf-8")
    changed = written(folder)
    assert renamed("image-not-listed") in changed["example.json"]
    assert differences(plain, changed, names) == {}


def test_renamed_enum_value_changes_only_the_name(plain: Mapping[str, str], tmp_path: Path) -> None:
    folder = copied(tmp_path / "changed")
    names = {}
    for file, values in VALUES.items():
        path = folder / file
        text = path.read_text(encoding="utf-8")
        for value in values:
            text, count = re.subn(rf'(?m)^(    [A-Z_]+ = )"{value}"', rf'\1"{renamed(value)}"', text)
            assert count == 1, value
            names[renamed(value)] = value
        path.write_text(text, encoding="utf-8")
    changed = written(folder)
    assert renamed("mirror-config") in changed["example.json"]
    assert differences(plain, changed, names) == {}
