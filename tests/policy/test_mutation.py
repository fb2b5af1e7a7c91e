"""Mutation test: an observation that failed or is missing never makes a check pass or improves its outcome.

Which checks need an observation on a site is not listed here. It is recorded: what each check asks the evidence for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest

from auditor.check import Check
from auditor.engine import CheckResult, evaluate
from auditor.evidence.model import Absent
from auditor.testing.memory import AT, SOURCE, Key
from checks import CATALOGUE
from tests.examined import Examined, examples, plant_7
from tests.mutated import FAILED, Lost, Mutated, nothing

SITES = [*examples(), plant_7()]
KINDS = ("tag", "content", "blob", "unpacked", "archive", "chain", "offered", "fetched")
MOST = 400  # single observations that are lost on one site
LOSSES = {"failed": FAILED, "missing": None}
ABSENT = Absent("not found", AT, SOURCE)
# Older evidence has the presence of no document at a source, or no handshakes, and is still read: these checks then find less.
OLDER = {"source-mismatch": "blob", "tls-cipher-mismatch": "offered", "client-certificate-required": "offered"}
# The views of trust and of signatures read what one of their checks needs, and the others do not.
READ_FOR_OTHERS = {"signature-unverifiable"}
names = pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)
losses = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())


@dataclass
class Figures:
    """What this module replaced, ran and found."""

    replaced: int = 0
    runs: int = 0
    found: list[str] = field(default_factory=list)


FIGURES = Figures()


@pytest.fixture(scope="module", autouse=True)
def _figures() -> Iterator[None]:
    yield
    print(f"\n{FIGURES.replaced:,} observations replaced, {FIGURES.runs:,} checks run, passes found: {len(FIGURES.found)}")


def no_problems(problems: list[str]) -> None:
    FIGURES.found += problems
    assert problems == []


def ran(check: Check, site: Examined, evidence: Mutated) -> CheckResult:
    """One check on a site without views that other checks made, so that what it asks for is its own."""
    FIGURES.runs += 1
    (result,) = evaluate(site.made(evidence), (check,), site.today).results
    return result


def passed(result: CheckResult) -> bool:
    return bool(result.examined) and not result.findings and not result.undetermined


def in_order(result: CheckResult) -> int:
    return result.examined - len({finding.subject for finding in result.findings})


def said(result: CheckResult) -> Counter[tuple[str, str]]:
    """The questions, and the findings that are new."""
    return Counter((item.fingerprint, item.detail) for item in result.undetermined)


def improved(before: CheckResult, after: CheckResult) -> Iterator[str]:
    """What a check says better with less evidence."""
    check = before.check.id
    gone = Counter(item.fingerprint for item in before.findings) - Counter(item.fingerprint for item in after.findings)
    new = Counter(item.fingerprint for item in after.findings) - Counter(item.fingerprint for item in before.findings)
    subjects = {item.subject.id for item in before.findings if item.fingerprint in gone}
    asked = {item.subject.id for item in after.undetermined}
    if gone and not new and not said(after) - said(before) and not subjects <= asked:
        yield f"{check} loses findings without a question: {[item.message for item in before.findings][:1]}"
    if in_order(after) > in_order(before):
        yield f"{check} has {in_order(after)} subjects in order, {in_order(before)} before"
    if passed(after) and not passed(before) and not before.not_applicable:
        yield f"{check} passes only with less evidence"


def of_kind(kind: str, key: Key) -> bool:
    return key[0] == kind


def is_older(check: Check, site: Examined, loss: Lost, keys: list[Key]) -> bool:
    """Whether the rest is what an older auditor would have collected for the check, or for the examples of that check."""
    kinds = {OLDER.get(check.id), *(kind for name, kind in OLDER.items() if site.name.startswith(name))}
    return loss is None and any(key[0] in kinds for key in keys)


def is_needed(check: Check, site: Examined, key: Key) -> bool:
    """Return whether an answer matters to a check. Views read more than each check uses."""
    if key[0] not in {"fetched", "offered"} and check.id not in READ_FOR_OTHERS:
        return True
    results = [ran(check, site, Mutated(site.evidence, nothing))]
    results += [ran(check, site, Mutated(site.evidence, {key}.__contains__, instead)) for instead in (ABSENT, FAILED)]
    return any(one != results[0] for one in results)


@names
@losses
def test_check_does_not_pass_if_its_evidence_is_lost(site: Examined, loss: Lost) -> None:
    problems: list[str] = []
    for check in CATALOGUE:
        whole = Mutated(site.evidence, nothing)
        before = ran(check, site, whole)
        if not whole.asked:
            continue  # here, the plan and its files are all that it needs
        kinds = {key[0] for key in whole.asked}
        lost: list[Callable[[Key], bool]] = [lambda _: True, *(partial(of_kind, kind) for kind in KINDS if kind in kinds)]
        for is_lost in lost:
            evidence = Mutated(site.evidence, is_lost, loss)
            after = ran(check, site, evidence)
            gone = [key for key in evidence.asked if is_lost(key)]
            FIGURES.replaced += len(gone)
            everything = is_lost is lost[0]
            if (
                everything
                and passed(after)
                and not is_older(check, site, loss, gone)
                and any(is_needed(check, site, key) for key in gone)
            ):
                problems.append(f"{check.id} passes: {len(gone)} observations lost, {after.examined} examined")
            if not is_older(check, site, loss, gone):
                problems += improved(before, after)
    no_problems(problems)


@names
@losses
def test_lost_observation_never_improves_a_check(site: Examined, loss: Lost) -> None:
    whole = Mutated(site.evidence, nothing)
    before = evaluate(site.made(whole), CATALOGUE, site.today).results
    problems: list[str] = []
    for key in [*whole.asked][:MOST]:
        FIGURES.replaced += 1
        after = evaluate(site.made(Mutated(site.evidence, {key}.__contains__, loss)), CATALOGUE, site.today).results
        FIGURES.runs += sum(not one.not_applicable for one in after)
        pairs = [pair for pair in zip(before, after, strict=True) if not is_older(pair[0].check, site, loss, [key])]
        problems += [f"{key[0]}: {text}" for one, other in pairs for text in improved(one, other)]
    no_problems(problems)


def test_harness_detects_a_check_that_passes_without_evidence() -> None:
    """The false pass that this test is for: a check that asks, gets no answer, and calls that in order."""
    site = SITES[0]
    evidence = Mutated(site.evidence, lambda _: True, FAILED)
    view = site.made(evidence).evidence
    assert isinstance(view, Mutated)
    name = next(key[1] for key in _all_keys(site) if key[0] == "tag")
    assert view.tag(name) is FAILED
    assert [*view.asked] == [("tag", name)]


def _all_keys(site: Examined) -> list[Key]:
    whole = Mutated(site.evidence, nothing)
    evaluate(site.made(whole), CATALOGUE, site.today)
    return [*whole.asked]
