"""Time to import an image list, compared with splitting the same lines in Python, in one run.

python bench/lists.py [--lines 10000]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from auditor.located import FILES, NotStructured, load_marked
from auditor.readers.lists import ListSource, read_list

ROUNDS = 5


def median_seconds(work: Callable[[], object]) -> float:
    """Return the median of several rounds."""
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def refused(data: bytes) -> str:
    """Print the error for a file that is too large."""
    try:
        load_marked(data)
    except NotStructured as error:
        return str(error)
    raise AssertionError("a file over the limit was read")


def main() -> None:
    """Print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=10_000)
    count = parser.parse_args().lines
    plain = "".join(f"registry.example.com/team-{n % 97}/image-{n}:1.{n % 13}.{n % 7}\n" for n in range(count)).encode()
    head = b"apiVersion: content.hauler.cattle.io/v1\nkind: Images\nspec:\n  images:\n"
    hauler = head + b"".join(b"    - name: " + line + b"\n" for line in plain.splitlines())
    source = ListSource("list", ("one",))
    assert len(read_list(source, plain)) == len(read_list(source, hauler)) == count
    split = median_seconds(lambda: [line.split(b":") for line in plain.splitlines()])
    for name, data in (("plain", plain), ("hauler", hauler)):
        taken = median_seconds(lambda data=data: read_list(source, data))  # type: ignore[misc]
        print(f"{name}: {count:,} images in {taken:.3f} s ({taken / split:,.0f} x splitting the lines)")
    large = b"a: b\n" * (50 * 1024 * 1024 // 5)
    start = time.perf_counter()
    reason = refused(large)
    print(f"50 MB of YAML: refused in {time.perf_counter() - start:.3f} s ({reason}); the limit is {FILES.bytes:,} bytes")


if __name__ == "__main__":
    main()
