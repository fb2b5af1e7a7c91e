"""Plain lists in all variants, and needs with every reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.needs.resolve import resolve_needs
from auditor.pipeline.bare_plans import plan_for_lists
from auditor.plan.load import load_plan
from auditor.readers.lists import ListSource, read_list
from auditor.readers.model import ListLine
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
        ("HARBOR/x:1", "stand-in for the registry"),
        ("MIRROR:5000/x:1", "stand-in for the registry"),
        ("MIRROR:PORT/x:1", "stand-in for the registry"),
        ("a/b:nanoserver-KUBE_PROXY_VERSION", "stand-in for the tag"),
        (f"a/b:KUBE_PROXY_VERSION@{DIGEST}", "stand-in for the tag"),
        ("a/b:KUBE_PROXY_VERSION core,calico", "stand-in for the tag"),
        ("a/b:vVERSION", "stand-in for the tag"),
        ("a/b:1.2-TAG", "stand-in for the tag"),
        ("a/b:CHANGEME", "stand-in for the tag"),
        ("a/b:REPLACE_ME", "stand-in for the tag"),
        ("a/b:RELEASE", "stand-in for the version"),
        ("a/b:vX.Y.Z", "stand-in for the version"),
        ("a/b:1.X.X-nanoserver", "stand-in for the version"),
        (DIGEST, "a digest without a reference"),
        ("busybox:1\u00a0", "U+00A0"),
        ("busybox:1\u3000", "U+3000"),
        ("busybox:1 \x0b# y", "U+000B"),
        ("rancher/mirrored-pause:i-was-a-digest", "stand-in for a digest"),
        ("https://ghcr.io/a/b:1", "must not have a scheme"),
        ("Ghcr.io/Plant7/App:1", "lower case"),
        ("a:b:c", "not a registry host|not a repository|not a tag"),
        ("a/b:1 and more words", "more than one word"),
        ("a/b:1 sha256:short", "more than one word"),
        ("a/b:1 c:d:e/f", "more than one word"),
        ("{{" + "x" * 3000 + "}}/a:1", "Go or Jinja template"),
        ("busy\x1b[31mbox", "U+001B"),
        ("busy\u202ebox", "U+202E"),
        ("a\x00b", "U+0000"),
        ("x" * 5000, "5,000 characters"),
    ],
)
def test_invalid_reference_gives_the_reason(text: str, said: str) -> None:
    (line,) = lines(text + "\n")
    assert line.reference is None
    assert any(part in line.error for part in said.split("|")), line.error
    assert "\x1b" not in line.text + line.error
    assert len(line.text + line.error) < 600
    assert "\u202e" not in line.text + line.error


@pytest.mark.parametrize(
    "text",
    [
        "a/b:RELEASE-1.2",
        "minio/minio:RELEASE.2024-01-01T00-00-00Z",
        "a/b:v1.9.x-head",
        "a/b:1.x",
        "a/b:3.14-SNAPSHOT",
        "a/b:TAGS",
        "a/b:VERSIONED",
        "a/b:V1_2",
        "REGISTRY.EXAMPLE.COM/a:1",
        "a/b:latest-DEBUG",
    ],
)
def test_upper_case_tags_are_not_placeholders(text: str) -> None:
    (line,) = lines(text + "\n")
    assert not line.error


def test_two_short_references_on_a_line_are_two_images() -> None:
    assert [line.text for line in lines("busybox:1 alpine:3\n")] == ["busybox:1", "alpine:3"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"PK\x03\x04", "zip"),
        (b"\xfd7zXZ\x00\n\xff\n\xfe\n", "an xz file"),
        (b"BZh91AY&SY\xff\n\xfe\n", "a bzip2 file"),
        (b"7z\xbc\xaf\x27\x1c\n\n", "a 7z file"),
        (b"%PDF-1.4\n%\xe2\xe3\n1 0 obj\n", "a PDF"),
        ("busybox\n".encode("utf-16"), "UTF-16"),
        (b"x" * 257 + b"ustar", "tar archive"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"SQLite format 3\x00", "evidence"),
        (bytes(1000), "binary"),
    ],
)
def test_file_that_is_not_a_list_is_one_error_line(data: bytes, said: str) -> None:
    (line,) = lines(data)
    assert said in line.error


def test_line_that_is_not_utf8_is_kept_as_an_error() -> None:
    bad, good = lines(b"caf\xe9/x:1\nbusybox:1\n")
    assert "UTF-8" in bad.error
    assert good.reference


def test_too_many_lines_are_reported() -> None:
    found = lines("a:1\n" * 200_002)
    assert len(found) == 200_001
    assert "200,000" in found[-1].error


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_give_lines(data: bytes) -> None:
    for line in lines(data):
        assert bool(line.error) != bool(line.reference)
        assert line.location.line >= 1


@given(st.lists(st.from_regex(r"[a-z]{1,8}/[a-z]{1,8}:[0-9]{1,3}", fullmatch=True), min_size=1, max_size=20))
def test_every_reference_is_read(references: list[str]) -> None:
    assert [line.text for line in lines("\n".join(references))] == references


def test_needs_keep_every_reason(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "a.txt").write_text("busybox\nalpine:3\n")
    (tmp_path / "lists" / "b.txt").write_text("docker.io/library/busybox:latest\nnot a ref at all\n")
    (tmp_path / "plan.yaml").write_text(
        "version: 1\npools: {l: {platform: linux/amd64}, w: {platform: 'windows/amd64:ltsc2022'}}\n"
        "images:\n  - {list: lists, pools: [l]}\n  - {ref: busybox, pools: [w], host_process: true}\n"
        "  - {ref: busybox, pools: [l]}\n"
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


def test_inline_reference_is_checked_like_a_line(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(
        "version: 1\npools: {l: {platform: linux/amd64}}\nimages:\n  - {ref: '{{ .Values.image }}'}\n  - {ref: REGISTRY/a:1}\n"
    )
    needs = resolve_needs(load_plan(tmp_path / "plan.yaml"))
    assert [line.location.line for line in needs.lines if "unfilled template" in line.error] == [4, 5]
    assert not needs.needs


@pytest.mark.corpus
def test_the_longhorn_list_of_the_corpus() -> None:
    path = next(corpus("image-lists", "longhorn-images").rglob("*.txt"))
    needs = resolve_needs(plan_for_lists([path], ["linux/amd64"]))
    assert len(needs.lines) == 14
    assert not [line for line in needs.lines if line.error]
    assert {line.reference.domain for line in needs.lines if line.reference} == {"docker.io"}
    assert sum(line.reference.tag == "v1.9.x-head" for line in needs.lines if line.reference) == 7
