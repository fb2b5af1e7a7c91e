"""Valid inputs to start from: the example's files, the texts in the tests of an area, and generated files."""

from __future__ import annotations

import ast
import datetime
import gzip
import hashlib
import io
import json
import tarfile
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).parents[2]
MAX_SEED = 8 * 1024


@cache
def texts_in(*folders: str) -> tuple[bytes, ...]:
    """The longer texts that stand in the tests of these folders or files, such as lists and configurations, sorted."""
    found: set[bytes] = set()
    for folder in folders:
        path = ROOT / folder
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            for node in ast.walk(ast.parse(file.read_bytes())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                    data = node.value.encode("utf-8", "surrogatepass") if isinstance(node.value, str) else node.value
                    if 12 <= len(data) <= MAX_SEED:
                        found.add(data)
    return tuple(sorted(found))


@cache
def files_in(folder: str, *ends: str) -> tuple[bytes, ...]:
    """The files of the example whose names end so."""
    files = sorted(path for path in (ROOT / folder).rglob("*") if path.is_file() and path.name.endswith(ends or ("",)))
    return tuple(data for path in files if (data := path.read_bytes()) and len(data) <= 2 * MAX_SEED)


@cache
def evidence_file() -> bytes:
    """The evidence of the example."""
    return (ROOT / "examples/plant-7/plant-7.evidence").read_bytes()


def _packed(files: dict[str, bytes], links: dict[str, str] | None = None, *, form: int = tarfile.GNU_FORMAT) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return made.getvalue()


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@cache
def archives() -> tuple[bytes, ...]:
    """An OCI layout, archives of docker save old and new, with links, PAX and GNU headers, plain and compressed."""
    config = json.dumps({"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": []}}).encode()
    layer = gzip.compress(_packed({"etc/x": b"x"}), mtime=0)
    oci = "application/vnd.oci.image"
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": f"{oci}.manifest.v1+json",
            "config": {"mediaType": f"{oci}.config.v1+json", "digest": f"sha256:{_hash(config)}", "size": len(config)},
            "layers": [{"mediaType": f"{oci}.layer.v1.tar+gzip", "digest": f"sha256:{_hash(layer)}", "size": len(layer)}],
        }
    ).encode()
    root = {"mediaType": f"{oci}.manifest.v1+json", "digest": f"sha256:{_hash(manifest)}", "size": len(manifest)}
    root["annotations"] = {"org.opencontainers.image.ref.name": "1", "io.containerd.image.name": "r.example/a:1"}
    index = json.dumps({"schemaVersion": 2, "manifests": [root]}).encode()
    blobs = {f"blobs/sha256/{_hash(data)}": data for data in (config, layer, manifest)}
    layout = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": index, **blobs}
    saved = [{"Config": f"{_hash(config)}.json", "RepoTags": ["r.example/a:1"], "Layers": ["0/layer.tar"]}]
    old = {
        f"{_hash(config)}.json": config,
        "0/layer.tar": layer,
        "manifest.json": json.dumps(saved).encode(),
        "0/VERSION": b"1.0",
    }
    old["repositories"] = b'{"r.example/a": {"1": "0"}}'
    both = {**layout, "manifest.json": json.dumps(saved).encode()}
    plain = (
        _packed(layout),
        _packed(old, {"1/layer.tar": "../0/layer.tar"}),
        _packed(both, form=tarfile.PAX_FORMAT),
        _packed({"a" * 120 + "/é": b"x" * 600, **old}, form=tarfile.PAX_FORMAT),
        _packed({"dir/" * 20 + "x": b"y", **layout}, form=tarfile.USTAR_FORMAT),
    )
    return (*plain, *(gzip.compress(data, mtime=0) for data in plain[:2]))


@cache
def documents() -> tuple[bytes, ...]:
    """Documents of images: manifests, indexes, configs."""
    found = texts_in("tests/oci", "tests/collectors")
    return (*(data for data in found if data.lstrip()[:1] == b"{"), *_documents_of_archives())


def _documents_of_archives() -> tuple[bytes, ...]:
    with tarfile.open(fileobj=io.BytesIO(archives()[0])) as archive:
        bodies = [file.read() for member in archive if (file := archive.extractfile(member)) is not None]
    return tuple(body for body in bodies if body[:1] == b"{")


@cache
def revocation_lists() -> tuple[bytes, ...]:
    """A CRL, in DER and in PEM; the key and so the signature are always the same."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Plant CA")])
    day = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = x509.CertificateRevocationListBuilder().issuer_name(name).last_update(day).next_update(day.replace(year=2027))
    for number in (1, 2, 3):
        entry = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(day)
        entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
        made = made.add_revoked_certificate(entry.build())
    made = made.add_extension(x509.CRLNumber(7), critical=False)
    crl = made.sign(ed25519.Ed25519PrivateKey.from_private_bytes(b"k" * 32), None)
    return crl.public_bytes(Encoding.DER), crl.public_bytes(Encoding.PEM)


@cache
def certificates() -> tuple[bytes, ...]:
    """The example's certificates, in PEM and in DER."""
    pem = files_in("examples/plant-7", ".pem")
    der = [one.public_bytes(Encoding.DER) for data in pem for one in x509.load_pem_x509_certificates(data)]
    return (*pem, *der)


@cache
def packed_charts() -> tuple[bytes, ...]:
    """Charts as `helm package` writes them."""
    chart = b"apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies:\n- {name: db, version: 1.x, repository: 'https://c.example'}\n"
    inner = gzip.compress(_packed({"db/Chart.yaml": b"name: db\nversion: 1.0.0\n"}), mtime=0)
    files = {"shop/Chart.yaml": chart, "shop/values.yaml": b"a: 1\n", "shop/charts/db-1.0.0.tgz": inner}
    plain = _packed(files, form=tarfile.PAX_FORMAT)
    return gzip.compress(plain, mtime=0), gzip.compress(_packed(files), compresslevel=0, mtime=0), plain


@cache
def small_reports() -> tuple[bytes, ...]:
    """The golden report with three rows of each list."""
    report = json.loads((ROOT / "tests/golden/reports/sample.json").read_bytes())
    for at in range(4):
        for name, rows in report.items():
            if isinstance(rows, list):
                report[name] = rows[at : at + 3]
    return (json.dumps(report).encode(),)
