"""`auditor chain`: files and real endpoints, in text and JSON, with what each client on Linux and Windows would see."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.testing.certificates import AIA, CA, SERVER, Hierarchy, hierarchy
from auditor.testing.chain_forms import dump_of
from tests.cli.runner import auditor
from tests.peers.tls import python_server

NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
DAY = datetime.timedelta(days=1)
LEAF = replace(SERVER, dns=("localhost",), start=NOW - 10 * DAY, end=NOW + 300 * DAY, aia=(AIA,), key_kind="rsa")
AUTHORITY = replace(CA, start=NOW - 20 * DAY, end=NOW + 900 * DAY)


def made() -> Hierarchy:
    return hierarchy(leaf=LEAF, issuing=AUTHORITY, root=AUTHORITY, name="localhost")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    chain = made()
    (tmp_path / "whole.pem").write_bytes(chain.leaf.pem + chain.issuing.pem)
    (tmp_path / "leaf.pem").write_bytes(chain.leaf.pem)
    (tmp_path / "root.pem").write_bytes(chain.root.pem)
    (tmp_path / "node.json").write_bytes(dump_of({"Root": [chain.root], "AuthRoot": []}, {"DisableRootAutoUpdate": 1}))
    return tmp_path


def clients(text: str) -> list[str]:
    return ["--client" if n % 2 == 0 else name for name in text.split() for n in (0, 1)]


def test_complete_chain_with_its_root_verifies_for_all_clients(folder: Path) -> None:
    done = auditor("chain", "whole.pem", "--trust", "root.pem", *clients("containerd kubelet"), cwd=folder)
    assert done.returncode == 0
    assert done.stdout.count("verifies") == 2
    assert "containerd, kubelet on linux/amd64" in done.stdout
    assert "`- Corp Issuing\n     served, EC 256" in done.stdout
    assert "   `- Corp Root\n        in the pool's trust" in done.stdout


def test_dump_of_a_node_is_read_as_trust(folder: Path) -> None:
    done = auditor(
        "chain", "whole.pem", "--trust", "node.json", "--platform", "windows/amd64:ltsc2022", *clients("containerd"), cwd=folder
    )
    assert done.returncode == 0
    assert "on the node, by its dump" in done.stdout


def test_missing_intermediate_is_drawn_as_a_gap(folder: Path) -> None:
    done = auditor("chain", "leaf.pem", "--trust", "root.pem", *clients("containerd curl"), cwd=folder)
    assert done.returncode == 1
    assert "`- Corp Issuing\n     missing" in done.stdout
    assert done.stdout.count(f"connects to {AIA}") == 2  # both on Windows, none on Linux
    assert "net/http: TLS handshake timeout" in " ".join(done.stdout.split())


def test_json_has_the_rows_of_the_report(folder: Path) -> None:
    done = auditor("chain", "leaf.pem", "--trust", "root.pem", "--format", "json", *clients("containerd"), cwd=folder)
    found = json.loads(done.stdout)
    assert (done.returncode, found["endpoint"], found["trouble"]) == (1, "localhost:443", None)
    assert [(row["os"], row["verdict"], row["dials"]) for row in found["trust"]] == [
        ("linux", "fails", []),
        ("windows", "fails", [AIA]),
    ]
    assert found["trust"][0]["steps"][1] == {
        "name": "Corp Issuing",
        "origin": "missing",
        "key": None,
        "until": None,
        "sha1": None,
        "flaws": [],
        "gap": True,
    }


def test_date_and_host_are_options(folder: Path) -> None:
    later = (NOW + 400 * DAY).date().isoformat()
    done = auditor("chain", "whole.pem", "--trust", "root.pem", "--at", later, *clients("containerd"), cwd=folder)
    assert done.returncode == 1
    assert "! it is valid only until" in done.stdout
    other = auditor("chain", "whole.pem", "--trust", "root.pem", "--host", "other.local", *clients("containerd"), cwd=folder)
    assert other.returncode == 1
    assert "certificate is valid for localhost, not other.local" in " ".join(other.stdout.split())


def test_unknown_client_is_undetermined(folder: Path) -> None:
    done = auditor("chain", "whole.pem", *clients("netscape"), cwd=folder)
    assert done.returncode == 3
    assert "is not a client in the facts" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "no endpoint and no file"),
        (["gone.pem/"], "not host:port"),
        (["./gone.pem"], "no such file"),
        (["https://x"], "is a URL"),
        (["whole.pem", "--platform", "solaris"], "--platform: 'solaris' is not a platform"),
        (["whole.pem", "--platform", "linux/amd64", "--platform", "linux/amd64"], "given twice"),
        (["whole.pem", "--trust", "gone.pem"], "gone.pem"),
        (["whole.pem", "--at", "soon"], "this is no date"),
        (["."], "it is a folder, not a file with a chain"),
    ],
)
def test_impossible_arguments_are_a_usage_error(folder: Path, arguments: list[str], why: str) -> None:
    done = auditor("chain", *arguments, cwd=folder)
    assert done.returncode == 2
    assert why in done.stderr


def test_file_without_a_chain_is_undetermined(folder: Path) -> None:
    (folder / "junk.pem").write_bytes(b"junk")
    done = auditor("chain", "junk.pem", cwd=folder)
    assert (done.returncode, "malformed" in done.stdout) == (3, True)


def test_endpoint_that_does_not_answer_is_undetermined(folder: Path) -> None:
    done = auditor("chain", "127.0.0.1:1", cwd=folder)
    assert (done.returncode, "unreachable" in done.stdout) == (3, True)


def test_dump_script_is_printed(folder: Path) -> None:
    done = auditor("chain", "--dump-script", cwd=folder)
    assert (done.returncode, "ConvertTo-Json" in done.stdout) == (0, True)


@pytest.mark.peer
def test_served_incomplete_chain_shows_the_error_on_a_windows_node(tmp_path: Path) -> None:
    chain = made()
    (tmp_path / "root.pem").write_bytes(chain.root.pem)
    with python_server(tmp_path, chain.leaf.pem, chain.leaf.key_pem) as port:
        done = auditor("chain", f"localhost:{port}", "--trust", "root.pem", cwd=tmp_path)
    assert done.returncode == 1
    words = " ".join(done.stdout.split())
    windows = words.partition("Windows -")[2]
    assert "tls: failed to verify certificate: x509: certificate signed by unknown authority" in windows
    assert "or, where packets are dropped, net/http: TLS handshake timeout" in windows
    assert "curl: (60) schannel: SEC_E_UNTRUSTED_ROOT (0x80090325)" in windows
    assert "The remote certificate is invalid because of errors in the certificate chain: PartialChain" in windows
    assert "The underlying connection was closed: Could not establish trust relationship" in windows
    assert f"connects to {AIA}" in windows
    assert "curl: (60) SSL certificate problem: unable to get local issuer certificate" in words.partition("Windows -")[0]


def test_unusable_trust_file_is_named_and_makes_the_verdict_undetermined(folder: Path) -> None:
    (folder / "cut.pem").write_bytes((folder / "root.pem").read_bytes()[:200])
    command = ("chain", "whole.pem", "--trust", "cut.pem", *clients("containerd"), "--platform", "linux/amd64")
    done = auditor(*command, cwd=folder)
    assert done.returncode == 3
    told = " ".join(done.stdout.split())
    assert "reason Corp Root, which issued Corp Issuing, is neither served nor trusted" in told
    assert "! cut.pem: line 1: the block has no end" in told
    assert "hint: Copy the file again." in told
    found = json.loads(auditor(*command, "--format", "json", cwd=folder).stdout)
    assert "cut.pem: line 1" in found["trust"][0]["reason"]
    (file,) = found["trust_files"]
    assert (file["file"], file["usable"], file["pools"]) == ("cut.pem", 0, ["linux/amd64"])


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ((), "does not state whether the nodes are members of that domain"),
        (("--not-domain-joined",), "the nodes are not members of a domain"),
        (("--domain-joined",), "The nodes are members of the domain, but the auditor does not request directories"),
    ],
)
def test_domain_membership_decides_about_crls_in_the_directory(tmp_path: Path, option: tuple[str, ...], reason: str) -> None:
    ldap = "ldap:///CN=Corp,CN=CDP?certificateRevocationList?base"
    chain = hierarchy(
        leaf=replace(LEAF, crl=(ldap,)), issuing=replace(AUTHORITY, crl=(ldap,)), root=AUTHORITY, name="localhost"
    )
    (tmp_path / "whole.pem").write_bytes(chain.leaf.pem + chain.issuing.pem)
    (tmp_path / "root.pem").write_bytes(chain.root.pem)
    windows = ("--platform", "windows/amd64:ltsc2022", *clients("curl"))
    done = auditor("chain", "whole.pem", "--trust", "root.pem", *windows, *option, cwd=tmp_path)
    assert done.returncode == (1 if option == ("--not-domain-joined",) else 3)
    assert reason in " ".join(done.stdout.split())


def test_reason_of_a_revocation_failure_names_the_certificate(folder: Path) -> None:
    done = auditor(
        "chain", "whole.pem", "--trust", "root.pem", "--platform", "windows/amd64:ltsc2022", *clients("curl"), cwd=folder
    )
    assert "reason localhost: http://ocsp.example cannot be reached" in " ".join(done.stdout.split())
