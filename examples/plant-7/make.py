"""Generate the example's certificates and evidence: `make example`.

A small registry on loopback serves the images of registry.yaml, and the auditor's own collector collects from it. So the
evidence in the repository is collected evidence. Private keys are generated, used and discarded.
"""

from __future__ import annotations

import contextlib
import datetime
import sqlite3
import tempfile
from dataclasses import replace
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from media import make_media
from standin import Images, serving

from auditor.collectors.collect import CollectOptions, collect
from auditor.evidence.model import Fetched, Place, Seen, TlsOffered
from auditor.evidence.places import note_places
from auditor.evidence.sqlite_schema import seal_of
from auditor.evidence.store import Store
from auditor.needs.model import Needs
from auditor.needs.resolve import resolve_needs
from auditor.plan.load import load_plan
from auditor.plan.rewrites import placed

HERE = Path(__file__).parent
PLAN = HERE / "plan.yaml"
EVIDENCE = HERE / "plant-7.evidence"
AIA = "http://pki.corp.example/issuing-ca-2.crt"
CRL_INSIDE = "http://pki.plant7.local/issuing-ca-2.crl"
CRL_OUTSIDE = "http://pki.corp.example/issuing-ca-2.crl"
OFFERED = {"git.plant7.local:443": ("TLSv1.3",), "charts.plant7.local:443": ("TLSv1.2", "TLSv1.3")}
COLLECTED = datetime.datetime(2026, 11, 20, 8, tzinfo=datetime.UTC)


def day(text: str) -> datetime.datetime:
    """Return midnight UTC of an ISO date."""
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


# ---- certificates


class Issuer:
    """A name and its key. It issues certificates."""

    def __init__(self, name: str, parent: Issuer | None, start: str, end: str) -> None:
        self.name = x509.Name(
            [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Plant 7"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
        )
        self.key = ec.generate_private_key(ec.SECP256R1())
        self._signer = parent or self
        usage = x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = self._signer.builder(self.name, self.key.public_key(), start, end)
        builder = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=None if parent is None else 0), critical=True
        )
        self.certificate = builder.add_extension(usage, critical=True).sign(self._signer.key, hashes.SHA256())

    def builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey, start: str, end: str
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(day(start))
            .not_valid_after(day(end))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )

    def leaf(self, names: list[str], start: str, end: str, crl: str = "", *, short_key: bool = False) -> x509.Certificate:
        """Return a server certificate for DNS names, optionally with the URL of a CRL or an RSA key of 1,024 bits."""
        key = rsa.generate_private_key(65537, 1024) if short_key else ec.generate_private_key(ec.SECP256R1())  # noqa: S505
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        where = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(AIA))
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl)], None, None, None)
        builder = self.builder(subject, key.public_key(), start, end)
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False) if crl else builder
        return (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityInformationAccess([where]), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def crl(self, start: str, end: str) -> bytes:
        """Return an empty CRL in DER."""
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.name)
        signed = builder.last_update(day(start)).next_update(day(end)).sign(self.key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.DER)


def pem(*certificates: x509.Certificate) -> bytes:
    """Return the certificates as concatenated PEM."""
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)


def make_certificates() -> bytes:
    """Write a corporate hierarchy with faults and return the CRL.

    The registry does not send its intermediate, and the API server has the wrong names. The CRL of the charts server is on an
    internal host and ends too early; that of the old Git server is on an external host."""
    root = Issuer("Plant 7 Root CA", None, "2021-03-01", "2041-03-01")
    issuing = Issuer("Plant 7 Issuing CA 2", root, "2023-03-01", "2033-03-01")
    registry = issuing.leaf(["registry.plant7.local"], "2026-02-15", "2027-02-15")
    api = issuing.leaf(["kubernetes", "kubernetes.default.svc", "api.plant7.local"], "2026-09-01", "2028-09-01")
    (HERE / "certs" / "corp-root.pem").write_bytes(pem(root.certificate))
    (HERE / "certs" / "registry-chain.pem").write_bytes(pem(registry))
    (HERE / "certs" / "api-chain.pem").write_bytes(pem(api, issuing.certificate))
    charts = issuing.leaf(["charts.plant7.local"], "2026-06-01", "2028-06-01", CRL_INSIDE)
    (HERE / "certs" / "charts-chain.pem").write_bytes(pem(charts, issuing.certificate))
    git = issuing.leaf(["git.plant7.local"], "2026-06-01", "2028-06-01", CRL_OUTSIDE, short_key=True)
    (HERE / "certs" / "git-chain.pem").write_bytes(pem(git, issuing.certificate))
    (HERE / "nodes" / "win2025" / "corp-root.pem").write_bytes(pem(root.certificate))
    return issuing.crl("2026-11-01", "2027-03-01")


