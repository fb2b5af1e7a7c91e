"""The catalogue: one file per check, and the one explicit registry of them.

Third parties add theirs through the entry-point group `auditor.checks`; each entry point names a `Check`.
"""

from __future__ import annotations

from auditor.check import Check
from checks.images import (
    archive_corrupt,
    archive_name_mismatch,
    default_image_missing,
    digest_drift,
    image_absent,
    image_duplicate,
    image_missing_in_target,
    image_not_listed,
    image_reference_invalid,
    image_unpinned,
    image_unused,
    index_incomplete,
    mirror_not_configured,
    platform_absent,
    platform_dropped,
    schema1_manifest,
    windows_build_fallback,
    windows_build_mismatch,
    workload_os_unbound,
)
from checks.storage import (
    media_capacity,
    media_file_limit,
    node_disk,
    registry_disk,
    size_unproven,
    staging_disk,
)
from checks.transfer import (
    chart_repository_egress,
    copy_drops_foreign_layers,
    copy_drops_platforms,
    copy_keeps_urls,
    copy_script_flag,
    docker_nondistributable,
    registry_refuses_urls,
    script_downloads,
    transfer_window,
)
from checks.trust import certificate_expiring, certificate_name_mismatch, chain_incomplete, root_not_trusted
from checks.windows import (
    foreign_layer_base_era,
    foreign_layer_egress,
    foreign_layer_unavailable,
    hostprocess_requirements,
    known_issue,
    windows_version_unsupported,
)

CATALOGUE: tuple[Check, ...] = (
    image_reference_invalid.CHECK,
    image_duplicate.CHECK,
    image_unpinned.CHECK,
    image_not_listed.CHECK,
    image_unused.CHECK,
    default_image_missing.CHECK,
    workload_os_unbound.CHECK,
    image_absent.CHECK,
    platform_absent.CHECK,
    windows_build_mismatch.CHECK,
    windows_build_fallback.CHECK,
    image_missing_in_target.CHECK,
    platform_dropped.CHECK,
    digest_drift.CHECK,
    index_incomplete.CHECK,
    schema1_manifest.CHECK,
    archive_corrupt.CHECK,
    archive_name_mismatch.CHECK,
    mirror_not_configured.CHECK,
    foreign_layer_egress.CHECK,
    foreign_layer_unavailable.CHECK,
    foreign_layer_base_era.CHECK,
    hostprocess_requirements.CHECK,
    windows_version_unsupported.CHECK,
    known_issue.CHECK,
    copy_drops_foreign_layers.CHECK,
    copy_keeps_urls.CHECK,
    copy_drops_platforms.CHECK,
    copy_script_flag.CHECK,
    registry_refuses_urls.CHECK,
    docker_nondistributable.CHECK,
    transfer_window.CHECK,
    chart_repository_egress.CHECK,
    script_downloads.CHECK,
    registry_disk.CHECK,
    staging_disk.CHECK,
    media_capacity.CHECK,
    media_file_limit.CHECK,
    node_disk.CHECK,
    size_unproven.CHECK,
    chain_incomplete.CHECK,
    root_not_trusted.CHECK,
    certificate_expiring.CHECK,
    certificate_name_mismatch.CHECK,
)
