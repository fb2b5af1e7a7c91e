"""Answers of an internal registry about the parts of an image: the image passes only if all agree."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.check import Finding, Undetermined
from auditor.engine import evaluate
from auditor.evidence.model import Absent, BlobSeen, Failed, Kind, Observation, Seen, Verify
from auditor.oci.document import Index
from auditor.oci.media_types import DOCKER_MANIFEST, DOCKER_SCHEMA1, OCI_INDEX, OCI_MANIFEST, form_of
from auditor.site import Site
from auditor.site.contents import Aspect
from auditor.testing import MemoryEvidence, site_from
from auditor.testing.example_values import day
from auditor.testing.memory import AT, SOURCE, digest_of, seen
from checks import CATALOGUE

FORM = """
plan: |
  version: 1
  pools:
    control: {platform: linux/amd64}
    win2022: {platform: "windows/amd64:ltsc2022"}
  images: [{ref: "example.com/shop/web:1"}, {ref: "example.com/shop/api:1"}]
  registry: {host: "r.local:5000"}
target:
  r.local:5000/shop/web:1:
    platforms:
      - {platform: linux/amd64, layers: [{size: 200723, name: base}, {size: 5000}]}
      - {platform: "windows/amd64:10.0.20348.2700", layers: [{size: 117MB, name: windows}]}
      - linux/s390x
  r.local:5000/shop/api:1:
    platforms:
      - {platform: linux/amd64, layers: [{size: 200723, name: base}]}
      - {platform: "windows/amd64:10.0.20348.2700", layers: [{size: 117MB, name: windows}]}
"""
IDS = frozenset({"content-mismatch", "image-missing-in-target", "index-incomplete", "platform-absent"})
SITE = site_from(FORM)
TYPES = ("", "application/json", OCI_MANIFEST, DOCKER_MANIFEST, OCI_INDEX, DOCKER_SCHEMA1)


def evidence_of(site: Site) -> MemoryEvidence:
    assert isinstance(site.evidence, MemoryEvidence)
    return site.evidence


BLOBS = evidence_of(SITE).blobs


def needed() -> list[tuple[str, str]]:
    """The parts that nodes would pull, and everything that an index lists: not the config and layers of s390x."""
    digests: set[str] = set()
    assert SITE.target is not None
    for placement in SITE.target.placements:
        assert placement.resolution.payload is not None
        assert isinstance(placement.image.document, Index)
        digests |= {placement.image.digest, *(entry.digest for entry in placement.image.document.manifests)}
        digests |= {blob.digest for blob in placement.resolution.payload.blobs}
    return sorted(key for key in BLOBS if key[1] in digests)


KEYS = needed()


def outcomes(site: Site) -> list[Finding | Undetermined]:
    """Every finding and everything undetermined of the checks that look at parts inside."""
    found = evaluate(site, CATALOGUE, day("2026-11-23"), selected=IDS)
    return [
        *(one for result in found.results for one in result.findings),
        *(one for result in found.results for one in result.undetermined),
    ]


def with_blobs(blobs: dict[tuple[str, str], Observation[BlobSeen]], verify: Verify = Verify.SIZE) -> Site:
    return replace(SITE, evidence=replace(evidence_of(SITE), blobs=blobs), verify=verify)


def is_document(digest: str) -> bool:
    return digest in evidence_of(SITE).documents


@st.composite
def answers(draw: st.DrawFn, key: tuple[str, str]) -> Observation[BlobSeen] | None:
    """Anything that may be observed of a part, the truth included."""
    truth = BLOBS[key]
    assert isinstance(truth, Seen)
    size = draw(st.sampled_from([truth.value.size, 0, truth.value.size - 1, truth.value.size + 1, 2**62]))
    hashed = draw(st.sampled_from([truth.value.hashed, "", key[1], digest_of(b"other")]))
    media_type = draw(st.sampled_from([truth.value.media_type, *TYPES]))
    told = BlobSeen(size, media_type, hashed)
    absent, failed = Absent("BLOB_UNKNOWN", AT, SOURCE), Failed(Kind.UNREACHABLE, "503", AT, SOURCE)
    return draw(st.sampled_from([seen(told), seen(told), seen(told), absent, failed, None]))


def agrees(key: tuple[str, str], answer: Observation[BlobSeen] | None) -> bool:
    """Whether an answer proves, or does not contradict, all that is stated of the part."""
    truth = BLOBS[key]
    if not isinstance(answer, Seen) or not isinstance(truth, Seen) or answer.value.size != truth.value.size:
        return False
    if not is_document(key[1]):
        return answer.value.hashed in {"", key[1]}
    if answer.value.hashed != key[1]:
        return False
    stated = form_of(answer.value.media_type)
    return truth.value.media_type == "" or stated in {None, form_of(truth.value.media_type)}


def test_site_passes_if_all_answers_agree() -> None:
    assert outcomes(SITE) == []


@given(st.data())
def test_conflicting_answer_is_an_error_or_undetermined(data: st.DataObject) -> None:
    blobs: dict[tuple[str, str], Any] = dict(BLOBS)
    chosen = data.draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True))
    changed = {key: data.draw(answers(key)) for key in chosen}
    for key, answer in changed.items():
        if answer is None:
            del blobs[key]
        else:
            blobs[key] = answer
    if not all(agrees(key, answer) for key, answer in changed.items()):
        assert outcomes(with_blobs(blobs)) != []


@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key[0][-3:]}-{key[1][7:13]}")
def test_conflicting_size_or_digest_is_an_error(key: tuple[str, str]) -> None:
    truth = BLOBS[key]
    assert isinstance(truth, Seen)
    for told in (replace_seen(truth.value, size=1), replace_seen(truth.value, hashed=digest_of(b"other"))):
        found = [one for one in outcomes(with_blobs({**BLOBS, key: seen(told)})) if isinstance(one, Finding)]
        assert "content-mismatch" in {one.check for one in found}


def replace_seen(one: BlobSeen, **changes: Any) -> BlobSeen:
    """The same observation with other values."""
    return BlobSeen(**{"size": one.size, "media_type": one.media_type, "hashed": one.hashed, **changes})


def test_full_audit_is_undetermined_until_layers_are_read() -> None:
    found = outcomes(with_blobs(dict(BLOBS), Verify.FULL))
    assert {type(one) for one in found} == {Undetermined}
    assert "--verify full" in str(found[0])
    read: dict[tuple[str, str], Any] = {
        key: seen(replace_seen(one.value, hashed=key[1])) for key, one in BLOBS.items() if isinstance(one, Seen)
    }
    assert outcomes(with_blobs(read, Verify.FULL)) == []


def test_damaged_shared_layer_is_reported_for_its_repository_only() -> None:
    key = next(key for key in BLOBS if key[0].endswith("/api") and not is_document(key[1]))
    site = with_blobs({**BLOBS, key: seen(BlobSeen(1000))})
    found = {one.image.name: one.mismatches for one in site.target_contents}
    assert [one.aspect for one in found["example.com/shop/api:1"]] == [Aspect.SIZE]
    assert found["example.com/shop/web:1"] == ()


def test_child_manifest_of_one_repository_is_missing_in_another() -> None:
    web = {digest for repository, digest in BLOBS if repository.endswith("/web")}
    shared = [key for key in BLOBS if key[0].endswith("/api") and key[1] in web]
    assert shared
    for key in shared:
        gone = {**BLOBS, key: Absent("MANIFEST_UNKNOWN", AT, SOURCE)}
        assert any(isinstance(one, Finding) for one in outcomes(with_blobs(gone)))
