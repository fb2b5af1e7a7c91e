"""Time of trust verification: endpoints x pools x clients, one path on a large bundle, and cross-signed CAs in circles.

    python bench/trust.py [--endpoints 1000]

Targets: 1,000 endpoints x 6 pools x 4 clients in <= 3 s, every signature verified once; a path on a bundle of 600 roots in
<= 50 ms after loading. The time excludes generating keys and certificates and parsing bundles.
"""

from __future__ import annotations

import argparse
import base64
import datetime
import json
import tempfile
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from auditor.engine import evaluate
from auditor.evidence.model import ChainSeen, Seen
from auditor.evidence.store import Store
from auditor.needs.resolve import resolve_needs
from auditor.pki.certificate import Certificate, parse_certificate
from auditor.pki.paths import find_ways
from auditor.pki.signature import signature_flaw
from auditor.pki.stores.windows_roots import microsoft_list, public_by_sha1
from auditor.pki.trust_store import TrustStore, linux_public, windows_program
from auditor.plan.load import load_plan_files
from auditor.site import Site
from checks import CATALOGUE

NOW = datetime.datetime(2026, 11, 23, tzinfo=datetime.UTC)
POOLS = {
    "control": ("linux/amd64", "containerd, kubelet, curl, openssl", "root.pem"),
    "edge": ("linux/arm64", "containerd, kubelet, curl, python", "root.pem"),
    "build": ("linux/amd64", "containerd, kubelet, curl, go", "other.pem"),
    "win2019": ("windows/amd64:ltsc2019", "containerd, kubelet, curl, powershell", "root.pem"),
    "win2022": ("windows/amd64:ltsc2022", "containerd, kubelet, curl, dotnet-10", "node.json"),
    "win2025": ("windows/amd64:ltsc2025", "containerd, kubelet, curl, git", "other.pem"),
}


class Authority:
    """A name with a signing key."""

    def __init__(self, name: str) -> None:
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())

    def signs(self, other: Authority, host: str = "") -> Certificate:
        """Return a certificate for another authority, or for a host with the other's key."""
        builder = (
            x509.CertificateBuilder()
            .subject_name(other.name)
            .issuer_name(self.name)
            .public_key(other.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - datetime.timedelta(days=30))
            .not_valid_after(NOW + datetime.timedelta(days=3_000))
            .add_extension(x509.BasicConstraints(ca=not host, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(other.key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        if host:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        return parse_certificate(builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER))


def site_of(count: int, store: Store) -> Site:
    """The site of `count` endpoints below one root, each with a certificate of its own."""
    root, issuing, other, leaf = Authority("Root"), Authority("Issuing"), Authority("Other"), Authority("leaf")
    anchor, middle = root.signs(root), root.signs(issuing)
    stores = {"Root": [base64.b64encode(one.der).decode() for one in (anchor, *windows_program().anchors[:50])]}
    dump = {"format": "airgap-auditor windows-trust 1", "stores": {**stores, "AuthRoot": []}}
    pools = "".join(
        f"  {name}: {{platform: '{platform}', clients: [{clients}], trust: [{trust}]}}\n"
        for name, (platform, clients, trust) in POOLS.items()
    )
    hosts = [f"host-{number}.plant7.local" for number in range(count)]
    plan = f"version: 1\npools:\n{pools}endpoints: {json.dumps([f'{host}:443' for host in hosts])}\n"
    files = {
        "plan.yaml": plan.encode(),
        "root.pem": anchor.parsed.public_bytes(Encoding.PEM),
        "other.pem": other.signs(other).parsed.public_bytes(Encoding.PEM),
        "node.json": json.dumps(dump).encode(),
    }
    for host in hosts:
        chain = ChainSeen((issuing.signs(leaf, host).der, middle.der), "TLSv1.3")
        store.put_chain(f"{host}:443", Seen(chain, NOW, "bench"))
    loaded = load_plan_files("plan.yaml", files)
    return Site(loaded, resolve_needs(loaded), store)


def endpoints(count: int) -> None:
    """Evaluate every case, and run every check on the cases."""
    with tempfile.TemporaryDirectory() as folder, Store.create(Path(folder) / "bench.evidence") as store:
        site = site_of(count, store)
        linux_public(), windows_program(), public_by_sha1(), microsoft_list()
        signature_flaw.cache_clear()
        start, busy = time.perf_counter(), time.process_time()
        cases = site.trust(NOW.date())
        took, cpu = time.perf_counter() - start, time.process_time() - busy
        verified = signature_flaw.cache_info().misses
        start = time.process_time()
        evaluate(site, CATALOGUE, NOW.date())
        checks = time.process_time() - start
    print(f"trust: {len(cases):,} cases in {took:.2f} s (target 3.0; {cpu:.2f} s of CPU), {verified:,} signatures verified")
    print(f"every check on them: {checks:.2f} s of CPU")


def bundle() -> None:
    """Build one path on a bundle of 600 roots."""
    issuers = [Authority(f"Root {number}") for number in range(600)]
    store = TrustStore.of("bundle", [one.signs(one) for one in issuers])
    middle, leaf = Authority("Issuing"), Authority("leaf")
    chain = (middle.signs(leaf, "host.local"), issuers[300].signs(middle))
    start = time.perf_counter()
    found = find_ways(chain[0], chain, (store,))
    took = (time.perf_counter() - start) * 1e3
    assert found.anchored
    print(f"a path on a bundle of {len(store.anchors)} roots: {took:.2f} ms (target 50)")


def circles() -> None:
    """Build paths through authorities that all sign one another."""
    web = [Authority(f"W{number}") for number in range(12)]
    crosses = [high.signs(low) for low in web for high in web if low is not high]
    chain = (web[0].signs(Authority("leaf"), "host.local"), *crosses)
    start = time.perf_counter()
    found = find_ways(chain[0], chain, (linux_public(),))
    took = (time.perf_counter() - start) * 1e3
    print(f"{len(crosses)} cross-signs in circles: {took:.0f} ms, then given up: {found.truncated}")


def main() -> None:
    """Print the results with the targets."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoints", type=int, default=1_000)
    endpoints(parser.parse_args().endpoints)
    bundle()
    circles()


if __name__ == "__main__":
    main()
