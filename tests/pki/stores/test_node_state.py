"""What a Windows node knows, by its dump: limits in its stores, its lists, its settings. They decide, not the newest list."""

from __future__ import annotations

import base64
import datetime
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.pki.clients import client_model
from auditor.pki.judge import judge
from auditor.pki.path_rules import FlawKind
from auditor.pki.stores.dump import FORMAT, Dump, dump_script, read_dump
from auditor.pki.stores.node_state import NodeState
from auditor.pki.stores.serialized import properties
from auditor.pki.stores.trust_list import DISALLOWED_LIST, read_trust_list
from auditor.pki.stores.windows_roots import microsoft_list, public_by_sha1
from auditor.pki.verdicts import Invalid, TrustVerdict, Unproven, Untrusted, Verifies
from auditor.plan.model import Pool
from auditor.site.trust.pools import Trusts
from auditor.testing import plan_of
from auditor.testing.certificates import AT, HOST, hierarchy
from tests.pki.stores.written import blob, file_time, trust_list

MADE = hierarchy()
ROOT, CHAIN = MADE.root.certificate, (MADE.leaf.certificate, MADE.issuing.certificate)
ROOT_LIST = "1.3.6.1.4.1.311.10.3.9"
DISABLED, NOT_BEFORE, EKUS = 104, 126, 9
IN_2024 = datetime.datetime(2024, 3, 1, tzinfo=datetime.UTC)
IN_2025 = datetime.datetime(2025, 6, 1, tzinfo=datetime.UTC)
IN_2026 = datetime.datetime(2026, 1, 15, tzinfo=datetime.UTC)
X1 = next(one for one in public_by_sha1().values() if one.name == "ISRG Root X1")


def coded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def dump(state: dict[str, Any] | None, roots: tuple[bytes, ...] = (ROOT.der,)) -> bytes:
    document: dict[str, Any] = {
        "format": FORMAT,
        "computer": "WIN-1",
        "windows": "10.0.20348.2700",
        "taken": "2026-11-01T08:00:00.1234567Z",
        "stores": {"Root": [], "AuthRoot": [coded(root) for root in roots], "CA": [], "Disallowed": []},
        "root_updates": {"LastSyncTime": "2024-03-02T00:00:00.0000000Z"},
    }
    return json.dumps(document if state is None else {**document, "state": state}).encode()


def verdict(data: bytes | None, chain: tuple[Any, ...] = CHAIN, **files: bytes) -> TrustVerdict:
    """Return how curl on Windows Server 2022 verifies the chain, with a dump and further files as the pool's trust."""
    named = {"node.json": data, **{name.replace("_", "."): content for name, content in files.items()}}
    given = {name: content for name, content in named.items() if content is not None}
    listed = ", ".join(given)
    plan = plan_of(f"version: 1\npools: {{win: {{platform: 'windows/amd64:ltsc2022', trust: [{listed}]}}}}", given)
    from auditor.plan.reach import reach_of

    (pool,) = plan.pools
    assert isinstance(pool, Pool)
    curl = client_model("curl", "windows")
    assert curl is not None
    return judge(chain, HOST, curl, Trusts(plan, {}, reach_of(plan)).of(pool), AT)


def why(found: TrustVerdict) -> str:
    assert isinstance(found, Invalid), found
    (flaw,) = (flaw for flaw in found.path.flaws if flaw.kind is FlawKind.DISTRUSTED)
    return flaw.detail


def listing(limits: dict[int, bytes], made: datetime.datetime = IN_2026) -> str:
    return coded(trust_list(ROOT_LIST, made, {bytes.fromhex(ROOT.sha1): limits}))


def test_a_node_of_2024_does_not_know_a_distrust_date_of_2025() -> None:
    disabled = {DISABLED: file_time(IN_2025)}
    assert isinstance(verdict(dump({"EncodedCtl": listing({}, IN_2024)})), Verifies)
    found = verdict(dump({"EncodedCtl": listing(disabled)}))
    assert why(found) == "Microsoft disabled it on 2025-06-01, by the node's list of 2026-01-15"


def test_the_list_of_the_node_replaces_the_packaged_one() -> None:
    limited = next(one for one in microsoft_list().roots.values() if one.refusal(AT, AT) and one.sha1 in public_by_sha1())
    anchor = public_by_sha1()[limited.sha1]
    old = read_trust_list(trust_list(ROOT_LIST, IN_2024, {bytes.fromhex(anchor.sha1): {}}))
    assert NodeState().refusal(anchor, AT, AT, microsoft_list())
    assert NodeState(trusted=old).refusal(anchor, AT, AT, microsoft_list()) == ""


def test_the_properties_of_a_root_in_the_store_limit_it() -> None:
    state = {"properties": {ROOT.sha1.upper(): coded(blob(ROOT.der, {NOT_BEFORE: file_time(IN_2025)}))}}
    assert why(verdict(dump(state))) == (
        "Microsoft's list rejects certificates that it issued since 2025-06-01, by the properties of the node's store"
    )
    plain = {"properties": {ROOT.sha1.upper(): coded(blob(ROOT.der, {11: "Plant 7".encode("utf-16-le")}))}}
    assert isinstance(verdict(dump(plain)), Verifies)


