"""The table of our verdicts and those of real verifiers: `python -m tests.peers.trust_table`.

Chains made for it and those of NIST, in Go's crypto/x509 and `openssl verify`. It fails if a verdict differs without a
known reason, or if a known difference no longer exists.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.peers.pki.comparing import Compared, against_go, against_openssl, against_pkits, pkits_against_clients
from tests.peers.pki.judges import Go

WIDTH = 46


def lines(folder: Path) -> Iterator[Compared]:
    """Everything compared."""
    go = Go.built(folder)
    yield from against_go(go)
    yield from against_openssl(folder)
    yield from against_pkits()
    yield from pkits_against_clients(go, folder)


def _word(takes: bool) -> str:
    return "takes" if takes else "refuses"


def _told(row: Compared) -> str:
    sign = "BUT" if not row.holds else "=" if row.agrees else "≠"
    said = row.known or row.theirs.said or row.ours.said
    return (
        f"{row.client:<34}{row.name:<{WIDTH}}ours {_word(row.ours.takes):<8}{sign:<4}{_word(row.theirs.takes):<8} {said[:120]}"
    )


def _summary(rows: Iterable[Compared]) -> Iterator[str]:
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        kind = "WRONG" if not row.holds else "agree" if row.agrees else "differ, as known"
        counts.setdefault(row.client, Counter())[kind] += 1
    for client, found in counts.items():
        yield f"{client:<34}" + ", ".join(f"{number} {kind}" for kind, number in sorted(found.items()))


def print_table(found: Iterable[Compared], *, only_differences: bool = False) -> int:
    """Print the rows, or only those that differ, and a summary; return 1 if a row is not as expected."""
    rows: list[Compared] = []
    for row in found:
        rows.append(row)
        if not (only_differences and row.agrees and row.holds):
            print(_told(row), flush=True)
    print(*_summary(rows), sep="\n")
    return int(not all(row.holds for row in rows))


def main() -> int:
    """Print the table; 1 when something is not as it should be."""
    with tempfile.TemporaryDirectory() as name:
        return print_table(lines(Path(name)))


if __name__ == "__main__":
    sys.exit(main())
