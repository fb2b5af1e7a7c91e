"""The import rule: the contracts of pyproject.toml hold, cover every room, and notice each kind of forbidden import."""

from __future__ import annotations

import ast
import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.cli.runner import ROOT, environment

FORBIDDEN_NAMES = {"utils", "common", "helpers"}
PACKAGES = ("auditor", "checks", "reports")
CONTRACTS: dict[str, dict[str, Any]] = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
}


def import_map() -> ModuleType:
    """tools/import_map.py as a module: `tools` is not a package."""
    spec = importlib.util.spec_from_file_location("import_map", ROOT / "tools" / "import_map.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


MAP = import_map()
MODULES: dict[str, Path] = MAP.modules_in(ROOT)
ROOMS = {MAP.room_of(module) for module in MODULES} - {"auditor"}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of a checkout. Exit code 1 if one is broken."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"]
    return subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=300, check=False
    )


def broken(done: subprocess.CompletedProcess[str]) -> set[str]:
    """The ids of the contracts that the output calls broken."""
    text = " ".join(done.stdout.split())
    assert "Contracts: " in text, done.stdout + done.stderr
    return {name for name, contract in CONTRACTS.items() if f"{contract['name']} BROKEN" in text}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the packages and of pyproject.toml."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_all_contracts_hold() -> None:
    """Prints the map that docs/architecture.md shows (`pytest -s`)."""
    print(MAP.map_text())
    done = lint(ROOT)
    assert (broken(done), done.returncode) == (set(), 0), done.stdout


@pytest.mark.parametrize(
    ("file", "line", "contracts"),
    [
        ("auditor/oci/reference.py", "from auditor.plan import model", {"layers", "cycles"}),
        ("auditor/oci/reference.py", "from auditor.pki import certificate", {"layers"}),
        ("auditor/policy/judging.py", "import auditor.fix", {"layers"}),
        ("auditor/check.py", "def late():\n    from auditor.engine import evaluate", {"layers", "cycles"}),
        ("auditor/api.py", "from auditor.collectors import collect", {"collectors"}),
        ("auditor/pipeline/audit.py", "import auditor.formats", {"layers", "formats"}),
        ("auditor/api.py", "import reports.basis", {"reports"}),
        ("auditor/fix/lists.py", "from checks._shared import placed", {"shared"}),
        ("reports/basis.py", "from auditor.site import Site", {"report-only"}),
        ("auditor/text.py", "import rich", {"terminal"}),
        ("auditor/api.py", "import auditor.cli.work", {"layers", "terminal"}),
        ("auditor/site/layers.py", "import subprocess", {"programs"}),
        ("auditor/pipeline/audit.py", "import auditor.testing", {"layers"}),
        ("auditor/testing/sites.py", "import pytest", {"testing"}),
        ("auditor/plan/model.py", "import auditor.plan.load", {"cycles"}),
    ],
)
def test_forbidden_import_breaks_its_contract(file: str, line: str, contracts: set[str], checkout: Path) -> None:
    path = checkout / file
    path.write_text(f"{path.read_text('utf-8')}\n{line}\n", encoding="utf-8")
    done = lint(checkout)
    assert broken(done) == contracts, done.stdout
    assert done.returncode == 1


def test_each_contract_has_a_forbidden_import_above() -> None:
    (mark,) = test_forbidden_import_breaks_its_contract.pytestmark  # type: ignore[attr-defined]
    assert set().union(*(contracts for _, _, contracts in mark.args[1])) == set(CONTRACTS)


