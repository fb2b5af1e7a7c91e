"""The plan and its files for the evidence file: without secrets."""

from __future__ import annotations

import msgspec

from auditor.plan.files import downloads_name, left_out_name
from auditor.plan.model import Plan
from auditor.plan.plan_paths import is_inside, normal
from auditor.plan.secrets import key_in, redacted, redacted_list, secret_in, without_keys
from auditor.readers.kubeconfig import UnreadableKubeconfig, is_kubeconfig, without_users
from auditor.readers.workloads.blanked import blanked
from auditor.readers.workloads.chart_dependencies import UnreadableChart
from auditor.readers.workloads.kept_output import is_output, kept_of
from auditor.readers.workloads.packed import HoldsSecret, head_of, is_packed, reduced
from auditor.redaction import redact_file


def carried_files(plan: Plan) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Return the plan and the files that it names, without secrets, and `path: reason` for each file that is left out.

    The plan and its lists are always included, because an audit needs them. A separate file records what was left out, so that
    a reader can distinguish a missing file from an empty folder.
    """
    kept, left_out, struck = _kept(plan)
    record = downloads_name(plan.file)
    if record in plan.files:
        kept[record] = redact_file(plan.files[record])
    if left_out:
        kept[left_out_name(plan.file)] = msgspec.json.encode(left_out)
    return kept, tuple(f"{path}: {reason}" for path, reason in (left_out | struck).items())


def _kept(plan: Plan) -> tuple[dict[str, bytes], dict[str, str], dict[str, str]]:
    """Return the files without secrets, and reasons by path: for files that are left out, and for those that lost a part."""
    lists = [source.list for source in plan.images if source.list]
    kubeconfigs = {
        normal(name) for name in (*(pool.kubeconfig for pool in plan.pools), plan.cluster.ca if plan.cluster else "")
    }
    kept: dict[str, bytes] = {}
    left_out = dict(plan.left_out)
    struck: dict[str, str] = {}
    record = downloads_name(plan.file)
    files = {path: kept_of(data) if is_output(path) else data for path, data in plan.files.items()}
    for path, data in files.items():
        if path.startswith(record):
            continue
        if path == plan.file:
            kept[path] = redacted(data)
        elif is_packed(data):
            try:
                kept[path] = reduced(data)
                struck[path] = "its values and templates, because they may hold secrets"
            except HoldsSecret as error:
                left_out[path] = str(error)
            except UnreadableChart:
                kept[path] = head_of(data)
                struck[path] = "its packed charts, because they may hold secrets"
            continue
        elif path in kubeconfigs and is_kubeconfig(data):
            try:
                kept[path] = without_users(data)
                struck[path] = "its users, because they hold credentials"
            except UnreadableKubeconfig as error:
                left_out[path] = str(error)
            continue
        elif any(is_inside(path, name) for name in lists):
            kept[path] = redacted_list(data)
        else:
            bare = without_keys(data)
            clean, is_blanked = blanked(bare)
            reason = key_in(bare) or secret_in(clean if clean.strip() else data, is_blanked=is_blanked)
            if reason:
                left_out[path] = reason
                continue
            kept[path] = clean
        if kept[path] != data:
            struck[path] = "only the secrets in it"
    return kept, left_out, struck
