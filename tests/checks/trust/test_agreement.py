"""The trust checks and the trust table of a report use one computation and never disagree."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.check import Finding, Fine, Severity, Undetermined
from auditor.site.trust.cases import Prospect
from auditor.testing import TODAY, site_of
from auditor.testing.example_values import day
from checks.trust import (
    certificate_name_mismatch,
    chain_incomplete,
    crl_stale,
    revocation_egress,
    revocation_missing,
    runtime_ca_path,
    tls_version_mismatch,
)
from tests.checks.trust.agreement import disagreements
from tests.checks.trust.sites import examined
from tests.test_catalogue import cases

LATE = datetime.date(2027, 9, 1)
ROOT, ISSUING = "Plant 7 Root", "Plant 7 Issuing"
HOST = "registry.plant7.local:5000"
CRL, AIA, FAR = "http://pki.plant7.local/x.crl", "http://pki.plant7.local/x.crt", "http://pki.example.com/x"
LDAP = "ldap:///CN=Plant 7 Issuing,CN=CDP,DC=plant7,DC=local?certificateRevocationList?base"


@pytest.mark.parametrize(("_check", "form"), cases())
@pytest.mark.parametrize("later", [False, True], ids=["on its day", "in 2027"])
def test_checks_and_trust_table_agree_on_every_example(_check: str, form: dict[str, Any], *, later: bool) -> None:
    site = site_of(form)
    assert list(disagreements(site, LATE if later else day(form.get("today", TODAY)))) == []


READ = """version = 3
[plugins."io.containerd.cri.v1.images".registry]
config_path = "/etc/containerd/certs.d"
"""


def form_of(**changes: Any) -> dict[str, Any]:
    """A site with one registry and one Windows pool, in the form of tests/world.py."""
    values: dict[str, Any] = {
        "clients": ["curl"],
        "trust": ["root.pem"],
        "names": ["registry.plant7.local"],
        "leaf": {},
        "serves": ["registry", ISSUING],
        "crl": [],
        "aia": [],
        "fetched": {},
        "offers": None,
        "build": "windows/amd64:ltsc2022",
        "config": None,
        "kind": "",
        "joined": None,
        "kubeconfig": "",
        **changes,
    }
    pools: dict[str, dict[str, Any]] = {
        "win": {"platform": values["build"], "clients": values["clients"], "trust": values["trust"]},
        "control": {"platform": "linux/amd64", "clients": ["containerd", "curl"], "trust": values["trust"]},
    }
    if values["joined"] is not None:
        pools["win"] |= {"domain_joined": values["joined"]}
    for pool in pools.values() if values["kubeconfig"] else ():
        pool["kubeconfig"] = values["kubeconfig"]
    files: dict[str, Any] = {
        "root.pem": [ROOT],
        "other.pem": ["Other"],
        "bare.conf": "clusters: [{name: c, cluster: {server: 'https://k8s:6443'}}]",
        "damaged.conf": "clusters: [",
        "node.json": {"stores": {"Root": [ROOT], "AuthRoot": [], "Disallowed": [ISSUING]}},
        "bare.json": {"stores": {"Root": ["Other"], "AuthRoot": []}},
    }
    if values["config"] is not None:
        pools["control"] |= {"config": ["nodes"], "runtime": "containerd 2.1.6"}
        folder = f"nodes/certs.d/{HOST}"
        files["nodes/config.toml"] = values["config"].get("toml", READ)
        files[f"{folder}/hosts.toml"] = f'[host."https://{HOST}"]\n{values["config"]["says"]}\n'
        files |= {f"{folder}/{name}": content for name, content in values["config"].get("files", {}).items()}
    endpoint = {"host": HOST, **({"kind": values["kind"]} if values["kind"] else {})}
    plan = {"version": 1, "pools": pools, "endpoints": [endpoint], "network": {"reachable": ["*.plant7.local"]}}
    leaf = {"issuer": ISSUING, "names": values["names"], "crl": values["crl"], "aia": values["aia"], **values["leaf"]}
    served = {"serves": values["serves"], **({"offers": values["offers"]} if values["offers"] is not None else {})}
    if values["serves"] is None:
        served = {"failed": {"kind": "unreachable", "detail": "no answer"}}
    return {
        "plan": yaml.safe_dump(plan, sort_keys=False),
        "certificates": {
            ROOT: {},
            "Other": {},
            ISSUING: {"issuer": ROOT, "crl": values["crl"]},
            "registry": leaf,
        },
        "files": files,
        "endpoints": {HOST: served},
        "fetched": values["fetched"],
    }


CLIENTS = (
    "containerd",
    "kubelet",
    "kube-proxy",
    "curl",
    "git",
    "dotnet-10",
    "pwsh-net10",
    "python",
    "powershell",
    "netscape",
    "java",
)
DATES = st.sampled_from([datetime.date(2026, 3, 1), datetime.date(2027, 3, 1), datetime.date(2039, 1, 1)])
ANSWERS = st.one_of(
    st.builds(lambda until: {"crl": ISSUING, "until": until}, DATES),
    st.just({"crl": ISSUING, "revokes": ["registry"]}),
    st.just({"crl": ROOT}),
    st.just({"absent": "404"}),
    st.just({"failed": {"kind": "unreachable", "detail": "no answer"}}),
    st.none(),
)
CONFIGS = st.sampled_from(
    [
        None,
        {"says": 'ca = "ca.crt"', "files": {"ca.crt": [ROOT]}},
        {"says": 'ca = "ca.crt"', "files": {"ca.crt": "nothing"}},
        {"says": 'ca = "ca.crt"'},
        {"says": "skip_verify = true"},
        {"says": "skip_verify = 1"},
        {"says": 'ca = "ca.crt"', "files": {"ca.crt": [ROOT]}, "toml": "version = 2\n[plugins]\n"},
    ]
)


@st.composite
def forms(draw: st.DrawFn) -> dict[str, Any]:
    crl = draw(st.sampled_from([[], [CRL], [FAR], [FAR, CRL], [LDAP], [LDAP, FAR], [LDAP, CRL]]))
    answers = {CRL: draw(ANSWERS), AIA: draw(st.sampled_from([{"der": ISSUING}, {"der": "Other"}, {"absent": "404"}, None]))}
    return form_of(
        clients=draw(st.lists(st.sampled_from(CLIENTS), min_size=1, max_size=4, unique=True)),
        trust=draw(st.sampled_from([[], ["root.pem"], ["node.json"], ["root.pem", "bare.json"], ["gone.pem"]])),
        names=draw(st.sampled_from([["registry.plant7.local"], ["other.plant7.local"]])),
        leaf={"ends": draw(DATES), "key": draw(st.sampled_from(["ec", "rsa1024", "ed25519"]))},
        serves=draw(st.sampled_from([["registry", ISSUING], ["registry"], ["registry", "Other"], None])),
        crl=crl,
        aia=draw(st.sampled_from([[], [AIA], [FAR], [LDAP], [LDAP, FAR]])),
        fetched={url: answer for url, answer in answers.items() if answer is not None},
        offers=draw(st.sampled_from([None, ["TLSv1.2", "TLSv1.3"], ["TLSv1.3"], ["TLSv1.1"], []])),
        build=draw(st.sampled_from(["windows/amd64:ltsc2019", "windows/amd64:ltsc2022"])),
        config=draw(CONFIGS),
        kind=draw(st.sampled_from(["", "registry", "api-server", "web"])),
        joined=draw(st.sampled_from([None, True, False])),
        kubeconfig=draw(st.sampled_from(["", "root.pem", "other.pem", "bare.conf", "damaged.conf"])),
    )


@given(forms(), st.sampled_from([TODAY, LATE]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_checks_and_trust_table_agree_on_generated_sites(form: dict[str, Any], today: datetime.date) -> None:
    assert list(disagreements(site_of(form), today)) == []


def one(check: Any, **changes: Any) -> Finding:
    (found,) = [outcome for outcome in check.run(site_of(form_of(**changes)), TODAY) if isinstance(outcome, Finding)]
    assert isinstance(found, Finding)
    return found


ENDED = {CRL: {"crl": ISSUING, "until": datetime.date(2026, 6, 1)}}
GOOD = {CRL: {"crl": ISSUING}}


def test_expired_crl_fails_a_client_that_requires_revocation() -> None:
    leaf_only = {"issuer": ISSUING, "crl": [CRL]}
    form = form_of(fetched=ENDED, leaf=leaf_only, crl=[CRL])
    found = one(crl_stale, fetched=ENDED, crl=[CRL], clients=["curl"])
    assert found.severity is Severity.ERROR
    assert "is not valid today: it expired on" in found.message
    assert found.message.count("not valid") == 1
    assert "Rejected by curl on win" in found.message
    assert "CRYPT_E_REVOCATION_OFFLINE" in found.message
    assert found.facts["refused_by"] == ("curl on win",)
    assert list(disagreements(site_of(form), TODAY)) == []


def test_expired_crl_is_a_warning_if_no_client_requires_revocation() -> None:
    assert one(crl_stale, fetched=ENDED, crl=[CRL], clients=["git"]).severity is Severity.WARNING


def test_missing_revocation_url_is_an_error_for_a_client_that_requires_revocation() -> None:
    found = one(revocation_missing, clients=["curl"])
    assert (found.severity, found.facts["refused_by"]) == (Severity.ERROR, ("curl on win",))


def test_inferred_fault_is_undetermined_with_a_warning() -> None:
    outcomes = list(revocation_missing.run(site_of(form_of(clients=["pwsh-net10"])), TODAY))
    assert [one.severity for one in outcomes if isinstance(one, Finding)] == [Severity.WARNING]
    assert [one.subject.client for one in outcomes if isinstance(one, Undetermined)] == ["pwsh-net10"]


def test_endpoint_with_tls_1_3_only_fails_on_server_2019() -> None:
    site = site_of(form_of(offers=["TLSv1.3"], build="windows/amd64:ltsc2019", clients=["containerd", "powershell"]))
    prospects = {(case.client, case.pool.name): case.prospect for case in site.trust(TODAY)}
    assert prospects["powershell", "win"] is Prospect.FAILS
    assert prospects["containerd", "win"] is Prospect.VERIFIES
    (found,) = [outcome for outcome in tls_version_mismatch.run(site, TODAY) if isinstance(outcome, Finding)]
    assert found.facts["clients"] == ("powershell",)
    (row,) = [case for case in site.trust(TODAY) if case.client == "powershell"]
    assert row.reason == "the endpoint offers only TLSv1.3, and the client supports TLSv1.2"


def test_empty_ca_file_fails_containerd_although_the_machine_trusts_the_root() -> None:
    config = {"says": 'ca = "ca.crt"', "files": {"ca.crt": "nothing"}}
    site = site_of(form_of(config=config, kind="registry"))
    (row,) = [case for case in site.trust(TODAY) if (case.client, case.pool.name) == ("containerd", "control")]
    assert (row.prospect, row.symptom) == (Prospect.FAILS, 'unable to load CA cert "ca.crt"')
    assert one(runtime_ca_path, config=config, kind="registry").severity is Severity.ERROR


def test_missing_ca_file_makes_root_trust_undetermined() -> None:
    site = site_of(form_of(config={"says": 'ca = "ca.crt"'}, kind="registry", trust=[]))
    (row,) = [case for case in site.trust(TODAY) if (case.client, case.pool.name) == ("containerd", "control")]
    assert row.prospect is Prospect.UNDETERMINED


def test_runtime_that_does_not_verify_has_no_row() -> None:
    site = site_of(form_of(config={"says": "skip_verify = true"}, kind="registry", trust=[]))
    assert ("containerd", "control") not in {(case.client, case.pool.name) for case in site.trust(TODAY)}


def test_unobserved_internal_crl_is_undetermined_for_clients_that_check_revocation() -> None:
    outcomes = list(revocation_egress.run(site_of(form_of(crl=[CRL], clients=["git"])), TODAY))
    assert [one.subject.client for one in outcomes if isinstance(one, Undetermined)] == ["git"]
    good = list(revocation_egress.run(site_of(form_of(crl=[CRL], clients=["git"], fetched=GOOD)), TODAY))
    assert examined(good) == 2  # the clients of the Linux pool, which never ask


def test_name_finding_lists_only_the_clients_that_reject_it() -> None:
    found = one(certificate_name_mismatch, names=["other.plant7.local"], clients=["python"])
    assert set(found.facts["refused_by"]) == {"python on win", "containerd on control", "curl on control"}  # type: ignore[arg-type]


def crl_outcomes(crl: list[str], **changes: Any) -> list[Any]:
    return [one for one in revocation_egress.run(site_of(form_of(crl=crl, **changes)), TODAY) if not isinstance(one, Fine)]


def test_crl_in_active_directory_is_open_until_the_plan_states_the_membership() -> None:
    (unknown,) = crl_outcomes([LDAP])
    assert isinstance(unknown, Undetermined)
    assert "does not state whether the nodes are members of that domain (`domain_joined` of the pool)" in unknown.detail


def test_domain_member_may_read_the_crl_and_others_cannot() -> None:
    (unknown,) = crl_outcomes([LDAP], joined=True)
    assert isinstance(unknown, Undetermined)
    assert "the auditor does not request directories" in unknown.detail
    (found,) = crl_outcomes([LDAP], joined=False)
    assert (found.severity, found.subject.client) == (Severity.ERROR, "curl")
    assert "is in Active Directory, and the nodes are not members of a domain" in found.message
    assert "CRYPT_E_REVOCATION_OFFLINE" in found.message
    assert [remedy.text[:7] for remedy in found.remedies] == ["Reissue", "Or make", "Disable"]


def test_valid_crl_on_a_web_server_suffices_beside_a_directory() -> None:
    direct = {"issuer": ROOT}
    for joined in (None, True, False):
        answers = {CRL: {"crl": ROOT}}
        assert crl_outcomes([LDAP, CRL], joined=joined, leaf=direct, serves=["registry"], fetched=answers) == []
    (found,) = crl_outcomes([LDAP, FAR], joined=False)
    assert f"{FAR} cannot be reached" in found.message
    assert "not members of a domain" in found.message
    assert found.remedies[0].text.startswith(f"Serve {FAR} from an internal host")


@pytest.mark.parametrize(("member", "count"), [(True, 0), (False, 1)])
def test_dump_of_a_node_states_the_membership(member: bool, count: int) -> None:
    form = form_of(crl=[LDAP], trust=["root.pem", "node.json"])
    dump = json.loads(site_of(form).plan.files["node.json"])
    form["files"]["node.json"] = json.dumps({**dump, "state": {"domain_member": member}})
    outcomes = list(revocation_egress.run(site_of(form), TODAY))
    assert len([one for one in outcomes if isinstance(one, Finding)]) == count


def test_issuer_in_active_directory_is_read_by_domain_members_only() -> None:
    for joined, severity, words in (
        (False, Severity.ERROR, "curl on win cannot read it from Active Directory, because the nodes are not members"),
        (True, Severity.WARNING, "curl on win must read it from Active Directory, and fails if no domain controller answers"),
        (None, Severity.WARNING, "curl on win can get it only from Active Directory, and the plan does not state"),
    ):
        site = site_of(form_of(aia=[LDAP], serves=["registry"], joined=joined))
        found = [one for one in chain_incomplete.run(site, TODAY) if isinstance(one, Finding)]
        (windows,) = [one for one in found if "curl on win" in one.facts["refused_by"]]  # type: ignore[operator]
        assert windows.severity is severity
        assert words in windows.message
        assert not [command for one in found for remedy in one.remedies for command in remedy.commands if "ldap" in command]
        linux = next(case for case in site.trust(TODAY) if case.pool.name == "control")
        assert (linux.prospect, linux.requested_urls) == (Prospect.FAILS, ())
        assert list(disagreements(site, TODAY)) == []


def test_directory_server_with_a_name_is_judged_by_its_host() -> None:
    (near,) = crl_outcomes(["ldap://dc1.plant7.local/CN=x"], joined=True)
    assert "is on an LDAP server, which the auditor does not request" in near.detail
    (far,) = crl_outcomes(["ldaps://dc1.example.com:636/CN=x"], joined=True)
    assert isinstance(far, Finding)
    assert [remedy.text[:7] for remedy in far.remedies] == ["Reissue", "Disable"]
