"""Facts that a plan adds: their problems have a place and a hint, and their findings say whose they are."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from auditor.check import Finding
from auditor.errors import PlanError
from auditor.facts import Fact, Overlay, header, overlay_in_use, table, use
from auditor.pipeline.fact_tables import ROW_TYPES, row_type
from auditor.pipeline.inputs import load
from auditor.pipeline.site_facts import facts_of, read_overlay
from auditor.plan.load import load_plan
from auditor.plan.programs import planned_programs
from auditor.policy.coverage import gaps, uncovered
from auditor.policy.stated_facts import with_stated_facts
from auditor.transfer.copy_layers import CopyLayers, layer_row
from auditor.transfer.hops import Hop, Unpredicted
from checks.windows import known_issue

PLAN = """version: 1
pools: {win: {platform: "windows/amd64:ltsc2022", runtime: containerd 2.3.4}}
copy: {tool: crane 99.0.0}
cluster: {distribution: kubeadm, version: v1.34.1}
facts: [site-facts.yaml]
"""
CRANE = """rows:
  copy_layers:
    - tool: crane
      since: "99"
      before: "100"
      to: registry
      foreign: urls
      does: left
      source: our laboratory, 2026-11-28
"""
HOP = Hop("crane", "99.0.0", "registry", "registry")


@pytest.fixture(autouse=True)
def _no_overlay_afterwards() -> Iterator[None]:
    yield
    use(Overlay())


def plan_in(folder: Path, overlay: str, plan: str = PLAN) -> Path:
    (folder / "site-facts.yaml").write_text(overlay)
    (folder / "plan.yaml").write_text(plan)
    return folder / "plan.yaml"


@pytest.mark.parametrize("name", ROW_TYPES)
def test_every_table_that_an_overlay_extends_has_this_row_type(name: str) -> None:
    kind = row_type(name)
    assert issubclass(kind, Fact)
    assert table(name, kind)
    assert set(ROW_TYPES[name].chosen_by) <= set(kind.__struct_fields__)
    importlib.import_module(ROW_TYPES[name].module)


def test_row_of_the_user_covers_a_version_that_the_facts_do_not(tmp_path: Path) -> None:
    assert isinstance(layer_row(HOP), Unpredicted)
    load([plan_in(tmp_path, CRANE)])
    row = layer_row(HOP)
    assert isinstance(row, CopyLayers)
    assert (row.does, row.stated_by) == ("left", f"{tmp_path}/site-facts.yaml:3")
    assert row.confidence == "medium"


def test_overlay_counts_only_for_its_own_plan(tmp_path: Path) -> None:
    load([plan_in(tmp_path, CRANE)])
    load([plan_in(tmp_path, CRANE, PLAN.replace("facts: [site-facts.yaml]\n", ""))])
    assert overlay_in_use() == Overlay()
    assert isinstance(layer_row(HOP), Unpredicted)


def test_verified_version_of_the_user_extends_the_rows_of_the_program(tmp_path: Path) -> None:
    stated = "source: our laboratory\nverified-through:\n  copy_layers: {crane: '99.4'}\n"
    load([plan_in(tmp_path, stated)])
    assert header("copy_layers").through("crane") == "99.4"
    row = layer_row(HOP)
    assert isinstance(row, CopyLayers)
    assert not row.stated_by


def test_version_stays_uncovered_in_the_tables_that_the_user_did_not_extend(tmp_path: Path) -> None:
    loaded = load([plan_in(tmp_path, CRANE)])
    (crane,) = (program for program in planned_programs(loaded.plan) if program.name == "crane")
    before = len(gaps(crane))
    use(Overlay())
    assert len(gaps(crane)) == before + 1
    assert [item.subject.id for item in uncovered(loaded.plan)] == ["crane 99.0.0"]


def test_finding_that_rests_on_a_fact_of_the_user_says_so(tmp_path: Path) -> None:
    issue = """rows:
  known_issues:
    - {id: our-driver, subject: runtime, name: containerd, since: "2.3", before: "2.4", severity: error, says: it stops,
       symptom: "driver error", remedy: Update the driver., source: our incident 17, confidence: high}
