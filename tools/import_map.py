"""The map of imports: the layers of pyproject.toml as text, and figures about the code.

`python tools/import_map.py` prints the map that docs/architecture.md shows. With `--figures [FOLDER]` it prints rooms, arrows
between them, the longest chain, cycles, and the sizes of files and functions, for the checkout in FOLDER. It reads source files
only, so that it also measures older commits:

    git worktree add /tmp/before COMMIT && python tools/import_map.py --figures /tmp/before
"""

from __future__ import annotations

import argparse
import ast
import textwrap
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("auditor", "checks", "reports")
MAX_FILE, MAX_FUNCTION = 350, 60  # lines
WIDTH = 120

Graph = Mapping[str, set[str]]


def layers_in(root: Path) -> list[list[str]]:
    """Return the layers of the contract `layers`, from top to bottom. Each is a list of modules."""
    options = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    (layers,) = [contract["layers"] for contract in options["contracts"] if contract["type"] == "layers"]
    return [[name.strip() for name in layer.split("|")] for layer in layers]


def map_text(root: Path = ROOT) -> str:
    """Return the map: a line for each room, from top to bottom, with an empty line between layers."""
    blocks = []
    for layer in layers_in(root):
        lines = []
        for room in layer:
            path = file_of(root, room)
            name = f"{path.parent.relative_to(root)}/" if path.name == "__init__.py" else str(path.relative_to(root))
            summary = summary_of(path)
            lines += textwrap.wrap(summary, WIDTH, initial_indent=f"{name:28}  ", subsequent_indent=" " * 30)
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def file_of(root: Path, module: str) -> Path:
    """Return the source file of a module or package."""
    path = root / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def summary_of(path: Path) -> str:
    """Return the first sentence of a module's docstring as one line."""
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return " ".join(docstring.partition("\n\n")[0].split()).partition(". ")[0].removesuffix(".") + "."


def modules_in(root: Path) -> dict[str, Path]:
    """Return all source files of the packages by module name."""
    found = {}
    for path in sorted(path for package in PACKAGES for path in (root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported_by(path: Path, modules: Mapping[str, Path]) -> Iterator[str]:
    """Yield the modules of the packages that a file imports, also inside functions and for the type checker."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [name if name in modules else str(node.module) for name in inner]
        else:
            continue
        yield from (name for name in names if name in modules)


def room_of(module: str) -> str:
    """Return the room of a module: a package or module directly below `auditor`, or `checks` or `reports`."""
    first, _, rest = module.partition(".")
    return f"auditor.{rest.partition('.')[0]}" if first == "auditor" and rest else first


def rooms_in(root: Path) -> Graph:
    """Return which rooms each room imports. The bare package `auditor` holds only the version and does not count."""
    modules = modules_in(root)
    graph: defaultdict[str, set[str]] = defaultdict(set)
    for module, path in modules.items():
        room = room_of(module)
        if room == "auditor":
            continue
        graph[room] |= {room_of(name) for name in imported_by(path, modules)} - {room, "auditor"}
    return dict(graph)


def cycles_in(graph: Graph) -> list[list[str]]:
    """Return the strongly connected components with more than one node (Tarjan), each sorted."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            group = stack[stack.index(node) :]
            del stack[stack.index(node) :]
            if len(group) > 1:
                found.append(sorted(group))

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return found


def longest_chain(graph: Graph) -> list[str]:
    """Return the longest chain of imports. A cycle counts as one step."""
    member = {room: " + ".join(group) for group in cycles_in(graph) for room in group}
    merged: defaultdict[str, set[str]] = defaultdict(set)
    for room, others in graph.items():
        here = member.get(room, room)
        merged[here] |= {member.get(other, other) for other in others} - {here}

    @cache
    def below(room: str) -> tuple[str, ...]:
        return (room, *max((below(other) for other in sorted(merged.get(room, ()))), key=len, default=()))

    return list(max(map(below, sorted(merged)), key=len, default=()))


@dataclass
class Sizes:
    """Lines of files and functions. The large ones are listed as `name: lines`."""

    files: int = 0
    lines: int = 0
    functions: int = 0
    large_files: list[str] = field(default_factory=list)
    large_functions: list[str] = field(default_factory=list)


def sizes_in(root: Path) -> Sizes:
    """Measure all source files of the packages."""
    sizes = Sizes()
    for path in modules_in(root).values():
        text = path.read_text("utf-8")
        name, count = path.relative_to(root), len(text.splitlines())
        sizes.files += 1
        sizes.lines += count
        sizes.large_files += [f"{name}: {count}"] if count > MAX_FILE else []
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                sizes.functions += 1
                sizes.large_functions += [f"{name}:{node.name}: {length}"] if length > MAX_FUNCTION else []
    return sizes


def _short(room: str) -> str:
    return room.removeprefix("auditor.")


def figures(root: Path) -> str:
    """Return the figures of a checkout as text."""
    modules, sizes = modules_in(root), sizes_in(root)
    graph = {_short(room): set(map(_short, others)) for room, others in rooms_in(root).items()}
    inner = {module: set(imported_by(path, modules)) - {module} for module, path in modules.items()}
    chain, room_cycles, module_cycles = longest_chain(graph), cycles_in(graph), cycles_in(inner)
    lines = [
        f"rooms                      {len(graph)}",
        f"arrows between rooms       {sum(map(len, graph.values()))}",
        f"longest chain of rooms     {len(chain)}: {' > '.join(chain)}",
        f"cycles between rooms       {len(room_cycles)}",
        *(f"    {', '.join(cycle)}" for cycle in room_cycles),
        f"cycles between modules     {len(module_cycles)}, with {sum(map(len, module_cycles))} modules",
        f"files                      {sizes.files}, {sizes.lines} lines",
        f"files over {MAX_FILE} lines       {len(sizes.large_files)}",
        *(f"    {one}" for one in sizes.large_files),
        f"functions                  {sizes.functions}",
        f"functions over {MAX_FUNCTION} lines    {len(sizes.large_functions)}",
        *(f"    {one}" for one in sizes.large_functions),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Print the map or the figures."""
    parser = argparse.ArgumentParser(description="Print the map of imports, or figures about the code.")
    parser.add_argument("--figures", action="store_true", help="print figures instead of the map")
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT, help="a checkout; default: this one")
    given = parser.parse_args()
    print(figures(given.folder) if given.figures else map_text(given.folder), end="")


if __name__ == "__main__":
    main()
