"""What tools carry of signatures, executed: tool, registry and form. The rows of copy_signatures.yaml must say the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.facts import table
from auditor.transfer.copy_signatures import CopySignatures, SignatureFate, signature_fate, signature_row
from tests.peers.signatures_copied import CASES, FORMS, ROUTES, Copying, copy, forms_at, registry_of, sign

pytestmark = pytest.mark.peer
PAGE = Path(__file__).parents[2] / "docs" / "facts" / "signatures.md"
START, END = "<!-- executed -->\n", "<!-- end of executed -->"
WORDS = {"sig": "`.sig` tag", "att": "`.att` tag", "referrer": "referrer"}


@pytest.fixture(scope="module", params=ROUTES, ids=[" to ".join(route) for route in ROUTES])
def route(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, str, Path]]:
    """Yield the source, the target, the digest of the signed image, and a folder."""
    folder = tmp_path_factory.mktemp("signed")
    origin, to = request.param
    with registry_of(origin, folder / "source") as source, registry_of(to, folder / "target") as target:
        digest = sign(source, "src/web", folder)
        assert forms_at(source, "src/web", digest) == set(FORMS)
        yield source, target, digest, folder


@pytest.mark.parametrize("case", CASES, ids=str)
def test_signatures_are_carried_as_predicted(route: tuple[str, str, str, Path], tmp_path: Path, case: Copying) -> None:
    source, target, digest, _ = route
    name = f"site/case-{CASES.index(case)}"
    copy(case, f"{source}/src/web:1", f"{target}/{name}:1", tmp_path)
    found = forms_at(target, name, digest)
    for form in FORMS:
        fate = signature_fate(case.hops, form)  # type: ignore[arg-type]
        if isinstance(fate, SignatureFate):  # the others are stated as unknown
            assert fate.is_carried == (form in found), (form, fate.row.name)


def test_row_is_confirmed_if_and_only_if_a_case_runs_it() -> None:
    rows: tuple[CopySignatures, ...] = table("copy_signatures", CopySignatures)
    seen = [signature_row(hop) for case in CASES for hop in case.hops]
    run_here = {row.name for row in seen if isinstance(row, CopySignatures)}
    assert {row.name for row in rows if row.confirmed} == run_here


def test_page_shows_what_the_cases_say() -> None:
    lines = ["| tool | `.sig` tag | `.att` tag | referrer |", "|---|---|---|---|"]
    for case in CASES:
        fates = [signature_fate(case.hops, form) for form in FORMS]  # type: ignore[arg-type]
        words = ["?" if not isinstance(fate, SignatureFate) else "yes" if fate.is_carried else "no" for fate in fates]
        lines.append(f"| {case} | {' | '.join(words)} |")
    text = PAGE.read_text(encoding="utf-8")
    assert text.partition(START)[2].partition(END)[0] == "\n".join(lines) + "\n"
