"""A CA file as Go reads it, beside Go itself: DER, PKCS#7, byte order marks, bad and truncated blocks."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7

from auditor.pki.go_files import load_as_go
from auditor.pki.loading import load_certificates
from auditor.testing.certificates import CA, hierarchy, make
from tests.peers.pki.judges import Go, Question
from tests.pki.chains import Case
from tests.pki.strict_cases import AIA

MADE = hierarchy()
ROOT, OTHER = MADE.root.pem, make("Other Root", None, CA).pem
BAD = b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
TRUSTED = ROOT.replace(b" CERTIFICATE", b" TRUSTED CERTIFICATE")
BUNDLE = pkcs7.serialize_certificates([MADE.root.certificate.parsed], serialization.Encoding.DER)
CRITICAL = make("Corp Root", None, replace(CA, extra=((AIA, True),)))
# Each file with whether Go takes the root from it, and the start of what we say about the rest.
FILES: dict[str, tuple[bytes, bool, str]] = {
    "PEM": (ROOT, True, ""),
    "text before it": (b"Corp Root\n=========\n" + ROOT, True, ""),
    "carriage returns": (ROOT.replace(b"\n", b"\r\n"), True, ""),
    "DER": (MADE.root.certificate.der, False, "it contains no PEM block, and Go reads only PEM"),
    "PKCS#7": (BUNDLE, False, "it contains no PEM block, and Go reads only PEM"),
    "PKCS#7 as PEM": (
        b"-----BEGIN PKCS7-----\n" + base64.encodebytes(BUNDLE) + b"-----END PKCS7-----\n",
        False,
        "line 1: Go skips blocks of the type PKCS7",
    ),
    "trusted certificate": (TRUSTED, False, "line 1: Go skips blocks of the type TRUSTED CERTIFICATE"),
    "byte order mark": (b"\xef\xbb\xbf" + ROOT, False, "line 1: the block does not start at the start of the line"),
    "UTF-16": (ROOT.decode().encode("utf-16"), False, "it contains no PEM block, and Go reads only PEM"),
    "bad block first": (BAD + ROOT, True, "line 1: Go skips the certificate: "),
    "truncated": (ROOT[: len(ROOT) // 2], False, "line 1: the block has no end, so Go skips it"),
    "second block truncated": (ROOT + OTHER[:200], True, "line "),
    "truncated before another": (OTHER[:200] + b"\n" + ROOT, True, "line 1: the block has no end"),
    "header": (ROOT.replace(b"-----\n", b"-----\nName: x\n\n", 1), False, "line 1: the block has a header"),
    "refused by Go's parser": (CRITICAL.pem, False, "line 1: Go skips the certificate: x509: authority info access"),
    "empty": (b"\n", False, "it contains no certificate"),
    "text": (b"nothing\n", False, "it contains no certificate"),
}


@pytest.mark.parametrize("name", FILES)
def test_files_are_read_as_go_reads_them(name: str) -> None:
    data, taken, told = FILES[name]
    loaded = load_as_go(data)
    assert (MADE.root.certificate in loaded.certificates) is taken
    assert loaded.problems[0].startswith(told) if told else loaded.problems == ()


@pytest.mark.peer
def test_go_takes_the_same(tmp_path: Path) -> None:
    question = Question.of(Case((MADE.leaf, MADE.issuing), ()))
    asked = [question.as_json(bundle=data) for data, _, _ in FILES.values()]
    told = Go.built(tmp_path).answers(asked)
    assert dict(zip(FILES, (verdict.takes for verdict in told), strict=True)) == {
        name: taken for name, (_, taken, _) in FILES.items()
    }


def test_a_truncated_bundle_is_a_problem_for_every_reader() -> None:
    loaded = load_certificates(ROOT + OTHER[:200])
    assert loaded.certificates == (MADE.root.certificate,)
    assert [problem.partition(": ")[2] for problem in loaded.problems] == ["the block has no end: the file is cut off"]
