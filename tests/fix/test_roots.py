"""Public roots that Windows nodes lack are written with a script, and installing them resolves the finding."""

from __future__ import annotations

import pytest
import tree_sitter_powershell
import yaml
from tree_sitter import Language, Parser

from auditor.pki.loading import load_certificates
from auditor.testing import site_of
from checks.trust import root_needs_windows_update, root_unproven
from tests.fix.made import TODAY, checks_of, written

PUBLIC = """
plan: |
  version: 1
  pools:
    win2022: {platform: "windows/amd64:ltsc2022", clients: [containerd, curl], trust: [roots]}
    control: {platform: linux/amd64, clients: [containerd]}
  endpoints: ["mirror.example.com:443"]
certificates:
  root: {public: NAME}
files: {roots/none.txt.pem: [other]}
endpoints:
  mirror.example.com:443: {serves: [root]}
"""
CHECKS = {"ISRG Root X1": root_needs_windows_update, "DigiCert Global Root G2": root_unproven}


@pytest.mark.parametrize("name", CHECKS)
def test_root_is_written_with_a_script_and_resolves_the_finding(name: str) -> None:
    form = yaml.safe_load(PUBLIC.replace("NAME", name).replace("[other]", "[root]"))
    form["plan"] = form["plan"].replace(", trust: [roots]", "")
    form["files"] = {}
    found = {path: file for path, file in written(site_of(form)).items() if path.startswith("nodes/win2022/")}
    script = found.pop("nodes/win2022/install-roots.ps1")
    ((path, file),) = found.items()
    assert path.startswith("nodes/win2022/roots/")
    assert path.endswith(".crt")
    assert checks_of(file) == checks_of(script) == {CHECKS[name].CHECK.id}
    (root,) = load_certificates(file.text.encode()).certificates
    assert root.name == name
    assert script.is_script
    assert not Parser(Language(tree_sitter_powershell.language())).parse(script.text.encode()).root_node.has_error
    after = yaml.safe_load(PUBLIC.replace("NAME", name).replace("[other]", "[root]"))
    outcomes = CHECKS[name].CHECK.run(site_of(after), TODAY)
    assert {type(outcome).__name__ for outcome in outcomes} == {"Fine"}


def test_linux_nodes_and_private_roots_give_no_file() -> None:
    form = yaml.safe_load(PUBLIC.replace("NAME", "ISRG Root X1").replace("[other]", "[root]"))
    assert not [path for path in written(site_of(form)) if "roots" in path]
