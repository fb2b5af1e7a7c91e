"""Every image-list format except the plain one: its entries, their locations, and what cannot be enumerated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.readers.lists import ListSource, importers, read_list

SOURCE = ListSource("list", ("one",))
DIGEST = "sha256:" + "ab" * 32
INDEX = "application/vnd.oci.image.index.v1+json"

# name: (text, [(what was read, line, platforms)]); "? " begins an entry that cannot be enumerated, "! " an error.
FORMATS: dict[str, tuple[str, list[tuple[str, int, str]]]] = {
    "hauler": (
        (
            "apiVersion: content.hauler.cattle.io/v1\nkind: Images\n"
            "metadata: {name: x, annotations: {hauler.dev/platform: linux/amd64, hauler.dev/registry: r.example}}\n"
            "spec:\n  images:\n    - name: shop/a:1\n    - {name: r.example/b:1, platform: linux/arm64}\n    - {key: k.pub}\n"
            "    - {name: c:1, platform: nonsense}\n"
            "---\napiVersion: content.hauler.cattle.io/v1\nkind: Charts\nspec: {charts: [{name: shop, version: 1.0.0}]}\n"
            "---\napiVersion: content.hauler.cattle.io/v1\nkind: Files\nspec: {files: [{path: x}]}\n"
        ),
        [
            ("r.example/shop/a:1", 6, "linux/amd64"),
            ("r.example/b:1", 7, "linux/arm64"),
            ("! ", 8, ""),
            ("! c:1", 9, ""),
            ("? shop 1.0.0", 13, ""),
        ],
    ),
    "hauler store info": (
        (
            '{"artifacts": [\n {"reference": "r.example/a:1", "type": "image", "platform": "linux/amd64"},\n'
            ' {"reference": "hauler/chart:1", "type": "chart", "platform": "-"}]}'
        ),
        [("r.example/a:1", 2, "linux/amd64")],
    ),
    "zarf": (
        (
            "kind: ZarfPackageConfig\nmetadata: {name: x, architecture: arm64}\ncomponents:\n  - name: c\n    images:\n"
            "      - r.example/a:1\n      - r.example/b:###ZARF_VAR_TAG###\n    imageArchives:\n"
            "      - {path: a.tar, images: [r.example/c:1]}\n"
        ),
        [("r.example/a:1", 6, "linux/arm64"), ("! r.example/b:###ZARF_VAR_TAG###", 7, ""), ("r.example/c:1", 9, "linux/arm64")],
    ),
    "imgpkg": (
        (
            f"apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages:\n- image: r.example/a@{DIGEST}\n"
            f"- image: r.example/b:1\n---\napiVersion: imgpkg.carvel.dev/v1alpha1\nkind: BundleLock\n"
            f"bundle:\n  image: r.example/bundle@{DIGEST}\n  tag: v1\n"
        ),
        [(f"r.example/a@{DIGEST}", 4, ""), ("! r.example/b:1", 5, ""), (f"r.example/bundle@{DIGEST}", 10, "")],
    ),
    "helm dt": (
        (
            "apiVersion: v0\nkind: ImagesLock\nimages:\n  - name: a\n    image: r.example/a:1\n    digests:\n"
            f"      - {{digest: {DIGEST}, arch: linux/amd64}}\n      - {{digest: {DIGEST}, arch: linux/arm64}}\n"
            "  - {name: b, image: r.example/b:1}\n"
        ),
        [("r.example/a:1", 5, "linux/amd64"), ("r.example/a:1", 5, "linux/arm64"), ("r.example/b:1", 9, "")],
    ),
    "oc-mirror": (
        (
            "kind: ImageSetConfiguration\napiVersion: mirror.openshift.io/v2alpha1\nmirror:\n  platform:\n    channels:\n"
            "      - name: stable-4.19\n  operators:\n    - catalog: r.example/index:v4.19\n  additionalImages:\n"
            "    - name: r.example/a:1\n    - {name: r.example/b:1, platforms: [{os: linux, architecture: arm64}]}\n"
            "  helm: {repositories: [{url: https://charts.example.com}], local: [{name: shop}]}\n"
        ),
        [
            ("r.example/a:1", 10, ""),
            ("r.example/b:1", 11, "linux/arm64"),
            ("? stable-4.19", 6, ""),
            ("? r.example/index:v4.19", 8, ""),
            ("? https://charts.example.com", 12, ""),
            ("? shop", 12, ""),
        ],
    ),
    "oc-mirror mapping": (
        f"docker://r.example/a@{DIGEST}=docker://inside.example:5000/a:1\nr.example/b:1=inside.example:5000/b:1\n",
        [(f"r.example/a@{DIGEST}", 1, ""), ("r.example/b:1", 2, "")],
    ),
    "kots": (
        (
            "apiVersion: kots.io/v1beta1\nkind: Airgap\nspec:\n  savedImages:\n    - r.example/a:1\n"
            "  embeddedClusterArtifacts: {registry: {savedImages: [r.example/b:1]}}\n"
        ),
        [("r.example/a:1", 5, ""), ("r.example/b:1", 6, "")],
    ),
    "troubleshoot": (
        (
            "apiVersion: troubleshoot.sh/v1beta2\nkind: Preflight\nspec:\n  collectors:\n    - registryImages:\n"
            "        images:\n          - r.example/a:1\n    - clusterInfo: {}\n"
        ),
        [("r.example/a:1", 7, "")],
    ),
    "eks-a": (
        (
            "apiVersion: anywhere.eks.amazonaws.com/v1alpha1\nkind: Bundles\nspec:\n  versionsBundles:\n    - etcd:\n"
            f"        image: {{name: etcd, os: linux, arch: [amd64, arm64], uri: r.example/etcd:1, imageDigest: {DIGEST}}}\n"
            "        archive: {uri: https://x.example/a.tar, sha256: aa}\n"
        ),
        [("r.example/etcd:1", 6, "linux/amd64"), ("r.example/etcd:1", 6, "linux/arm64")],
    ),
    "regsync": (
        (
            "version: 1\ndefaults: {platform: linux/amd64}\nx: &all {type: repository}\nsync:\n"
            "  - {source: r.example/a:1, target: in/a:1, type: image}\n"
            "  - {source: r.example/b, target: in/b, <<: *all, tags: {allow: ['1\\.2', '1\\.3.*']}, platforms: [linux/arm64]}\n"
            "  - {source: r.example/c, target: in/c, type: repository}\n  - {source: r.example, target: in, type: registry}\n"
        ),
        [
            ("r.example/a:1", 5, "linux/amd64"),
            ("r.example/b:1.2", 6, "linux/arm64"),
            (r"? r.example/b:1\.3.*", 6, ""),
            ("? r.example/c", 7, ""),
            ("? r.example", 8, ""),
        ],
    ),
    "skopeo sync": (
        (
            f"r.example:5000:\n  tls-verify: false\n  images:\n    a: [\"1\", '{DIGEST}']\n    b: []\n"
            "  images-by-tag-regex:\n    c: ^1\\.2$\n"
        ),
        [
            ("r.example:5000/a:1", 4, ""),
            (f"r.example:5000/a@{DIGEST}", 4, ""),
            ("? r.example:5000/b", 5, ""),
            ("? r.example:5000/c", 7, ""),
        ],
    ),
    "ctr images ls": (
        (
            "REF TYPE DIGEST SIZE PLATFORMS LABELS\n"
            f"r.example/a:1 {INDEX} {DIGEST} 1.2 MiB linux/amd64,windows(10.0.20348.1)/amd64 -\n"
            f"{DIGEST} application/vnd.oci.image.index.v1+json {DIGEST} 1.2 MiB linux/amd64 -\n"
            f"sha256:{'cd' * 32} application/vnd.oci.image.index.v1+json sha256:{'cd' * 32} 1.2 MiB linux/amd64 -\n"
            "r.example/b:1 application/vnd.oci.ima\n"
        ),
        [
            ("! r.example/b:1 application/vnd.oci.ima", 5, ""),
            ("r.example/a:1", 2, "linux/amd64 windows/amd64:10.0.20348.1"),
            ("? sha256:" + "cd" * 32, 4, ""),
        ],
    ),
    "docker image ls": (
        (
            f'{{"Repository":"r.example/a","Tag":"1","Digest":"{DIGEST}","ID":"x"}}\n'
            '{"Repository":"<none>","Tag":"<none>","ID":"y"}\nrubbish\n'
        ),
        [("r.example/a:1", 1, ""), ("? <none>", 2, ""), ("! rubbish", 3, "")],
    ),
    "AKS imageBom": (
        (
            f'{{"sku": "x", "imageBom": [\n{{"id": "{DIGEST}", "repoTags": ["r.example/a:1"],\n"repoDigests": ["{DIGEST}"]}},\n'
            f'{{"id": "{DIGEST}", "repoTags": []}}]}}'
        ),
        [("r.example/a:1", 2, ""), (f"? {DIGEST}", 4, "")],
    ),
    "crictl images -o json": (
        (
            f'{{"images": [\n{{"id": "{DIGEST}", "repoTags": ["r.example/a:1"], "repoDigests": ["r.example/a@{DIGEST}"]}},\n'
            f'{{"id": "{DIGEST}", "repoTags": [], "repoDigests": ["r.example/b@{DIGEST}"]}},\n'
            f'{{"id": "{DIGEST}", "repoTags": [], "repoDigests": []}}]}}'
        ),
        [("r.example/a:1", 2, ""), (f"r.example/b@{DIGEST}", 3, ""), (f"? {DIGEST}", 4, "")],
    ),
    "AKS components": (
        (
            '{"ContainerImages": [\n{"downloadURL": "r.example/a:*", "amd64OnlyVersions": ["1"],\n'
            '"multiArchVersionsV2": [{"latestVersion": "2", "previousLatestVersion": "1.9"}],\n'
            '"windowsVersions": [{"latestVersion": "ltsc2022"}, {"latestVersion": "ltsc2022"}]},\n'
            '{"downloadURL": "r.example/b:*"}]}'
        ),
        [
            ("r.example/a:1", 2, "linux/amd64"),
            ("r.example/a:2", 3, ""),
            ("r.example/a:1.9", 3, ""),
            ("r.example/a:ltsc2022", 4, "windows/amd64"),
            ("? r.example/b:*", 5, ""),
        ],
    ),
    "BASEIMAGE": (
        (
            "linux/arm64=arm64v8/alpine:3.21\nwindows/amd64/ltsc2022=r.example/s:1\nwindows/amd64/2090=r.example/s:1\n"
            "linux/amd64=REGISTRY/a:1\nrubbish\n"
        ),
        [
            ("arm64v8/alpine:3.21", 1, "linux/arm64"),
            ("r.example/s:1", 2, "windows/amd64:10.0.20348"),
            ("! windows/amd64/2090=r.example/s:1", 3, ""),
            ("! REGISTRY/a:1", 4, ""),
            ("! rubbish", 5, ""),
        ],
    ),
    "Chart.yaml": (
        (
            "apiVersion: v2\nname: shop\nversion: 1.0.0\nannotations:\n  helm.sh/images: |\n"
            "    - name: a\n      image: r.example/a:1\n"
            "  artifacthub.io/images: |\n    - {image: r.example/b:1, platforms: [linux/amd64]}\n"
            "  images: |\n    - {a: 1, a: 2}\n"
        ),
        [
            ("r.example/a:1", 7, ""),
            ("r.example/b:1", 9, "linux/amd64"),
            ("! - {a: 1, a: 2}", 10, ""),
        ],
    ),
    "verbose docker manifest inspect": (
        (
            f'[{{"Ref": "r.example/a:1@{DIGEST}",\n"Descriptor": {{"platform": {{"os": "windows", "architecture": "amd64",'
            '"os.version": "10.0.20348.1"}}}]'
        ),
        [("r.example/a:1", 1, "windows/amd64:10.0.20348.1")],
    ),
    "an index": (
        '{"schemaVersion": 2, "manifests": [{"platform": {"os": "linux", "architecture": "arm", "variant": "v7"}}]}',
        [("? an index of linux/arm/v7", 1, "")],
    ),
    "a manifest": ('{"schemaVersion": 2, "layers": []}', [("? a manifest", 1, "")]),
    "a deployment": ("apiVersion: apps/v1\nkind: Deployment\n", [("! list", 1, "")]),
    "other JSON": ('{"a": 1}', [("! list", 1, "")]),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_is_recognised_and_read(name: str) -> None:
    """Every entry with its line and its platforms; nothing is lost."""
    text, expected = FORMATS[name]
    read = []
    for line in read_list(SOURCE, text.encode()):
        sign = "! " if line.error else "? " if line.unbounded else ""
        read.append((sign + line.text, line.location.line, " ".join(map(str, line.platforms))))
    assert read == expected


@pytest.mark.parametrize(
    "name", [name for name in FORMATS if name not in {"docker image ls", "oc-mirror mapping", "BASEIMAGE"}]
)
def test_truncated_file_is_reported(name: str) -> None:
    """Half a document never looks like a complete short list."""
    text, _ = FORMATS[name]
    broken = text.rstrip("}]\n ") + "\n\t{{"
    assert any(line.error for line in read_list(SOURCE, broken.encode())), name


@given(st.sampled_from(sorted(FORMATS)), st.integers(0, 1500), st.binary(max_size=12))
def test_damage_anywhere_is_read_or_reported(name: str, at: int, noise: bytes) -> None:
    """Every importer returns lines for every file, and never raises another exception."""
    data = FORMATS[name][0].encode()
    damaged = data[:at] + noise + data[at:]
    for line in read_list(SOURCE, damaged):
        assert (line.reference is not None) + bool(line.error) + bool(line.unbounded) == 1


@given(st.binary(max_size=200))
def test_recognising_never_fails(data: bytes) -> None:
    """It runs on every file."""
    assert any(importer.recognises(data) for importer in importers())


@pytest.mark.parametrize(
    ("text", "images", "unbounded"),
    [
        (
            (
                "kind: ImageSetConfiguration\n"
                "mirror: {additionalImages: [{name: 'docker://quay.io/a/b:1', targetRepo: 'BAD REPO'}]}\n"
            ),
            ["quay.io/a/b:1"],
            0,
        ),
        ("kind: ZarfInitConfig\ncomponents: [{name: a, images: [ghcr.io/a/b:1]}]\n", ["ghcr.io/a/b:1"], 0),
        (
            (
                "apiVersion: anywhere.eks.amazonaws.com/v1alpha1\nkind: Bundles\nspec:\n  versionsBundles:\n"
                "    - a: {uri: <placeholder>, imageDigest: <placeholder>, arch: [amd64]}\n"
                f"      b: {{uri: 'public.ecr.aws/a/b:1', imageDigest: 'sha256:{'a' * 64}', arch: [amd64]}}\n"
            ),
            ["public.ecr.aws/a/b:1"],
            1,
        ),
    ],
    ids=["oc-mirror", "zarf-init", "eks-anywhere"],
)
def test_variations_of_real_files_are_read(text: str, images: list[str], unbounded: int) -> None:
    """Transports, init packages, and bundles before their release."""
    lines = read_list(ListSource("list.yaml", ("one",)), text.encode())
    assert [str(line.reference) for line in lines if line.reference] == images
    assert [bool(line.unbounded) for line in lines].count(True) == unbounded
    assert not [line.error for line in lines if line.error]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("linux/amd64=r.example/a:1", 13),
        ("  linux/amd64=r.example/a:1", 15),
        ("  rubbish", 3),
        ("\twindows/amd64/2090=r.example/a:1", 2),
    ],
)
def test_column_of_a_baseimage_line_counts_its_indent(line: str, column: int) -> None:
    found = read_list(SOURCE, f"linux/arm64=r.example/b:1\n{line}\n".encode())
    assert (found[1].location.line, found[1].location.column) == (2, column)
