"""Arbitrary reports for property tests: every text may hold anything, consistent or not."""

from __future__ import annotations

from hypothesis import strategies as st

from auditor.check import Area, Finding, Kind, Remedy, Rule, Severity, Subject, Undetermined
from auditor.errors import Location
from auditor.report import (
    BaselineUsed,
    CalendarRow,
    Cell,
    CellStatus,
    CheckRow,
    Counts,
    EgressRow,
    EvidenceRow,
    ImageRow,
    JudgedFinding,
    Prospect,
    Report,
    ScopeRow,
    ScopeStatus,
    StorageItem,
    StorageStage,
    TrustRow,
    Waived,
)

NASTY: tuple[str, ...] = (
    "",
    "a",
    "1,000",
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "\x1b[31m\x00\x9b",
    "\u202egnp.exe",
    "a\nb\tc",
)
NASTY += ("{{ 7 * 7 }}", "\u200b\ufeff", "x" * 200, "9" * 30, "nan", "## What it checks", "- item", "100%")
clean_texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=12))
texts = st.one_of(clean_texts, st.sampled_from(("\ud800", "a\udfffb")))
numbers = st.integers(min_value=0, max_value=2**63)
severities = st.sampled_from(Severity)
# Subjects and checks go into fingerprints, which are taken of UTF-8.
subjects = st.builds(Subject, clean_texts, clean_texts, clean_texts, clean_texts)
facts = st.one_of(texts, st.integers(), st.floats(), st.booleans(), st.lists(texts, max_size=2).map(tuple))


def some(strategy: st.SearchStrategy[object], most: int = 2) -> st.SearchStrategy[tuple[object, ...]]:
    """A short tuple."""
    return st.lists(strategy, max_size=most).map(tuple)


remedies = st.builds(Remedy, texts, texts, some(texts))
locations = st.builds(Location, texts, st.integers(0, 99), st.integers(0, 99))
findings = st.builds(
    Finding,
    subjects,
    texts,
    check=clean_texts,
    severity=severities,
    case=clean_texts,
    facts=st.dictionaries(texts, facts, max_size=2),
    location=st.none() | locations,
    remedies=some(remedies),
)
waivers = st.builds(Waived, texts, texts, st.dates())
rules = st.builds(Rule, id=clean_texts, title=texts, family=texts, severity=severities, page=texts)
cells = st.builds(
    Cell,
    texts,
    texts,
    st.sampled_from(CellStatus),
    texts,
    texts,
    st.none() | numbers,
    st.integers(0, 3),
    texts,
)
stages = st.builds(StorageStage, texts, numbers, st.none() | numbers, texts, some(st.builds(StorageItem, texts, numbers)))
scopes = st.builds(
    ScopeRow,
    st.sampled_from(Area),
    st.sampled_from(ScopeStatus),
    numbers,
    texts,
    numbers,
    some(texts),
    numbers,
    numbers,
    st.booleans(),
)
reports = st.builds(
    Report,
    tool_version=texts,
    plan_name=texts,
    plan_path=texts,
    plan_sha256=texts,
    exit_code=st.sampled_from((0, 1, 3)),
    counts=st.builds(Counts, *[st.integers(0, 5)] * 7),
    checks=some(st.builds(CheckRow, rules, examined=numbers, reason=texts)),
    findings=some(st.builds(JudgedFinding, findings, severities, st.none() | waivers, st.booleans()), 4),
    undetermined=some(st.builds(Undetermined, subjects, st.sampled_from(Kind), texts, check=clean_texts)),
    images=some(st.builds(ImageRow, texts, texts, some(texts), some(cells, 3))),
    egress=some(st.builds(EgressRow, texts, st.integers(0, 65535), texts, texts, texts, texts, texts)),
    storage=st.dictionaries(texts, stages, max_size=2),
    fail_on=severities,
    baseline=st.none() | st.builds(BaselineUsed, texts, st.dates(), numbers),
    scope=st.lists(scopes, max_size=10, unique_by=lambda row: row.area).map(tuple),
    evidence=some(st.builds(EvidenceRow, texts, texts, numbers, numbers, numbers, texts, texts)),
    calendar=some(st.builds(CalendarRow, name=texts, days=st.integers(-10_000, 3_000_000), detail=texts)),
    trust=some(st.builds(TrustRow, texts, texts, texts, st.sampled_from(Prospect), some(texts), some(texts), texts)),
)
