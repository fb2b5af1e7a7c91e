"""The fact tables of TLS clients are complete."""

from __future__ import annotations

from typing import get_args

import pytest

from auditor.facts import table
from auditor.pki.clients import Cause, ClientModel, RootUpdateUrl, client_model, default_clients, root_update_url

ROWS = table("tls_clients", ClientModel)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.id}-{row.os}")
def test_every_row_has_an_error_text_for_every_cause(row: ClientModel) -> None:
    causes = set(get_args(Cause)) - (set() if row.revocation == "hard" else {"revocation", "no-revocation"})
    causes -= set() if row.verifier.startswith("go-") else {"parse"}  # only Go parses certificates before it verifies them
    causes -= {"handshake", "version", "client-certificate"} if row.tls == "schannel" else set()  # not known for Schannel
    assert causes <= set(row.symptoms)
    for cause in causes:
        said = row.symptom(cause, host="a.example", names="b.example", reason="expired")
        assert said
        assert "{" not in said
    assert row.source
    assert row.timeout > 0


def test_rows_are_unique_and_cover_the_foundation() -> None:
    ranges = [(row.id, row.os, row.since) for row in ROWS]
    assert len(ranges) == len(set(ranges))
    keys = [(row.id, row.os) for row in ROWS]
    assert {(name, os) for name in ("containerd", "docker", "kubelet", "curl") for os in ("linux", "windows")} <= set(keys)
    assert ("powershell", "windows") in keys


def test_only_windows_clients_download_issuers() -> None:
    for row in ROWS:
        assert row.os == "windows" or not (row.fetches_aia or row.updates_roots)
        assert not row.fetches_aia or row.asks_windows
        assert not row.updates_roots or (row.fetches_aia and "system" in row.reads)


def test_client_is_found_by_name_and_os() -> None:
    model = client_model("Containerd", "windows")
    assert model is not None
    assert (model.fetches_aia, model.timeout, model.strength.accepts_sha1) == (True, 10, True)
    assert client_model("powershell", "linux") is None
    assert client_model("netscape", "windows") is None


def test_defaults_are_runtime_and_kubelet() -> None:
    assert default_clients("docker") == ("docker", "kubelet")
    assert default_clients("") == ("containerd", "kubelet")


def test_root_updates_name_the_thumbprint() -> None:
    assert len(table("root_updates", RootUpdateUrl)) == 2
    assert root_update_url("list").endswith("/authrootstl.cab")
    assert root_update_url("root", "cabd2a79").endswith("/CABD2A79.crt")
