"""The image matrix shows what nodes can pull and run, from the outcomes of all checks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.check import Affected, Finding, Severity, Undetermined
from auditor.engine import CheckResult, Outcomes, evaluate
from auditor.evidence.model import Kind
from auditor.plan.model import Waiver
from auditor.policy import Policy, judge
from auditor.report import Cell, Report
from auditor.testing import site_from, site_of
from auditor.testing.memory import Key
from checks import CATALOGUE
from tests.examined import TODAY, Examined, examples, plant_7
from tests.made_checks import finding, made_check, saying, unknown
from tests.mutated import FAILED, Mutated, nothing

SITES = [*examples(), plant_7()]
RUNS = {"ok", "fallback"}
names = pytest.mark.parametrize("site", SITES, ids=lambda site: site.name)
_MADE = made_check(saying())
Cells = dict[tuple[str, str, str], Cell]


def audited(site: Examined, evidence: Mutated | None = None) -> Report:
    return judge(evaluate(site.made(evidence), CATALOGUE, site.today), Policy(), site.today)


def cells_of(report: Report) -> Cells:
    return {(row.reference, cell.pool, cell.platform): cell for row in report.images for cell in row.platforms}


def blocking(found: Finding) -> Iterator[tuple[str, str]]:
    """The images and pools that an error finding names itself; empty for all. Written apart from the code under test."""
    if found.severity is not Severity.ERROR:
        return
    if found.affects is None and found.subject.kind == "image":
        yield found.subject.id, found.subject.pool
    for one in found.affects or ():
        if not one.is_partial and not one.endpoint:
            for image in one.images or ("",):
                for pool in one.pools or ("",):
                    yield image, pool


@names
def test_cell_with_an_error_finding_never_runs(site: Examined) -> None:
    report = audited(site)
    cells = cells_of(report)
    for judged in report.findings:
        for image, pool in blocking(judged.finding):
            wrong = [
                key for key, cell in cells.items() if image in {"", key[0]} and pool in {"", key[1]} and cell.status in RUNS
            ]
            assert not wrong, (judged.finding.check, judged.finding.message)
    blocked = [cell for cell in cells.values() if cell.status == "blocked"]
    assert all(cell.detail for cell in blocked)
    errors = {judged.finding.check for judged in report.findings if judged.finding.severity is Severity.ERROR}
    assert all(set(cell.checks) <= errors for cell in blocked)


@names
def test_less_evidence_never_makes_a_cell_run(site: Examined) -> None:
    whole = Mutated(site.evidence, nothing)
    before = cells_of(audited(site, whole))
    closed = {key for key, cell in before.items() if cell.status not in RUNS}
    lost: list[set[Key]] = [{key} for key in whole.asked] + [set(whole.asked)]
    is_older = site.name.startswith("source-mismatch")  # before version 4, evidence had no presence of documents at sources
    for keys in lost[:200] if closed else ():
        for instead in (FAILED,) if is_older else (FAILED, None):
            after = cells_of(audited(site, Mutated(site.evidence, keys.__contains__, instead)))
            opened = {key: before[key] for key in closed if key in after and after[key].status in RUNS}
            assert not opened, keys


WEB = "registry.example.com/shop/web:4.2"
LINUX_AND_WINDOWS = """
  pools:
    control: {platform: linux/amd64, runtime: containerd 2.1.6%(linux)s}
    win2022: {platform: "windows/amd64:ltsc2022", runtime: containerd 2.1.6%(windows)s}
  images: [{ref: "registry.example.com/shop/web:4.2"}]
  registry: {host: "r.local:5000"%(registry)s}
"""
PLAIN = """
observed:
  registry.example.com/shop/web:4.2: {platforms: [linux/amd64, windows/amd64:10.0.20348.524]}
"""
FOREIGN = """
observed:
  registry.example.com/shop/web:4.2:
    platforms:
      - linux/amd64
      - platform: windows/amd64:10.0.20348.524
        layers: [{size: 117MB, foreign: true, name: base%s}]
