"""The corpus's manifests, read as evidence, give the expected results of its index."""

from __future__ import annotations

import datetime
import re

import pytest

from auditor.engine import CheckResult, evaluate
from auditor.evidence.model import Absent, Kind
from auditor.needs.resolve import resolve_needs
from auditor.oci.document import Index, Manifest, Schema1, parse_document
from auditor.oci.select import entries
from auditor.policy import Policy, judge
from auditor.report import Cell
from auditor.report.image_matrix import image_rows
from auditor.site import Site
from auditor.testing import MemoryEvidence, plan_of
from auditor.testing.memory import AT, SOURCE, digest_of
from checks import CATALOGUE
from tests.corpus.folder import corpus

pytestmark = pytest.mark.corpus

TODAY = datetime.date(2026, 11, 23)
IMAGE = "registry.example.com/corpus/image:1"
POOLS = {
    "linux": "linux/amd64",
    "win2019": "windows/amd64:ltsc2019",
    "win2022": "windows/amd64:ltsc2022",
    "annual": "windows/amd64:23H2",
    "win2025": "windows/amd64:ltsc2025",
}
NONDISTRIBUTABLE = {
    "v2s2.nondistributable.manifest.json": 1,
    "v2s2.nondistributable.gzip.manifest.json": 1,
    "ociv1.nondistributable.manifest.json": 1,
    "ociv1.nondistributable.gzip.manifest.json": 1,
    "ociv1.nondistributable.zstd.manifest.json": 1,
    "oci1-all-media-types.json": 3,
    "schema2-all-media-types.json": 3,
}
COVERED = {
    "pause-3.8",
    "rancher-kubelet-pause",
    "mongo-4-1809-2021",
    "mongo-4.4-1809-2023",
    "hello-world-index-2024",
    "quay-pullthru-lists",
    "ci-nondistributable",
    "cl-schema1",
    "harbor-foreign-no-url",
}


def read(*parts: str) -> bytes:
    return corpus("manifests", *parts).read_bytes()


def site(first: bytes, *others: bytes, pools: tuple[str, ...] = tuple(POOLS)) -> Site:
    """A site that needs one image, whose tag points at the first document."""
    listed = "".join(f"  {name}: {{platform: '{POOLS[name]}', runtime: containerd 2.1.6}}\n" for name in pools)
    registry = "registry: {host: 'registry.plant7.local:5000', disk: 100GB, insecure: true}\n"
    plan = plan_of(f"version: 1\npools:\n{listed}images: [{{ref: '{IMAGE}'}}]\n{registry}")
    evidence = MemoryEvidence()
    evidence.point(IMAGE, first)
    for body in others:
        evidence.store(body)
    _lack_foreign_layers(evidence, first)
    return Site(plan, resolve_needs(plan), evidence)


def _lack_foreign_layers(evidence: MemoryEvidence, body: bytes) -> None:
    """The registry of the image has none of the foreign layers of its manifest that name no URL."""
    document = parse_document(body)
    for layer in document.layers if isinstance(document, Manifest) else ():
        if layer.is_nondistributable and not layer.urls:
            evidence.blobs[IMAGE.rpartition(":")[0], layer.digest] = Absent("BLOB_UNKNOWN", AT, SOURCE)


def results(where: Site) -> dict[str, CheckResult]:
    return {result.check.id: result for result in evaluate(where, CATALOGUE, TODAY).results}


def cells(where: Site) -> dict[str, Cell]:
    (row,) = image_rows(where, (), (), (), TODAY)
    return {cell.pool: cell for cell in row.platforms}


def index_of(body: bytes) -> Index:
    document = parse_document(body)
    assert isinstance(document, Index)
    return document


def manifest_of(body: bytes) -> Manifest:
    document = parse_document(body)
    assert isinstance(document, Manifest)
    return document


def platforms(body: bytes) -> list[str]:
    return [str(platform) for _, platform in entries(index_of(body))]


def foreign_bytes(body: bytes) -> list[int]:
    return [layer.size for layer in manifest_of(body).layers if layer.urls or layer.is_nondistributable]


