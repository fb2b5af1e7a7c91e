"""Names that Kubernetes and Helm accept. Source: RFC 1123; kubernetes/apimachinery pkg/util/validation; helm pkg/chartutil."""

from __future__ import annotations

_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_MOST_LABEL = 63
MOST_RELEASE = 53


def is_label(text: str) -> bool:
    """Return whether a text is a DNS-1123 label, as the name of a namespace must be."""
    inner = _LETTERS | {"-"}
    return 0 < len(text) <= _MOST_LABEL and {text[0], text[-1]} <= _LETTERS and inner.issuperset(text)


def is_release(text: str) -> bool:
    """Return whether Helm accepts a text as the name of a release: DNS-1123 labels with dots between them, at most 53
    characters."""
    return len(text) <= MOST_RELEASE and all(map(is_label, text.split(".")))


def release_from(text: str) -> str:
    """Return a release name close to the text, such as the name of a chart's folder, or Helm's default if nothing remains."""
    if is_release(text):
        return text
    plain = "".join(letter if letter in _LETTERS else "-" for letter in text.lower())
    name = plain[:MOST_RELEASE].strip("-")
    return name if is_release(name) else "release-name"
