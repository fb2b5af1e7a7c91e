"""One group for each host that gave no usable answer, with the remedy for its cause."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.check import Subject, Undetermined
from auditor.evidence.causes import Cause, Fault, cause_of_status, host_of
from auditor.evidence.model import Kind
from auditor.plan.model import PLAN_OF_LISTS
from auditor.policy import Policy, judge
from auditor.policy.unanswered_hosts import WORDS, host_remedy, host_rows
from auditor.testing import plan_of
from reports import format_names, render
from tests.made_checks import TODAY, outcomes_of, result

HOST = "registry.example.com:5000"
PLAN = plan_of("version: 1\npools: {a: {platform: linux/amd64}}\nregistry: {host: 'registry.plant7.local:5000'}\n")


def waiting(number: int, *faults: Fault, check: str = "image-absent") -> Undetermined:
    return Undetermined(Subject("image", f"{HOST}/app:{number}"), Kind.UNREACHABLE, "no answer", faults, check=check)


REFUSED = Fault(HOST, Cause.REFUSED, "Connection refused (5 tries)")


def test_two_hundred_images_of_one_host_are_one_group() -> None:
    rows = [waiting(number, REFUSED, check=check) for number in range(200) for check in ("image-absent", "platform-absent")]
    (group,) = host_rows(PLAN, rows)
    assert (group.host, group.cause, group.undetermined, group.images) == (HOST, "connection-refused", 400, 200)


def test_causes_of_one_host_are_distinguished_and_each_host_counts() -> None:
    other = Fault("b.example.com", Cause.NAME, "x")
    groups = host_rows(
        PLAN, [waiting(1, REFUSED), waiting(2, replace(REFUSED, cause=Cause.TIMEOUT)), waiting(3, REFUSED, other)]
    )
    assert [(group.host, group.cause, group.undetermined) for group in groups] == [
        (HOST, "connection-refused", 2),
        (HOST, "timeout", 1),
        ("b.example.com", "name-not-resolved", 1),
    ]


@pytest.mark.parametrize(
    "format",
    ["text=full", *(name for name in format_names() if name not in {"text", "csv", "egress", "gitlab", "oscal", "cyclonedx"})],
)
def test_every_format_shows_the_group_once(format: str) -> None:
    report = judge(outcomes_of(result([waiting(number, REFUSED) for number in range(200)])), Policy(), TODAY)
    shown = render(report, format).replace("\n", " ")
    assert shown.count("the connection was refused") in ({1, 2} if format in {"text=full", "html"} else {1})
    assert len(report.undetermined) == 200
    assert report.counts.undetermined == 200


def test_text_names_count_images_and_fix() -> None:
    report = judge(outcomes_of(result([waiting(number, REFUSED) for number in range(200)])), Policy(), TODAY)
    shown = " ".join(render(report, "text=full").split())
    assert f"{HOST} did not answer: the connection was refused. 200 checks of 200 images are undetermined." in shown
    assert len(render(report, "text=full").splitlines()) < 110


@pytest.mark.parametrize("cause", list(Cause))
def test_every_cause_has_a_message_and_a_remedy(cause: Cause) -> None:
    assert WORDS[cause]
    remedy = host_remedy(PLAN, HOST, cause)
    assert remedy.text.endswith(".")
    assert "{" not in remedy.text.replace("sources: {", "").replace(": {", "")


@pytest.mark.parametrize(
    ("host", "cause", "text"),
    [
        (HOST, Cause.UNKNOWN_ISSUER, "`sources: {registry.example.com:5000: {ca: certs/ca.pem}}`"),
        ("registry.plant7.local:5000", Cause.UNKNOWN_ISSUER, "`ca: certs/ca.pem` to `registry`"),
        ("[::1]:5000", Cause.UNKNOWN_ISSUER, '`sources: {"[::1]:5000": {ca: certs/ca.pem}}`'),
        (HOST, Cause.PLAIN_HTTP, "`sources: {registry.example.com:5000: {insecure: true}}`"),
        ("registry.plant7.local:5000", Cause.PLAIN_HTTP, "`insecure: true` to `registry`"),
        (HOST, Cause.NAME, "--via target"),
        (HOST, Cause.PROXY, "NO_PROXY"),
    ],
)
def test_remedy_matches_the_cause(host: str, cause: Cause, text: str) -> None:
    assert text in host_remedy(PLAN, host, cause).text


def test_lists_get_the_option_instead_of_the_plan_key() -> None:
    lists = replace(PLAN, path=PLAN_OF_LISTS, registry=None)
    assert "--ca FILE" in host_remedy(lists, HOST, Cause.UNKNOWN_ISSUER).text


@pytest.mark.parametrize(("host", "command"), [(HOST, f"docker login {HOST}"), ("docker.io", "docker login")])
def test_failed_login_has_a_command_as_remedy(host: str, command: str) -> None:
    for cause in (Cause.LOGIN, Cause.FORBIDDEN, Cause.RATE_LIMIT):
        assert host_remedy(PLAN, host, cause).commands == (command,)


@pytest.mark.parametrize(
    ("source", "host"),
    [
        ("https://registry.example.com:5000/v2/a/manifests/1", HOST),
        ("https://registry-1.docker.io/v2/library/a/manifests/1", "docker.io"),
        ("tls://k8s.example.com:6443", "k8s.example.com:6443"),
        ("tls://Git.example.com:443", "git.example.com"),
        ("http://127.0.0.1:5000/v2/a/manifests/1", "127.0.0.1:5000"),
        ("http://a.example.com:443/x", "a.example.com:443"),
        ("media/images.tar", ""),
        ("archives", ""),
    ],
)
def test_host_is_taken_from_the_source(source: str, host: str) -> None:
    assert host_of(source) == host


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (401, Cause.LOGIN),
        (403, Cause.FORBIDDEN),
        (407, Cause.PROXY_LOGIN),
        (429, Cause.RATE_LIMIT),
        (502, Cause.SERVER),
        (418, Cause.STATUS),
    ],
)
def test_status_gives_the_cause(status: int, cause: Cause) -> None:
    assert cause_of_status(status) is cause
