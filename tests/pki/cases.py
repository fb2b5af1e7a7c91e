"""Chains that are valid or have one fault each, for every verifier: ours, libraries and real clients."""

from __future__ import annotations

import datetime
from dataclasses import replace
from functools import cache

from cryptography.x509.oid import ExtendedKeyUsageOID

from auditor.testing.certificates import CA, HOST, SERVER, Hierarchy, Made, Shape, hierarchy, make
from tests.pki.chains import Case as Case  # noqa: PLC0414 - part of a case
from tests.pki.chains import whole as whole  # noqa: PLC0414 - part of a case
from tests.pki.odd_chains import patched, weakly_signed
from tests.pki.strict_cases import strict_cases

PAST = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
FUTURE = datetime.datetime(2029, 6, 1, tzinfo=datetime.UTC)
CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)
SERVER_USAGE = (ExtendedKeyUsageOID.SERVER_AUTH,)
ANY = (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)


def _three_tiers(root: Shape, policy: Shape, issuing: Shape, leaf: Shape = SERVER) -> Case:
    top = make("Corp Root", None, root)
    second = make("Corp Policy", top, policy)
    third = make("Corp Issuing", second, issuing)
    return Case((make(HOST, third, leaf), third, second), (top,))


def _shapes() -> dict[str, Case]:
    """One certificate is wrong in what it says."""
    return {
        "good": whole(),
        "wildcard": whole(replace(SERVER, dns=("*.plant7.local",))),
        "wildcard too deep": whole(replace(SERVER, dns=("*.local",))),
        "wildcard inside a label": whole(replace(SERVER, dns=("reg*.plant7.local",))),
        "upper case": whole(replace(SERVER, dns=("REGISTRY.Plant7.local",))),
        "host with a dot at its end": whole(host=f"{HOST}."),
        "address": whole(replace(SERVER, dns=(), ips=("10.1.2.3",)), host="10.1.2.3"),
        "IPv6 address": whole(replace(SERVER, dns=(), ips=("2001:db8::7",)), host="2001:db8::7"),
        "wrong address": whole(replace(SERVER, ips=("10.1.2.3",)), host="10.1.2.4"),
        "address as a name": whole(replace(SERVER, dns=("10.1.2.3",)), host="10.1.2.3"),
        "wrong name": whole(replace(SERVER, dns=("other.example",))),
        "common name only": whole(replace(SERVER, dns=None)),
        "common name that is an address": whole(replace(SERVER, dns=None), host="10.1.2.3", name="10.1.2.3"),
        "no name at all": whole(replace(SERVER, dns=None), name=""),
        "expired leaf": whole(replace(SERVER, end=PAST)),
        "future leaf": whole(replace(SERVER, start=FUTURE)),
        "expired intermediate": whole(issuing=replace(CA, end=PAST)),
        "future intermediate": whole(issuing=replace(CA, start=FUTURE)),
        "expired root": whole(root=replace(CA, end=PAST)),
        "intermediate is no CA": whole(issuing=replace(CA, ca=False)),
        "no basic constraints": whole(issuing=replace(CA, ca=None)),
        "no certificate signing": whole(issuing=replace(CA, cert_sign=False)),
        "root without certificate signing": whole(root=replace(CA, cert_sign=False)),
        "root is no CA": whole(root=replace(CA, ca=False)),
        "root without basic constraints": whole(root=replace(CA, ca=None)),
        "no usage": whole(replace(SERVER, ekus=None)),
        "any usage": whole(replace(SERVER, ekus=ANY)),
        "client certificate": whole(replace(SERVER, ekus=CLIENT)),
        "intermediate for clients": whole(issuing=replace(CA, ekus=CLIENT)),
        "intermediate for servers": whole(issuing=replace(CA, ekus=SERVER_USAGE)),
        "intermediate for any usage": whole(issuing=replace(CA, ekus=ANY)),
        "root for clients": whole(root=replace(CA, ekus=CLIENT)),
        "unknown critical": whole(replace(SERVER, critical_unknown=True)),
        "unknown critical in the intermediate": whole(issuing=replace(CA, critical_unknown=True)),
        "unknown critical in the root": whole(root=replace(CA, critical_unknown=True)),
    }