"""
    from auditor.needs.resolve import resolve_needs
    from auditor.site import Site
    from auditor.testing import MemoryEvidence
    from tests.made_checks import TODAY

    plan = load([plan_in(tmp_path, issue)]).plan
    site = Site(plan, resolve_needs(plan), MemoryEvidence(), frozenset())
    found = tuple(one for one in known_issue.run(site, TODAY) if isinstance(one, Finding))
    (marked,) = with_stated_facts(found)
    assert marked.case == "our-driver"
    assert marked.facts["stated_by"] == f"{tmp_path}/site-facts.yaml:3"


PROBLEMS = {
    "unknown key at the top": ("row: {}\n", 1, "unknown key 'row'", "did you mean rows?"),
    "unknown table": ("rows:\n  copy_layer: []\n", 2, "unknown table 'copy_layer'", "did you mean copy_layers?"),
    "unknown column": (
        CRANE.replace("foreign: urls", "foreing: urls"),
        3,
        "a row of copy_layers: Object contains unknown field `foreing`",
        "did you mean foreign?",
    ),
    "no source": (
        CRANE.replace("      source: our laboratory, 2026-11-28\n", ""),
        3,
        "without a source",
        "where this was read",
    ),
    "empty source": (CRANE.replace("our laboratory, 2026-11-28", "''"), 3, "without a source", "where this"),
    "value of a wrong kind": (CRANE.replace("does: left", "does: lost"), 3, "Invalid enum value 'lost'", "the columns of"),
    "bound that is not a version": (CRANE.replace('"99"', "newest"), 3, "'newest' is not a version", "since"),
    "empty range": (
        CRANE.replace('before: "100"', 'before: "98"'),
        3,
        "no version lies in the range: since 99, before 98",
        "correct `since`",
    ),
    "range over a row of the program": (CRANE.replace('since: "99"', 'since: "0.20"'), 3, "a row of the program", "`since`"),
    "two rows for one version": (
        CRANE + CRANE.partition("copy_layers:\n")[2].replace('"99"', '"99.3"'),
        10,
        "overlaps that of",
        "one row holds for each version",
    ),
    "verified version without a source": (
        "verified-through:\n  copy_layers: {crane: '1.0'}\n",
        2,
        "`verified-through` without a source",
        "`source: …`",
    ),
    "verified version of an unknown program": (
        "source: us\nverified-through:\n  copy_layers: {crana: '1.0'}\n",
        3,
        "no rows about 'crana'",
        "did you mean crane?",
    ),
    "rows as a list": ("rows:\n- {tool: crane}\n", 2, "`rows` is not a mapping of tables", "write `rows: {TABLE"),
    "rows as text": ("rows: crane\n", 1, "`rows` is not a mapping of tables", "write `rows: {TABLE"),
    "verified versions as a list": (
        "source: us\nverified-through: [crane]\n",
        2,
        "`verified-through` is not a mapping of tables",
        "write `verified-through: {TABLE",
    ),
    "verified version without a program": (
        "source: us\nverified-through: {copy_layers: '1.0'}\n",
        2,
        "copy_layers is not a mapping of programs to versions",
        "write `verified-through: {TABLE",
    ),
    "not a mapping": ("- a\n", 1, "expected one mapping", "write a mapping"),
    "not YAML": ("rows: [\n", 2, "", "write YAML"),
    "row that is text": ("rows:\n  copy_layers: [crane]\n", 2, "expected a row", "copy a row"),
    "mark of the program": (CRANE + "      stated-by: me\n", 3, "unknown key 'stated-by'", "the auditor sets it"),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_problem_of_an_overlay_has_file_line_and_hint(name: str, tmp_path: Path) -> None:
    text, line, message, hint = PROBLEMS[name]
    with pytest.raises(PlanError) as caught:
        load([plan_in(tmp_path, text)])
    (problem,) = caught.value.problems
    assert problem.location.file.endswith("site-facts.yaml")
    assert problem.location.line == line
    assert message in problem.message
    assert hint in problem.hint


def test_missing_overlay_is_a_problem_of_the_plan(tmp_path: Path) -> None:
    plan = plan_in(tmp_path, CRANE)
    (tmp_path / "site-facts.yaml").unlink()
    with pytest.raises(PlanError, match=r"site-facts\.yaml"):
        load_plan(plan)


def test_overlay_with_many_rows_is_read_in_bounds() -> None:
    text = "rows:\n  moving_tags:\n" + "    - {glob: a, source: us}\n" * 3_000
    (problem,) = read_overlay("f.yaml", text.encode()).problems
    assert "at most 2000 rows" in problem.message


def test_audits_in_two_threads_use_the_facts_of_their_own_plans(tmp_path: Path) -> None:
    """The plan that states facts about crane 99 has no open version; the plan without them has one, in every order."""
    (tmp_path / "stated").mkdir()
    (tmp_path / "plain").mkdir()
    stated = plan_in(tmp_path / "stated", CRANE)
    plain = tmp_path / "plain" / "plan.yaml"
    plain.write_text(PLAN.replace("facts: [site-facts.yaml]\n", ""))

    def stated_by(path: Path) -> set[str]:
        with facts_of(load_plan(path)):
            time.sleep(0.01)  # another thread runs now
            return {row.stated_by for row in table("copy_layers", CopyLayers) if row.stated_by}

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(stated_by, [stated, plain] * 6))
    assert [bool(one) for one in found] == [True, False] * 6
