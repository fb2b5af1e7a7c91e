"""The names and numbers of TLS versions, cipher suites and key exchange groups."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from auditor.facts import Fact, remembered, table

VERSIONS: Mapping[str, int] = MappingProxyType({"TLSv1": 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304})
# RFC 8446, 4.2.7, RFC 8422, RFC 7027, RFC 7919 and draft-ietf-tls-ecdhe-mlkem; the names of IANA.
GROUPS: Mapping[int, str] = MappingProxyType(
    {
        0x001D: "x25519",
        0x0017: "secp256r1",
        0x0018: "secp384r1",
        0x0019: "secp521r1",
        0x001E: "x448",
        0x11EC: "X25519MLKEM768",
        0x11EB: "SecP256r1MLKEM768",
        0x11ED: "SecP384r1MLKEM1024",
        0x0200: "MLKEM512",
        0x0201: "MLKEM768",
        0x0202: "MLKEM1024",
        0x0015: "secp224r1",
        0x0013: "secp192r1",
        0x0016: "secp256k1",
        0x001A: "brainpoolP256r1",
        0x001B: "brainpoolP384r1",
        0x001C: "brainpoolP512r1",
        0x001F: "brainpoolP256r1tls13",
        0x0020: "brainpoolP384r1tls13",
        0x0021: "brainpoolP512r1tls13",
        0x0100: "ffdhe2048",
        0x0101: "ffdhe3072",
        0x0102: "ffdhe4096",
        0x0103: "ffdhe6144",
        0x0104: "ffdhe8192",
    }
)


class Suite(Fact, frozen=True, kw_only=True):
    """A cipher suite: its number, IANA's name and OpenSSL's name."""

    number: int
    name: str
    openssl: str

    @property
    def is_new(self) -> bool:
        """Return whether it is a suite of TLS 1.3."""
        return self.number >> 8 == 0x13

    @property
    def exchange(self) -> str:
        """Return the key exchange: `RSA`, `DHE`, `ECDHE` or a static one; empty for TLS 1.3."""
        return "" if self.is_new else self.name.removeprefix("TLS_").partition("_")[0]

    @property
    def signs_with(self) -> str:
        """Return the kind of the server's key: `RSA`, `ECDSA` or `DSS`; empty for TLS 1.3."""
        return "" if self.is_new else self.name.partition("_WITH_")[0].rpartition("_")[2]


@remembered
def suites() -> Mapping[int, Suite]:
    """Return the suites that the collector offers, by number."""
    rows: tuple[Suite, ...] = table("tls_suites", Suite)
    return {row.number: row for row in rows}


@remembered
def suite_named(name: str) -> Suite | None:
    """Return the suite with a name of IANA or of OpenSSL, or None if the facts have none."""
    return next((row for row in suites().values() if name in {row.name, row.openssl}), None)