def test_every_row_of_the_index_has_a_test_here() -> None:
    section = corpus("INDEX.md").read_text(encoding="utf-8").split("\n## manifests\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([a-z0-9][\w.-]*) \|", section, flags=re.MULTILINE)
    assert set(rows) - {"id"} == COVERED
    assert {path.name for path in corpus("manifests").iterdir()} == COVERED


def test_every_document_is_read() -> None:
    found = list(corpus("manifests").rglob("*.json"))
    assert len(found) > 20
    for path in found:
        assert isinstance(parse_document(path.read_bytes()), Index | Manifest | Schema1), path


def test_pause_3_8_has_a_build_for_each_host() -> None:
    body = read("pause-3.8", "pause_3.8.index.json")
    assert digest_of(body) == "sha256:9001185023633d17a2f98ff69b6ff2615b8ea02a825adffa40422f51dfdcde9d"
    windows = [text for text in platforms(body) if text.startswith("windows/amd64:10.0.")]
    assert [text.split("10.0.")[1] for text in windows] == ["17763.2928", "19042.1706", "20348.707"]
    assert len(platforms(body)) == 8
    found = cells(site(body))
    standings = {name: (cell.status, cell.os_version.removeprefix("10.0.")) for name, cell in found.items()}
    assert standings == {
        "linux": ("ok", ""),
        "win2019": ("ok", "17763.2928"),
        "win2022": ("ok", "20348.707"),
        "annual": ("fallback", "20348.707"),
        "win2025": ("fallback", "20348.707"),
    }
    said = results(site(body))
    assert said["windows-build-mismatch"].findings == ()
    fallbacks = {item.subject.pool: item.severity.value for item in said["windows-build-fallback"].findings}
    assert fallbacks == {"annual": "info", "win2025": "warning"}
    assert said["foreign-layer-egress"].undetermined[0].kind is Kind.MISSING_EVIDENCE


def test_rancher_kubelet_pause_has_one_foreign_layer() -> None:
    body = read("rancher-kubelet-pause", "manifest.json")
    assert digest_of(body) == "sha256:6e1d6e94d15c837e1b0361b435cff67334ec71529a9ab6f1ba191a45e12e63fb"
    assert foreign_bytes(body) == [101_340_070]
    assert len(manifest_of(body).layers) == 6
    said = results(site(body, pools=("win2022",)))
    (found,) = said["foreign-layer-egress"].findings
    assert found.subject.id.startswith("sha256:62239e9a")
    assert found.severity.value == "error"
    assert said["foreign-layer-unavailable"].findings == ()


def test_mongo_of_2021_has_mostly_foreign_layers() -> None:
    index, manifest = read("mongo-4-1809-2021", "index.json"), read("mongo-4-1809-2021", "manifest.json")
    assert foreign_bytes(manifest) == [1_718_332_879, 968_365_008]
    assert sum(layer.size for layer in manifest_of(manifest).layers) == 2_919_081_688
    assert [text.split("10.0.")[1] for text in platforms(index)] == ["17763.2183"]
    where = site(index, manifest, pools=("win2019", "win2022"))
    found = cells(where)
    assert (found["win2019"].status, found["win2019"].foreign_layers) == ("ok", 2)
    assert found["win2022"].status == "build-mismatch"
    said = results(where)
    assert sum(int(str(item.facts["bytes"])) for item in said["foreign-layer-egress"].findings) == 2_686_697_887
    assert {item.subject.pool for item in said["foreign-layer-egress"].findings} == {"win2019"}
    assert [item.subject.pool for item in said["windows-build-mismatch"].findings] == ["win2022"]


def test_mongo_of_2023_is_not_flagged() -> None:
    index, manifest = read("mongo-4.4-1809-2023", "index.json"), read("mongo-4.4-1809-2023", "manifest.json")
    assert foreign_bytes(manifest) == []
    layers = manifest_of(manifest).layers
    assert (len(layers), sum(layer.size for layer in layers)) == (9, 1_953_291_369)
    assert max(layer.size for layer in layers) == 1_707_943_932
    assert [text.split("10.0.")[1] for text in platforms(index)] == ["17763.3887"]
    where = site(index, manifest, pools=("win2019",))
    said = results(where)
    for check in ("foreign-layer-egress", "foreign-layer-unavailable"):
        assert (said[check].findings, said[check].undetermined, said[check].examined) == ((), (), 1)
    assert where.storage.registry.budget.bytes >= 1_953_291_369