@pytest.mark.parametrize("digest", [MADE.issuing.certificate.sha1, MADE.issuing.certificate.sha256], ids=["sha1", "sha256"])
def test_the_list_of_disallowed_certificates_of_the_node_counts(digest: str) -> None:
    encoded = coded(trust_list(DISALLOWED_LIST, IN_2024, {bytes.fromhex(digest): {}}))
    found = verdict(dump({"DisallowedCertEncodedCtl": encoded}))
    assert why(found) == "it is on the node's list of disallowed certificates of 2024-03-01"


def test_lists_in_files_count_as_those_of_the_nodes() -> None:
    disabled = trust_list(ROOT_LIST, IN_2026, {bytes.fromhex(ROOT.sha1): {DISABLED: file_time(IN_2025)}})
    assert "by the node's list of 2026-01-15" in why(verdict(dump(None), authroot_stl=disabled))
    rejected = trust_list(DISALLOWED_LIST, IN_2026, {bytes.fromhex(ROOT.sha1): {}})
    assert "disallowed certificates of 2026-01-15" in why(verdict(dump(None), disallowedcert_stl=rejected))


def test_a_dump_turns_a_download_into_the_truth_of_the_node() -> None:
    """Without a dump, Windows would download a public root. With a dump, the node has it or does not."""
    assert isinstance(verdict(None, (X1,)), Unproven)
    assert isinstance(verdict(dump({}), (X1,)), Untrusted)
    found = verdict(dump({}, (X1.der,)), (X1,))
    assert isinstance(found, Invalid)
    assert not [flaw for flaw in found.path.flaws if flaw.kind is FlawKind.DISTRUSTED]


def test_the_settings_of_the_node_are_read() -> None:
    state = read_dump(
        dump(
            {
                "domain_member": True,
                "chain_engine": {"SOFTWARE\\Config\\ChainUrlRetrievalTimeoutMilliseconds": 15000},
                "protocols": {"TLS 1.3\\Client": False},
                "cipher_suites": ["TLS_AES_256_GCM_SHA384"],
                "curves": "curve25519",
            }
        )
    ).state
    assert state is not None
    assert (state.windows, state.is_domain_member) == ("10.0.20348.2700", True)
    assert state.taken == datetime.datetime(2026, 11, 1, 8, 0, 0, 123456, datetime.UTC)
    assert state.chain_engine == {"SOFTWARE\\Config\\ChainUrlRetrievalTimeoutMilliseconds": 15000}
    assert state.protocols == {"TLS 1.3\\Client": False}
    assert (state.suites, state.curves) == (("TLS_AES_256_GCM_SHA384",), ("curve25519",))


def test_a_dump_of_the_first_edition_has_no_state() -> None:
    found = read_dump(dump(None))
    assert found.state is None
    assert found.proves_absence


@pytest.mark.parametrize(
    ("state", "problem"),
    [
        ({"EncodedCtl": "no base64!"}, "EncodedCtl:"),
        ({"EncodedCtl": coded(b"junk")}, "EncodedCtl: not a certificate trust list"),
        ({"EncodedCtl": 5}, "EncodedCtl: not base64 text"),
        ({"DisallowedCertEncodedCtl": "A" * 40_000_000}, "DisallowedCertEncodedCtl: more than"),
        ({"properties": {ROOT.sha1: coded(b"\x09\x00")}}, f"properties of {ROOT.sha1}"),
        ({"properties": {ROOT.sha1: coded(blob(ROOT.der, {DISABLED: b"123"}))}}, "a time field has the wrong size"),
    ],
    ids=["not base64", "junk", "number", "long", "cut", "time"],
)
def test_an_unreadable_part_is_a_problem_and_proves_nothing(state: dict[str, Any], problem: str) -> None:
    found = read_dump(dump(state))
    assert any(problem in one for one in found.problems), found.problems
    assert not found.proves_absence


KEYS = ["properties", "EncodedCtl", "DisallowedCertEncodedCtl", "chain_engine", "protocols", "curves", "domain_member"]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(KEYS), values))
def test_any_state_gives_a_dump(state: dict[str, Any]) -> None:
    assert isinstance(read_dump(dump(state)), Dump)


@given(st.binary(max_size=200))
def test_any_bytes_are_properties_or_a_reason(data: bytes) -> None:
    try:
        found = properties(data)
    except ValueError as error:
        assert str(error)
    else:
        assert sum(map(len, found.values())) <= len(data)


def test_the_script_writes_what_the_reader_reads() -> None:
    script = dump_script()
    for key in (*KEYS, "cipher_suites", "windows", "taken", "DisallowedCertLastSyncTime", "PartOfDomain", "UBR"):
        assert key in script
