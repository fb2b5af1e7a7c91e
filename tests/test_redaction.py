"""The redaction layer: what it replaces, in which encodings, and what it keeps."""

from __future__ import annotations

import base64
import html
import json
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor import secret_forms
from auditor.pipeline.catalogue import catalogue
from auditor.policy.rules import POLICY_RULES
from auditor.redaction import (
    MAX_REMEMBERED,
    REDACTED,
    fit,
    forget,
    redact,
    redact_deep,
    redact_file,
    redact_values,
    remember,
    remember_found,
    remember_login,
    remember_url,
)

GOLDEN = Path(__file__).parent / "golden"

# In each text, `§` is the secret. The rest must stay.
FORMS = (
    "skopeo copy --src-creds § --dest-creds=§ docker://a docker://b",
    "skopeo copy --dest-creds '§' docker://a",
    "docker login -u me -p § reg",
    "docker login -u me --password=§ reg",
    "echo § | docker login --password-stdin",
    "docker login --password-stdin <<< '§'",
    "ctr images pull -u me:§ ghcr.io/a:1",
    "curl -H 'Authorization: Bearer §' https://x",
    "me:§@host/img",
    "https://me:§@host:443/img",
    "?X-Amz-Signature=§&x=1",
    "?sv=1&amp;sig=§",
    '{"detail": "sig=§", "next": 1}',
    "apiToken: §",
    'authToken: "§"',
    "pwd: '§'",
    "dbPwd: §",
    "REGISTRY_PASS=§",
    "auth: §",
    '{"auths": {"r": {"auth": "§"}}}',
    '\\"password\\": \\"§\\"',
    "&quot;password&quot;: &quot;§&quot;",
    "password: |\n  §\n  §\nnext: 1",
    "password:\n  §\nnext: 1",
    "- name: DB_PASSWORD\n  value: §\n- name: OTHER\n  value: x",
    "[host.header]\n  X-Any = [\"§\"]\n[other]\n  X = 'y'",
    '$s = ConvertTo-SecureString "§" -AsPlainText -Force',
    "Connect -Password '§' -Server x",
    "-ApiKey:§",
    "<password>§</password>",
    "machine host login me password §",
    "Cookie: §",
)
NO_SECRETS = (
    "ghcr.io/acme/user-auth:1.2",
    "secret:v1",
    "token:2",
    "reg.io:5000/a:1@sha256:" + "a" * 64,
    "docker login --password-stdin reg.io",
    "password: $PASSWORD",
    "password: ${PASSWORD}",
    "token: {{ .Values.token }}",
    "--creds <user:password>",
    "auth: htpasswd",
    "auth:\n  htpasswd: {realm: x}",
    "secret:\n  secretName: tls",
    "automountServiceAccountToken: false",
    "What is undetermined is not a pass: it was not seen.",
    "bypass: 3",
    "runAsUser: 1000",
    "docker run -u 1000:1000 x",
    "password: ''",
    "Basic authentication is off",
    "git@github.com:acme/x",
    "ssh://git@github.com/acme/x",
)
ODD = "p+/&<'\"é ss"


@pytest.mark.parametrize("text", FORMS)
def test_secret_is_found_by_its_form(text: str) -> None:
    clean = redact(text.replace("§", "hunter22word"))
    assert clean == text.replace("§", REDACTED) or "[host.header]" in text
    assert "hunter22word" not in clean
    assert redact(clean) == clean
    assert clean.count("\n") == text.count("\n")


@pytest.mark.parametrize("text", NO_SECRETS)
def test_text_without_a_secret_is_unchanged(text: str) -> None:
    assert redact(text) == text


def test_private_keys_and_tokens_are_redacted_by_form() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEvQ\n-----END RSA PRIVATE KEY-----"
    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
    text = f"a {token} b\n{key}\nghp_{'a1' * 12} glpat-{'b2' * 10}"
    clean = redact(text)
    assert not any(part in clean for part in ("eyJ", "MIIE", "ghp_", "glpat"))
    assert clean.count("\n") == text.count("\n")


@pytest.mark.parametrize("secret", ["Kx01qW7vZp", ODD, "abcdefgh1", "a" * 400 + "1"])
def test_remembered_value_is_found_in_every_encoding(secret: str) -> None:
    remember(secret)
    raw = secret.encode()
    encoded = [
        secret,
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        base64.b64encode(base64.b64encode(raw)).decode()[:0] or secret,
        urllib.parse.quote(secret, safe=""),
        urllib.parse.quote_plus(secret),
        "".join(f"%{byte:02x}" for byte in raw),
        html.escape(secret),
        html.escape(secret, quote=False),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        json.dumps(json.dumps(secret)[1:-1])[1:-1],
        raw.hex(),
        raw.hex().upper(),
    ]
    for text in encoded:
        assert redact_values(f"<{text}>") == f"<{REDACTED}>"
    for before in (b"", b"u", b"us", b"use:"):
        clean = redact_values(base64.b64encode(before + raw + b":tail").decode())
        assert REDACTED in clean


