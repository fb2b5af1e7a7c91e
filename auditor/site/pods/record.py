"""The downloads of pods as a file in evidence, because evidence leaves out the commands and variables that they come from."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from auditor.needs.model import Needs
from auditor.net import Reach
from auditor.plan.files import downloads_name, earlier_downloads_name
from auditor.plan.model import Plan
from auditor.plan.reach import reach_of
from auditor.site.pods.model import PodDownloads
from auditor.site.pods.view import computed_downloads


def with_record(plan: Plan, needs: Needs) -> Plan:
    """Return the plan with a file that lists the downloads of its pods."""
    name = downloads_name(plan.file)
    if not plan.workloads or name in plan.files:
        return plan
    found = computed_downloads(plan, needs, reach_of(plan))
    return replace(plan, files={**plan.files, name: msgspec.json.encode(found)})


def recorded(plan: Plan, name: str) -> PodDownloads | None:
    """Return the downloads that a file lists, or None if there is no such file or a damaged one."""
    data = plan.files.get(name)
    if data is None:
        return None
    try:
        return msgspec.json.decode(data, type=PodDownloads)
    except msgspec.MsgspecError:
        return None


def pod_downloads(plan: Plan, needs: Needs, reach: Reach) -> PodDownloads:
    """Return what pods download: as evidence lists it, else from the workloads."""
    found = recorded(plan, downloads_name(plan.file)) or computed_downloads(plan, needs, reach)
    earlier = recorded(plan, earlier_downloads_name(plan.file)) if found.hidden else None
    return _completed(found, earlier) if earlier is not None else found


def _completed(found: PodDownloads, earlier: PodDownloads) -> PodDownloads:
    """Return the downloads with those of an earlier run for the containers whose commands are hidden."""
    hidden = frozenset(found.hidden)
    downloads = [one for one in found.found if one.subject not in hidden]
    unknown = [one for one in found.unknown if one.subject not in hidden]
    more = [one for one in earlier.found if one.subject in hidden]
    open_ones = [one for one in earlier.unknown if one.subject in hidden]
    before = {one.subject for one in found.found} | {one.subject for one in found.unknown}
    after = {one.subject for one in more} | {one.subject for one in open_ones}
    passed = found.passed - len(hidden - before) + len(hidden - after)
    return PodDownloads((*downloads, *more), (*unknown, *open_ones), passed)
