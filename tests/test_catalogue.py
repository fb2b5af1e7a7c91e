"""The catalogue is consistent: files, registry, ids, pages and examples agree, and every example holds."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from auditor.check import HEADINGS, Check, Rule
from auditor.policy import POLICY_RULES
from auditor.testing import assert_example, read_examples
from auditor.testing.examples import OUTCOMES
from checks import CATALOGUE, check_in
from reports.words import words_in

CHECKS = Path(__file__).parent.parent / "checks"
EXAMPLES = CHECKS / "examples"
BY_ID = {check.id: check for check in CATALOGUE}

ids = pytest.mark.parametrize("check", CATALOGUE, ids=lambda check: check.id)
rules = pytest.mark.parametrize("rule", [*CATALOGUE, *POLICY_RULES], ids=lambda rule: rule.id)


def module_files() -> dict[str, Path]:
    """Every check module by the id that its name stands for. `checks/_shared` has no checks."""
    return {path.stem.replace("_", "-"): path for path in CHECKS.glob("[a-z]*/*.py") if path.stem != "__init__"}


def examples_of(check_id: str) -> list[dict[str, Any]]:
    return read_examples(EXAMPLES / f"{check_id}.yaml")


def sections_of(rule: Rule) -> dict[str, str]:
    """The page's text by heading, in the order of the page."""
    parts = re.split(r"^## (.+)$", rule.page, flags=re.MULTILINE)
    assert not parts[0].strip(), f"{rule.id}: text before the first heading"
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def cases() -> list[Any]:
    written = [path.stem for path in sorted(EXAMPLES.glob("*.yaml")) if path.stem in BY_ID]
    return [pytest.param(name, form, id=f"{name}: {form['name']}") for name in written for form in examples_of(name)]


def test_files_registry_and_examples_have_the_same_ids() -> None:
    assert set(module_files()) == set(BY_ID)
    assert {path.stem for path in EXAMPLES.iterdir()} == set(BY_ID)


def test_ids_and_titles_are_unique() -> None:
    every = (*CATALOGUE, *POLICY_RULES)
    assert not [name for name, count in Counter(rule.id for rule in every).items() if count > 1]
    assert not [name for name, count in Counter(rule.title for rule in every).items() if count > 1]


@ids
def test_check_states_what_holds_if_it_passes(check: Check) -> None:
    assert check.holds, f"{check.id}: give `define` the text `holds`"
    assert len(words_in(check.holds)) <= 9
    assert check.holds != check.title


@ids
def test_title_states_the_fault_in_at_most_nine_words(check: Check) -> None:
    assert len(check.title.split()) <= 9
    assert not check.title.startswith(("A ", "An ", "The "))
    assert not check.title.endswith(".")


@ids
def test_check_is_in_the_file_of_its_id_and_the_folder_of_its_family(check: Check) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", check.id)
    path = module_files()[check.id]
    assert path.parent.name == check.family
    assert check_in(f"checks.{check.family}.{path.stem}").id == check.id


@ids
def test_every_check_belongs_to_an_area_of_the_scope(check: Check) -> None:
    assert check.area is not None


@rules
def test_page_has_the_five_headings_in_order_with_text_under_each(rule: Rule) -> None:
    sections = sections_of(rule)
    assert tuple(sections) == HEADINGS
    assert all(text.strip() for text in sections.values())


@ids
def test_every_fact_table_that_a_page_names_exists(check: Check) -> None:
    for name in re.findall(r"facts/([a-z0-9_]+\.yaml)", check.page):
        assert (CHECKS.parent / "auditor" / "facts" / name).is_file(), name


@rules
def test_references_can_be_found_by_a_reader(rule: Rule) -> None:
    """Pages of this repository by their path, issues with their repository or project, documents by name."""
    said = sections_of(rule)["References"].strip()
    assert said.endswith(".")
    assert "design page" not in said
    for path in re.findall(r"(?:^|; )(docs/[\w-]+\.md)", said):
        assert (CHECKS.parent / path).is_file(), path
    assert not re.search(r"\bfacts/[\w-]+\.md", said), "notes that are not in this repository"
    assert not re.search(r"(?<![\w/-])#\d+", said), "an issue without its project"


@rules
def test_terms_of_a_page_are_explained(rule: Rule) -> None:
    """A newcomer who has only this page: what our tables are, and what a foreign layer is, stands on it."""
    text = " ".join(f"{rule.title} {rule.page}".lower().split())
    known = words_in(f"{rule.title} {rule.page}")
    for word in ("facts", "foreign layer", "internal registry"):
        assert (word in known) == bool(re.search(rf"\b{word}", text)), word


@ids
def test_every_kind_of_outcome_has_an_example(check: Check) -> None:
    outcomes = {form["outcome"] for form in examples_of(check.id)}
    never = sections_of(check)["When it is undetermined"].strip().startswith("Never")
    assert outcomes == set(OUTCOMES) - ({"undetermined"} if never else set())


@ids
def test_worst_severity_of_the_examples_is_the_declared_one(check: Check) -> None:
    severities = {form["severity"] for form in examples_of(check.id) if form["outcome"] == "failing"}
    assert check.severity.value in severities


@pytest.mark.parametrize(("check_id", "form"), cases())
def test_example_has_its_expected_outcomes(check_id: str, form: dict[str, Any]) -> None:
    assert_example(BY_ID[check_id], form)
