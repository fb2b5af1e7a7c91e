"""Paths: cross-signed certificates, cycles, limits, and each rule that a path can break."""

from __future__ import annotations

import datetime
import time
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.pki.certificate import Certificate, parse_certificate
from auditor.pki.constraints import GO_RULES
from auditor.pki.path_rules import Flaw, FlawKind, Strength, flaws_of
from auditor.pki.paths import End, PathLimits, find_ways
from auditor.pki.signature import signature_flaw
from auditor.pki.trust_store import TrustStore, linux_public, windows_program
from auditor.testing.certificates import AT, CA, END, HOST, SERVER, START, Hierarchy, Made, hierarchy, make
from tests.peers.programs import require
from tests.pki.odd_chains import self_signed, with_openssl

PAST = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)


def store(*anchors: Made) -> TrustStore:
    return TrustStore.of("test", (anchor.certificate for anchor in anchors))


def paths(leaf: Made, served: tuple[Made, ...], *anchors: Made) -> list[tuple[tuple[str, ...], End]]:
    found = find_ways(leaf.certificate, tuple(made.certificate for made in (leaf, *served)), (store(*anchors),))
    return [(tuple(certificate.name for certificate in way.certificates), way.end) for way in found.ways]


def test_complete_chain_has_one_path() -> None:
    made = hierarchy()
    assert paths(made.leaf, (made.issuing,), made.root) == [((HOST, "Corp Issuing", "Corp Root"), End.ANCHORED)]


def test_dead_end_of_a_path_is_named() -> None:
    made = hierarchy()
    assert paths(made.leaf, (), made.root) == [((HOST,), End.NO_ISSUER)]
    assert paths(made.leaf, (made.issuing,)) == [((HOST, "Corp Issuing"), End.NO_ISSUER)]
    assert paths(made.leaf, (made.issuing, made.root)) == [((HOST, "Corp Issuing", "Corp Root"), End.SELF_SIGNED)]
    namesake = make("Corp Issuing", None, replace(CA, key_name="another key"))
    assert paths(made.leaf, (namesake,), made.root) == [((HOST,), End.BROKEN)]


def test_intermediate_and_leaf_can_be_anchors() -> None:
    made = hierarchy()
    assert paths(made.leaf, (made.issuing,), made.issuing) == [((HOST, "Corp Issuing"), End.ANCHORED)]
    assert paths(made.leaf, (), made.leaf) == [((HOST,), End.ANCHORED)]


def test_cross_signed_certificates_give_every_path() -> None:
    old, new = make("Old Root", None, CA), make("New Root", None, CA)
    cross = make("New Root", old, CA)
    leaf = make(HOST, new, SERVER)
    assert set(paths(leaf, (cross,), old, new)) == {
        ((HOST, "New Root"), End.ANCHORED),
        ((HOST, "New Root", "Old Root"), End.ANCHORED),
    }
    # Where only the old root is trusted, the cross-sign leads there.
    assert paths(leaf, (cross, new), old)[0] == ((HOST, "New Root", "Old Root"), End.ANCHORED)


def test_cycle_of_cross_signed_certificates_ends() -> None:
    a, b = make("A", None, CA), make("B", None, CA)
    ab, ba = make("A", b, CA), make("B", a, CA)
    leaf = make(HOST, a, SERVER)
    assert paths(leaf, (ab, ba), a) == [((HOST, "A"), End.ANCHORED)]
    found = find_ways(leaf.certificate, (leaf.certificate, ab.certificate, ba.certificate), ())
    assert found.anchored == ()


@given(st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=30))
@settings(max_examples=40, deadline=None)
def test_any_graph_of_cross_signed_certificates_stays_within_limits(edges: set[tuple[int, int]]) -> None:
    roots = [_authority(number) for number in range(6)]
    served = tuple(_cross(low, high).certificate for low, high in edges if low != high)
    leaf = _leaf(0).certificate
    found = find_ways(leaf, (leaf, *served), (store(roots[5]),), PathLimits(paths=20, steps=200))
    assert len(found.ways) <= 20
    for way in found.anchored:
        assert way.top == roots[5].certificate
        assert len({certificate.sha256 for certificate in way.certificates}) == len(way.certificates)
        assert all(not signature_flaw(low, high) for low, high in zip(way.certificates, way.certificates[1:], strict=False))


_CROSSES: dict[tuple[int, int], Made] = {}


def _authority(number: int) -> Made:
    return _CROSSES.setdefault((number, number), make(f"CA {number}", None, CA))


def _cross(low: int, high: int) -> Made:
    if (low, high) not in _CROSSES:
        _CROSSES[low, high] = make(f"CA {low}", _authority(high), CA)
    return _CROSSES[low, high]


def _leaf(number: int) -> Made:
    if (number, -1) not in _CROSSES:
        _CROSSES[number, -1] = make(HOST, _authority(number), SERVER)
    return _CROSSES[number, -1]


