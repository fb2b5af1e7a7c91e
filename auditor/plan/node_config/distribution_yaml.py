"""config.yaml of K3s and RKE2: only whether the registry of an image's own name is asked after its mirrors."""

from __future__ import annotations

import re

from auditor.facts import Fact, table, version_key
from auditor.plan.marked import NotStructured, load_marked
from auditor.plan.node_config.model import Unreadable

KEY = "disable-default-registry-endpoint"
_LOOKS = re.compile(rf"^[\"']?{KEY}[\"']?[ \t]*:".encode(), re.MULTILINE)


class DistributionRegistries(Fact, frozen=True, kw_only=True):
    """A distribution that writes containerd's configuration from a registries.yaml, and where that file lies.

    `flag_since` are the first releases that know the flag, one for each minor version, oldest first.
    """

    distribution: str
    file: str
    windows_file: str
    flag: str
    flag_since: tuple[str, ...]

    def knows_flag(self, version: str) -> bool:
        """Whether a release of the distribution reads the flag. A release without a version counts as a current one."""
        key = version_key(version)
        since = [version_key(first) for first in self.flag_since]
        if not key or key[:2] > since[-1][:2]:
            return True
        return any(key[:2] == first[:2] and key >= first for first in since)


def distribution_of(name: str) -> DistributionRegistries | None:
    """The fact for a distribution; None for one that leaves containerd's configuration alone."""
    rows: tuple[DistributionRegistries, ...] = table("distribution_registries", DistributionRegistries)
    return next((row for row in rows if row.distribution == name), None)


def recognises(data: bytes) -> bool:
    """By the one key that is read."""
    return _LOOKS.search(data) is not None


def read(data: bytes) -> bool:
    """Whether the server flag is set. Raises Unreadable."""
    try:
        documents = load_marked(data)
    except NotStructured as error:
        raise Unreadable(str(error), error.line) from error
    found = documents[0].get(KEY) if documents else None
    if found is not None and not isinstance(found.value, bool):
        raise Unreadable(f"`{KEY}` must be true or false", found.line)
    return found is not None and found.value is True
