"""No public class and no module has the name of another one: a reader who searches for a name finds one thing.

Exceptions state the reason that the package gives.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path.relative_to(ROOT) for top in ("auditor", "checks", "reports") for path in (ROOT / top).rglob("*.py"))
ENTRY_FILES = {"__init__.py", "__main__.py"}

# Packages whose modules are named by a rule of the package, and the rule. Their names may return elsewhere.
NAMED_BY_RULE = {
    "auditor/cli": "a module is named like its command",
    "auditor/pipeline/inspect": "a module is named like the subject that `auditor inspect` and `auditor chain` accept",
    "auditor/readers/lists": "a module is named like the list format that it reads",
    "checks": "a module is named like its check, a shared one like the view that it reads",
    "reports/text": "a module is named like the section that it renders",
}
# Module names that several packages have, and the reason.
MODULES_ALLOWED = {
    "model.py": "the frozen values of its package",
    "view.py": "the view that its package of auditor/site computes",
}
# The nouns of storage, as auditor/site/storage explains them. Every public class there has one in its name.
STORAGE = ("auditor/sizing", "auditor/site/storage")
STORAGE_NOUNS = ("Blob", "Piece", "Bundle", "Budget", "Amount", "Image", "Archive", "Stage")
STORAGE_ALLOWED = {
    "Provenance": "the kinds of sources of every number, as the JSON report has them",
    "Storage": "the view itself",
}
# Class names that several modules have, and the reason.
CLASSES_ALLOWED: dict[str, str] = {}


def repeated(named: Iterable[tuple[str, Path]]) -> dict[str, list[Path]]:
    """Return the names that stand in several files, with these files."""
    found: defaultdict[str, list[Path]] = defaultdict(list)
    for name, path in named:
        found[name].append(path)
    return {name: paths for name, paths in found.items() if len(paths) > 1}


def public_classes() -> Iterable[tuple[str, Path]]:
    for path in SOURCES:
        for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node.name, path


def modules() -> Iterable[tuple[str, Path]]:
    return ((path.name, path) for path in SOURCES if path.name not in ENTRY_FILES)


def is_named_by_rule(path: Path) -> bool:
    return any(path.is_relative_to(package) for package in NAMED_BY_RULE)


def without(found: Mapping[str, list[Path]], allowed: Mapping[str, str]) -> list[str]:
    return [f"{name}: {', '.join(map(str, paths))}" for name, paths in sorted(found.items()) if name not in allowed]


def test_no_public_class_name_is_repeated() -> None:
    found = repeated(public_classes())
    assert not without(found, CLASSES_ALLOWED), "rename one of them, or state a reason in CLASSES_ALLOWED"
    assert set(CLASSES_ALLOWED) <= set(found), "an exception that is no longer needed"


def test_no_module_name_is_repeated() -> None:
    found = repeated((name, path) for name, path in modules() if not is_named_by_rule(path))
    assert not without(found, MODULES_ALLOWED), "rename one of them, or state a reason in MODULES_ALLOWED"
    assert set(MODULES_ALLOWED) <= set(found), "an exception that is no longer needed"


def test_storage_uses_its_eight_nouns() -> None:
    explained = (ROOT / "auditor/site/storage/__init__.py").read_text(encoding="utf-8")
    documented = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    for noun in STORAGE_NOUNS:
        assert f"- {noun.lower()}: " in explained
        assert f"| {noun.lower()} | " in documented
    rows = facts()
    names = {name for name, path in public_classes() if any(path.is_relative_to(room) for room in STORAGE)} - rows
    others = {name for name in names if not any(noun in name for noun in STORAGE_NOUNS)}
    assert others == set(STORAGE_ALLOWED)


def facts() -> set[str]:
    """Return the names of classes that are rows of a fact table: their names are those of the tables."""
    bases = {"Fact", "Versioned"}
    return {
        node.name
        for path in SOURCES
        for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and any(isinstance(base, ast.Name) and base.id in bases for base in node.bases)
    }


def test_every_package_with_a_rule_exists() -> None:
    assert all((ROOT / package).is_dir() for package in NAMED_BY_RULE)


def test_the_search_finds_a_repeated_name() -> None:
    one, two = Path("auditor/a.py"), Path("reports/a.py")
    assert repeated([("Entry", one), ("Other", one), ("Entry", two)]) == {"Entry": [one, two]}
    assert without({"Entry": [one, two]}, {}) == ["Entry: auditor/a.py, reports/a.py"]
    assert without({"Entry": [one, two]}, {"Entry": "a reason"}) == []
