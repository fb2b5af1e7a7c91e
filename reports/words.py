"""What the words mean that pages and reports use as if everybody knew them."""

from __future__ import annotations

import re

WORDS = {
    "AIA": "a URL in a certificate, from which a client may fetch the certificate that issued it",
    "baseline": "an earlier report: what it found already does not count again",
    "chain": "the certificates that an endpoint sends: its own first, then those that issued it, up to one that a root issued",
    "CRL": "a list, signed by a CA, of the certificates that it has taken back; it counts until a date",
    "digest": "the SHA-256 of a manifest or a layer, by which it is named and which never changes",
    "evidence": "what was seen of registries, archives, endpoints and nodes, when and by which question; collected outside, "
    "judged anywhere",
    "facts": "the auditor's tables of what tools, runtimes, registries and Windows do, each row with its source: the files of "
    "auditor/facts in its source code",
    "foreign layer": "a layer that its publisher marked as not to be passed on, as the bases of Windows were until June 2023: "
    "its manifest names a URL to fetch it from, and most tools do not copy it",
    "horizon": "the day until which the site must work without help from outside",
    "index": "the manifest of an image that exists for several platforms: it lists a manifest for each",
    "os.version": "the build of Windows that an image was made for, such as 10.0.20348.2700",
    "pool": "nodes that are alike in system, architecture, Windows build, runtime and trust",
    "registry inside": "the registry that the plan names, from which the nodes pull when the cable is cut",
    "rewrites": "the plan's rules under which path the registry inside has what another registry has outside",
    "root": "the certificate of a CA that a machine trusts because it has it, and not because another CA signed it",
    "scope": "the areas of a site, each with how far the audit examined it: docs/scope.md of the source code has the table",
    "undetermined": "a question that could not be answered: no pass, and no fault either",
    "waiver": "a finding that somebody accepts by name, for a reason, until a date",
}


def words_in(text: str) -> dict[str, str]:
    """Those of the words that a text uses, in their order, with what they mean."""
    said = " ".join(text.split())
    return {word: meaning for word, meaning in WORDS.items() if _asked(word).search(said)}


def _asked(word: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(word)}(?:e?s)?\b", re.NOFLAG if word.isupper() else re.IGNORECASE)