def _limits() -> dict[str, Case]:
    """Path lengths and name constraints."""
    both = replace(SERVER, ips=("10.1.2.3",))
    return {
        "path too long": whole(root=replace(CA, path_length=0)),
        "path long enough": whole(root=replace(CA, path_length=1)),
        "path of the intermediate": whole(issuing=replace(CA, path_length=0)),
        "path too long in the middle": _three_tiers(CA, replace(CA, path_length=0), CA),
        "path long enough in the middle": _three_tiers(CA, replace(CA, path_length=1), replace(CA, path_length=0)),
        "permitted": whole(issuing=replace(CA, permitted=("plant7.local",))),
        "permitted with a dot": whole(issuing=replace(CA, permitted=(".plant7.local",))),
        "permitted is the name itself": whole(issuing=replace(CA, permitted=(HOST,))),
        "not permitted": whole(issuing=replace(CA, permitted=("plant8.local",))),
        "not permitted, almost": whole(issuing=replace(CA, permitted=("ant7.local",))),
        "excluded": whole(issuing=replace(CA, excluded=("plant7.local",))),
        "permitted and excluded": whole(issuing=replace(CA, permitted=("local",), excluded=("plant7.local",))),
        "another name is excluded": whole(
            replace(SERVER, dns=(HOST, "db.plant8.local")), replace(CA, excluded=("plant8.local",))
        ),
        "permitted by the root": whole(root=replace(CA, permitted=("plant7.local",))),
        "not permitted by the root": whole(root=replace(CA, permitted=("plant8.local",))),
        "permitted in turn": _three_tiers(CA, replace(CA, permitted=("local",)), replace(CA, permitted=("plant7.local",))),
        "addresses permitted": whole(both, replace(CA, permitted=("10.0.0.0/8",))),
        "addresses not permitted": whole(both, replace(CA, permitted=("192.168.0.0/16",))),
        "addresses excluded": whole(both, replace(CA, excluded=("10.1.0.0/16",))),
        "directory name permitted": whole(issuing=replace(CA, permitted=(f"CN={HOST.upper()}",))),
        "directory name not permitted": whole(issuing=replace(CA, permitted=("CN=other",))),
        "directory name excluded": whole(issuing=replace(CA, excluded=(f"CN={HOST}",))),
        "directory name of an intermediate excluded": whole(root=replace(CA, excluded=("CN=Corp Issuing",))),
        "wildcard under a permitted name": whole(
            replace(SERVER, dns=("*.plant7.local",)), replace(CA, permitted=("plant7.local",))
        ),
        "wildcard over an excluded name": whole(
            replace(SERVER, dns=("*.plant7.local",)), replace(CA, excluded=("secret.plant7.local",))
        ),
    }


def _ways() -> dict[str, Case]:
    """What is served and what is trusted."""
    made, other = hierarchy(), make("Other Root", None, CA)
    impostor = make("Corp Root", None, replace(CA, key_name="impostor"))
    self_signed = make(HOST, None, SERVER)
    return {
        "missing intermediate": Case((made.leaf,), (made.root,)),
        "wrong root": Case((made.leaf, made.issuing), (other,)),
        "root of the same name": Case((made.leaf, made.issuing), (impostor,)),
        "root of the same name beside the right one": Case((made.leaf, made.issuing), (impostor, made.root)),
        "no root": Case((made.leaf, made.issuing), ()),
        "root served": Case((made.leaf, made.issuing, made.root), (made.root,)),
        "root served, but not trusted": Case((made.leaf, made.issuing, made.root), (other,)),
        "out of order": Case((made.leaf, other, made.root, made.issuing), (made.root,)),
        "leaf twice": Case((made.leaf, made.leaf, made.issuing), (made.root,)),
        "intermediate trusted": Case((made.leaf, made.issuing), (made.issuing,)),
        "intermediate trusted, not served": Case((made.leaf,), (made.issuing,)),
        "intermediate beside its root": Case((made.leaf,), (made.issuing, made.root)),
        "leaf trusted": Case((made.leaf,), (made.leaf,)),
        "self-signed, not trusted": Case((self_signed,), (made.root,)),
        "self-signed, trusted": Case((self_signed,), (self_signed,)),
        "signed by the leaf's own key": Case((made.leaf, impostor), (made.root,)),
        **_cross_signed(made),
    }


