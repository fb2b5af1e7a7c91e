"""The table prediction = observation of real copies: `python -m tests.peers.transfer_table`. It fails when one was wrong."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.peers import layers_copied, platforms_copied
from tests.peers.copying import Desk, desk

Line = tuple[str, object, object]


def layer_lines(made: Desk, folder: Path) -> Iterator[Line]:
    """One line per tool, options, way and kind of layer."""
    for number, (case, kind) in enumerate(layers_copied.CASES):
        own = folder / f"layers{number}"
        own.mkdir()
        for way, observed in layers_copied.observe(made, case, kind, own):
            places = ", then ".join(hop.to for hop in way)
            told = f"{case.words} to {places}: {kind}"
            yield told, layers_copied.predict(way, layers_copied.KINDS[kind]), observed


def platform_lines(made: Desk, folder: Path) -> Iterator[Line]:
    """One line per tool, options and destination."""
    index = platforms_copied.made_index()
    for number, case in enumerate(platforms_copied.CASES):
        own = folder / f"platforms{number}"
        own.mkdir()
        for hop, observed in platforms_copied.observe(made, case, index, own):
            yield str(case), platforms_copied.predict(hop, index), observed


def main() -> int:
    """Print the table; 1 when a prediction did not come true."""
    lines = wrong = 0
    with tempfile.TemporaryDirectory() as name, desk(Path(name)) as made:
        for part in (layer_lines, platform_lines):
            for told, predicted, observed in part(made, Path(name)):
                lines, wrong = lines + 1, wrong + (predicted != observed)
                print(
                    f"{told:<100} predicted {predicted!s:<32} {'=' if predicted == observed else 'BUT'} {observed}", flush=True
                )
    print(f"{lines} observations, {wrong} of them not as predicted")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
