"""Makes the example's certificates and evidence anew: `make example`.

The images of registry.yaml are served as indexes, manifests and configs by a small registry on loopback, and collected
from it by the auditor's own collector, so that the evidence in the repository is collected evidence. Private keys are made,
used and thrown away.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from auditor.collectors.collect import CollectOptions, collect
from auditor.evidence.store import Store
from auditor.oci import media_types
from auditor.oci.platform import parse_platform
from auditor.oci.reference import parse_reference
from auditor.plan.load import load_plan
from auditor.plan.needs import resolve_needs

HERE = Path(__file__).parent
PLAN = HERE / "plan.yaml"
EVIDENCE = HERE / "plant-7.evidence"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
CONFIG = "application/vnd.docker.container.image.v1+json"
AIA = "http://pki.corp.example/issuing-ca-2.crt"


def day(text: str) -> datetime.datetime:
    """Midnight UTC of an ISO date."""
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


# ---- certificates


class Issuer:
    """A name and its key; issues certificates."""

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
        builder = self._signer._builder(self.name, self.key.public_key(), start, end)
        builder = builder.add_extension(
            x509.BasicConstraints(ca=True, path_length=None if parent is None else 0), critical=True
        )
        self.certificate = builder.add_extension(usage, critical=True).sign(self._signer.key, hashes.SHA256())

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, start: str, end: str) -> x509.CertificateBuilder:
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

    def leaf(self, names: list[str], start: str, end: str) -> x509.Certificate:
        """A server certificate for DNS names."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        where = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(AIA))
        return (
            self._builder(subject, key.public_key(), start, end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityInformationAccess([where]), critical=False)
            .sign(self.key, hashes.SHA256())
        )


def pem(*certificates: x509.Certificate) -> bytes:
    """PEM, one after the other."""
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)


def make_certificates() -> None:
    """A corporate hierarchy: the registry forgets its intermediate, the API server has the wrong names."""
    root = Issuer("Plant 7 Root CA", None, "2021-03-01", "2041-03-01")
    issuing = Issuer("Plant 7 Issuing CA 2", root, "2023-03-01", "2033-03-01")
    registry = issuing.leaf(["registry.plant7.local"], "2026-02-15", "2027-02-15")
    api = issuing.leaf(["kubernetes", "kubernetes.default.svc", "api.plant7.local"], "2026-09-01", "2028-09-01")
    (HERE / "certs" / "corp-root.pem").write_bytes(pem(root.certificate))
    (HERE / "certs" / "registry-chain.pem").write_bytes(pem(registry))
    (HERE / "certs" / "api-chain.pem").write_bytes(pem(api, issuing.certificate))


# ---- images


def digest_of(data: bytes) -> str:
    """The digest of bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Images:
    """The documents that the stand-in registry serves: by digest, and by (repository path, tag)."""

    def __init__(self, table: dict[str, list[dict[str, object]]]) -> None:
        self.documents: dict[str, tuple[str, bytes]] = {}
        self.tags: dict[tuple[str, str], str] = {}
        for name, platforms in table.items():
            reference = parse_reference(name)
            entries = [self._entry(entry) for entry in platforms]
            body = json.dumps({"schemaVersion": 2, "mediaType": media_types.DOCKER_LIST, "manifests": entries}).encode()
            self.tags[reference.path, reference.tag] = self._add(media_types.DOCKER_LIST, body)

    def _add(self, media_type: str, body: bytes) -> str:
        digest = digest_of(body)
        self.documents[digest] = (media_type, body)
        return digest

    def _entry(self, entry: dict) -> dict[str, object]:
        platform = parse_platform(entry["platform"])
        described = {"architecture": platform.architecture, "os": platform.os}
        if platform.os_version:
            described["os.version"] = platform.os_version
        config = entry.get("config")
        if config is None:
            body = json.dumps({**described, "rootfs": {"type": "layers", "diff_ids": []}}).encode()
            config = {"digest": self._add(CONFIG, body), "size": len(body)}
        manifest = {
            "schemaVersion": 2,
            "mediaType": media_types.DOCKER_MANIFEST,
            "config": {"mediaType": CONFIG, "size": config["size"], "digest": config["digest"]},
            "layers": [self._layer(layer) for layer in entry["layers"]],
        }
        # Docker's own layout of the JSON, so that a manifest of published figures has its published digest.
        body = json.dumps(manifest, indent=3).encode()
        return {
            "mediaType": media_types.DOCKER_MANIFEST,
            "size": len(body),
            "digest": self._add(media_types.DOCKER_MANIFEST, body),
            "platform": described,
        }

    @staticmethod
    def _layer(layer: dict) -> dict[str, object]:
        digest = layer.get("digest") or digest_of(layer["name"].encode())
        found = {"mediaType": FOREIGN if "foreign-url" in layer else LAYER, "size": layer["size"], "digest": digest}
        return {**found, "urls": [layer["foreign-url"]]} if "foreign-url" in layer else found


@contextmanager
def serving(images: Images) -> Iterator[int]:
    """A registry on loopback that serves the documents; yields its port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _, _, rest = self.path.partition("/v2/")
            for kind in ("/manifests/", "/blobs/"):
                repository, found, target = rest.partition(kind)
                if found:
                    self._answer(images.documents.get(images.tags.get((repository, target), target)))
                    return
            self._answer(("application/json", b"{}") if not rest else None)

        do_HEAD = do_GET  # noqa: N815 - as above

        def _answer(self, document: tuple[str, bytes] | None) -> None:
            missing = ("application/json", b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')
            media_type, body = document or missing
            self.send_response(200 if document else 404)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            if document:
                self.send_header("Docker-Content-Digest", digest_of(body))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)


def make_evidence() -> None:
    """Collect from the stand-in by way of the registry inside, then let the evidence carry the real plan."""
    with contextlib.chdir(HERE):  # so that the evidence names the plan as plan.yaml, wherever this checkout lies
        plan = load_plan(Path(PLAN.name))
    images = Images(yaml.safe_load((HERE / "registry.yaml").read_text(encoding="utf-8")))
    with tempfile.TemporaryDirectory() as folder, serving(images) as port:
        path = Path(folder) / EVIDENCE.name
        assert plan.registry is not None
        there = replace(plan, registry=replace(plan.registry, host=f"127.0.0.1:{port}", ca="", rewrites={}))
        with Store.create(path) as store:
            done = collect(there, resolve_needs(plan), store, CollectOptions(via="target"))
        EVIDENCE.write_bytes(path.read_bytes())
    print(f"{EVIDENCE.name}: {done.documents} documents, {done.requests} requests")


def main() -> None:
    """Make everything."""
    make_certificates()
    make_evidence()


if __name__ == "__main__":
    main()