"""


def plan(more: str = "", linux: str = "", windows: str = "") -> str:
    """The plan. Its registry speaks plain HTTP, unless `more` lists it as a TLS endpoint."""
    registry = "" if "r.local" in more else ", insecure: true"
    body = LINUX_AND_WINDOWS % {"linux": linux, "windows": windows, "registry": registry}
    return f"plan: |\n  version: 1{body.rstrip()}\n{more}"


def matrix_of(text: str, policy: Policy | None = None) -> dict[str, Cell]:
    """The cells of the one image by pool."""
    report = judge(evaluate(site_from(text), CATALOGUE, TODAY), policy or Policy(), TODAY)
    return {cell.pool: cell for row in report.images if row.reference == WEB for cell in row.platforms}


def test_image_without_findings_is_ok() -> None:
    cells = matrix_of(plan() + PLAIN)
    assert {pool: (cell.status, cell.checks) for pool, cell in cells.items()} == {"control": ("ok", ()), "win2022": ("ok", ())}


def test_layer_from_an_external_host_blocks_the_windows_pool_only() -> None:
    cells = matrix_of(plan() + FOREIGN % ', urls: ["https://mcr.microsoft.com/v2/blob"]')
    assert cells["control"].status == "ok"
    assert (cells["win2022"].status, cells["win2022"].checks) == ("blocked", ("foreign-layer-egress",))
    assert cells["win2022"].detail


def test_unavailable_foreign_layer_blocks_and_unobserved_one_is_undetermined() -> None:
    assert matrix_of(plan() + FOREIGN % ", blob: absent")["win2022"].status == "blocked"
    assert matrix_of(plan() + FOREIGN % "")["win2022"].status == "undetermined"
    assert matrix_of(plan() + FOREIGN % ", blob: present")["win2022"].status == "ok"


NO_MIRROR = """
files:
  nodes/config.toml: |
    version = 3
    [plugins."io.containerd.cri.v1.images".registry]
    config_path = "/etc/containerd/certs.d"
  nodes/certs.d/docker.io/hosts.toml: |
    server = "https://r.local:5000"
"""


def test_missing_mirror_blocks_every_image_of_the_pool() -> None:
    cells = matrix_of(plan(linux=", config: [nodes]") + PLAIN + NO_MIRROR)
    assert (cells["control"].status, cells["control"].checks) == ("blocked", ("mirror-not-configured",))
    assert cells["win2022"].status == "ok"


TRUST = """
certificates:
  Plant 7 Root: {}
  registry: {issuer: Plant 7 Root, names: [r.local]}
files:
  root.pem: [Plant 7 Root]
"""
SERVED = """
endpoints:
  r.local:5000: {serves: [registry, Plant 7 Root]}
