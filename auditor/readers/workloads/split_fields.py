"""Images whose parts are in several fields: registry, repository or name, and tag, version or digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from auditor.located import Marked
from auditor.oci.reference import InvalidReference, Reference, is_digest, parse_reference
from auditor.readers.workloads.image_like import bare_reference, loose_reference

_NAMES = ("imagerepository", "repository", "imagename", "image")
_TAGS = ("imagetag", "tag", "imageversion", "version", "imagedigest", "digest", "sha256", "sha")
_REGISTRIES = ("imageregistry", "registry", "hub")
_NO_IMAGE_BESIDE = frozenset({"chart", "charts", "url", "giturl", "branch", "revision"})
_MOST_WORDS = 4
_VARIABLE_TAGS = ("_TAG", "_VERSION", "_IMAGE_TAG", "_IMAGE_VERSION")

Composed = tuple[Marked, str, str, Reference | None]


def composed(mapping: Marked, *, in_list: bool = False) -> Iterator[Composed]:
    """Yield every image that the keys of one mapping form: its location, key and text, and its reference if it has a tag.

    Keys may share a prefix: `agentRepository` goes with `agentVersion`, `trivy.repository` with `trivy.tag`. `in_list`: the
    mapping is an item of a list, so that `name` is its own name.
    """
    if len(mapping.mapping) < 2 or not any(map(_may_name, mapping.mapping)):
        return
    parts = {
        _plain(key): (key, value) for key, value in mapping.items() if value.text and isinstance(value.value, str | int | float)
    }
    if len(parts) < 2 or not _NO_IMAGE_BESIDE.isdisjoint(parts) or any("://" in value.text for _, value in parts.values()):
        return
    read: set[str] = set()
    for name in _NAMES:
        for key in list(parts):
            prefix = key.removesuffix(name)
            if key.endswith(name) and prefix not in read and (found := _one(parts, prefix, name, in_list)) is not None:
                read.add(prefix)
                yield found
    if not read and (hub := parts.get("hub")) is not None and "tag" in parts and ("/" in hub[1].text or "." in hub[1].text):
        yield hub[1], hub[0], f"{hub[1].text}/…:{parts['tag'][1].text}", None


def named_image(mapping: Marked) -> tuple[Marked, str, Reference] | None:
    """Return the image of a mapping under a key `image` with `name` and a tag, version or digest, as in Linkerd and others."""
    name = mapping.get("name")
    tag = next((mapping.text_at(key) for key in ("tag", "version", "digest") if mapping.text_at(key)), "")
    if name is None or not tag or "/" not in name.text or bare_reference(name.text) is None:
        return None
    text = f"{name.text.strip()}{_behind(tag)}"
    reference = _reference(text)
    return (name, text, reference) if reference is not None else None


def composed_variable(name: str, text: str, beside: Mapping[str, str]) -> Reference | None:
    """Return the image of a variable with a name without a tag, using the tag in the neighbouring variable."""
    if bare_reference(text) is None or (loose_reference(text) is not None and ":" in text.rpartition("/")[2]):
        return None
    stem = name.removesuffix("_REPOSITORY").removesuffix("_REPO").removesuffix("_IMAGE").removesuffix("_REPOSITORY")
    words = stem.split("_")
    stems = ("_".join(words[number:]) for number in range(min(len(words), _MOST_WORDS)))  # X_DATABASE_IMAGE, DATABASE_VERSION
    tags = (beside.get(f"{start}{end}", "") for start in dict.fromkeys((name, *stems)) for end in _VARIABLE_TAGS)
    tag = next(filter(None, tags), "")
    return _reference(f"{text.strip()}{_behind(tag)}") if tag else None


@lru_cache(maxsize=10_000)
def _plain(key: str) -> str:
    return key.lower().replace(".", "").replace("_", "").replace("-", "")


@lru_cache(maxsize=10_000)
def _may_name(key: str) -> bool:
    """Return whether a key may hold the name of an image: without one, no parts add up to an image."""
    plain = _plain(key)
    return plain.endswith(_NAMES) or plain == "hub"


def _text(parts: Mapping[str, tuple[str, Marked]], *keys: str) -> str:
    return next((parts[key][1].text.strip() for key in keys if key in parts), "")


def _one(parts: Mapping[str, tuple[str, Marked]], prefix: str, name: str, in_list: bool) -> Composed | None:
    key, value = parts[prefix + name]
    path = value.text.strip()
    if name == "repository" and (own := _text(parts, f"{prefix}image", f"{prefix}imagename")):
        path = f"{path.rstrip('/')}/{own}"
    elif name == "repository" and not prefix and not in_list and "/" not in path and "tag" in parts:
        path = f"{path}/{own}" if (own := _text(parts, "name")) and "/" not in own else path  # an organisation and a name
    tag = _text(parts, *(prefix + tag for tag in _TAGS))
    registry = _text(parts, *(prefix + registry for registry in _REGISTRIES), "registry", "hub")
    is_whole = "/" in path or any(prefix + tag in parts for tag in ("imagetag", "tag", "imagedigest", "digest"))
    if not registry and not (tag and is_whole):
        return None
    if ":" in path.rpartition("/")[2] or "@" in path:
        return None  # it has its own tag, so it is read by its key as a whole reference
    text = f"{registry.rstrip('/')}/{path}" if registry and not path.startswith(f"{registry.rstrip('/')}/") else path
    whole = _reference(f"{text}{_behind(tag)}") if bare_reference(text) is not None else None
    if whole is None:
        return None
    return value, key, f"{text}{_behind(tag)}", whole if tag else None


def _behind(tag: str) -> str:
    if not tag:
        return ""
    return f"@{tag}" if is_digest(tag) else f":{tag}"


def _reference(text: str) -> Reference | None:
    try:
        return parse_reference(text)
    except InvalidReference:
        return None
