"""Statements and envelopes of a wrong form: each is refused, also with a valid signature."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import UsageError
from tests.custody.signed import Case, payload_of, sign_payload, signed


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return signed(tmp_path)


def _without_report(document: dict[str, Any]) -> None:
    document["subject"] = [one for one in document["subject"] if one["annotations"]["role"] != "report"]


FORGERIES: dict[str, Callable[[dict[str, Any]], object]] = {
    "another statement type": lambda document: document.update(_type="https://in-toto.io/Statement/v0.1"),
    "another predicate": lambda document: document.update(predicateType="https://slsa.dev/provenance/v1"),
    "no subject": lambda document: document.update(subject=[]),
    "no report": _without_report,
    "a path outside": lambda document: document["subject"][2].update(name="usb/../../etc/passwd"),
    "an absolute path": lambda document: document["subject"][2].update(name="/etc/passwd"),
    "a report in a folder": lambda document: document["subject"][0].update(name="../report.json"),
    "a repeated name": lambda document: document["subject"][2].update(name=document["subject"][3]["name"]),
    "no digest": lambda document: document["subject"][2].update(digest={"sha512": "0" * 128}),
    "a short digest": lambda document: document["subject"][2].update(digest={"sha256": "00"}),
    "a negative size": lambda document: document["subject"][2]["annotations"].update(size=-1),
    "an unknown role": lambda document: document["subject"][2]["annotations"].update(role="root"),
    "links outside": lambda document: document["predicate"].update(links=[{"name": "../x", "target": "y"}]),
    "no predicate": lambda document: document.pop("predicate"),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_signed_statement_of_an_unusable_form_is_not_accepted(forge: Callable[[dict[str, Any]], object], case: Case) -> None:
    document = payload_of(case)
    forge(document)
    sign_payload(case, document)
    verified = case.verify()
    assert verified.is_refuted
    assert verified.fault.startswith("The signature is valid, but it signs something else: ")


@pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b"null", b'{"a":1,"a":2}', b"\xff", b"[" * 100_000, b'{"a": NaN}'])
def test_signed_payload_that_is_no_statement_is_not_accepted(payload: bytes, case: Case) -> None:
    sign_payload(case, payload)
    assert case.verify().is_refuted


def test_other_payload_type_is_not_accepted(case: Case) -> None:
    sign_payload(case, payload_of(case), "application/json")
    assert "payload type" in case.verify().fault


def envelope(**fields: Any) -> bytes:
    good = {"payloadType": "t", "payload": "e30=", "signatures": [{"sig": "AA=="}]}
    return json.dumps({**good, **fields}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"{}", b"[]", b"not JSON", b"\x00" * 100, b"{" * 100_000, envelope(payloadType=None), envelope(payload=1),
        envelope(payload="?"), envelope(payload="A"), envelope(signatures=[]), envelope(signatures=None),
        envelope(signatures=[1]), envelope(signatures=[{"sig": "=="}]), envelope(signatures=[{"sig": "AA=="}] * 17),
        b'{"payloadType":"t","payload":"","payload":"e30=","signatures":[{"sig":""}]}',
    ],
)  # fmt: skip
def test_malformed_envelope_is_a_usage_error(data: bytes, case: Case) -> None:
    case.envelope.write_bytes(data)
    with pytest.raises(UsageError, match="it is not a signed statement") as caught:
        case.verify()
    assert caught.value.hint


def test_envelope_in_the_url_safe_alphabet_and_with_more_signatures_verifies(case: Case) -> None:
    document = json.loads(case.envelope.read_bytes())
    raw = base64.b64decode(document["payload"])
    document["payload"] = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    document["signatures"] = [{"sig": "AAAA", "keyid": "another"}, {"sig": document["signatures"][0]["sig"]}]
    document["more"] = "ignored"
    case.envelope.write_text(json.dumps(document, indent=2))
    assert case.verify().is_proven
