"""The import rule: a room imports only from rooms above it in the list, and rooms on one line do not import each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Top to bottom as in the design page, section 4. A later line may import from every earlier one.
ORDER = (
    ("auditor.connection_kinds", "auditor.errors", "auditor.lazy", "auditor.own_files", "auditor.secret_forms"),
    ("auditor.facts",),
    ("auditor.redaction", "auditor.net"),
    ("auditor.text",),
    ("auditor.located",),
    ("auditor.plugins",),
    ("auditor.oci", "auditor.pki"),
    ("auditor.plan", "auditor.transfer", "auditor.sizing", "auditor.evidence"),
    ("auditor.readers",),
    ("auditor.needs",),
    ("auditor.site", "auditor.collectors"),
    ("auditor.check",),
    ("auditor.engine",),
    ("auditor.report", "checks"),
    ("auditor.policy", "auditor.fix", "auditor.diff", "reports"),
    ("auditor.formats", "auditor.pipeline"),
    ("auditor.cli", "auditor.api", "auditor.testing"),
    ("auditor.__main__",),
)
LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in rooms}
# Rooms that only some others may import, wherever these stand in the order.
ONLY_FOR = {
    "auditor.collectors": {"auditor.pipeline"},
    "auditor.formats": {"auditor.cli", "auditor.api"},
    "reports": {"auditor.formats", "auditor.cli"},
    "auditor.testing": set(),
}
NO_TERMINAL = ("typer", "click", "rich", "auditor.cli")  # may be missing where `auditor.api` is used
REPORTS_MAY = {"auditor.report", "auditor.check", "auditor.text", "auditor"}
FORBIDDEN_NAMES = {"utils", "common", "helpers"}
SOURCES = sorted(path for top in ("auditor", "checks", "reports") for path in (ROOT / top).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str | None:
    """Return the room of a module, or None for other packages and for the bare package, which holds only the version."""
    return next((room for room in LEVEL if module == room or module.startswith(room + ".")), None)


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_walk_finds_the_rooms() -> None:
    assert len(SOURCES) > 20
    assert {room_of(module_name(path)) for path in SOURCES} >= {"auditor.oci", "auditor.plan", "checks"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_rule(path: Path) -> None:
    module = module_name(path)
    if module == "auditor":
        assert not [name for name in imports(path) if name.startswith(("auditor", "checks", "reports"))]
        return
    room = room_of(module)
    assert room is not None, f"{module} is in no room of the design"
    assert not FORBIDDEN_NAMES & set(module.split("."))
    for name in imports(path):
        other = room_of(name)
        if other is None or other == room:
            continue
        assert LEVEL[other] < LEVEL[room], f"{module} imports {name}: {other} is not above {room}"
        if room == "reports":
            assert other in REPORTS_MAY, f"{module} imports {name}: reports know only the report"
        if other in ONLY_FOR:
            assert room in ONLY_FOR[other], f"{module} imports {name}: only {ONLY_FOR[other]} may"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_command_line_knows_the_terminal(path: Path) -> None:
    """No other room imports a library of the terminal or ends the process."""
    if module_name(path).startswith(("auditor.cli", "auditor.__main__")):
        return
    assert not [name for name in imports(path) if name.split(".")[0] in NO_TERMINAL or name.startswith("auditor.cli")]
    assert "sys.exit" not in path.read_text(encoding="utf-8")


STARTERS = ("subprocess", "pty", "multiprocessing", "asyncio.subprocess", "os.system", "os.popen", "os.execv", "os.spawnv")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_one_module_starts_programs(path: Path) -> None:
    """So that every child program has the same bounds."""
    if module_name(path) == "auditor.collectors.programs":
        return
    assert not [name for name in imports(path) if name.startswith(STARTERS)]
    text = path.read_text(encoding="utf-8")
    assert not [word for word in ("os.system(", "os.popen(", "os.exec", "os.spawn", "create_subprocess_") if word in text]