def test_attestations_of_hello_world_2024_are_not_counted() -> None:
    body = read("hello-world-index-2024", "manifestList.json")
    listed = index_of(body).manifests
    assert len(listed) == 20
    assert sum(entry.is_attestation for entry in listed) == 9
    found = platforms(body)
    assert (sum(text.startswith("linux/") for text in found), len(found)) == (9, 11)
    assert sorted(text.split("10.0.")[1] for text in found if "10.0." in text) == ["17763.5458", "20348.2322"]
    statuses = {name: cell.status for name, cell in cells(site(body)).items()}
    assert statuses == {"linux": "ok", "win2019": "ok", "win2022": "ok", "annual": "fallback", "win2025": "fallback"}


@pytest.mark.parametrize(
    ("name", "prefix", "linux", "windows"),
    [
        ("hello-world.index.json", "97a379f4", 9, ["17763.2565", "20348.524"]),
        ("python-latest.index.json", "56701829", 8, ["17763.2928", "20348.707"]),
        ("python-bullseye.index.json", "90213d7c", 8, []),
    ],
)
def test_list_served_by_quay_is_read(name: str, prefix: str, linux: int, windows: list[str]) -> None:
    body = read("quay-pullthru-lists", name)
    assert digest_of(body).startswith(f"sha256:{prefix}")
    found = platforms(body)
    assert sum(text.startswith("linux/") for text in found) == linux
    assert sorted(text.split("10.0.")[1] for text in found if "10.0." in text) == windows
    where = site(body, pools=("linux", "win2022"))
    absent = results(where)["platform-absent"].findings
    assert [item.subject.pool for item in absent] == ([] if windows else ["win2022"])
    if not windows:
        assert judge(evaluate(where, CATALOGUE, TODAY), Policy(), TODAY).exit_code == 1


@pytest.mark.parametrize(("name", "count"), NONDISTRIBUTABLE.items())
def test_every_nondistributable_media_type_without_urls_is_unavailable(name: str, count: int) -> None:
    body = read("ci-nondistributable", name)
    assert len(foreign_bytes(body)) == count
    said = results(site(body, pools=("linux",)))
    distinct = {layer.digest for layer in manifest_of(body).layers if layer.is_nondistributable}
    assert {item.subject.id for item in said["foreign-layer-unavailable"].findings} == distinct
    assert {item.severity.value for item in said["foreign-layer-unavailable"].findings} == {"error"}
    assert said["foreign-layer-egress"].findings == ()


SCHEMA1 = ["schema1.json", "v2s1.manifest.json", "v2s1-unsigned.manifest.json", "v2s1-invalid-signatures.manifest.json"]


@pytest.mark.parametrize("name", [*SCHEMA1, "schema2-to-schema1-by-docker.json"])
def test_schema_1_is_flagged_and_its_storage_is_unknown(name: str) -> None:
    where = site(read("cl-schema1", name), pools=("linux",))
    (found,) = results(where)["schema1-manifest"].findings
    assert found.severity.value == "error"  # containerd 2.1 no longer pulls it
    assert where.storage.registry.unknown == (IMAGE,)
    (unknown,) = results(where)["registry-disk"].undetermined
    assert unknown.kind is Kind.MISSING_EVIDENCE


def test_invalid_digest_of_harbor_is_reported() -> None:
    body = read("harbor-foreign-no-url", "manifest.json")
    manifest = manifest_of(body)
    assert manifest.problems == ("config.digest '%s' is not a digest",)
    assert (foreign_bytes(body), len(manifest.layers)) == ([27_092_274], 6)
    where = site(body, pools=("linux",))
    said = results(where)
    (found,) = said["foreign-layer-unavailable"].findings
    assert found.severity.value == "error"
    assert any("'%s' is not a digest" in item.detail for item in said["platform-absent"].undetermined)
    assert all(item.kind is not Kind.BUG for result in said.values() for item in result.undetermined)
