"""Every message as the user sees it: location, fault and hint, in one form.

The cases provoke what people do by accident. The rules hold for each: exit code 2, `auditor: ` once, no traceback, no Python
in the words, the file named, and a hint that is a sentence.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.runner import EXAMPLE, auditor, environment
from tests.peers.programs import require

PLAN = "version: 1\npools: {one: {platform: linux/amd64}}\n"
EVIDENCE = (EXAMPLE / "plant-7.evidence").read_bytes()
FILES: dict[str, bytes] = {
    "plan.yaml": PLAN.encode(),
    "images.txt": b"registry.k8s.io/pause:3.9\n",
    "other.json": b'{"a": 1}',
    "tab.yaml": b"version: 1\npools:\n\tone: x\n",
    "cut.yaml": b"version: 1\nimages: [",
    "empty.yaml": b"",
    "scalar.yaml": b"hello\n",
    "latin.yaml": b"version: 1\nname: \xe9t\xe9\n",
    "utf16.yaml": PLAN.encode("utf-16"),
    "key.yaml": f"{PLAN}imagse: []\n".encode(),
    "twice.yaml": f"version: 1\n{PLAN}".encode(),
    "tag.yaml": f"{PLAN}name: !!python/object:os.system x\n".encode(),
    "types.yaml": f"{PLAN}horizon: soon\n".encode(),
    "bare.yaml": f"{PLAN}copy: {{window: 4}}\n".encode(),
    "blank.yaml": f"{PLAN}registry: {{host: ''}}\n".encode(),
    "lost.yaml": f"{PLAN}images: [{{list: lists/none.txt}}]\n".encode(),
    "hollow.yaml": f"{PLAN}images: [{{list: folder}}]\n".encode(),
    "check.yaml": f"{PLAN}severity: {{image-absnt: info}}\n".encode(),
    "waivers.yaml": f"{PLAN}waivers: other.json\n".encode(),
    "large.yaml": b"#" * (4 * 1024 * 1024 + 1),
    "cut.evidence": EVIDENCE[: len(EVIDENCE) // 2],
    "newer.evidence": EVIDENCE[:60] + (999).to_bytes(4, "big") + EVIDENCE[64:],
    "chain.pem": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
}


@dataclass(frozen=True)
class Case:
    """What is typed, and what must be read: the first line after `auditor: `, and the hint, each from its beginning."""

    typed: str
    said: str
    hint: str = ""


CASES = (
    # The command line itself.
    Case("audti", "no such command 'audti'. Did you mean 'audit'?", "See `auditor --help`."),
    Case("audit", "PLAN|LIST[=PLATFORM]…|EVIDENCE is missing", "See `auditor audit --help`."),
    Case("audit plan.yaml --nosuch", "no such option: --nosuch", "See"),
    Case("audit plan.yaml --fail-on fatal", "--fail-on: 'fatal' is not one of 'error', 'warning', 'info'", "See"),
    Case("audit plan.yaml --jobs many", "--jobs: it must be a valid integer", "See"),
    Case("audit plan.yaml --jobs 0", "--jobs: it must be greater than or equal to 1", "See"),
    Case("audit plan.yaml --at tomorrow", "--at tomorrow: this is no date", "Write it as 2027-03-01."),
    Case("audit plan.yaml --format jsn", "--format jsn: there is no such format", "Did you mean json?"),
    Case("audit plan.yaml --format pdf", "--format pdf: there is no such format", "Write one of text, "),
    Case("audit plan.yaml --format html=", "--format html=: no file is named", "Name one, or"),
    Case("audit plan.yaml --format html=no/x", "no/x: cannot write: its folder does not exist", "Create the folder,"),
    Case("audit plan.yaml --format html=folder", "folder: cannot write: it is a folder", "Name a file in it."),
    Case("audit plan.yaml --format json --format html", "--format: only one report can go to stdout", "Give the others"),
    Case("audit plan.yaml --format json=plan.yaml", "--format json=plan.yaml: that is an input", "Name another file."),
    Case("audit plan.yaml --only image-absnt", "there is no check 'image-absnt'", "Did you mean image-absent?"),
    Case("audit plan.yaml --only nonsense", "there is no check 'nonsense'", "`auditor checks` lists the ids."),
    Case("audit plan.yaml --platform linux/amd64", "--platform is for image lists: plan.yaml", "Leave the platform out."),
    Case("audit images.txt --platform linux", "--platform: 'linux' is not a platform", "Name a platform"),
    Case("-q -v checks", "--quiet and --verbose are given together", "Leave one"),
    Case("explain image-absnt", "there is no check 'image-absnt'", "Did you mean image-absent?"),
    Case("schema plann", "plan|report: 'plann' is not one of 'plan', 'report'", "See"),
    Case("init plan.yaml", "plan.yaml exists already", "Name another file"),
    Case("init no/plan.yaml", "no/plan.yaml: cannot write: its folder does not exist", "Create the folder,"),
    # What is named is not there, or is something else.
    Case("audit nope.yaml", "nope.yaml: there is no such file", "Name a plan,"),
    Case("audit folder", "folder: it is a folder", "Name a plan,"),
    Case("audit images.txt", "images.txt: it is neither a plan nor evidence", "For image lists, name a platform"),
    Case("audit plan.yaml images.txt", "images.txt: it is neither a plan nor evidence", "For image lists"),
    Case("images nope", "nope: there is no such file", "Name an image list,"),
    Case("images folder", "folder: the folder is empty"),
    Case("inspect folder", "folder is a folder without archives of images", "Name an archive"),
    Case("inspect NOT/A/REF", "'NOT/A/REF' is no image reference, and no file or folder", "Name an image,"),
    Case("chain nope.pem", "nope.pem: there is no such file", "Name files of certificates"),
    Case("chain folder", "folder: it is a folder, not a file with a chain", "Name the file."),
    Case("chain localhost:99999", "99999 is not a port", "Name an endpoint"),
    Case("chain localhost:1 --trust nope.pem", "nope.pem: there is no such file", "Name files of certificates"),
    Case("fix plan.yaml -o plan.yaml", "plan.yaml: cannot write: it is a file", "Name a new folder."),
    Case("fix plan.yaml -o .", ".: the folder is not empty", "Name a new one"),
    Case("diff nope.json other.json", "nope.json: there is no such file", "Reports are written by"),
    Case("diff other.json other.json", "other.json: it is not a JSON report of version 1", "Reports are written by"),
    Case("audit plan.yaml --baseline other.json", "other.json: it is not a JSON report of version 1", "Reports are"),
    Case("collect plan.yaml -o folder", "folder: it is a folder", "Evidence is the file that"),
    Case("collect plan.yaml -o no/x", "no/x: cannot write: its folder does not exist", "Create the folder,"),
    Case("collect plan.yaml -o images.txt", "images.txt: it is not an evidence file", "Evidence is the file that"),
    # Plans.
    Case("audit tab.yaml", "tab.yaml:3:1: not YAML: found character that cannot start any token (indent with spaces"),
    Case("audit cut.yaml", "cut.yaml:3:1: not YAML: "),
    Case("audit empty.yaml", "empty.yaml: the file is empty (`auditor init` writes a starter plan)"),
    Case("audit scalar.yaml", "scalar.yaml:1:1: the plan: expected a mapping"),
    Case("audit latin.yaml", "latin.yaml:2: not UTF-8 text (save it as UTF-8)"),
    Case("audit utf16.yaml", "utf16.yaml:1: not UTF-8 text (it is UTF-16: save it as UTF-8)"),
    Case("audit key.yaml", "key.yaml:3:1: unknown key 'imagse' (did you mean images?)"),
    Case("audit twice.yaml", "twice.yaml:2:1: the key 'version' occurs twice (the first is at line 1)"),
    Case("audit tag.yaml", "tag.yaml:3:7: the tag '!!python/object:os.system' is not allowed in a plan (remove it)"),
    Case("audit types.yaml", "types.yaml:3:1: 'soon' is not a date: write it as 2027-06-30"),
    Case("audit bare.yaml", "bare.yaml:3:8: '4' is not a duration: write 4h, 90m or 1h30m"),
    Case("audit blank.yaml", "blank.yaml:3:12: host: it is empty"),
    Case("audit lost.yaml", "lost.yaml:3:11: lists/none.txt: there is no such file"),
    Case("audit hollow.yaml", "hollow.yaml:3:11: folder: the folder is empty"),
    Case("audit check.yaml", "check.yaml:3:12: there is no check 'image-absnt' (Did you mean image-absent?)"),
    Case("audit waivers.yaml", "other.json:1:1: expected a list of waivers"),
    Case("audit large.yaml", "large.yaml: it is larger than 4,194,304 bytes (is it the right file?)"),
    # Evidence.
    Case("audit cut.evidence", "cut.evidence: database disk image is malformed", "The file is damaged. Copy it again"),
    Case("audit newer.evidence", "newer.evidence: a newer auditor wrote it", "Update this auditor."),
    Case("audit plan.yaml --evidence nope", "nope: there is no such file", "Evidence is the file that"),
    Case("audit plan.yaml --evidence images.txt", "images.txt: it is not an evidence file", "Evidence is the file that"),
)
# What no reader should meet: Python, its libraries, SQLite's and our own insides.
JARGON = re.compile(
    r"Traceback|Errno|Error\b|object at 0x|\bNone\b|<class|Value error|Input should|ParseError|command-line\.yaml|/tmp/"
)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of things that are not what they should be."""
    folder = tmp_path_factory.mktemp("broken")
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    (folder / "folder").mkdir()
    return folder


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.typed.replace("/", "|"))
def test_message_has_location_fault_and_hint(broken: Path, case: Case) -> None:
    done = auditor(*case.typed.split(), cwd=broken)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    first, *rest = done.stderr.rstrip("\n").split("\n")
    assert first.startswith(f"auditor: {case.said}")
    assert done.stderr.count("auditor: ") == 1
    assert not JARGON.search(done.stderr)
    hints = [line for line in rest if line.startswith("  ")]
    if case.hint:
        assert hints[0].startswith(f"  {case.hint}")
    for line in (first, *(line for line in rest if line not in hints)):
        assert not line.endswith((".", ":", " ")), line
    for hint in hints:
        assert re.fullmatch(r"  [A-Z`].*[.?]", hint), hint


