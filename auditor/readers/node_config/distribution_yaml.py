"""config.yaml of K3s and RKE2: only whether the original registry is used after its mirrors."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.errors import Location
from auditor.facts import Fact, table
from auditor.facts.versions import Answer, range_of
from auditor.located import Marked, NotStructured, TwiceKey, load_marked
from auditor.plan.spelling import closest
from auditor.readers.node_config.model import Unreadable
from auditor.readers.node_config.slips import ConfigSlip, Effect, Grammar, slip
from auditor.text import shown

KEY = "disable-default-registry-endpoint"
FILE = "config.yaml"
_ALIKE = 0.8
_LOOKS = re.compile(rf"^[\"']?{KEY}[\"']?[ \t]*:".encode(), re.MULTILINE)


class DistributionRegistries(Fact, frozen=True, kw_only=True):
    """A distribution that writes containerd's configuration from a registries.yaml, and the path of that file.

    `flag_since` are the first releases that know the flag, one for each minor version, oldest first.
    """

    distribution: str
    file: str
    windows_file: str
    flag: str
    flag_since: tuple[str, ...]

    def knows_flag(self, version: str) -> bool:
        """Return whether a release of the distribution reads the flag. An unknown version counts as a current release."""
        return range_of(fixed_in=self.flag_since).answer(version) is not Answer.YES


def distribution_of(name: str) -> DistributionRegistries | None:
    """Return the fact for a distribution; None for one that does not write containerd's configuration."""
    rows: tuple[DistributionRegistries, ...] = table("distribution_registries", DistributionRegistries)
    return next((row for row in rows if row.distribution == name), None)


def recognises(data: bytes) -> bool:
    """Detect the file by the one key that is read."""
    return _LOOKS.search(data) is not None


def read(data: bytes) -> bool:
    """Return whether the server flag is set. Raises Unreadable."""
    found = _document(data).get(KEY)
    if found is not None and not isinstance(found.value, bool):
        raise Unreadable(f"`{KEY}` must be true or false", found.line, found.column, accepted=True)
    return found is not None and found.value is True


def slips(file: str, data: bytes) -> Iterator[ConfigSlip]:
    """Yield keys that are probably misspellings of the flag: K3s and RKE2 ignore unknown flags."""
    try:
        document = _document(data)
    except Unreadable:
        return
    for key, value in document.items():
        if key != KEY and closest(key.lower().replace("_", "-"), [KEY], _ALIKE):
            at = Location(file, value.line, value.column)
            message = f"Unknown flag --{shown(key)[1:-1]} found in config.yaml, skipping"
            why = "K3s and RKE2 ignore unknown flags"
            yield slip(Grammar(FILE), Effect.IGNORED, (key,), why, at, message=message, instead=KEY)


def _document(data: bytes) -> Marked:
    try:
        documents = load_marked(data)
    except NotStructured as error:
        raise Unreadable(str(error), error.line, error.column, accepted=isinstance(error, TwiceKey)) from error
    return documents[0] if documents else Marked({}, 1, 1)
