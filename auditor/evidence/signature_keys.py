"""The keys under which evidence stores what a repository has of an image's signatures."""

from __future__ import annotations


def signature_tag(digest: str, suffix: str = "") -> str:
    """Return the fallback tag of a digest's referrers, `sha256-<hex>`, or cosign's tag with suffix `sig`, `att` or `sbom`."""
    return f"{digest.replace(':', '-')}{f'.{suffix}' if suffix else ''}"


def tag_key(repository: str, digest: str, suffix: str) -> str:
    """Return the key of one of cosign's tags. It is the reference of that tag."""
    return f"{repository}:{signature_tag(digest, suffix)}"


def referrers_key(repository: str, digest: str) -> str:
    """Return the key of the list of referrers, from the API or from the fallback tag.

    The observed tag is the digest of the reduced list, which is stored as a document.
    """
    return f"{repository}/_referrers@{digest}"
