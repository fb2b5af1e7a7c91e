"""Time to open and to filter the HTML report of N images x 6 pools in Chromium, and its size.

    python bench/browser.py [--images 10000] [--findings 4000] [--questions 4000]

Targets: opens in <= 0.6 s, every filter answers in <= 60 ms, <= 8 MB. The lower limit is printed
too: the time of the same browser for the same bytes as plain text. Each number is the median of several runs in fresh pages. A
page is open when its scripts have run and the next frame was drawn.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page

from reports import render
from tests.peers.browser import chromium
from tests.reports.large import large_report

DRAWN = "() => new Promise(done => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))"
TYPED = """async ([list, name, value]) => {
  const form = document.querySelector(`form[data-for="${list}"]`);
  form.scrollIntoView();
  await new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)));
  const start = performance.now();
  form.elements[name].value = value;
  form.elements[name].dispatchEvent(new Event("input", {bubbles: true}));
  await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - start;
}"""
NOTHING = ("asked", "q", "")  # time of an idle frame
FILTERS = (
    ("matrix", "q", "a"),
    ("matrix", "q", "app-99"),
    ("matrix", "q", "windows web 404"),
    ("matrix", "q", ""),
    ("matrix", "p", "3"),
    ("matrix", "s", "build-mismatch"),
    ("matrix", "p", ""),
    ("matrix", "s", ""),
    ("matrix", "by", "t"),
    ("matrix", "by", "w"),
    ("matrix", "by", ""),
    ("found", "q", "a"),
    ("found", "q", "nanoserver"),
    ("found", "q", ""),
    ("found", "s", "warning"),
    ("found", "s", ""),
    ("asked", "q", "denied"),
    ("asked", "c", "image-absent"),
    ("asked", "by", "c"),
)


def opened(browser: Browser, file: Path) -> tuple[Page, float]:
    """Open the file in a fresh page and return the page and the seconds until it was open."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    start = time.perf_counter()
    page.goto(file.as_uri(), timeout=120_000)
    page.evaluate(DRAWN)
    return page, time.perf_counter() - start


def opening(browser: Browser, file: Path, runs: int) -> float:
    """Return the median seconds of several runs."""
    taken = []
    for _ in range(runs):
        page, seconds = opened(browser, file)
        taken.append(seconds)
        page.close()
    return statistics.median(taken)


def filtering(browser: Browser, file: Path, runs: int) -> dict[tuple[str, str, str], float]:
    """The median milliseconds of each filter, one after the other in a page, each for the first time there."""
    taken: dict[tuple[str, str, str], list[float]] = {one: [] for one in (NOTHING, *FILTERS)}
    for _ in range(runs):
        page, _ = opened(browser, file)
        page.wait_for_timeout(1000)  # faster than people type
        for one, found in taken.items():
            found.append(float(page.evaluate(TYPED, list(one))))
        page.close()
    return {one: statistics.median(found) for one, found in taken.items()}


def main() -> None:
    """Measure, and print the results with the targets."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--findings", type=int, default=4_000)
    parser.add_argument("--questions", type=int, default=4_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    report = large_report(options.images, options.findings, options.questions)
    start = time.perf_counter()
    text = render(report, "html")
    rendered = time.perf_counter() - start
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        page, plain = Path(name, "report.html"), Path(name, "report.txt")
        for file in (page, plain):
            file.write_text(text, encoding="utf-8")
        limit, took = opening(browser, plain, options.runs), opening(browser, page, options.runs)
        filters = filtering(browser, page, options.runs)
    print(f"{options.images:,} images x 6 pools, {options.findings:,} findings, {options.questions:,} questions")
    print(f"written in {rendered:.2f} s, {len(text.encode()) / 1e6:.1f} MB (target 8)")
    print(f"opens in {took:.2f} s (target 0.6); the same bytes as plain text: {limit:.2f} s")
    frame = filters.pop(NOTHING)
    worst, middle = max(filters.values()), statistics.median(filters.values())
    print(f"filters in {worst:.0f} ms at worst (target 60), {middle:.0f} ms in the middle; an idle frame: {frame:.0f} ms")
    for (form, control, value), milliseconds in filters.items():
        print(f"  {form:<7}{control}={value!r:<20}{milliseconds:6.0f} ms")


if __name__ == "__main__":
    main()