def _cross_signed(made: Hierarchy) -> dict[str, Case]:
    old, new = make("Old Root", None, replace(CA, end=PAST)), make("New Root", None, CA)
    valid = make("Old Root", None, replace(CA, key_name="Old Root"))
    cross, leaf = make("New Root", old, CA), make(HOST, new, SERVER)
    expired_cross = make("New Root", valid, replace(CA, end=PAST))
    inside, nowhere = make("Shared CA", made.root, CA), make("Shared CA", make("Unknown Root", None, CA), CA)
    issued = make(HOST, inside, SERVER)
    round_trip = (make("Ring A", make("Ring B", None, CA), CA), make("Ring B", make("Ring A", None, CA), CA))
    return {
        "cross-signed, old root expired": Case((leaf, cross), (old,)),
        "cross-signed, new root": Case((leaf, cross), (new,)),
        "cross-signed, both roots": Case((leaf, cross), (old, new)),
        "cross-signed, old root valid": Case((leaf, cross), (valid,)),
        "cross-sign expired, new root": Case((leaf, expired_cross), (new,)),
        "cross-sign expired, old root": Case((leaf, expired_cross), (valid,)),
        "cross-sign expired beside a valid one": Case((leaf, expired_cross, cross), (valid,)),
        "two cross-signs, the first leads nowhere": Case((issued, nowhere, inside), (made.root,)),
        "two cross-signs, the second leads nowhere": Case((issued, inside, nowhere), (made.root,)),
        "cyclic cross-signs": Case((make(HOST, round_trip[0], SERVER), *round_trip), (made.root,)),
        "cyclic cross-signs with a way out": Case(
            (make(HOST, round_trip[0], SERVER), *round_trip, make("Ring B", made.root, CA)), (made.root,)
        ),
    }


def _negative(made: Made, issuer: Made) -> Made:
    number = made.certificate.serial
    serial = number.to_bytes(number.bit_length() // 8 + 1, "big")  # as DER has it: as short as the sign allows
    header = bytes([0x02, len(serial)])
    # Never 0xFF: DER would drop an octet of it.
    return patched(made, issuer, header + serial, header + bytes([0x80 | serial[0] & 0x3F]) + serial[1:])


def _doubled(made: Made, issuer: Made) -> Made:
    """A certificate with two extensions; the second has the OID of the first."""
    return patched(made, issuer, bytes.fromhex("868d1f0b"), bytes.fromhex("868d1f0a"))


def _strange() -> dict[str, Case]:
    """Keys and encodings."""
    made = hierarchy(leaf=replace(SERVER, notes=2))
    rsa_root = make("RSA Root", None, replace(CA, key_kind="rsa"))
    old_key = make("RSA Issuing", rsa_root, replace(CA, key_kind="rsa1024"))
    edwards, edwards_ca = replace(SERVER, key_kind="ed25519"), replace(CA, key_kind="ed25519")
    bare, bare_ca = replace(SERVER, aki=False), replace(CA, aki=False)
    of_rsa = make(HOST, rsa_root, replace(SERVER, key_kind="rsa"))
    small_root = make("Small Root", None, replace(CA, key_kind="rsa1024"))
    return {
        "SHA-1 leaf": Case((weakly_signed(of_rsa, rsa_root, "sha1"),), (rsa_root,)),
        "MD5 leaf": Case((weakly_signed(of_rsa, rsa_root, "md5"),), (rsa_root,)),
        "SHA-1 root": Case((of_rsa,), (weakly_signed(rsa_root, rsa_root, "sha1"),)),
        "RSA-1024 root": Case((make(HOST, small_root, SERVER),), (small_root,)),
        "RSA-2048 leaf": whole(replace(SERVER, key_kind="rsa")),
        "RSA-1024 leaf": whole(replace(SERVER, key_kind="rsa1024")),
        "RSA-1024 intermediate": Case((make(HOST, old_key, SERVER), old_key), (rsa_root,)),
        "Ed25519 leaf": whole(edwards),
        "Ed25519 throughout": whole(edwards, edwards_ca, edwards_ca),
        "no authority key identifiers": whole(bare, bare_ca, bare_ca),
        "negative serial": Case((_negative(made.leaf, made.issuing), made.issuing), (made.root,)),
        "negative serial in the root": Case((made.leaf, made.issuing), (_negative(made.root, made.root),)),
        "duplicate extensions": Case((_doubled(made.leaf, made.issuing), made.issuing), (made.root,)),
    }


@cache
def all_cases() -> dict[str, Case]:
    """Every case by name."""
    return {**_shapes(), **_limits(), **_ways(), **_strange(), **strict_cases()}