def named_modules(path: Path) -> Iterator[str]:
    """Modules that a file names as text, for example in a table of auditor/lazy.py, to import them later."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in MODULES:
            yield node.value


def test_modules_that_are_named_as_text_follow_the_same_contracts(checkout: Path) -> None:
    count = 0
    for module, path in MODULES.items():
        if names := sorted(set(named_modules(path)) - {module, *PACKAGES}):
            lines = "".join(f"    import {name}\n" for name in names)
            copy = checkout / path.relative_to(ROOT)
            copy.write_text(f"{copy.read_text('utf-8')}\n\ndef _later() -> None:\n{lines}", encoding="utf-8")
            count += len(names)
    assert count > 100
    done = lint(checkout)
    assert broken(done) == set(), done.stdout


def test_every_room_is_in_one_layer() -> None:
    layers = [room for layer in MAP.layers_in(ROOT) for room in layer]
    assert sorted(layers) == sorted(ROOMS)


def test_contracts_with_a_list_of_rooms_name_all() -> None:
    assert set(CONTRACTS["terminal"]["source_modules"]) == ROOMS - {"auditor.cli", "auditor.__main__"}
    known = {"auditor.report", "auditor.check", "auditor.outcomes", "auditor.text", "reports"}
    above = {
        "auditor.__main__",
        "auditor.api",
        "auditor.cli",
        "auditor.formats",
        "auditor.pipeline",
        "auditor.testing",
        "checks",
    }
    assert set(CONTRACTS["report-only"]["forbidden_modules"]) == ROOMS - known - above  # the layers forbid those above


def test_bare_package_imports_no_other_module() -> None:
    assert list(MAP.imported_by(ROOT / "auditor" / "__init__.py", MODULES)) == []


def test_no_module_has_a_meaningless_name() -> None:
    assert [module for module in MODULES if FORBIDDEN_NAMES & set(module.split("."))] == []


def test_no_file_and_no_function_is_too_long() -> None:
    sizes = MAP.sizes_in(ROOT)
    assert (sizes.large_files, sizes.large_functions) == ([], [])
    files = {path: len(path.read_text("utf-8").splitlines()) for path in sorted((ROOT / "tests").rglob("*.py"))}
    assert [str(path) for path, count in files.items() if count > MAP.MAX_FILE] == []


def test_shared_helpers_of_checks_have_two_users() -> None:
    users = {module: set(MAP.imported_by(path, MODULES)) for module, path in MODULES.items()}
    helpers = [module for module in MODULES if module.startswith("checks._shared.")]
    assert len(helpers) > 5
    assert [one for one in helpers if sum(one in imported for imported in users.values()) < 2] == []


def test_figures_count_rooms_arrows_and_cycles(tmp_path: Path) -> None:
    files = {
        "auditor/__init__.py": "",
        "auditor/a.py": "import auditor.b\n",
        "auditor/b.py": "from auditor import c\n",
        "auditor/c.py": "from auditor.b import x\n" + "\n" * MAP.MAX_FILE,
        "checks/__init__.py": "def f():\n    from auditor import a\n" + "    pass\n" * MAP.MAX_FUNCTION,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    lines = re.sub(r" +", " ", MAP.figures(tmp_path)).splitlines()
    assert lines[:2] == ["rooms 4", "arrows between rooms 4"]
    assert lines[2:4] == ["longest chain of rooms 3: checks > a > b + c", "cycles between rooms 1"]
    assert {" b, c", " auditor/c.py: 351", " checks/__init__.py:f: 62"} <= set(lines)


@pytest.mark.parametrize("path", MODULES.values(), ids=lambda path: str(path.relative_to(ROOT)))
def test_only_one_module_starts_programs_and_one_ends_the_process(path: Path) -> None:
    """Only the module with the limits starts programs; only the command line ends the process."""
    text = path.read_text("utf-8")
    name = path.relative_to(ROOT).as_posix()
    if name != "auditor/collectors/program_runs.py":
        words = ("os.system(", "os.popen(", "os.exec", "os.spawn", "create_subprocess_", "import pty", "import multiprocessing")
        allowed = {"import multiprocessing"} if name == "auditor/cli/fleet_workers.py" else set()  # forks, starts no program
        assert {word for word in words if word in text} == allowed
    if not name.startswith(("auditor/cli/", "auditor/__main__")):
        assert "sys.exit" not in text


@pytest.mark.parametrize("path", MODULES.values(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_imports_a_private_name_of_another(path: Path) -> None:
    """Ruff's SLF001 sees private attributes, but not `from module import _name`."""
    own = path.read_text("utf-8")
    found = [
        alias.name
        for node in ast.walk(ast.parse(own))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGES)
        for alias in node.names
        if alias.name.startswith("_") and not alias.name.startswith("__") and alias.name != "_shared"
    ]
    assert found == []


def test_every_lint_exception_is_of_a_selected_rule_and_has_a_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    lint = tomllib.loads(text)["tool"]["ruff"]["lint"]
    ignored = {code for codes in lint["per-file-ignores"].values() for code in codes}
    assert [code for code in sorted(ignored) if not code.startswith(tuple(lint["select"]))] == []
    (part,) = re.findall(r"\[tool\.ruff\.lint\.per-file-ignores\]\n(.*?)\n\n", text, re.DOTALL)
    assert [line for line in part.splitlines() if re.search(r'"[A-Z]+\d+"', line) and "#" not in line] == []
