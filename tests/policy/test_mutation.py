"""Mutation test: an observation that is lost, as failed or as missing, never lets a check pass.

Which checks need an observation on a site is not listed here: it is recorded, as what each check asks the evidence for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from auditor.check import Check, Finding
from auditor.engine import CheckResult, evaluate
from checks import CATALOGUE
from tests.examined import Examined, examples, plant_7
from tests.memory import Key
from tests.mutated import Loss, Mutated, everything, losing

SITES = [*examples(), plant_7()]
MOST = 400  # single observations that are lost on one site
KINDS = ("tag", "content", "blob", "unpacked", "archive", "chain", "offered", "fetched")
names = pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)
losses = pytest.mark.parametrize("loss", list(Loss), ids=lambda loss: loss.value)


@dataclass
class Figures:
    """What the whole test replaced and ran; printed at its end."""

    replaced: int = 0
    runs: int = 0
    passes: list[str] = field(default_factory=list)


FIGURES = Figures()


@pytest.fixture(scope="module", autouse=True)
def _figures(capsys_module: None = None) -> Iterator[None]:
    yield
    print(f"\n{FIGURES.replaced:,} observations replaced, {FIGURES.runs:,} checks run, passes found: {len(FIGURES.passes)}")


def ran(check: Check, site: Examined, evidence: Mutated) -> CheckResult:
    FIGURES.runs += 1
    (result,) = evaluate(site.made(evidence), (check,), site.today).results
    return result


def passed(result: CheckResult) -> bool:
    return bool(result.examined) and not result.findings and not result.undetermined


def reported(problems: list[str]) -> None:
    FIGURES.passes += problems
    assert problems == []


@names
@losses
def test_nothing_passes_if_every_observation_is_lost(site: Examined, loss: Loss) -> None:
    problems = []
    for check in CATALOGUE:
        whole = Mutated(site.evidence, loss, losing(()))
        before = ran(check, site, whole)
        if not whole.asked:
            continue  # the plan and its files are all that it needs here
        for is_lost in (everything, *(lambda key, kind=kind: key[0] == kind for kind in KINDS if any(k[0] == kind for k in whole.asked))):
            evidence = Mutated(site.evidence, loss, is_lost)
            after = ran(check, site, evidence)
            lost = [key for key in evidence.asked if is_lost(key)]
            FIGURES.replaced += len(lost)
            if lost and passed(after) and is_lost is everything:
                problems.append(f"{check.id} passes: {len(lost)} observations lost, {after.examined} examined")
            problems += improved(check, before, after)
    reported(problems)


def improved(check: Check, before: CheckResult, after: CheckResult) -> Iterator[str]:
    """What a check says better with less evidence: findings that are lost without a question, or more subjects in order."""
    gone = fingerprints(before) - fingerprints(after)
    new = (fingerprints(after) - fingerprints(before)).total() + len(after.undetermined) - len(before.undetermined)
    if gone and new <= 0 and not set(item.fingerprint for item in after.undetermined) - set(item.fingerprint for item in before.undetermined):
        yield f"{check.id} loses findings without a question: {[item.message for item in before.findings][:1]}"
    fine_before, fine_after = (one.examined - len({item.subject for item in one.findings}) for one in (before, after))
    if fine_after > fine_before:
        yield f"{check.id} has {fine_after} subjects in order, {fine_before} before"
    if passed(after) and not passed(before) and not before.not_applicable:
        yield f"{check.id} passes only with less evidence"


def fingerprints(result: CheckResult) -> Counter[str]:
    return Counter(item.fingerprint for item in result.findings)


@names
@losses
def test_no_check_improves_if_one_observation_is_lost(site: Examined, loss: Loss) -> None:
    whole = Mutated(site.evidence, loss, losing(()))
    before = evaluate(site.made(whole), CATALOGUE, site.today).results
    problems = []
    for key in [*whole.asked][:MOST]:
        FIGURES.replaced += 1
        evidence = Mutated(site.evidence, loss, losing([key]))
        after = evaluate(site.made(evidence), CATALOGUE, site.today).results
        FIGURES.runs += sum(not one.not_applicable for one in after)
        for one, other in zip(before, after, strict=True):
            problems += [f"{key[0]}: {problem}" for problem in improved(one.check, one, other)]
    reported(problems)
