"""The glossary: terms that pages and reports use without explanation."""

from __future__ import annotations

import re

WORDS = {
    "AIA": "a URL in a certificate from which a client may download the issuer's certificate",
    "baseline": "an earlier report; findings that it already has do not count",
    "chain": "the certificates that an endpoint sends: its own first, then its issuers, up to one that a root issued",
    "CRL": "a signed list of the certificates that a CA has revoked; it is valid until a date",
    "digest": "the SHA-256 of a manifest or layer, which identifies its content and never changes",
    "evidence": "the observations of registries, archives, endpoints and nodes, with time and source; collected on the "
    "connected side, evaluated anywhere",
    "facts": "the auditor's tables about the behaviour of tools, runtimes, registries and Windows, with a source for each row: "
    "the files of auditor/facts in its source code",
    "foreign layer": "a layer that its publisher marked as not redistributable, as Windows base layers were until June 2023: "
    "its manifest may give a URL for it, and most tools do not copy it",
    "horizon": "the day until which the site must work offline",
    "index": "the manifest of an image that exists for several platforms: it lists a manifest for each",
    "internal registry": "the registry in the plan from which the nodes pull after the transfer",
    "os.version": "the build of Windows that an image was made for, such as 10.0.20348.2700",
    "pool": "nodes with the same operating system, architecture, Windows build, runtime and trust",
    "rewrites": "the plan's rules that map an image's path at its source to a path in the internal registry",
    "root": "a CA certificate that a machine trusts because it is installed, not because another CA signed it",
    "scope": "the areas of a site, each with how far the audit examined it: see docs/scope.md in the source code",
    "undetermined": "a check that could not be decided: neither a pass nor a fault",
    "waiver": "the acceptance of a finding by a named owner, for a reason, until a date",
}


def words_in(text: str) -> dict[str, str]:
    """Return the terms that a text uses, with their meaning, in glossary order."""
    said = " ".join(text.split())
    return {word: meaning for word, meaning in WORDS.items() if _asked(word).search(said)}


def _asked(word: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(word)}(?:e?s)?\b", re.NOFLAG if word.isupper() else re.IGNORECASE)