@pytest.mark.parametrize(
    "command", ["checks", "explain image-absent", "schema plan", "init -", "images images.txt", "--version"]
)
def test_full_disk_is_an_error_message_for_every_output(broken: Path, command: str) -> None:
    line = f"{sys.executable} -m auditor {command} > /dev/full"
    ran = ["bash", "-c", line]
    done = subprocess.run(ran, cwd=broken, env=environment(broken), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("auditor: stdout: cannot write: no space left on device\n  Check")


@pytest.mark.parametrize("command", ["checks", "explain image-absent", "schema report"])
def test_closed_pipe_of_the_reader_changes_no_exit_code(broken: Path, command: str) -> None:
    line = f"set -o pipefail; {sys.executable} -m auditor {command} | true"
    ran = ["bash", "-c", line]
    done = subprocess.run(ran, cwd=broken, env=environment(broken), capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.peer
def test_error_of_helm_is_quoted_for_a_chart_that_helm_rejects(tmp_path: Path) -> None:
    require("helm")
    (tmp_path / "chart" / "templates").mkdir(parents=True)
    (tmp_path / "chart" / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 0.1.0\n")
    (tmp_path / "chart" / "templates" / "a.yaml").write_text("a: {{ .Values.x.y.z }}\n")
    done = auditor("images", "chart", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr.startswith("the images of the chart chart are unknown: helm reports: template: c/templates/a.yaml:1:")
    assert "name what it writes as `manifests`: helm template chart chart" in done.stderr
    assert not JARGON.search(done.stderr)
    assert "--debug" not in done.stderr
