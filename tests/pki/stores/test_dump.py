"""Dumps of Windows machines: what the auditor's dump states, what a plain listing states, and what neither proves."""

from __future__ import annotations

import base64
import datetime
import json
from typing import Any

import pytest
import tree_sitter_powershell
from hypothesis import given
from hypothesis import strategies as st
from tree_sitter import Language, Parser

from auditor.pki.stores.dump import FORMAT, Dump, dump_script, read_dump
from auditor.pki.stores.store_reader import read_store
from auditor.pki.stores.windows_roots import public_by_sha1
from auditor.testing.certificates import hierarchy
from auditor.testing.chain_forms import dump_of

MADE = hierarchy()
ROOT, ISSUING = MADE.root.certificate, MADE.issuing.certificate
X1 = next(one for one in public_by_sha1().values() if one.name == "ISRG Root X1")
PLACE = "Microsoft.PowerShell.Security\\Certificate::LocalMachine\\"


def encoded(document: object) -> bytes:
    return json.dumps(document).encode()


def ours(**changes: Any) -> bytes:
    stores = {"Root": [base64.b64encode(ROOT.der).decode()], "AuthRoot": [], "CA": [base64.b64encode(ISSUING.der).decode()]}
    return encoded({"format": FORMAT, "computer": "WIN-1", "stores": stores, "root_updates": None, **changes})


def test_own_dump_has_stores_and_proves_absence() -> None:
    found = read_dump(ours())
    assert (found.computer, found.problems, found.updates) == ("WIN-1", (), None)
    assert found.certificates("Root", "AuthRoot") == (ROOT,)
    assert found.certificates("CA") == (ISSUING,)
    assert found.certificates("Disallowed") == ()
    assert found.proves_absence


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_dump_is_read_in_every_encoding_of_powershell(encoding: str) -> None:
    data = ours().decode().encode(encoding)
    data = b"\xfe\xff" + data if encoding == "utf-16-be" else data
    found = read_store(data)
    assert found.dump is not None
    assert found.dump.certificates("Root") == (ROOT,)


@pytest.mark.parametrize(
    ("probe", "setting"),
    [
        ({"DisableRootAutoUpdate": 1}, "disabled"),
        ({"DisableRootAutoUpdate": 1, "RootDirUrl": "http://roots/"}, "disabled"),
        ({"DisableRootAutoUpdate": None, "RootDirUrl": "file://\\\\srv\\roots"}, "file://\\\\srv\\roots"),
        ({"DisableRootAutoUpdate": 0, "RootDirUrl": None}, "enabled"),
        ({}, "enabled"),
    ],
)
def test_root_update_setting_is_read(probe: dict[str, Any], setting: str) -> None:
    updates = read_dump(ours(root_updates=probe)).updates
    assert updates is not None
    assert updates.setting == setting


def test_time_of_the_last_root_update_is_read() -> None:
    updates = read_dump(ours(root_updates={"LastSyncTime": "2025-03-01T08:00:00.1234567Z"})).updates
    assert updates is not None
    assert updates.synced == datetime.datetime(2025, 3, 1, 8, 0, 0, 123456, datetime.UTC)
    for junk in ("yesterday", 5, None):
        updates = read_dump(ours(root_updates={"LastSyncTime": junk})).updates
        assert updates is not None
        assert updates.synced is None


def test_listing_of_powershell_7_and_5_1_is_read() -> None:
    entries = [
        {"Thumbprint": ROOT.sha1.upper(), "RawData": list(ROOT.der), "PSParentPath": f"{PLACE}Root"},
        {"Thumbprint": X1.sha1.upper(), "PSParentPath": f"{PLACE}AuthRoot"},
        {"Thumbprint": ISSUING.sha1.upper(), "RawData": base64.b64encode(ISSUING.der).decode(), "PSParentPath": f"{PLACE}CA"},
    ]
    found = read_dump(encoded(entries), public_by_sha1())
    assert found.problems == ()
    assert {name: found.certificates(name) for name in found.stores} == {"Root": (ROOT,), "AuthRoot": (X1,), "CA": (ISSUING,)}
    assert found.proves_absence
    assert read_dump(encoded(entries[0])).certificates("Root") == (ROOT,)  # PowerShell unwraps a list of one


def test_listing_of_the_root_store_only_does_not_prove_absence() -> None:
    entries = [{"RawData": list(ROOT.der), "PSParentPath": f"{PLACE}Root"}]
    assert not read_dump(encoded(entries)).proves_absence
    assert not read_dump(encoded([{"RawData": list(ROOT.der)}])).proves_absence


def test_thumbprint_of_no_public_root_gives_a_reason() -> None:
    found = read_dump(encoded([{"Thumbprint": ROOT.sha1}, {"RawData": list(ISSUING.der)}]), public_by_sha1())
    assert found.certificates("Root") == (ISSUING,)
    assert "RawData is required" in found.problems[0]
    assert not found.proves_absence


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"stores": {}}, "its format is None"),
        ({"format": "airgap-auditor windows-trust 2", "stores": {}}, "windows-trust 2"),
        ({"format": FORMAT, "stores": []}, "not a mapping"),
        ({"format": FORMAT, "stores": {"Root": ["no base64!"]}}, "certificate 1"),
        ({"format": FORMAT, "stores": {"Root": [[1, 2, 300]]}}, "certificate 1"),
        ([1, "x"], "not a certificate"),
        ([], "it contains no certificate"),
        ({}, "an entry is not a certificate"),
    ],
)
def test_invalid_dump_gives_a_reason(document: object, why: str) -> None:
    found = read_dump(encoded(document))
    assert any(why in problem for problem in found.problems), found.problems
    assert not found.proves_absence


def test_deep_nesting_and_invalid_text_give_a_reason() -> None:
    for data in (b"[" * 100_000, b'{"stores": "\xff"}', b"{", b""):
        assert read_dump(data).problems[0].startswith("not JSON")


def test_number_of_certificates_is_bounded() -> None:
    found = read_dump(encoded({"format": FORMAT, "stores": {"Root": [""] * 30_000, "AuthRoot": []}}))
    assert len(found.problems) <= 100


KEYS = ["format", "stores", "Root", "RawData", "Thumbprint", "PSParentPath", "root_updates", "LastSyncTime"]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_any_json_gives_stores_or_problems(document: object) -> None:
    found = read_dump(encoded(document))
    assert isinstance(found, Dump)
    assert found.problems or any(found.stores.values())
    assert not found.proves_absence


@given(values)
def test_any_json_in_the_dump_format_gives_a_dump(stores: object) -> None:
    found = read_dump(encoded({"format": FORMAT, "stores": stores, "root_updates": stores}))
    assert isinstance(found, Dump)


def test_dump_script_parses_as_powershell() -> None:
    script = dump_script()
    tree = Parser(Language(tree_sitter_powershell.language())).parse(script.encode())
    assert not tree.root_node.has_error
    assert script.isascii()
    assert FORMAT in script
    for key in ("DisableRootAutoUpdate", "RootDirUrl", "LastSyncTime", "AuthRoot", "Disallowed"):
        assert key in script
    assert all(verb not in script for verb in ("Set-Item", "Remove-", "New-Item", "Invoke-"))


def test_dump_made_for_tests_has_the_own_format() -> None:
    found = read_dump(dump_of({"Root": [MADE.root], "AuthRoot": []}, {"DisableRootAutoUpdate": 1}))
    assert found.proves_absence
    assert found.updates is not None
