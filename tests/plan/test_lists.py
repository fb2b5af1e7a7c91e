"""Plain lists in all flavours, and needs with every reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.plan.lists import ListSource, read_list
from auditor.plan.load import load_plan, plan_for_lists
from auditor.plan.model import ListLine
from auditor.plan.needs import resolve_needs
from tests.corpus.folder import corpus

SOURCE = ListSource("images.txt", ("one",))
DIGEST = "sha256:" + "ab" * 32


def lines(data: bytes | str) -> tuple[ListLine, ...]:
    return read_list(SOURCE, data.encode() if isinstance(data, str) else data)


def test_comments_blank_lines_and_line_ends() -> None:
    found = lines("\ufeff# head\r\nbusybox:1.36  \r\n\r\n\talpine:3 # why\rdebian:12\n#end")
    assert [(line.text, line.location.line, line.location.column) for line in found] == [
        ("busybox:1.36", 2, 1),
        ("alpine:3", 4, 2),
        ("debian:12", 5, 1),
    ]
    assert str(found[0].reference) == "docker.io/library/busybox:1.36"
    assert found[0].pools == ("one",)


def test_columns_of_sources_and_digests() -> None:
    sources, several, digest = lines(
        f"rancher/pause:3.6 calico,core\nrancher/backup:v2 rancher-backup:2.1.1\ndocker.io/a/b:1 {DIGEST}\n"
    )
    assert sources.sources == ("calico", "core")
    assert several.sources == ("rancher-backup:2.1.1",)
    assert digest.digest == DIGEST
    assert not digest.error


def test_several_references_on_a_line() -> None:
    found = lines("quay.io/a/b:1 registry.k8s.io/c:2  ghcr.io/d/e@" + DIGEST)
    assert [line.location.column for line in found] == [1, 15, 36]
    assert all(line.reference for line in found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ .Values.registry }}/plant7/x:4.2", "Go or Jinja template"),
        ("${REG}/a:1", "shell or make variable"),
        ("$(REGISTRY)/a:1", "shell or make variable"),
        ("###ZARF_REGISTRY###/a:1", "Zarf variable"),
        ("a/b:%!s(MISSING)", "failed Go format"),
        ("REGISTRY/agnhost:2.1", "stand-in for the registry"),
        ("HOSTNAME:5000/a:1", "stand-in for the registry"),
        ("<registry>/a:1", "angle brackets"),
        ("sigwindowstools/kube-proxy:KUBE_PROXY_VERSION-nanoserver", "stand-in for the tag"),
        ("rancher/mirrored-pause:i-was-a-digest", "stand-in for a digest"),
        ("https://ghcr.io/a/b:1", "no scheme"),
        ("Ghcr.io/Plant7/App:1", "lower case"),
        ("a:b:c", "no registry host|no repository|no tag"),
        ("a/b:1 and more words", "more than one word"),
        ("a/b:1 sha256:short", "more than one word"),
        ("busy\x1b[31mbox", "U+001B"),
        ("busy\u202ebox", "U+202E"),
        ("a\x00b", "U+0000"),
        ("x" * 5000, "5,000 characters"),
    ],
)
def test_what_is_no_reference_says_why(text: str, said: str) -> None:
    (line,) = lines(text + "\n")
    assert line.reference is None
    assert any(part in line.error for part in said.split("|")), line.error
    assert "\x1b" not in line.text + line.error
    assert "\u202e" not in line.text + line.error


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"PK\x03\x04", "zip"),
        ("busybox\n".encode("utf-16"), "UTF-16"),
        (b"x" * 257 + b"ustar", "tar archive"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"SQLite format 3\x00", "evidence"),
        (bytes(1000), "binary"),
    ],
)
def test_a_file_that_is_no_list_is_one_line_that_says_so(data: bytes, said: str) -> None:
    (line,) = lines(data)
    assert said in line.error


def test_a_line_that_is_no_utf8_is_kept_as_an_error() -> None:
    bad, good = lines(b"caf\xe9/x:1\nbusybox:1\n")
    assert "UTF-8" in bad.error
    assert good.reference


def test_too_many_lines_are_said() -> None:
    found = lines("a:1\n" * 200_002)
    assert len(found) == 200_001
    assert "200,000" in found[-1].error


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_give_lines(data: bytes) -> None:
    for line in lines(data):
        assert bool(line.error) != bool(line.reference)
        assert line.location.line >= 1


@given(st.lists(st.from_regex(r"[a-z]{1,8}/[a-z]{1,8}:[0-9]{1,3}", fullmatch=True), max_size=20))
def test_no_reference_is_lost(references: list[str]) -> None:
    assert [line.text for line in lines("\n".join(references))] == references


def test_needs_remember_every_reason(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "a.txt").write_text("busybox\nalpine:3\n")
    (tmp_path / "lists" / "b.txt").write_text("docker.io/library/busybox:latest\nnot a ref at all\n")
    (tmp_path / "plan.yaml").write_text(
        "version: 1\npools: {l: {platform: linux/amd64}, w: {platform: 'windows/amd64:ltsc2022'}}\n"
        "images:\n  - {list: lists, pools: [l]}\n  - {ref: busybox, pools: [w], host_process: true}\n  - {ref: busybox, pools: [l]}\n"
    )
    needs = resolve_needs(load_plan(tmp_path / "plan.yaml"))
    assert len(needs.lines) == 6
    by_pool = {(str(need.reference), need.pool): need for need in needs.needs}
    assert set(by_pool) == {
        ("docker.io/library/busybox:latest", "l"),
        ("docker.io/library/alpine:3", "l"),
        ("docker.io/library/busybox:latest", "w"),
    }
    why = by_pool["docker.io/library/busybox:latest", "l"].why
    assert [(reason.kind, Path(reason.location.file).name, reason.location.line) for reason in why] == [
        ("list", "a.txt", 1),
        ("list", "b.txt", 1),
        ("inline", "plan.yaml", 6),
    ]
    windows = by_pool["docker.io/library/busybox:latest", "w"]
    assert windows.host_process
    assert windows.platform.os_version == "10.0.20348"
    assert not by_pool["docker.io/library/busybox:latest", "l"].host_process


@pytest.mark.corpus
def test_the_longhorn_list_of_the_corpus() -> None:
    path = next(corpus("image-lists", "longhorn-images").rglob("*.txt"))
    needs = resolve_needs(plan_for_lists([path], ["linux/amd64"]))
    assert len(needs.lines) == 14
    assert not [line for line in needs.lines if line.error]
    assert {line.reference.domain for line in needs.lines if line.reference} == {"docker.io"}
    assert sum(line.reference.tag == "v1.9.x-head" for line in needs.lines if line.reference) == 7
