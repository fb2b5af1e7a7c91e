"""Run the fuzzer and print a table of targets, inputs and defects.

python -m tests.fuzz --inputs 1000000 [--seed N] [--only NAME,NAME] [--keep FOLDER]
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from pathlib import Path

from tests.fuzz.runner import Tally, rethrow_unexpected, run
from tests.fuzz.targets import TARGETS


def main() -> int:
    """Run, print, and exit with 1 if something broke the contract."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--only", default="", help="parts of names of targets, with commas")
    parser.add_argument("--keep", type=Path, help="write the shortest input of each defect into this folder")
    given = parser.parse_args()
    wanted = [word for word in given.only.split(",") if word]
    targets = [target for target in TARGETS if not wanted or any(word in target.name for word in wanted)]
    print(f"seed {given.seed}, {given.inputs:,} inputs, {len(targets)} targets", flush=True)
    rethrow_unexpected()
    tally, known = Tally(), 0
    for number, tally in enumerate(run(targets, given.inputs, given.seed)):
        if number % 100 == 99:
            print(f"  {sum(tally.inputs.values()):,} inputs", file=sys.stderr, flush=True)
        if len(tally.defects) > known:
            known = len(tally.defects)
            _show(tally)
            _keep(tally, given.keep)
    _table(tally)
    return 1 if tally.defects else 0


def _show(tally: Tally) -> None:
    for defect in list(tally.defects.values()):
        print(f"  {defect.target}: {defect.what} ({defect.count}) {defect.data[:120]!r}", file=sys.stderr, flush=True)


def _keep(tally: Tally, folder: Path | None) -> None:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        for (target, what), defect in tally.defects.items():
            name = re.sub(r"\W+", "-", f"{target} {what}")
            (folder / name).write_bytes(defect.data)
            (folder / f"{name}.txt").write_text(f"{defect.trace}\n", errors="replace")


def _table(tally: Tally) -> None:
    print(f"{'target':<32} {'inputs':>10} {'µs each':>9} {'defects':>8}")
    for name, inputs in tally.inputs.items():
        defects = sum(1 for target, _ in tally.defects if target == name)
        print(f"{name:<32} {inputs:>10,} {tally.seconds[name] / max(inputs, 1) * 1e6:>9.0f} {defects:>8}")
    print(f"{'all':<32} {sum(tally.inputs.values()):>10,} {'':>9} {len(tally.defects):>8}")


if __name__ == "__main__":
    sys.exit(main())
