"""The table of estimated and measured sizes of real copies: `python -m tests.peers.budget_table`. It fails on a difference."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.peers import sizes_copied
from tests.peers.registry import serve
from tests.peers.sizes_copied import Weighed


def told(what: str, found: Weighed, reason: str) -> str:
    """A line: what was copied, its likely bytes, what `du -b` says, and what the difference is."""
    bounds = f", between {found.estimate.low:,} and {found.estimate.high:,}" if found.estimate.estimated else ""
    why = f"{found.off:+,} bytes ({100 * found.off / found.measured:+.2f} %): {reason}{bounds}" if found.off else "to the byte"
    return f"{what:<78} {found.estimate.likely:>9,} {'=' if not found.off else '~'} {found.measured:>9,}  {why}"


def main() -> int:
    """Print the table; 1 when an estimate was wrong."""
    wrong = 0
    with tempfile.TemporaryDirectory() as name, serve(Path(name) / "registry") as registry:
        sizes_copied.push(registry)
        print(f"{'copied':<78} {'estimate':>9}   {'du -b':>9}")
        for number, case in enumerate(sizes_copied.CASES):
            own = Path(name) / str(number)
            own.mkdir()
            found = sizes_copied.weigh(case, registry, own)
            wrong += not case.is_met(found)
            print(told(str(case), found, case.reason), flush=True)
        disk, links = sizes_copied.weigh_registry(registry, Path(name) / "registry" / "storage", Path(name))
        wrong += disk.off != links
        print(told("the registry's own disk", disk, f"{links // sizes_copied.LINK} links of {sizes_copied.LINK} bytes"))
    print(f"{len(sizes_copied.CASES) + 1} copies, {wrong} of them not as estimated")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
