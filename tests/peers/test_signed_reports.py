"""cosign and openssl verify what `auditor sign` wrote, and reject what was changed."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from auditor.custody.envelope import from_json
from tests.cli.runner import ROOT
from tests.custody.signed import Case, payload_of, sign_payload, unsigned, write_key
from tests.peers.programs import require

pytestmark = pytest.mark.peer
TYPE = "urn:airgap-auditor:audit:v1"


def case_with(kind: str, folder: Path) -> Case:
    case = unsigned(folder)
    write_key(folder, kind)
    case.sign()
    return case


def cosign(case: Case, blob: Path, key: str = "key.pub") -> subprocess.CompletedProcess[str]:
    """Verify offline: a root file that is empty keeps cosign from downloading one, and a key needs none."""
    command = [require("cosign"), "verify-blob-attestation", "--insecure-ignore-tlog", "--type", TYPE]
    command += ["--key", str(case.folder / key), "--signature", str(case.envelope), str(blob)]
    environment = {**os.environ, "SIGSTORE_ROOT_FILE": os.devnull, "HOME": str(case.folder)}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)


@pytest.mark.parametrize("kind", ["ecdsa-p256", "ed25519", "rsa"])
def test_cosign_verifies_every_signed_file(kind: str, tmp_path: Path) -> None:
    case = case_with(kind, tmp_path)
    for path in (case.folder / "report.json", case.folder / "site.evidence", case.medium / "images/app.tar"):
        done = cosign(case, path)
        assert (done.returncode, "Verified OK" in done.stderr) == (0, True), done.stderr


def test_cosign_rejects_what_the_auditor_rejects(tmp_path: Path) -> None:
    case = case_with("ecdsa-p256", tmp_path)
    write_key(tmp_path, name="other")
    report = tmp_path / "report.json"
    assert cosign(case, report, "other.pub").returncode != 0
    report.write_text(report.read_text() + " ")
    assert cosign(case, report).returncode != 0
    document = json.loads(case.envelope.read_text())
    sign_payload(case, payload_of(case))
    document["payload"] = json.loads(case.envelope.read_text())["payload"][:-8] + "AAAAAAA="
    case.envelope.write_text(json.dumps(document))
    assert cosign(case, tmp_path / "site.evidence").returncode != 0


@pytest.mark.parametrize("kind", ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa"])
def test_openssl_verifies_the_signature_as_documented(kind: str, tmp_path: Path) -> None:
    """The commands are those of docs/signing.md."""
    case = case_with(kind, tmp_path)
    found = from_json(case.envelope.read_bytes())
    (tmp_path / "signed.bin").write_bytes(found.signed_bytes)
    (tmp_path / "signature.bin").write_bytes(found.signatures[0].value)
    keys = ["-pubin", "-inkey", "key.pub", "-sigfile", "signature.bin"]
    digest = ["-digest", "sha256"] if kind != "ed25519" else []
    command = [require("openssl"), "pkeyutl", "-verify", *keys, "-rawin", "-in", "signed.bin", *digest]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "Signature Verified Successfully" in done.stdout) == (0, True), done.stderr
    (tmp_path / "signed.bin").write_bytes(found.signed_bytes + b" ")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0


@pytest.mark.parametrize("kind", ["ecdsa-p256", "rsa", "ed25519"])
def test_documented_shell_commands_verify_every_file(kind: str, tmp_path: Path) -> None:
    require("jq")
    case = case_with(kind, tmp_path)
    (tmp_path / "key.pub").rename(tmp_path / "public.pem")
    page = (ROOT / "docs" / "signing.md").read_text("utf-8")
    script = page.partition("```sh\n")[2].partition("```")[0]
    if kind == "ed25519":
        script = script.replace(" -digest sha256", "")
    command = ["bash", "-euo", "pipefail", "-c", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": OK\n") == 6
    (case.medium / "run.sh").write_text("changed")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "usb/run.sh: FAILED" in done.stdout