def test_dense_graph_is_bounded_in_time() -> None:
    served = tuple(_cross(low, high).certificate for low in range(9) for high in range(9) if low != high)
    leaf = _leaf(0).certificate
    started = time.perf_counter()
    found = find_ways(leaf, (leaf, *served), ())
    assert found.truncated
    assert time.perf_counter() - started < 2


def test_path_depth_is_bounded() -> None:
    authorities = [make("Deep 0", None, CA)]
    for number in range(1, 14):
        authorities.append(make(f"Deep {number}", authorities[-1], CA))
    leaf = make(HOST, authorities[-1], SERVER)
    found = find_ways(leaf.certificate, tuple(made.certificate for made in authorities), (store(authorities[0]),))
    assert found.ways == ()
    assert found.truncated


def flaws(made: Hierarchy, host: str = HOST, at: datetime.datetime = AT, strength: Strength | None = None) -> list[FlawKind]:
    return [flaw.kind for flaw in flaws_of(made.whole, host, at, strength or Strength())]


def test_valid_path_has_no_flaw() -> None:
    assert flaws(hierarchy()) == []
    assert flaws(hierarchy(leaf=replace(SERVER, ekus=None))) == []
    assert flaws(hierarchy(leaf=replace(SERVER, ekus=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)))) == []


@pytest.mark.parametrize(
    ("made", "kinds"),
    [
        (hierarchy(leaf=replace(SERVER, end=PAST)), [FlawKind.EXPIRED]),
        (hierarchy(issuing=replace(CA, end=PAST)), [FlawKind.EXPIRED]),
        (hierarchy(root=replace(CA, end=PAST)), [FlawKind.EXPIRED]),
        (hierarchy(leaf=replace(SERVER, start=datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC))), [FlawKind.NOT_YET_VALID]),
        (hierarchy(leaf=replace(SERVER, dns=("other.example",))), [FlawKind.NAME]),
        (hierarchy(leaf=replace(SERVER, dns=None)), [FlawKind.COMMON_NAME]),
        (hierarchy(issuing=replace(CA, ca=False)), [FlawKind.NOT_A_CA]),
        (hierarchy(issuing=replace(CA, ca=None)), [FlawKind.NOT_A_CA]),
        (hierarchy(issuing=replace(CA, cert_sign=False)), [FlawKind.KEY_USAGE]),
        (hierarchy(root=replace(CA, path_length=0)), [FlawKind.PATH_LENGTH]),
        (hierarchy(root=replace(CA, path_length=1)), []),
        (hierarchy(leaf=replace(SERVER, ekus=(ExtendedKeyUsageOID.CLIENT_AUTH,))), [FlawKind.WRONG_USAGE]),
        (hierarchy(issuing=replace(CA, ekus=(ExtendedKeyUsageOID.CODE_SIGNING,))), [FlawKind.WRONG_USAGE]),
        (hierarchy(leaf=replace(SERVER, critical_unknown=True)), [FlawKind.UNREADABLE]),
        (hierarchy(issuing=replace(CA, permitted=("other.local",))), [FlawKind.NAME_CONSTRAINTS]),
        (hierarchy(issuing=replace(CA, permitted=(".plant7.local",))), []),
        (hierarchy(issuing=replace(CA, permitted=("10.0.0.0/8",))), []),
        (hierarchy(root=replace(CA, excluded=("plant7.local",))), [FlawKind.NAME_CONSTRAINTS]),
        (
            hierarchy(leaf=replace(SERVER, ips=("10.1.1.1",)), issuing=replace(CA, excluded=("10.0.0.0/8",))),
            [FlawKind.NAME_CONSTRAINTS],
        ),
        (hierarchy(leaf=replace(SERVER, ips=("10.1.1.1",)), issuing=replace(CA, permitted=("10.0.0.0/8", HOST))), []),
        (hierarchy(leaf=replace(SERVER, key_kind="rsa1024")), []),
    ],
)
def test_each_flaw_is_named(made: Hierarchy, kinds: list[FlawKind]) -> None:
    assert flaws(made) == kinds


def test_short_key_is_a_flaw_if_the_client_rejects_it() -> None:
    made = hierarchy(leaf=replace(SERVER, key_kind="rsa1024"))
    assert flaws(made, strength=Strength(minimum_rsa=2048)) == [FlawKind.WEAK_KEY]


def test_flaw_names_the_certificate_and_the_reason() -> None:
    made = hierarchy(issuing=replace(CA, end=PAST))
    (flaw,) = flaws_of(made.whole, HOST, AT, Strength())
    assert str(flaw) == "Corp Issuing: it is valid only until 2026-06-01 00:00 UTC"
    assert flaw == Flaw(FlawKind.EXPIRED, made.issuing.certificate, "it is valid only until 2026-06-01 00:00 UTC")


