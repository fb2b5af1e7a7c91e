"""A list that is read without trying the other importers is one that none of them recognises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.readers import lists
from auditor.readers.lists import importers, plain

SOURCES = sorted(Path(lists.__file__).parent.glob("*.py"))
KEYS = sorted({key for path in SOURCES for key in re.findall(r'says\(data, "(\w+)"', path.read_text())})
WORDS = [
    "nginx:1.25",
    "registry.example.com:5000/a/b@sha256:" + "0" * 64,
    "ghcr.io/a/b:v1",
    "# images: all of them",
    "#!kind: x",
    "a/b:1 # why",
    "",
    "  ",
    "\t# x",
    "REF TYPE DIGEST SIZE PLATFORMS",
    "images",
    "images:",
    "- a/b:1",
    "a/b:1=c/d:1",
    "linux/amd64=a/b:1",
    "{",
    '{"Repository":"a","Tag":"b"}',
    "docker.io:",
    "  images:",
    "foo: bar",
    "foo:#bar",
    "%PDF-1",
    "BZh91AY&SY",
    "source",
    "target",
    "\x00\x01",
    "\u2028",
    *(f"{key}:" for key in KEYS),
    *(f"{key}:1" for key in KEYS),
    *(f"{key}:v1/x" for key in KEYS),
    *(f"{key}: ZarfPackageConfig" for key in KEYS),
]
# Lists of other tools, each with what makes it one.
WHOLE = [
    "registry.example.com:\n  images:\n    shop/web: []",
    "kind: ImageSetConfiguration\nmirror: {}",
    "apiVersion: v2\nversion: 1\nannotations: {images: x}",
    "version: 1\nsync:\n  - source: a/b\n    target: c/d",
    "apiVersion: content.hauler.cattle.io/v1\nkind: Images",
    "a/b:1=c/d:1\ne/f:1=g/h:1",
    "linux/amd64=a/b:1",
    "REF TYPE DIGEST SIZE PLATFORMS LABELS\na/b:1 application/x",
    '{"Repository":"a","Tag":"b"}',
    '[{"Ref":"a","Descriptor":{}}]',
]
LINES = st.lists(st.sampled_from(WORDS) | st.sampled_from(WHOLE) | st.text("ab:/.@#-=\"' \t\r{[", max_size=12), max_size=12)


def others(data: bytes) -> list[str]:
    return [importer.__name__ for importer in importers() if importer is not plain and importer.recognises(data)]


@settings(max_examples=400, deadline=None)
@given(LINES, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_no_other_importer_recognises_a_bare_list(lines: list[str], end: str, ends: bool) -> None:
    data = (end.join(lines) + (end if ends else "")).encode()
    if plain.is_bare(data):
        assert not others(data)


@pytest.mark.parametrize("whole", WHOLE)
@pytest.mark.parametrize("before", ["", "\n", "# a comment\n", "\n# a comment\n\n", "a/b:1\n", "a/b:1  # why\n"])
@pytest.mark.parametrize("after", ["", "\n", "\n# a comment\n", "\na/b:1\n"])
def test_file_of_another_importer_is_not_a_bare_list(whole: str, before: str, after: str) -> None:
    data = f"{before}{whole}{after}".encode()
    assert not others(data) or not plain.is_bare(data)
    assert not before or others(whole.encode()), "the sample is recognised by itself"


def test_the_keys_of_the_importers_are_found() -> None:
    assert set(KEYS) >= {"apiVersion", "kind", "version", "sync", "annotations"}


@pytest.mark.parametrize("key", KEYS)
def test_a_line_that_begins_with_a_key_of_an_importer_is_not_bare(key: str) -> None:
    assert not plain.is_bare(f"{key}:1/x\n".encode())


@pytest.mark.parametrize(
    "text",
    [
        "a/b:1\n",
        "a/b:1",
        "# what we run\r\n\r\nregistry.example.com:5000/a/b:1.2.3  # pinned\r\n",
        "nginx\nbusybox:1.36\na@sha256:" + "0" * 64 + "\n",
        "",
    ],
)
def test_an_ordinary_list_is_bare(text: str) -> None:
    assert plain.is_bare(text.encode())


def test_a_tar_archive_that_looks_like_text_is_not_bare() -> None:
    data = b"a\n" * 128 + b"a" + b"ustar\n"
    assert data[257:262] == b"ustar"
    assert not plain.is_bare(data)
