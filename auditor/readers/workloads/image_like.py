"""Whether a text outside a pod's `image` fields names an image. Precision first: URLs, versions and paths do not count.

Measured on real manifests: if a key or variable contains "image", a weak text is enough. Otherwise only a registry host with a
path and a tag or digest counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from auditor.oci.reference import InvalidReference, Reference, parse_reference
from auditor.readers.lists.source import placeholder_in

MAX_TEXT = 512  # a longer text is not a reference: 255 characters of name, 128 of tag, 135 of digest
_SCHEMES = ("docker://", "oci://")
_ENDINGS = ("image", "imagename", "imageref", "imagereference", "imageurl", "imageuri")
_WORDS = frozenset({"image", "images", "img", "container"})
_NO_IMAGES = frozenset({"auto", "none", "null", "true", "false"})
_LABEL_HOSTS = ("kubernetes.io", "k8s.io")  # only registries among these are hosts of images: the others begin labels
_REGISTRIES = ("registry.", "gcr.", "k8s.gcr.")


@lru_cache(maxsize=10_000)
def key_names_image(key: str) -> bool:
    """Return whether a key names an image: `image`, `sidecarImage`, `image_name`, `imageRef`."""
    plain = key.lower().replace("-", "").replace("_", "").replace(".", "")
    return plain.endswith(_ENDINGS)


@lru_cache(maxsize=10_000)
def variable_names_image(name: str) -> bool:
    """Return whether the name of an environment variable or a flag contains the word IMAGE, IMG or CONTAINER."""
    return not _WORDS.isdisjoint(name.lower().replace("-", "_").replace(".", "_").split("_"))


def loose_reference(text: str) -> Reference | None:
    """Return the reference in a text whose key contains "image": it has a host, a tag or a digest. None for other text."""
    text = text.strip()
    scheme = next((scheme for scheme in _SCHEMES if text.startswith(scheme)), "")
    text = text.removeprefix(scheme)
    found = _parsed(text)
    if found is None:
        return None
    return found if scheme or found.digest or found.explicit_tag or _has_host(text) else None


def bare_reference(text: str) -> Reference | None:
    """Return the reference after a key `image` next to a name: `busybox` is enough. None for words such as `auto`."""
    text = text.strip()
    return None if text.lower() in _NO_IMAGES else _parsed(text)


def strict_reference(text: str) -> Reference | None:
    """Return the reference in a text by itself: a registry host, a path, and a tag or digest. None for other text."""
    text = text.strip().removeprefix("docker://")
    if not _has_host(text):
        return None
    found = _parsed(text)
    return found if found is not None and (found.digest or found.explicit_tag) else None


def words_of(text: str) -> Iterator[str]:
    """Yield the words of a command, a script or a list, each also without a leading `name=`."""
    for word in text.replace(",", " ").split():
        bare = word.strip("\"'`()[]{};")
        yield bare
        _, equals, value = bare.partition("=")
        if equals:
            yield value.strip("\"'")


def _has_host(text: str) -> bool:
    """Return whether the first part of a path is a registry host: with a dot or a port, and not a domain of labels."""
    host, slash, rest = text.partition("/")
    if not slash or not rest:
        return False
    name, colon, port = host.partition(":")
    if colon and not port.isdigit():
        return False
    if "." not in name and name != "localhost" and not colon:
        return False
    is_label = name.endswith(_LABEL_HOSTS) and not name.startswith(_REGISTRIES)
    return not is_label and not name.startswith(".") and any(letter.isalnum() for letter in name)


def _parsed(text: str) -> Reference | None:
    if not text or len(text) > MAX_TEXT or "$" in text or "*" in text or any(map(str.isspace, text)) or placeholder_in(text):
        return None
    try:
        return parse_reference(text)
    except InvalidReference:
        return None