def test_validity_includes_both_ends() -> None:
    made = hierarchy()
    assert flaws(made, at=START) == []
    assert flaws(made, at=END) == []
    assert set(flaws(made, at=END + datetime.timedelta(seconds=1))) == {FlawKind.EXPIRED}


def test_name_constraints_beyond_the_limit_of_openssl_are_refused_by_openssl_only() -> None:
    wide = hierarchy(
        leaf=replace(SERVER, dns=(HOST, *(f"h{n}.plant7.local" for n in range(1_100)))),
        issuing=replace(CA, excluded=tuple(f"x{n}.example" for n in range(1_000))),
    )
    assert flaws(wide) == [FlawKind.NAME_CONSTRAINTS]
    assert flaws(wide, strength=Strength(constraints=GO_RULES)) == []


@pytest.mark.peer
@pytest.mark.parametrize(("digest", "hash_name"), [("sha1", "sha1"), ("md5", "md5")])
def test_weak_signatures_verify_and_are_rejected(tmp_path: Path, digest: str, hash_name: str) -> None:
    leaf, root = with_openssl(require("openssl"), tmp_path, digest)
    assert leaf.signature_hash == hash_name
    moment = leaf.not_before + datetime.timedelta(hours=1)
    anchors = (TrustStore.of("old", (root,)),)
    (way,) = find_ways(leaf, (leaf,), anchors).ways
    assert way.end is End.ANCHORED
    kinds = [flaw.kind for flaw in flaws_of(way.certificates, HOST, moment, Strength(accepts_sha1=True))]
    assert kinds == ([] if digest == "sha1" else [FlawKind.WEAK_SIGNATURE])
    assert [flaw.kind for flaw in flaws_of(way.certificates, HOST, moment, Strength())] == [FlawKind.WEAK_SIGNATURE]


def test_algorithm_that_does_not_match_the_key_is_a_flaw() -> None:
    rsa_root = make("Corp Issuing", None, replace(CA, key_kind="rsa", key_name="rsa root"))
    assert "does not match" in signature_flaw(hierarchy().leaf.certificate, rsa_root.certificate)


@pytest.mark.peer
@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [("ed25519", "Ed25519"), ("ed448", "Ed448"), ("rsa-pss -pkeyopt rsa_keygen_bits:2048", "RSA"), ("dsa", "DSA")],
)
def test_other_key_types_are_supported(tmp_path: Path, algorithm: str, kind: str) -> None:
    root = self_signed(require("openssl"), tmp_path, algorithm)
    assert root.key_kind == kind
    flaw = signature_flaw(root, root)
    assert flaw == "" if kind != "DSA" else "does not match" in flaw


def test_unreadable_extensions_are_a_flaw() -> None:
    leaf = hierarchy().leaf.certificate
    doubled = parse_certificate(leaf.der.replace(b"\x55\x1d\x11", b"\x55\x1d\x13"))
    kinds = [flaw.kind for flaw in flaws_of((doubled, hierarchy().issuing.certificate), HOST, AT, Strength())]
    assert FlawKind.UNREADABLE in kinds
    kinds = [flaw.kind for flaw in flaws_of((leaf, doubled), HOST, AT, Strength(), anchored=False)]
    assert kinds == [FlawKind.UNREADABLE]


def test_key_of_an_unknown_algorithm_is_a_flaw() -> None:
    made = hierarchy()
    # 1.2.840.10045.2.1, an EC key, becomes an unknown algorithm.
    strange = parse_certificate(
        made.root.certificate.der.replace(b"\x2a\x86\x48\xce\x3d\x02\x01", b"\x2a\x86\x48\xce\x3d\x02\x7f")
    )
    assert (strange.key_kind, strange.key_size) == ("unknown", 0)
    assert "cannot be verified" in signature_flaw(made.issuing.certificate, strange)


def test_public_stores_are_distinguished() -> None:
    mozilla, microsoft = linux_public(), windows_program()
    assert len(mozilla.anchors) > 100
    assert len(microsoft.anchors) > 400
    both = next(anchor for anchor in mozilla.anchors if anchor.name == "ISRG Root X1")
    assert both in microsoft
    assert both in mozilla.by_key_id[both.extensions.ski]
    only = next(anchor for anchor in microsoft.anchors if anchor.name == "Microsoft Root Certificate Authority 2011")
    assert only not in mozilla


def test_candidates_with_the_matching_key_id_come_first() -> None:
    first, second = make("Twin", None, replace(CA, key_name="t1")), make("Twin", None, replace(CA, key_name="t2"))
    leaf = make(HOST, second, SERVER)
    found: tuple[Certificate, ...] = store(first, second).issuers_of(leaf.certificate)
    assert found == (second.certificate, first.certificate)
