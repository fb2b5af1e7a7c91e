"""References are normalised as Docker does, or rejected with a message for the author of a list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.oci.reference import InvalidReference, Reference, are_digests, is_digest, parse_reference

DIGEST = "sha256:" + "a1" * 32

NORMALISED = [
    ("busybox", "docker.io/library/busybox:latest"),
    ("busybox:1.37", "docker.io/library/busybox:1.37"),
    ("library/busybox", "docker.io/library/busybox:latest"),
    ("docker.io/busybox", "docker.io/library/busybox:latest"),
    ("index.docker.io/busybox", "docker.io/library/busybox:latest"),
    ("docker.io/library/busybox:latest", "docker.io/library/busybox:latest"),
    ("rancher/wins:v0.4.14", "docker.io/rancher/wins:v0.4.14"),
    ("localhost/web", "localhost/web:latest"),
    ("localhost:5000/web", "localhost:5000/web:latest"),
    ("localhost:5000", "docker.io/library/localhost:5000"),
    ("registry.example.com/shop/web", "registry.example.com/shop/web:latest"),
    ("registry.example.com:5000/shop/web:4.2", "registry.example.com:5000/shop/web:4.2"),
    ("UPPER/web", "UPPER/web:latest"),
    ("10.0.0.7/web", "10.0.0.7/web:latest"),
    ("[fd00::7]:5000/web:1", "[fd00::7]:5000/web:1"),
    (f"busybox@{DIGEST}", f"docker.io/library/busybox@{DIGEST}"),
    (f"busybox:1.37@{DIGEST}", f"docker.io/library/busybox:1.37@{DIGEST}"),
    ("a/b/c/d:e", "docker.io/a/b/c/d:e"),
    ("a__b/c-_d".replace("-_", "--"), "docker.io/a__b/c--d:latest"),
]

REFUSED = [
    ("", "empty"),
    ("https://registry.example.com/web", "must not have a scheme"),
    ("Busybox", "must be lower case"),
    ("registry.example.com/Shop/web", "must be lower case"),
    ("busybox:", "the tag is empty"),
    ("busybox:-1", "is not a tag"),
    ("busybox:" + "t" * 129, "is not a tag"),
    ("busybox@sha256:abc", "is not a digest"),
    (f"busybox@{DIGEST.upper()}", "is not a digest"),
    ("busybox@", "is not a digest"),
    ("registry.example.com/", "repository name is missing"),
    ("a_b.example.com/web", "is not a registry host"),
    ("registry.example.com:port/web", "is not a registry host"),
    ("[::1]]/web", "is not a registry host"),
    ("a//b", "is not a repository name"),
    ("a/b c", "is not a repository name"),
    ("a___b", "is not a repository name"),
    ("web\n", "is not a repository name"),
    ("web:1\n", "is not a tag"),
    ("a1" * 32, "local image"),
    ("registry.example.com/" + "a" * 256, "256 characters"),
]


@pytest.mark.parametrize(("text", "normal"), NORMALISED, ids=[text for text, _ in NORMALISED])
def test_reference_is_normalised_as_docker_does(text: str, normal: str) -> None:
    reference = parse_reference(text)
    assert str(reference) == normal
    assert parse_reference(normal).repository == reference.repository


@pytest.mark.parametrize(("text", "reason"), REFUSED, ids=[repr(text[:30]) for text, _ in REFUSED])
def test_invalid_reference_is_rejected_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(InvalidReference, match=reason):
        parse_reference(text)


def test_written_tag_is_distinguished_from_the_default() -> None:
    assert parse_reference("busybox:latest").explicit_tag
    assert not parse_reference("busybox").explicit_tag
    assert not parse_reference(f"busybox@{DIGEST}").tag


def test_digest_is_requested_if_present() -> None:
    assert parse_reference(f"busybox:1@{DIGEST}").target == DIGEST
    assert parse_reference("busybox:1").target == "1"
    assert parse_reference("busybox:1").at(DIGEST) == Reference("docker.io", "library/busybox", "", DIGEST)


@pytest.mark.parametrize(("algorithm", "digits"), [("sha256", 64), ("sha384", 96), ("sha512", 128)])
def test_digest_has_the_length_of_its_algorithm(algorithm: str, digits: int) -> None:
    assert is_digest(f"{algorithm}:{'0' * digits}")
    assert not is_digest(f"{algorithm}:{'0' * (digits - 1)}")
    assert not is_digest(f"{algorithm}:{'G' * digits}")


PIECES = st.sampled_from(
    ["a", "web", ".", "/", ":", "@", "-", "_", "__", "5000", "localhost", "docker.io", "[", "]", "A", "{", DIGEST]
)


HEX = f"sha256:{'a' * 64}"
DIGESTS = st.sampled_from(
    [
        HEX,
        f"sha512:{'0' * 128}",
        f"{HEX}\n{HEX}",
        f"{HEX}\n",
        "",
        "sha256:",
        f"sha256:{'A' * 64}",
        f"sha256:{'é' * 64}",
        f"{'a' * 64}sha256:",
        HEX[:-1],
        f"{HEX}a",
        f"a{HEX[:-1]}",
        f"sha256:{'a' * 63}\n",
        f"sha256:{'a' * 56}sha256:a",
    ]
)


@given(texts=st.lists(DIGESTS, max_size=5))
def test_many_digests_are_validated_as_single_ones(texts: list[str]) -> None:
    assert are_digests(texts) is all(is_digest(text) for text in texts)


@given(st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=9).map("".join)))
def test_arbitrary_text_is_a_stable_reference_or_rejected(text: str) -> None:
    try:
        normal = str(parse_reference(text))
    except InvalidReference as error:
        said = str(error)
    else:
        said = normal
        assert str(parse_reference(normal)) == normal
        assert normal.isprintable()
    assert said
