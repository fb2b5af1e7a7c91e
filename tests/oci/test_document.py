"""Any answer of a registry gives a document or a reason, and unusual but readable documents are kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.oci import media_types
from auditor.oci.document import (
    MAX_DOCUMENT,
    MAX_ENTRIES,
    Index,
    MalformedDocument,
    Manifest,
    Schema1,
    parse_config,
    parse_document,
)
from auditor.oci.platform import Platform

DIGEST = "sha256:" + "0" * 64


def descriptor(**fields: Any) -> dict[str, Any]:
    return {"mediaType": "", "digest": DIGEST, "size": 7, **fields}


def encoded(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def test_index_states_its_platforms_and_attestations() -> None:
    document = parse_document(
        encoded(
            schemaVersion=2,
            manifests=[
                descriptor(platform={"os": "windows", "architecture": "amd64", "os.version": "10.0.20348.587"}),
                descriptor(platform={"os": "linux", "architecture": "aarch64", "variant": "v8", "os.features": None}),
                descriptor(annotations={"vnd.docker.reference.type": "attestation-manifest"}),
            ],
        )
    )
    assert isinstance(document, Index)
    assert [entry.platform for entry in document.manifests] == [
        Platform("windows", "amd64", os_version="10.0.20348.587"),
        Platform("linux", "arm64"),
        None,
    ]
    assert [entry.is_attestation for entry in document.manifests] == [False, False, True]
    assert document.problems == ()


def test_manifest_states_its_foreign_layers_and_urls() -> None:
    foreign = descriptor(mediaType="application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", urls=["https://a.example/b"])
    document = parse_document(encoded(schemaVersion=2, config=descriptor(), layers=[foreign, descriptor(urls=None)]))
    assert isinstance(document, Manifest)
    assert [layer.is_nondistributable for layer in document.layers] == [True, False]
    assert [layer.urls for layer in document.layers] == [("https://a.example/b",), None]


def test_schema_1_is_recognised_by_version_fields_or_media_type() -> None:
    layers = [{"blobSum": DIGEST}]
    assert isinstance(parse_document(encoded(schemaVersion=1, fsLayers=layers)), Schema1)
    assert isinstance(parse_document(encoded(fsLayers=layers)), Schema1)
    with pytest.raises(MalformedDocument):
        parse_document(encoded(name="a"), media_types.DOCKER_SCHEMA1)


def test_content_has_priority_over_the_media_type() -> None:
    index = encoded(schemaVersion=2, manifests=[])
    assert isinstance(parse_document(index, media_types.OCI_MANIFEST), Index)
    assert isinstance(parse_document(encoded(config=descriptor(), layers=[]), media_types.OCI_INDEX), Manifest)


@pytest.mark.parametrize("media_type", [media_types.OCI_INDEX, media_types.DOCKER_MANIFEST])
def test_media_type_does_not_replace_missing_fields(media_type: str) -> None:
    with pytest.raises(MalformedDocument, match="missing required field"):
        parse_document(encoded(schemaVersion=2), media_type)


def test_invalid_digest_or_size_is_a_problem_and_not_an_exception() -> None:
    document = parse_document(encoded(config=descriptor(digest="%s"), layers=[descriptor(size=-1)]))
    assert isinstance(document, Manifest)
    assert document.problems == ("config.digest '%s' is not a digest", "layers[0].size -1 is negative")
    index = parse_document(encoded(manifests=[descriptor(digest="sha256:x" + "y" * 500)]))
    assert isinstance(index, Index)
    assert len(index.problems[0]) < 200


MALFORMED = [
    (b"", "empty"),
    (b"  \n", "empty"),
    (b"<!DOCTYPE html><html></html>", "HTML"),
    (b'{"schemaVersion": 2, "layers": [', "truncated"),
    (b"[]", "object"),
    (b'"text"', "object"),
    (b"null", "object"),
    (b"{}", "neither an index"),
    (b"\xff\xfe{}", "malformed"),
    (encoded(manifests=[], layers=[]), "CVE-2021-41190"),
    (encoded(manifests=None), "array"),
    (encoded(manifests=[{"digest": 7}]), "digest"),
    (encoded(config=descriptor(), layers=[descriptor(urls=["u" * 5000])]), "4096"),
    (b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "nested too deeply"),
    (b'{"manifests":' + b"[" * 200_000 + b"]" * 200_000 + b"}", "nested too deeply"),
    (b'{"schemaVersion": 2, "layers": []' + b" " * MAX_DOCUMENT + b"}", "more than the 4,194,304"),
]


@pytest.mark.parametrize(("body", "reason"), MALFORMED, ids=[f"{reason} {len(body)}" for body, reason in MALFORMED])
def test_malformed_document_has_a_reason(body: bytes, reason: str) -> None:
    with pytest.raises(MalformedDocument, match=reason):
        parse_document(body)


KINDS = sorted(media_types.INDEXES | media_types.MANIFESTS)


@pytest.mark.parametrize("media_type", KINDS)
@pytest.mark.parametrize("escaped", [False, True])
def test_document_of_two_kinds_is_rejected_with_any_media_type(media_type: str, escaped: bool) -> None:
    manifest = {"schemaVersion": 2, "config": descriptor(), "layers": []}
    bodies = [
        encoded(**manifest, manifests=[]),
        encoded(**manifest, manifests=None),
        encoded(manifests=[], layers=[]),
        encoded(manifests=[], config=None),
    ]
    for body in bodies:
        with pytest.raises(MalformedDocument, match="CVE-2021-41190"):
            parse_document(body.replace(b'"manifests"', rb'"\u006danifests"') if escaped else body, media_type)
    assert isinstance(parse_document(encoded(**manifest, fsLayers=[{"blobSum": DIGEST}]), media_type), Schema1)


@pytest.mark.parametrize("media_type", KINDS)
def test_document_does_not_depend_on_the_declared_media_type(media_type: str) -> None:
    for body in (encoded(config=descriptor(), layers=[descriptor()], artifactType="a/b"), encoded(manifests=[descriptor()])):
        assert parse_document(body, media_type) == parse_document(body)


def test_cached_index_shares_equal_parts_of_its_entries() -> None:
    platform = {"os": "windows", "architecture": "amd64", "os.version": "10.0.20348.587"}
    entry = descriptor(
        mediaType=media_types.OCI_MANIFEST, platform=platform, annotations={"a": "b"}, urls=["https://a.example/b"]
    )
    index = parse_document(encoded(schemaVersion=2, mediaType=media_types.OCI_INDEX, manifests=[entry, entry]))
    assert isinstance(index, Index)
    slim = index.slim()
    assert slim == index
    assert slim.manifests[0].platform_field is slim.manifests[1].platform_field
    assert slim.manifests[0].media_type is slim.manifests[1].media_type


def test_index_has_at_most_ten_thousand_entries() -> None:
    entry = {"digest": DIGEST, "size": 1}
    assert isinstance(parse_document(encoded(manifests=[entry] * MAX_ENTRIES)), Index)
    with pytest.raises(MalformedDocument, match="10,001 entries"):
        parse_document(encoded(manifests=[entry] * (MAX_ENTRIES + 1)))


def test_config_states_its_platform() -> None:
    config = parse_config(encoded(os="windows", architecture="amd64", created="2023", **{"os.version": "10.0.17763.3887"}))
    assert config.platform == Platform("windows", "amd64", os_version="10.0.17763.3887")
    assert parse_config(b"{}").platform == Platform("", "")
    with pytest.raises(MalformedDocument):
        parse_config(b'{"os": 7}')


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMED = st.dictionaries(
    st.sampled_from(["schemaVersion", "mediaType", "manifests", "layers", "config", "fsLayers", "digest", "size", "os"]),
    JSON
    | st.lists(st.fixed_dictionaries({"digest": JSON, "size": JSON}, optional={"urls": JSON, "platform": JSON}), max_size=3),
)


@given(
    st.one_of(
        st.binary(max_size=60),
        st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
        NAMED.map(lambda value: json.dumps(value).encode()),
    )
)
def test_arbitrary_bytes_are_a_document_or_malformed(body: bytes) -> None:
    for parse in (parse_document, parse_config):
        try:
            document = parse(body)
        except MalformedDocument as error:
            reason = str(error)
        else:
            reason = repr(getattr(document, "problems", ()))
        assert reason


@pytest.mark.parametrize(
    ("media_type", "foreign"),
    [
        ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", True),
        ("application/vnd.docker.image.rootfs.foreign.diff.tar", True),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar", True),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", True),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", True),
        ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip+encrypted", True),
        ("application/vnd.docker.image.rootfs.diff.tar.gzip", False),
        ("application/vnd.oci.image.layer.v1.tar+gzip", False),
        ("", False),
    ],
)
def test_foreign_media_types_are_recognised_by_prefix(media_type: str, foreign: bool) -> None:
    assert media_types.is_nondistributable(media_type) is foreign
