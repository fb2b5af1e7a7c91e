"""Signed reports: what is signed verifies, and every change to a signed file, statement or envelope is found."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path

import pytest

from auditor.custody.comparison import FileState
from auditor.custody.envelope import from_json, pae
from auditor.errors import UsageError
from auditor.pipeline.custody.sign import private_key, sign_report
from auditor.pipeline.custody.verify import Locations, Verified, read_public_key
from tests.custody.signed import (
    FILES,
    KEYS,
    Case,
    certificate_of,
    payload_of,
    report,
    sign_payload,
    signed,
    unsigned,
    write_files,
    write_key,
)

TAMPERED = int(os.environ.get("AUDITOR_CORRUPTIONS", "1000"))


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return signed(tmp_path_factory.mktemp("signed"))


@pytest.fixture
def case(original: Case, tmp_path: Path) -> Case:
    shutil.copytree(original.folder, tmp_path / "copy", symlinks=True)
    return Case(tmp_path / "copy")


def states(verified: Verified, role: str = "transfer") -> dict[str, FileState]:
    assert verified.results is not None
    return {one.name: one.state for one in verified.results[role].differences}


def test_pae_is_that_of_the_specification() -> None:
    assert pae("http://example.com/HelloWorld", b"hello world") == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert pae("t\u00e9", b"") == b"DSSEv1 3 t\xc3\xa9 0 "


@pytest.mark.parametrize("kind", KEYS)
def test_signed_report_verifies(kind: str, tmp_path: Path) -> None:
    case = unsigned(tmp_path)
    key = write_key(tmp_path, kind)
    case.sign()
    (tmp_path / "key.crt").write_bytes(certificate_of(key))
    for public in ("key.pub", "key.crt"):
        verified = case.verify(public)
        assert verified.is_proven
        assert not verified.is_refuted
    assert verified.key.source == "the certificate of CN=site audit"


def test_statement_names_every_file_with_its_digest(original: Case) -> None:
    statement = payload_of(original)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "urn:airgap-auditor:audit:v1"
    names = [subject["name"] for subject in statement["subject"]]
    assert names == ["report.json", "site.evidence", *sorted(f"usb/{name}" for name in FILES)]
    about = statement["predicate"]["report"]
    assert about["verdict"] == "not-ready"
    assert about["summary"] == {"error": 2, "warning": 1}


def test_ed25519_and_rsa_envelopes_are_the_same_each_time(tmp_path: Path) -> None:
    case = unsigned(tmp_path)
    for kind in ("ed25519", "rsa"):
        write_key(tmp_path, kind)
        case.sign()
        first = case.envelope.read_bytes()
        case.sign()
        assert case.envelope.read_bytes() == first


def changed_byte(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    if content and chance.random() < 0.8:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    else:
        content.insert(chance.randrange(len(content) + 1), chance.randrange(256))
    path.write_bytes(content)


def test_each_of_1000_changes_to_a_signed_file_is_found(case: Case) -> None:
    chance = random.Random(20)
    paths = [case.folder / "report.json", case.folder / "site.evidence", *(case.medium / name for name in FILES)]
    missed = 0
    for _ in range(TAMPERED):
        path = chance.choice(paths)
        before = path.read_bytes()
        changed_byte(path, chance)
        missed += not case.verify().is_refuted
        path.write_bytes(before)
    assert missed == 0
    assert case.verify().is_proven


def test_each_of_1000_changes_to_an_envelope_is_found_or_changes_nothing_that_is_signed(case: Case) -> None:
    chance = random.Random(21)
    whole = case.envelope.read_bytes()
    payload, refuted, refused, same = from_json(whole).payload, 0, 0, 0
    where = Locations(skipped=frozenset({"transfer", "evidence"}))
    for _ in range(TAMPERED):
        changed_byte(case.envelope, chance)
        try:
            verified = case.verify(where=where)
        except UsageError:
            refused += 1
        else:
            refuted += verified.is_refuted
            if verified.is_proven:  # the key id, or the alphabet of base64
                same += 1
                assert from_json(case.envelope.read_bytes()).payload == payload
        case.envelope.write_bytes(whole)
    assert refuted + refused + same == TAMPERED
    assert refuted > TAMPERED // 2


def test_missing_additional_and_replaced_files_are_named(case: Case) -> None:
    (case.medium / "run.sh").unlink()
    (case.medium / "charts/shop-1.0.tgz").unlink()
    (case.medium / "charts/shop-1.0.tgz").symlink_to("/etc/passwd")
    (case.medium / "images/app.tar").unlink()
    os.mkfifo(case.medium / "images/app.tar")
    write_files(case.medium, [("images/new\nline.tar", b"x")])
    (case.medium / "link").symlink_to("run.sh")
    verified = case.verify()
    assert states(verified) == {
        "usb/run.sh": FileState.MISSING,
        "usb/charts/shop-1.0.tgz": FileState.OTHER_KIND,
        "usb/images/app.tar": FileState.OTHER_KIND,
        "usb/images/new\nline.tar": FileState.ADDITIONAL,
        "usb/link": FileState.ADDITIONAL,
    }
    assert verified.is_refuted


def test_swapped_files_are_found(case: Case) -> None:
    one, two = case.medium / "images/app.tar", case.medium / "run.sh"
    content = one.read_bytes(), two.read_bytes()
    one.write_bytes(content[1])
    two.write_bytes(content[0])
    assert set(states(case.verify())) == {"usb/images/app.tar", "usb/run.sh"}


def test_folder_in_place_of_the_transfer_is_found(case: Case) -> None:
    shutil.rmtree(case.medium)
    assert set(states(case.verify()).values()) == {FileState.MISSING}
    case.medium.write_text("a file")
    assert case.verify().is_refuted


def test_links_are_signed_with_their_targets(tmp_path: Path) -> None:
    case = unsigned(tmp_path)
    (case.medium / "latest").symlink_to("images/app.tar")
    (case.medium / "broken").symlink_to("../../outside")
    case.sign()
    assert case.verify().is_proven
    (case.medium / "latest").unlink()
    (case.medium / "broken").unlink()
    (case.medium / "broken").symlink_to("elsewhere")
    assert states(case.verify()) == {"usb/latest": FileState.MISSING, "usb/broken": FileState.CHANGED}


def test_statement_for_another_report_is_found(case: Case) -> None:
    other = report("0" * 64, verdict="ready", summary={"error": 0, "warning": 0})
    (case.folder / "report.json").write_text(json.dumps(other))
    assert states(case.verify(), "report") == {"report.json": FileState.CHANGED}


def test_statement_that_describes_its_report_wrongly_is_found(case: Case) -> None:
    document = payload_of(case)
    document["predicate"]["report"]["verdict"] = "ready"
    sign_payload(case, document)
    verified = case.verify()
    assert verified.is_refuted
    assert "verdict is 'ready', in the report 'not-ready'" in verified.mismatch


def test_envelope_of_another_site_is_found(case: Case, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = unsigned(tmp_path / "other")
    shutil.copy(case.folder / "key.pem", other.folder / "key.pem")
    write_files(other.medium, [("run.sh", b"another")])
    (other.folder / "report.json").write_text((other.folder / "report.json").read_text() + " ")
    other.sign()
    shutil.copy(other.envelope, case.envelope)
    verified = case.verify()
    assert set(states(verified, "report")) == {"report.json"}
    assert set(states(verified)) == {"usb/run.sh"}


def test_other_key_is_not_accepted(case: Case) -> None:
    for kind in KEYS:
        write_key(case.folder, kind, name="other")
        verified = case.verify("other.pub")
        assert verified.is_refuted
        assert "No signature was made with this key" in verified.fault


def test_other_evidence_is_not_signed(tmp_path: Path) -> None:
    case = unsigned(tmp_path)
    (tmp_path / "report.json").write_text(json.dumps(report("0" * 64)))
    with pytest.raises(UsageError, match=r"it is not the evidence of .*report.json"):
        case.sign()
    (tmp_path / "report.json").write_text(json.dumps(report(None)))
    with pytest.raises(UsageError, match="does not state the SHA-256 of its evidence"):
        case.sign()
    (tmp_path / "site.evidence").write_text("text")
    with pytest.raises(UsageError, match="it is not an evidence file"):
        case.sign()


def test_special_files_are_not_signed(tmp_path: Path) -> None:
    case = unsigned(tmp_path)
    os.mkfifo(case.medium / "pipe")
    with pytest.raises(UsageError, match="it cannot be signed: a named pipe"):
        case.sign()


def test_names_that_clash_are_refused(tmp_path: Path) -> None:
    case = unsigned(tmp_path)
    key = private_key(tmp_path / "key.pem", lambda: b"")
    for folder in ("a/usb", "b/usb"):
        write_files(tmp_path / folder, [("x", b"x")])
    with pytest.raises(UsageError, match="two files have the same name in the statement: usb"):
        sign_report(tmp_path / "report.json", key, None, [tmp_path / "a/usb", tmp_path / "b/usb"])
    with pytest.raises(UsageError, match="names a file twice"):
        sign_report(tmp_path / "report.json", key, None, [case.medium, case.medium / "run.sh"])
    with pytest.raises(UsageError, match="it has no name"):
        sign_report(tmp_path / "report.json", key, None, [Path("/")])


def test_statement_on_the_medium_is_not_additional(tmp_path: Path) -> None:
    case = unsigned(tmp_path)
    for _ in range(2):
        path = case.medium / "site.intoto.json"
        key = private_key(tmp_path / "key.pem", lambda: b"")
        path.write_text(sign_report(tmp_path / "report.json", key, None, [case.medium], path).text)
    where = Locations(report=tmp_path / "report.json", transfers=[str(case.medium)])
    from auditor.pipeline.custody.verify import verify_envelope

    assert verify_envelope(path, read_public_key(tmp_path / "key.pub"), where).is_proven


def test_moved_transfer_is_found_by_name_or_alone(case: Case, tmp_path: Path) -> None:
    moved = tmp_path / "mnt"
    case.medium.rename(moved)
    assert case.verify(where=Locations(transfers=[str(moved)])).is_proven
    assert case.verify(where=Locations(transfers=[f"usb={moved}"])).is_proven
    for wrong in ([str(moved), str(tmp_path)], ["other=" + str(moved), str(moved)], [f"usb={tmp_path}/none"]):
        with pytest.raises(UsageError, match="--transfer"):
            case.verify(where=Locations(transfers=wrong))


def test_evidence_that_is_not_signed_is_not_accepted(tmp_path: Path) -> None:
    case = unsigned(tmp_path)
    key = private_key(tmp_path / "key.pem", lambda: b"")
    case.envelope.write_text(sign_report(tmp_path / "report.json", key).text)
    assert case.verify().is_proven
    assert "names no evidence file" in case.verify(where=Locations(evidence=tmp_path / "site.evidence")).fault
