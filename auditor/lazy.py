"""Modules that are imported when one of their names is first used, so that a short run loads only what it needs.

A module with such names holds a table of them, and the same names as ordinary imports for the type checker:

    if TYPE_CHECKING:
        from auditor.site.trust.cases import trust_cases as trust_cases
    else:
        __getattr__ = names_in(__name__, {"auditor.site.trust.cases": ("trust_cases",)})

tests/test_startup.py compares the two. A package must not list a name that one of its modules has: importing that module sets
the attribute of the package.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module


def names_in(module: str, table: Mapping[str, tuple[str, ...]]) -> Callable[[str], object]:
    """Return the `__getattr__` of `module` (PEP 562). `table` lists, by module, the names that it defines."""
    homes = {name: home for home, names in table.items() for name in names}

    def load(name: str) -> object:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        found: object = getattr(import_module(home), name)
        setattr(sys.modules[module], name, found)  # so that Python calls this function once for each name
        return found

    return load
