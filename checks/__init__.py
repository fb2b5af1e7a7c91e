"""The catalogue of checks: one file per check, registered in `MODULES`.

The declarations of the checks are also in `checks/catalogue.json`, which `make docs` writes from the modules. A run therefore
imports only the checks that it uses. Plug-ins add checks through the entry-point group `auditor.checks`; each entry point
names a `Check`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from auditor.check import Area, Check, ConnectionKind, Control, Outcome, Severity
from auditor.own_files import text_in
from auditor.site.requirement import Requirement

if TYPE_CHECKING:
    import datetime

    from auditor.site import Site

MODULES: tuple[str, ...] = (
    "checks.images.image_reference_invalid",
    "checks.images.image_duplicate",
    "checks.images.image_unpinned",
    "checks.images.image_not_listed",
    "checks.images.image_unused",
    "checks.images.image_version_conflict",
    "checks.images.default_image_missing",
    "checks.images.workload_os_unbound",
    "checks.images.image_absent",
    "checks.images.platform_absent",
    "checks.images.windows_build_mismatch",
    "checks.images.windows_build_fallback",
    "checks.images.image_missing_in_target",
    "checks.images.chart_missing_in_target",
    "checks.images.platform_dropped",
    "checks.images.digest_drift",
    "checks.images.index_incomplete",
    "checks.images.content_mismatch",
    "checks.images.source_mismatch",
    "checks.images.schema1_manifest",
    "checks.images.archive_corrupt",
    "checks.images.archive_name_mismatch",
    "checks.images.archive_name_conflict",
    "checks.images.mirror_not_configured",
    "checks.images.node_config_invalid",
    "checks.windows.foreign_layer_egress",
    "checks.windows.foreign_layer_unavailable",
    "checks.windows.foreign_layer_base_era",
    "checks.windows.hostprocess_requirements",
    "checks.windows.windows_version_unsupported",
    "checks.windows.known_issue",
    "checks.transfer.copy_drops_foreign_layers",
    "checks.transfer.copy_keeps_urls",
    "checks.transfer.copy_drops_platforms",
    "checks.transfer.copy_changes_digest",
    "checks.transfer.copy_script_flag",
    "checks.transfer.registry_refuses_urls",
    "checks.transfer.registry_config",
    "checks.transfer.docker_nondistributable",
    "checks.transfer.transfer_window",
    "checks.transfer.chart_repository_egress",
    "checks.transfer.script_downloads",
    "checks.storage.registry_disk",
    "checks.storage.staging_disk",
    "checks.storage.media_capacity",
    "checks.storage.media_file_limit",
    "checks.storage.node_disk",
    "checks.storage.size_unproven",
    "checks.trust.chain_incomplete",
    "checks.trust.root_not_trusted",
    "checks.trust.root_needs_windows_update",
    "checks.trust.root_unproven",
    "checks.trust.trust_split",
    "checks.trust.revocation_egress",
    "checks.trust.revocation_missing",
    "checks.trust.crl_stale",
    "checks.trust.root_update_stall",
    "checks.trust.root_lists_stale",
    "checks.trust.certificate_expiring",
    "checks.trust.cluster_certificates_expiring",
    "checks.trust.deployed_certificate_expiring",
    "checks.trust.registry_token_expiring",
    "checks.trust.certificate_name_mismatch",
    "checks.trust.certificate_weak",
    "checks.trust.tls_version_mismatch",  # first of three that share a question
    "checks.trust.client_certificate_required",
    "checks.trust.tls_cipher_mismatch",
    "checks.trust.ca_not_in_machine_store",
    "checks.trust.runtime_ca_path",
    "checks.workloads.image_preload_gc",
    "checks.workloads.in_cluster_registry_client",
    "checks.workloads.pull_policy",
    "checks.workloads.pull_secret_missing",
    "checks.workloads.registry_in_its_own_cluster",
    "checks.workloads.registry_limits",
    "checks.workloads.signature_dropped",
    "checks.workloads.signature_unverifiable",
    "checks.workloads.workload_downloads",
)


@dataclass(frozen=True, slots=True)
class _Deferred:
    """The `run` function of a check. The first call imports the module."""

    module: str

    def __call__(self, site: Site, today: datetime.date) -> Iterator[Outcome]:
        check: Check = import_module(self.module).CHECK
        return check.run(site, today)


def check_in(module: str) -> Check:
    """Return the check that the module defines, with the controls that it evidences."""
    check: Check = import_module(module).CHECK
    return replace(check, controls=controls_of(check.id))


def controls_of(check: str) -> tuple[Control, ...]:
    """Return the controls that a check evidences, as checks/controls.yaml lists them."""
    table = control_table()
    titles = {key: framework["title"] for key, framework in table["frameworks"].items()}
    return tuple(
        Control(row["framework"], titles[row["framework"]], str(row["id"]), row["title"], row["why"])
        for row in table["controls"]
        if check in row["checks"]
    )


@cache
def control_table() -> dict[str, Any]:
    """Return checks/controls.yaml. A run reads the controls from catalogue.json, because parsing this file takes longer."""
    import yaml  # noqa: PLC0415 - for `make docs`, and not for a run

    table: dict[str, Any] = yaml.safe_load(text_in(__name__, "controls.yaml"))
    return table


_KEYS = frozenset(
    {"module", "id", "title", "holds", "family", "severity", "area", "connections", "requires", "controls", "page"}
)


def _declared(row: dict[str, Any]) -> Check:
    return Check(
        id=row["id"],
        title=row["title"],
        holds=row["holds"],
        family=row["family"],
        severity=Severity(row["severity"]),
        page="\n".join(row["page"]),
        run=_Deferred(row["module"]),
        requires=tuple(Requirement[name] for name in row["requires"]),
        area=Area(row["area"]) if row["area"] else None,
        connections=tuple(ConnectionKind(name) for name in row["connections"]),
        controls=tuple(Control(*control) for control in row["controls"]),
    )


def catalogue_text() -> str:
    """Return the content of `checks/catalogue.json`. Imports every check module."""
    rows = [
        {
            "module": module,
            "id": check.id,
            "title": check.title,
            "holds": check.holds,
            "family": check.family,
            "severity": check.severity.value,
            "area": check.area.value if check.area is not None else "",
            "connections": [kind.value for kind in check.connections],
            "requires": [requirement.name for requirement in check.requires],
            "controls": [[one.framework, one.framework_title, one.id, one.title, one.why] for one in check.controls],
            "page": check.page.split("\n"),
        }
        for module in MODULES
        for check in (check_in(module),)
    ]
    return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"


def _catalogue() -> tuple[Check, ...]:
    """Return every registered check. A check that is not in the file, or has another form there, is imported."""
    declared = {row["module"]: row for row in json.loads(text_in(__name__, "catalogue.json")) if row.keys() == _KEYS}
    return tuple(_declared(row) if (row := declared.get(module)) else check_in(module) for module in MODULES)


CATALOGUE: tuple[Check, ...] = _catalogue()