def test_login_is_found_in_http_basic_encoding() -> None:
    remember_login("robot", "hunter22word")
    sent = base64.b64encode(b"robot:hunter22word").decode()
    assert redact_values(f"x {sent} hunter22word") == f"x {REDACTED} {REDACTED}"


def test_proxy_password_is_redacted_as_written_and_as_sent() -> None:
    remember_url("http://me:p%2Fssword1@proxy:80")
    assert redact_values("p%2Fssword1 p/ssword1 proxy") == f"{REDACTED} {REDACTED} proxy"


def test_short_value_is_replaced_only_as_a_whole_word() -> None:
    remember("test", "abc")
    assert redact_values("test testing abc latest (test)") == f"{REDACTED} testing abc latest ({REDACTED})"


def test_value_of_a_file_is_remembered_unless_it_may_be_a_word() -> None:
    remember_found(b"password: Kx01qW7vZp\nsecret: registry\ntoken: ghcr.io/acme/x1:2\npassword: |\n  Lines0fSecret\n")
    assert redact_values("Kx01qW7vZp registry ghcr.io/acme/x1:2 Lines0fSecret") == (
        f"{REDACTED} registry ghcr.io/acme/x1:2 {REDACTED}"
    )


def test_forgotten_value_is_not_replaced() -> None:
    remember("hunter22word")
    forget()
    assert redact_values("hunter22word") == "hunter22word"


def test_hundreds_of_values_are_replaced() -> None:
    remember(*(f"token{number:04d}value" for number in range(300)))
    assert redact_values("a token0123value b") == f"a {REDACTED} b"
    assert redact_values("x" * MAX_REMEMBERED + "token0299value").endswith(REDACTED)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a report."""

    text: str
    more: tuple[str, ...] = ()
    facts: MappingProxyType[str, object] | None = None


def test_redact_deep_replaces_secrets_and_keeps_other_objects() -> None:
    plain, facts = Part("fine"), MappingProxyType({"a": ("password: hunter22word",), "n": 1})
    value = (plain, Part("x", ("--creds u:hunter22word",), facts))
    done = redact_deep(value)
    assert done[0] is plain
    assert done[1] == Part("x", (f"--creds {REDACTED}",), MappingProxyType({"a": (f"password: {REDACTED}",), "n": 1}))
    assert redact_deep(done) is done


def test_redacted_file_keeps_encoding_and_other_bytes() -> None:
    assert redact_file(b"\xff password: x1\r\n") == b"\xff password: REDACTED\r\n"
    assert redact_file("password: x1\n".encode("utf-16")) == "password: REDACTED\n".encode("utf-16")
    assert redact_file(b"\x00\x01\xff") == b"\x00\x01\xff"


def test_fit_replaces_characters_that_files_cannot_hold() -> None:
    assert fit("a\ufffeb\uffffc\ufdd0d\U0001ffffe\ud800f") == "a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf"


def test_check_pages_and_golden_reports_contain_no_secrets() -> None:
    for rule in (*catalogue(), *POLICY_RULES):
        assert redact(rule.page) == rule.page
    for path in GOLDEN.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert redact(text) == text


@pytest.mark.parametrize("value", [b"\xc7\xe92hunter22", b"\xff\xfe1hunter22"])
def test_secret_that_is_not_utf8_is_remembered(value: bytes) -> None:
    remember_found(b"password: " + value + b"\n")
    assert b"hunter22" not in redact_file(b"again " + value + b" and once more")
    remember("\ud800abc1defg")
    assert "abc1defg" not in redact("x \ud800abc1defg y")
    forget()


def test_cached_text_is_searched_again_after_a_new_secret() -> None:
    text = "the plant is called 4f9a77c1e2d3-shop"
    assert redact(text) == redact(text) == text
    remember("4f9a77c1e2d3-shop")
    assert redact(text) == "the plant is called REDACTED"


_PIECES = st.lists(
    st.tuples(
        st.sampled_from(["", " ", "  ", "    ", "- ", "\t"]),
        st.sampled_from(["password", "dbPassword", "token", "apiKey", "string", "image", "'secret'", '"pwd"', "value"]),
        st.sampled_from([":", ": ", ": |", ": >-", ":\r", "=x1", ": abc1", ": # c", ": 'q9'", ": ${VAR}", ""]),
    ),
    max_size=9,
)


@given(_PIECES)
def test_values_below_keys_are_found_as_in_the_whole_text(lines: list[tuple[str, str, str]]) -> None:
    """The slow patterns run on passages only; on the whole text they find the same."""
    text = "\n".join(map("".join, lines))
    whole = [text[found.start() : found.end()] for form in secret_forms.VALUE_BELOW for found in form.pattern.finditer(text)]
    parts = [text[begin:end] for begin, end in secret_forms.passages(text)]
    assert [found[0] for form in secret_forms.VALUE_BELOW for part in parts for found in form.pattern.finditer(part)] == whole
