"""Draw the pictures of the README: the screen of `auditor audit` as SVG, and the HTML report as PNG, light and dark.

    python tools/screenshots.py [FOLDER]

The terminal is drawn from the real output of the example. The report is opened in a headless Chromium; without one, its
pictures are left as they are.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "plant-7"
PICTURES = ROOT / "docs" / "pictures"
COLUMNS = 100
LARGEST = 300_000  # bytes of one picture
VIEW = (1280, 860)
AUDIT = ("audit", "examples/plant-7/plan.yaml", "--evidence", "examples/plant-7/plant-7.evidence", "--at", "2026-11-23")
SHOWN = "auditor audit plan.yaml"
_CODE = re.compile(r"\x1b\[([0-9;]*)m")
_WIDTH, _LINE, _MARGIN, _BAR = 8.4, 18.5, 18, 34  # pixels of a character, a line, the margin and the title bar


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a terminal: background, text, bar, and those of the codes."""

    name: str
    back: str
    text: str
    bar: str
    codes: dict[str, str]


THEMES = (
    Theme(
        "light",
        "#ffffff",
        "#1f2328",
        "#eaeef2",
        {"31": "#b3261e", "32": "#1a7f37", "33": "#8a5a00", "34": "#0550ae", "35": "#8250df"},
    ),
    Theme(
        "dark",
        "#0d1117",
        "#e6edf3",
        "#21262d",
        {"31": "#ff7b72", "32": "#56d364", "33": "#e3b341", "34": "#79c0ff", "35": "#d2a8ff"},
    ),
)


def auditor(*arguments: str, folder: Path) -> str:
    """Return the output of `auditor` with colours. It keeps no report and reads no defaults."""
    given = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "COLUMNS": str(COLUMNS),
        "FORCE_COLOR": "1",
        "AUDITOR_STATE": "off",
    }
    command = [sys.executable, "-m", "auditor", "--no-config", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=False)
    if done.returncode not in {0, 1}:
        raise SystemExit(f"auditor {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return done.stdout


def terminal(lines: list[str], theme: Theme) -> str:
    """Return lines with colour codes as an SVG of a terminal."""
    width = _MARGIN * 2 + COLUMNS * _WIDTH
    height = _BAR + _MARGIN * 2 + len(lines) * _LINE
    dots = "".join(
        f'<circle cx="{22 + 20 * at}" cy="17" r="6" fill="{color}"/>'
        for at, color in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    rows = "\n".join(_row(line, _BAR + _MARGIN + (at + 0.75) * _LINE, theme) for at, line in enumerate(lines) if line)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" '
        f'role="img" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14">\n'
        f"<title>{html.escape(SHOWN)}</title>\n"
        f'<rect width="100%" height="100%" rx="10" fill="{theme.back}" stroke="{theme.bar}" stroke-width="2"/>\n'
        f'<path d="M0 {_BAR}V10a10 10 0 0 1 10-10h{width - 20:g}a10 10 0 0 1 10 10v{_BAR - 10}z" fill="{theme.bar}"/>{dots}\n'
        f"{rows}\n</svg>\n"
    )


def _row(line: str, y: float, theme: Theme) -> str:
    parts, column = [], 0
    for text, codes in _runs(line):
        style = f' fill="{theme.text}"'
        for code in codes:
            if code in theme.codes:
                style = f' fill="{theme.codes[code]}"'
        style += ' font-weight="bold"' if "1" in codes else ' opacity="0.65"' if "2" in codes else ""
        if text.strip():
            lead = len(text) - len(text.lstrip())
            shown = text.strip()
            place = f'x="{_MARGIN + (column + lead) * _WIDTH:g}" y="{y:g}" textLength="{len(shown) * _WIDTH:g}"'
            parts.append(f'<text {place} xml:space="preserve"{style}>{html.escape(shown)}</text>')
        column += len(text)
    return "".join(parts)


def _runs(line: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the parts of a line with the codes that hold for each."""
    codes: tuple[str, ...] = ()
    for at, part in enumerate(_CODE.split(line)):
        if at % 2:
            codes = tuple(filter(None, part.split(";"))) if part != "0" else ()
        elif part:
            yield part, codes


def _wrapped(lines: list[str]) -> Iterator[str]:
    """Yield lines as a terminal shows them: a line that is too long continues on the next one."""
    for line in lines:
        if "\x1b" in line or len(line) <= COLUMNS:
            yield line
        else:
            yield from (line[at : at + COLUMNS] for at in range(0, len(line), COLUMNS))


def report_pictures(folder: Path, page: Path) -> None:
    """Write the first view of an HTML report as PNG, light and dark."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        print("no Chromium: the pictures of the HTML report are unchanged")
        return
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--font-render-hinting=none"])
        for theme in THEMES:
            scheme = "dark" if theme.name == "dark" else "light"
            view = browser.new_page(viewport={"width": VIEW[0], "height": VIEW[1]}, color_scheme=scheme)
            view.goto(page.as_uri())
            view.wait_for_timeout(500)
            view.screenshot(path=folder / f"report-{theme.name}.png")
            view.close()
        browser.close()


def main(folder: Path) -> None:
    """Write all pictures. End with an error if one is too large for the README."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        page = Path(home) / "report.html"
        lines = [f"$ {SHOWN}", *auditor(*AUDIT, "--format", "text", "--format", f"html={page}", folder=Path(home)).splitlines()]
        for theme in THEMES:
            (folder / f"terminal-{theme.name}.svg").write_text(terminal(list(_wrapped(lines)), theme), encoding="utf-8")
        report_pictures(folder, page)
    for picture in sorted(folder.glob("*.*g")):
        size = picture.stat().st_size
        print(f"{picture.relative_to(ROOT) if picture.is_relative_to(ROOT) else picture}: {size:,} bytes")
        if size > LARGEST:
            raise SystemExit(f"{picture}: more than {LARGEST:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else PICTURES)
