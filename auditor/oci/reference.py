"""Image references, normalised as Docker does: `busybox` is `docker.io/library/busybox:latest`.

Grammar: distribution/reference (reference.go, normalize.go).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

DEFAULT_DOMAIN = "docker.io"
DEFAULT_TAG = "latest"
MAX_NAME = 255
_LINE = len("sha256:") + 64 + 1

_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]{{1,5}})?")
_PATH = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}|sha384:[a-f0-9]{96}|sha512:[a-f0-9]{128}")
_IMAGE_ID = re.compile(r"[a-f0-9]{64}")
_DOCKER_HUB = frozenset({"index.docker.io", DEFAULT_DOMAIN})


class InvalidReference(ValueError):
    """The text is not an image reference. `str(error)` gives the reason for the author of a list."""


def is_digest(text: str) -> bool:
    """Return whether `text` is a digest of a registered algorithm with the right number of lower-case hex digits."""
    return _DIGEST.fullmatch(text) is not None


def are_digests(texts: Sequence[str]) -> bool:
    """Return whether all texts are digests. One fast test decides the usual case."""
    return _are_everyday(texts) or all(map(is_digest, texts))


def _are_everyday(texts: Sequence[str]) -> bool:
    """Return whether all texts are `sha256:` and 64 lower-case hex digits. String methods take half the time of a pattern.

    A line break stands in front of each text and nowhere else, so all texts have the same length. Without the hex digits,
    only the line break and `sh:` remain of each.
    """
    lines = "\n".join(["", *texts])
    count = len(texts)
    return (
        len(lines) == _LINE * count
        and lines[::_LINE] == "\n" * count
        and lines.count("\nsha256:") == count
        and lines.isascii()
        and lines.encode().translate(None, b"0123456789abcdef") == b"\nsh:" * count
    )


@dataclass(frozen=True, slots=True)
class Reference:
    """A normalised reference. `tag` and `digest` are empty if absent. `explicit_tag` is false if `latest` is the default."""

    domain: str
    path: str
    tag: str = ""
    digest: str = ""
    explicit_tag: bool = field(default=True, compare=False)  # `busybox` and `busybox:latest` are the same image

    @property
    def repository(self) -> str:
        """Return host and path, without tag or digest."""
        return f"{self.domain}/{self.path}"

    @property
    def target(self) -> str:
        """Return what a client requests from the registry: the digest if there is one, else the tag."""
        return self.digest or self.tag

    def at(self, digest: str) -> Reference:
        """Return the same repository, pinned only to `digest`."""
        return replace(self, tag="", digest=digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{self.domain}/{self.path}{tag}" + (f"@{self.digest}" if self.digest else "")


def _split_domain(name: str) -> tuple[str, str]:
    head, slash, rest = name.partition("/")
    if not slash or (not any(char in head for char in ".:") and head != "localhost" and head == head.lower()):
        return DEFAULT_DOMAIN, name
    return (DEFAULT_DOMAIN if head in _DOCKER_HUB else head), rest


def _explain_path(path: str) -> str:
    if not path:
        return "the repository name is missing"
    if path != path.lower():
        return f"the repository name {path!r} must be lower case"
    return f"{path!r} is not a repository name"


@lru_cache(maxsize=65536)
def parse_reference(text: str) -> Reference:
    """Parse and normalise a reference. Raises InvalidReference with a specific reason."""
    if not text:
        raise InvalidReference("empty")
    if "://" in text:
        raise InvalidReference(f"a reference must not have a scheme: remove {text.split('://', 1)[0]!r}://")
    if _IMAGE_ID.fullmatch(text):
        raise InvalidReference("64 hex digits are the ID of a local image; registries do not know such IDs")
    name, at, digest = text.partition("@")
    if at and not is_digest(digest):
        raise InvalidReference(f"{digest!r} is not a digest (sha256: and 64 lower-case hex digits)")
    slash, colon = name.rfind("/"), name.rfind(":")
    tag = ""
    if colon > slash:
        name, tag = name[:colon], name[colon + 1 :]
        if _TAG.fullmatch(tag) is None:
            raise InvalidReference(
                f"{tag!r} is not a tag (letters, digits, '_', '.', '-'; at most 128)" if tag else "the tag is empty"
            )
    domain, path = _split_domain(name)
    if _DOMAIN.fullmatch(domain) is None:
        raise InvalidReference(f"{domain!r} is not a registry host")
    if domain == DEFAULT_DOMAIN and path and "/" not in path:
        path = f"library/{path}"
    if _PATH.fullmatch(path) is None:
        raise InvalidReference(_explain_path(path))
    if len(path) > MAX_NAME:
        raise InvalidReference(f"the repository name has {len(path)} characters, more than {MAX_NAME}")
    explicit = bool(tag)
    return Reference(domain, path, tag or ("" if digest else DEFAULT_TAG), digest, explicit)


def spelt(name: str) -> str:
    """Return the normalised form of a name for comparisons, or the unchanged text if it is not a reference."""
    try:
        return str(parse_reference(name))
    except InvalidReference:
        return name