def inside(table: dict[str, list[dict]], lacks: dict[str, dict]) -> Images:
    """Return the content of the internal registry: registry.yaml without the parts in inside.yaml."""
    kept = {name: lacks.get("other", {}).get(name, entries) for name, entries in table.items() if name not in lacks["absent"]}
    images = Images(kept)
    for name, platforms in lacks["without"].items():
        for entry in Images({name: [entry for entry in kept[name] if entry["platform"] in platforms]}).manifests:
            images.lack(entry)
    return images


def renamed(path: Path, names: dict[str, str]) -> None:
    """Replace the addresses of the stand-ins in the evidence by the real registries."""
    with contextlib.closing(sqlite3.connect(path)) as evidence, evidence:
        for there, here in names.items():
            evidence.execute("UPDATE tag SET reference = ?, source = ? WHERE reference = ?", (here, f"https://{here}", there))
            repositories = [name.rpartition(":")[0] for name in (here, there)]
            host, _, name = repositories[1].partition("/")
            evidence.execute(
                "UPDATE unpacked SET source = ? WHERE source LIKE ?",
                (f"https://{repositories[0]}", f"http://{host}/v2/{name}/%"),
            )
            for table in ("blob", "missing"):
                columns = (repositories[0], f"https://{repositories[0]}", repositories[1])
                evidence.execute(f"UPDATE {table} SET repository = ?, source = ? WHERE repository = ?", columns)  # noqa: S608
        seal_of(evidence).anew()
    with Store.create(path):
        pass  # closing seals the bytes of the file


def note_endpoints(store: Store, crl: bytes) -> None:
    """Store observations of the endpoints, which do not exist here."""
    for endpoint, versions in OFFERED.items():
        store.put_offered(endpoint, Seen(TlsOffered(versions, ()), COLLECTED, f"tls://{endpoint}"))
    store.put_fetched(CRL_INSIDE, Seen(Fetched(crl), COLLECTED, CRL_INSIDE))
    store.commit()


def make_evidence(crl: bytes) -> None:
    """Collect from stand-ins for the source registries and the internal registry, then insert the real names."""
    plan = load_plan(Path(PLAN.name))
    needs = resolve_needs(plan)
    table = yaml.safe_load((HERE / "registry.yaml").read_text(encoding="utf-8"))
    lacks = yaml.safe_load((HERE / "inside.yaml").read_text(encoding="utf-8"))
    references = list(dict.fromkeys(need.reference for need in needs.needs))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / EVIDENCE.name
        assert plan.registry is not None
        for images, real in ((Images(table), None), (inside(table, lacks), plan.registry)):
            with serving(images) as port:
                there = replace(plan.registry, host=f"127.0.0.1:{port}", ca="", rewrites={})
                with Store.create(path) as store:
                    done = collect(
                        replace(plan, registry=there), needs, store, CollectOptions(places=frozenset({Place.TARGET}))
                    )
                print(f"{EVIDENCE.name}: {done.documents} documents, {done.requests} requests")
            renamed(path, {str(placed(there, image)): str(placed(real, image) if real else image) for image in references})
        with Store.create(path) as store:
            collect(plan, Needs(needs=()), store, CollectOptions(places=frozenset({Place.ARCHIVES})))
            note_places(store, frozenset({Place.SOURCE}))
            note_endpoints(store, crl)
        EVIDENCE.write_bytes(path.read_bytes())


def main() -> None:
    """Generate everything."""
    crl = make_certificates()
    make_media(yaml.safe_load((HERE / "registry.yaml").read_text(encoding="utf-8")))
    with contextlib.chdir(HERE):  # the evidence must name the plan as plan.yaml, independent of the checkout's path
        make_evidence(crl)


if __name__ == "__main__":
    main()