"""


def test_rejected_registry_certificate_blocks_the_images_of_the_registry() -> None:
    text = plan('  endpoints: ["r.local:5000"]\n', linux=", trust: [root.pem]", windows=", clients: [containerd]")
    cells = matrix_of(text + PLAIN + TRUST + SERVED)
    assert cells["control"].status == "ok"
    assert (cells["win2022"].status, cells["win2022"].checks) == ("blocked", ("root-not-trusted",))


def test_unobserved_registry_certificate_makes_its_images_undetermined() -> None:
    cells = matrix_of(plan('  endpoints: ["r.local:5000"]\n', linux=", trust: [root.pem]") + PLAIN + TRUST)
    assert {cell.status for cell in cells.values()} == {"undetermined"}


def test_bad_certificate_of_another_endpoint_does_not_affect_images() -> None:
    text = plan('  endpoints: ["charts.local:443"]\n')
    text += PLAIN + TRUST + SERVED.replace("r.local:5000", "charts.local:443")
    assert {cell.status for cell in matrix_of(text).values()} == {"ok"}


def test_expired_certificate_blocks_and_names_its_check() -> None:
    expired = TRUST.replace("names: [r.local]", "names: [r.local], starts: 2026-01-01, ends: 2026-02-01")
    text = plan('  endpoints: ["r.local:5000"]\n', linux=", trust: [root.pem]", windows=", trust: [root.pem]")
    cells = matrix_of(text + PLAIN + expired + SERVED)
    assert {(cell.status, cell.checks) for cell in cells.values()} == {("blocked", ("certificate-expiring",))}


def test_too_small_disk_makes_images_undetermined() -> None:
    text = plan().replace('host: "r.local:5000"', 'host: "r.local:5000", disk: 100kB') + PLAIN
    assert {(cell.status, cell.checks) for cell in matrix_of(text).values()} == {("undetermined", ("registry-disk",))}


def test_waived_finding_still_blocks_and_is_marked_as_accepted() -> None:
    text = plan() + FOREIGN % ', urls: ["https://mcr.microsoft.com/v2/blob"]'
    where = site_of({"plan": "version: 1\npools: {a: {platform: linux/amd64}}\n"}).plan.where("pools")
    waiver = Waiver("foreign-layer-egress", "*", "accepted", "owner", TODAY, where)
    cell = matrix_of(text, Policy(waivers=(waiver,)))["win2022"]
    assert (cell.status, cell.is_accepted) == ("blocked", True)
    assert not matrix_of(text)["win2022"].is_accepted


def test_lowered_severity_changes_the_verdict_but_not_the_matrix() -> None:
    text = plan() + FOREIGN % ', urls: ["https://mcr.microsoft.com/v2/blob"]'
    cells = matrix_of(text, Policy(severities={"foreign-layer-egress": Severity.INFO}))
    assert cells["win2022"].status == "blocked"
    assert matrix_of(plan() + PLAIN, Policy(severities={"image-unpinned": Severity.ERROR}))["control"].status == "ok"


IMAGE = "registry.example.com/shop/web:4.2"
AFFECTED = st.builds(
    Affected,
    st.sampled_from([(), (IMAGE,), ("other.example/a:1",)]),
    st.sampled_from([(), ("control",), ("elsewhere",)]),
    is_partial=st.booleans(),
)
SAID = st.tuples(
    st.sampled_from(list(Severity)), st.one_of(st.none(), st.lists(AFFECTED, max_size=2).map(tuple)), st.booleans()
)


@given(said=st.lists(SAID, max_size=4))
def test_no_combination_of_outcomes_makes_a_cell_with_an_error_run(
    said: list[tuple[Severity, tuple[Affected, ...] | None, bool]],
) -> None:
    site = site_from(
        f"plan: |\n  version: 1\n  pools: {{control: {{platform: linux/amd64}}}}\n  images: [{{ref: {IMAGE}}}]\n"
        f"observed:\n  {IMAGE}: {{platforms: [linux/amd64]}}\n"
    )
    findings = [
        Finding(finding(id=IMAGE).subject, "wrong", str(number), affects=affects, check="made-up", severity=severity)
        for number, (severity, affects, is_question) in enumerate(said)
        if not is_question
    ]
    questions = [
        Undetermined(unknown(id=IMAGE).subject, Kind.UNREACHABLE, "no answer", affects=affects, check="made-up")
        for _, affects, is_question in said
        if is_question
    ]
    result = CheckResult(_MADE, tuple(findings), tuple(questions), 1)
    (cell,) = cells_of(judge(Outcomes(site, (result,)), Policy(), TODAY)).values()

    def concerned(affects: tuple[Affected, ...] | None, *, partial: bool) -> bool:
        here = affects if affects is not None else (Affected((IMAGE,)),)
        return any(
            one.images in {(), (IMAGE,)} and one.pools in {(), ("control",)} and one.is_partial in {False, partial}
            for one in here
        )

    fails = any(one.severity is Severity.ERROR and concerned(one.affects, partial=False) for one in findings)
    errors = [one for one in findings if one.severity is Severity.ERROR]
    is_open = any(concerned(one.affects, partial=True) for one in (*errors, *questions))
    assert cell.status == ("blocked" if fails else "undetermined" if is_open else "ok")


def test_crashed_check_makes_every_cell_undetermined() -> None:
    bug = Undetermined(finding(id="made-up").subject, Kind.BUG, "the check failed", check="made-up")
    site = site_from(plan() + PLAIN)
    report = judge(Outcomes(site, (CheckResult(_MADE, (), (bug,), 0),)), Policy(), TODAY)
    assert {cell.status for cell in cells_of(report).values()} == {"undetermined"}
