"""The table of our verdicts beside those of real clients on two large public suites: `make trust-suites CLONES=DIR`.

DIR holds clones named `x509-limbo` and `bettertls`. Go and OpenSSL judge here; Edge on Windows judged for BetterTLS. The run
fails if a verdict differs without a reason below, or if a reason below is not needed any more.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.peers.pki.comparing import Compared, model
from tests.peers.pki.judges import Go, openssl_suite_verdict
from tests.peers.pki.suites import SuiteCase, bettertls, edge_on_windows, limbo
from tests.peers.trust_table import print_table

# Ours differs from crypto/x509 on these cases of x509-limbo. Each is a refusal of ours.
LIMBO_GO: Mapping[str, str] = {
    "rfc5280::eku::ee-eku-empty": "our library does not read an empty extended key usage; curl and Python refuse it too",
    "rfc5280::root-inconsistent-ca-extensions": "Go skips the key usage of a root if it has no bit; OpenSSL refuses it too",
    "webpki::forbidden-dsa-leaf": "crypto/tls refuses such a key in the handshake, which verifying a chain does not show",
}
# Ours differs from `openssl verify` with the settings of Python 3.13 or curl on these cases.
_NOT_READ = "our library does not read the extension, so we do not vouch for the chain"
LIMBO_OPENSSL: Mapping[str, str] = {
    "rfc5280::validity::notafter-exact": "OpenSSL refuses the last second of the validity; our dates are days",
    "rfc5280::root-missing-basic-constraints": "curl takes a trusted root without basic constraints; Go and Python refuse it",
    "webpki::nc::intermediate-permitted-excluded-subtrees-both-null": _NOT_READ,
    "webpki::nc::intermediate-permitted-excluded-subtrees-both-empty-sequences": _NOT_READ,
    "webpki::malformed-aia": _NOT_READ,
    "webpki::san::wildcard-embedded-leftmost-san": "OpenSSL lets * stand for a part of a label; curl and Go do not",
    "webpki::forbidden-dsa-root": "we do not verify DSA signatures; Go refuses them too",
    "webpki::forbidden-dsa-leaf": "the handshake refuses such a key, which `openssl verify` does not show",
    "webpki::v1-cert": "Python 3.13 takes a certificate of version 1 without an authority key identifier; we refuse it",
}
PYTHON_ONLY, CURL_ONLY = frozenset({"webpki::v1-cert"}), frozenset({"rfc5280::root-missing-basic-constraints"})


def against_go(cases: list[SuiteCase], go: Go, client: str, known: Mapping[str, str]) -> Iterator[Compared]:
    """Each case for a Go client with a pool of its own."""
    own = model("go-explicit-pool", "windows")
    for case, told in zip(cases, go.answers([case.as_json() for case in cases]), strict=True):
        yield Compared(case.name, client, case.ours(own), told, known.get(case.name, ""))


def against_openssl(cases: list[SuiteCase], folder: Path) -> Iterator[Compared]:
    """Each case for curl and for Python 3.13 on Linux."""
    for name, strict in (("curl", False), ("python 3.13", True)):
        client = model(name, "linux")
        for case in cases:
            told = openssl_suite_verdict(case.chain, case.roots, case.host, case.at, folder, strict=strict)
            other = CURL_ONLY if strict else PYTHON_ONLY
            known = "" if case.name in other else LIMBO_OPENSSL.get(case.name, "")
            yield Compared(case.name, f"x509-limbo, {name}", case.ours(client), told, known)


def lines(clones: Path, folder: Path) -> Iterator[Compared]:
    """Everything compared."""
    go = Go.built(folder)
    of_limbo = limbo(clones / "x509-limbo")
    yield from against_go(of_limbo, go, "x509-limbo, Go", LIMBO_GO)
    yield from against_openssl(of_limbo, folder)
    of_bettertls = bettertls(clones / "bettertls", folder)
    yield from against_go(of_bettertls, go, "BetterTLS, Go", {})
    windows = model("powershell", "windows")
    for case, told in edge_on_windows(clones / "bettertls", of_bettertls):
        yield Compared(case.name, "BetterTLS, Edge 94 on Windows", case.ours(windows), told)


def main(clones: str) -> int:
    """Print the differences and the summary; 1 when something is not as it should be."""
    with tempfile.TemporaryDirectory() as name:
        return print_table(lines(Path(clones), Path(name)), only_differences=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
