"""`auditor sign` and `auditor verify` as a user runs them: output, exit codes, passphrases."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.runner import ROOT, auditor, environment
from tests.custody.signed import unsigned, write_key

SIGN = ("sign", "report.json", "--key", "key.pem", "--evidence", "site.evidence", "--transfer", "usb")
VERIFY = ("verify", "report.intoto.json", "--key", "key.pub")


def test_sign_and_verify(tmp_path: Path) -> None:
    case = unsigned(tmp_path)
    done = auditor(*SIGN, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "transfer: 4 files, 25 B" in done.stdout
    done = auditor(*VERIFY, cwd=tmp_path)
    assert done.returncode == 0
    assert "statement: plan plant-7 is NOT READY with 2 errors, 1 warning, audited on 2026-11-23" in done.stdout
    assert done.stdout.endswith("VERIFIED: everything that was checked is as it was signed.\n")
    (case.medium / "run.sh").write_text("changed 12")
    (case.medium / "images/b.tar").write_text("x")
    (case.medium / "more").touch()
    done = auditor(*VERIFY, cwd=tmp_path)
    assert done.returncode == 1
    assert "transfer: 4 files, 25 B read: 2 changed, 1 additional\n" in done.stdout
    assert "  changed       usb/images/b.tar: it has 1 bytes, expected 0\n" in done.stdout
    assert "  changed       usb/run.sh: SHA-256 is " in done.stdout
    assert "  additional    usb/more\n" in done.stdout
    assert done.stdout.endswith("NOT VERIFIED\n")
    assert auditor(*VERIFY, "--skip", "transfer", cwd=tmp_path).returncode == 0
    found = json.loads(auditor(*VERIFY, "--format", "json", cwd=tmp_path).stdout)
    assert found["result"] == "not-verified"
    assert [one["name"] for one in found["files"]["transfer"]["differences"]] == ["usb/images/b.tar", "usb/more", "usb/run.sh"]


def test_passphrase_comes_from_the_environment_and_is_not_printed(tmp_path: Path) -> None:
    unsigned(tmp_path)
    write_key(tmp_path, passphrase=b"correct horse")
    secret = {"AUDITOR_KEY_PASSPHRASE": "correct horse"}
    assert auditor(*SIGN, cwd=tmp_path, extra=secret).returncode == 0
    assert auditor(*VERIFY, cwd=tmp_path).returncode == 0
    done = auditor(*SIGN, cwd=tmp_path, extra={"AUDITOR_KEY_PASSPHRASE": "wrong horse"})
    assert (done.returncode, "wrong horse" in done.stderr) == (2, False)
    assert "key.pem: it cannot be decrypted: the passphrase is wrong, or the file is damaged" in done.stderr
    done = subprocess.run(
        [sys.executable, "-m", "auditor", *SIGN],
        cwd=tmp_path, env=environment(tmp_path), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Set the variable AUDITOR_KEY_PASSPHRASE." in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sign", "report.json"), "--key is missing"),
        (("sign", "site.evidence", "--key", "key.pem"), "it is not a JSON report of version 1"),
        (("sign", "none.json", "--key", "key.pem"), "none.json: there is no such file"),
        (("sign", "report.json", "--key", "key.pub"), "it holds a public key"),
        (("sign", "report.json", "--key", "key.pem", "-o", "report.json"), "it is an input of this command"),
        (("sign", "report.json", "--key", "key.pem", "--transfer", "none"), "none: there is no such file"),
        (("verify", "report.intoto.json"), "--key is missing"),
        (("verify", "usb"), "usb: it has no custody list SHA256SUMS"),
        (("verify", "usb", "--list", "none"), "none: there is no such file"),
        (("verify", "usb", "--list", "report.json"), "report.json:1: it is not a line of sha256sum"),
        (("verify", "usb", "--report", "report.json"), "--report: it cannot be used with a folder"),
        (("verify", "usb", "--list", "report.json", "--key", "key.pub"), "--statement is missing"),
        (("verify", "report.intoto.json", "--fresh", "--key", "key.pub"), "--fresh: it cannot be used with a statement"),
        (("manifest", "none"), "none: there is no such folder"),
        (("manifest", "report.json"), "report.json: it is not a folder"),
        (("manifest", "usb", "-o", "none"), "none: there is no such folder"),
        (("verify", "report.json", "--key", "key.pub"), "it is not a signed statement"),
        (("verify", "none", "--key", "key.pub"), "none: there is no such file"),
        (("verify", "report.intoto.json", "--key", "key.pem"), "it is a private key"),
        (("verify", "report.intoto.json", "--key", "key.pub", "--report", "none"), "none: there is no such file"),
        (("verify", "report.intoto.json", "--key", "key.pub", "--transfer", "charts"), "--transfer charts: there is no such"),
    ],
)
def test_unusable_arguments_end_in_exit_code_2_with_a_hint(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    unsigned(tmp_path).sign()
    done = auditor(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 2
    assert "Traceback" not in done.stderr


def test_manifest_and_verify_with_a_signed_list(tmp_path: Path) -> None:
    unsigned(tmp_path)
    done = auditor("manifest", "usb", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "usb/SHA256SUMS: 4 files, 25 B, 0 images\nusb/custody.json\n")
    done = auditor("verify", "usb", cwd=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "VERIFIED: the medium has exactly the files of the list.")
    sign = ("sign", "report.json", "--key", "key.pem", "--transfer", "usb/SHA256SUMS", "-o", "usb/site.intoto.json")
    assert auditor(*sign, cwd=tmp_path).returncode == 0
    whole = ("verify", "usb", "--key", "key.pub", "--statement", "usb/site.intoto.json")
    done = auditor(*whole, cwd=tmp_path)
    assert (done.returncode, "list: usb/SHA256SUMS, signed. Key: ECDSA P-256, SHA256:" in done.stdout) == (0, True)
    done = auditor("verify", "usb", cwd=tmp_path)
    assert (done.returncode, "  additional    site.intoto.json" in done.stdout) == (1, True)
    (tmp_path / "usb/run.sh").write_text("changed")
    assert auditor("manifest", "usb", "--replace", cwd=tmp_path).returncode == 0
    done = auditor(*whole, cwd=tmp_path)
    assert (done.returncode, "but it does not name usb/SHA256SUMS with its present content" in done.stdout) == (1, True)
    found = json.loads(auditor(*whole, "--format", "json", cwd=tmp_path).stdout)
    assert (found["result"], found["list"]["signature"]["valid"]) == ("not-verified", False)


def test_killed_check_continues(tmp_path: Path) -> None:
    """The run is killed while one thread reads the largest file, which is read first."""
    folder = tmp_path / "usb"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number}").write_bytes(bytes([number]) * 1000)
    with (folder / "large").open("wb") as file:
        file.truncate(40_000_000_000)  # sparse: reading it takes many seconds
    names = [*map(str, range(40)), "large"]
    digests = [hashlib.sha256(bytes([number]) * 1000).hexdigest() for number in range(40)]
    (folder / "SHA256SUMS").write_text(
        "".join(f"{digest}  {name}\n" for digest, name in zip([*digests, "0" * 64], names, strict=True))
    )
    journal = tmp_path / "cache" / "airgap-auditor"
    for stop, code in ((signal.SIGTERM, 128 + signal.SIGTERM), (signal.SIGKILL, -signal.SIGKILL)):
        shutil.rmtree(journal, ignore_errors=True)
        run = subprocess.Popen(
            [sys.executable, "-m", "auditor", "verify", "usb"], cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.PIPE
        )
        for _ in range(600):
            time.sleep(0.05)
            if any(path.read_bytes().count(b"\n") >= 40 for path in journal.glob("*.custody")):
                break
        run.send_signal(stop)
        said = run.communicate(timeout=60)[1].decode()
        assert run.returncode == code
        assert stop == signal.SIGKILL or "Run the command again within 24 hours to continue." in said
    (folder / "large").unlink()
    done = auditor("verify", "usb", cwd=tmp_path)
    assert done.returncode == 1
    assert "medium: 41 files, 0 B read, 40 files not read again after an earlier run: 1 missing" in done.stdout


def test_documented_predicate_lists_each_field() -> None:
    from auditor.custody.statement import about_report

    page = (ROOT / "docs" / "signing.md").read_text("utf-8")
    assert [key for key in about_report({}) if f"`{key}`" not in page] == []
