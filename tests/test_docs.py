"""The pages are up to date, their links have targets, and the commands that they show are accepted."""

from __future__ import annotations

import importlib.util
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import typer.main
import yaml

from auditor.check import Check, Rule
from auditor.cli.app import app
from auditor.cli.examples import EXAMPLES
from auditor.cli.worked import markdown, worked
from auditor.pipeline.catalogue import rules
from auditor.plan.load import load_plan_files
from checks import CATALOGUE
from tests.cli.runner import EXAMPLE, ROOT, auditor

DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md")))
PLACEHOLDERS = {"NAME.py", "ID.yaml", "test_NAME.py"}
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]+\]\(([^)]+)\)")


def generator() -> ModuleType:
    """docs/generate.py as a module: a script in a folder that is no package."""
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


COMMANDS = {name: one.load() for name, one in typer.main.get_command(app).commands.items()}  # type: ignore[attr-defined]
GENERATED: dict[Path, Callable[[], str]] = generator().GENERATED
BY_HAND = [page for page in PAGES if page not in GENERATED or page.name == "architecture.md"]  # only its map is generated


def fences(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    return [text for name, text in _FENCE.findall(page.read_text(encoding="utf-8")) if name == language]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made where Markdown is shown."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def commands() -> list[str]:
    """Every line of a console block that runs the auditor, and every such command between backticks, on any page by hand."""
    found: list[str] = []
    for page in PAGES:
        for block in fences(page, "console"):
            found += [line for line in block.splitlines() if line.startswith("auditor ")]
    found += [call for examples in EXAMPLES.values() for call, _ in examples]
    for page in PAGES:
        if page in BY_HAND:
            found += re.findall(r"`(auditor [a-z][^`]*)`", page.read_text(encoding="utf-8"))
    return sorted(set(found))


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_generated_file_is_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == GENERATED[path](), "run `make docs` and read the difference"


@pytest.mark.parametrize("rule", rules(CATALOGUE), ids=lambda rule: rule.id)
def test_every_finding_has_a_section_on_the_page_of_checks(rule: Rule) -> None:
    page, anchor = rule.anchor.split("#")
    assert anchor in anchors(DOCS / page)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_has_a_target(page: Path) -> None:
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        assert target.is_file(), f"{page.name}: {link}"
        assert not anchor or anchor in anchors(target), f"{page.name}: {link}"


def test_every_page_is_linked_from_the_start_page() -> None:
    front = DOCS / "README.md"
    linked = set(_LINK.findall(front.read_text(encoding="utf-8")))
    assert {page.name for page in DOCS.glob("*.md")} - linked == {front.name}


def arguments_of(line: str) -> list[str]:
    """The words behind `auditor`, without a comment and a redirection, and with something for each placeholder."""
    words = shlex.split(line, comments=True)[1:]
    words = words[: words.index(">")] if ">" in words else words
    return [{"ID": "image-absent", "PLAN": "plan.yaml", "FILE": "site.evidence"}.get(word, word) for word in words]


@pytest.mark.parametrize("line", commands())
def test_command_of_the_docs_is_accepted(line: str) -> None:
    name, *arguments = arguments_of(line)
    command = COMMANDS[name]
    if arguments:  # else it is only named in running text
        context = command.make_context(name, arguments)
        assert context.params


def test_wrong_command_is_detected() -> None:
    with pytest.raises(Exception, match="No such option"):
        COMMANDS["audit"].make_context("audit", ["plan.yaml", "--ofline"])


@pytest.mark.parametrize("page", BY_HAND, ids=lambda page: page.name)
def test_plans_of_the_docs_load(page: Path) -> None:
    for text in fences(page, "yaml"):
        shown = yaml.safe_load(text)
        whole = shown if "version" in shown else {"version": 1, "pools": {"p": {"platform": "linux/amd64"}}, **shown}
        lists = dict.fromkeys(re.findall(r"[\w/]+\.txt", text), b"busybox:1.37\n")
        assert load_plan_files("plan.yaml", {"plan.yaml": yaml.safe_dump(whole).encode(), **lists}).pools


def test_check_is_explained_with_its_example_and_the_output(tmp_path: Path) -> None:
    shown = auditor("explain", "windows-build-mismatch", cwd=tmp_path).stdout
    assert "## Example: Server 2019 image on Server 2022" in shown
    assert "quay.io/calico/node-windows:v3.24.0\n```" in shown
    assert "    - windows/amd64:10.0.17763.2928\n" in shown
    assert "> Fix: Use a tag with os.version 10.0.20348" in shown
    assert "An example that passes: The exact build with another revision.\n\n## Terms\n" in shown
    assert "- pool: nodes with the same operating sys" in shown
    assert "foreign layer" not in shown


@pytest.mark.parametrize("check", CATALOGUE, ids=lambda check: check.id)
def test_every_check_has_its_own_worked_example(check: Check) -> None:
    example = worked(check.id)
    assert example is not None
    shown = "\n".join(markdown(example, "##"))
    assert " ".join(example.said.message.split()) in " ".join(shown.replace("\n> ", " ").split())
    assert all(command in shown for command in example.said.commands)


def test_rule_without_an_example_is_explained_without_one(tmp_path: Path) -> None:
    assert worked("waiver-expired") is None
    shown = auditor("explain", "waiver-expired", cwd=tmp_path).stdout
    assert "References" in shown
    assert "Example" not in shown


def test_example_of_the_readme_exists() -> None:
    assert "examples/plant-7" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert (EXAMPLE / "plan.yaml").is_file()


def test_plan_of_the_readme_is_the_example_and_has_the_verdict_shown(tmp_path: Path) -> None:
    plan, readme = ROOT / "examples" / "line-3" / "plan.yaml", ROOT / "README.md"
    assert plan.read_text(encoding="utf-8") in fences(readme, "yaml")
    assert len(plan.read_text(encoding="utf-8").splitlines()) == 12
    options = ("--evidence", EXAMPLE / "plant-7.evidence", "--at", "2026-11-23")
    done = auditor("audit", plan, *options, cwd=tmp_path, extra={"COLUMNS": "120"})
    said = [" ".join(line.split()) for line in done.stdout.splitlines()]
    (shown,) = fences(readme, "text")
    lines = [" ".join(line.split()) for line in shown.splitlines()[1:] if line != "…"]
    assert [line for line in lines if line not in said] == []
    assert lines[-2:] == said[-2:]


def test_pictures_of_the_readme_exist_in_both_themes_and_are_small() -> None:
    named = re.findall(r"docs/pictures/[\w.-]+", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(named) == len(set(named)) == 4
    for name in named:
        assert (ROOT / name).stat().st_size <= 300_000


def test_every_command_has_a_section_on_the_page() -> None:
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert set(EXAMPLES) == set(COMMANDS)
    assert all(f"\n## auditor {name}\n" in page for name in COMMANDS)
    assert all(len(examples) >= 2 for examples in EXAMPLES.values())


def test_manual_page_is_plain_roff_with_every_command() -> None:
    page = (DOCS / "auditor.1").read_text(encoding="ascii")
    for name in COMMANDS:
        assert f".SS auditor {name}" in page
    requests = {line.split()[0] for line in page.splitlines() if line.startswith(".")}
    assert requests == {'.\\"', ".TH", ".SH", ".SS", ".TP", ".B"}


@pytest.mark.parametrize("name", ["docs/architecture.md", "docs/decisions.md", "CONTRIBUTING.md"])
def test_every_path_on_a_page_exists(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    tops = "auditor|checks|reports|tests|docs|examples|bench|tools"
    named = {path for path in re.findall(rf"`((?:{tops})/[\w./-]*)`", text) if path.rpartition("/")[2] not in PLACEHOLDERS}
    assert len(named) > 5
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_map_shows_every_room() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 200
    rooms = {path.name for path in (ROOT / "auditor").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert [room for room in sorted(rooms) if f"{room}/" not in text] == []
