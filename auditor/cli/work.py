"""What commands do, imported when they do it: help and completion need only the options of a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.lazy import names_in

if TYPE_CHECKING:
    from tabulate import tabulate as tabulate

    from auditor.cli.chain_view import chain_json as chain_json
    from auditor.cli.chain_view import chain_text as chain_text
    from auditor.cli.fleet import audit_fleet as audit_fleet
    from auditor.cli.inspect_view import archives_json as archives_json
    from auditor.cli.inspect_view import archives_text as archives_text
    from auditor.cli.inspect_view import image_json as image_json
    from auditor.cli.inspect_view import image_text as image_text
    from auditor.cli.kept import keep as keep
    from auditor.cli.kept import state_folder as state_folder
    from auditor.cli.terminal import columns as columns
    from auditor.cli.terminal import use_colour as use_colour
    from auditor.cli.verify_view import medium_json as medium_json
    from auditor.cli.verify_view import medium_text as medium_text
    from auditor.cli.verify_view import verified_json as verified_json
    from auditor.cli.verify_view import verified_text as verified_text
    from auditor.diff import as_json as as_json
    from auditor.diff import as_text as as_text
    from auditor.diff import compare as compare
    from auditor.facts import basis as basis
    from auditor.fix.pinning import pinned_lists as pinned_lists
    from auditor.fix.readme import README as README
    from auditor.fix.remedies import remedies as remedies
    from auditor.fix.remedies import remedies_by_report as remedies_by_report
    from auditor.pipeline.audit import audit as audit
    from auditor.pipeline.audit import audited as audited
    from auditor.pipeline.bare_plans import list_input as list_input
    from auditor.pipeline.bare_plans import plan_for_sources as plan_for_sources
    from auditor.pipeline.bare_plans import without_repeated as without_repeated
    from auditor.pipeline.ca import read_ca as read_ca
    from auditor.pipeline.ca import refuse_ca as refuse_ca
    from auditor.pipeline.cache import cache_folder as cache_folder
    from auditor.pipeline.chart_rendering import with_charts as with_charts
    from auditor.pipeline.custody.manifest import manifest_of as manifest_of
    from auditor.pipeline.custody.medium import MediumVerified as MediumVerified
    from auditor.pipeline.custody.medium import read_list as read_list
    from auditor.pipeline.custody.medium import signed_list as signed_list
    from auditor.pipeline.custody.medium import verify_medium as verify_medium
    from auditor.pipeline.custody.sign import Signed as Signed
    from auditor.pipeline.custody.sign import private_key as private_key
    from auditor.pipeline.custody.sign import sign_report as sign_report
    from auditor.pipeline.custody.verify import Locations as Locations
    from auditor.pipeline.custody.verify import Verified as Verified
    from auditor.pipeline.custody.verify import read_public_key as read_public_key
    from auditor.pipeline.custody.verify import verify_envelope as verify_envelope
    from auditor.pipeline.doctor import can_isolate as can_isolate
    from auditor.pipeline.doctor import programs as programs
    from auditor.pipeline.excerpts import excerpts_of as excerpts_of
    from auditor.pipeline.fixes import by_waiver as by_waiver
    from auditor.pipeline.gather import gather_plan as gather_plan
    from auditor.pipeline.image_list import image_list as image_list
    from auditor.pipeline.inputs import is_site as is_site
    from auditor.pipeline.inputs import load as load
    from auditor.pipeline.inspect.archive import inspect_archives as inspect_archives
    from auditor.pipeline.inspect.chain import ChainQuestion as ChainQuestion
    from auditor.pipeline.inspect.chain import inspect_chain as inspect_chain
    from auditor.pipeline.inspect.image import inspect_image as inspect_image
    from auditor.pipeline.list_exports import ExportInputs as ExportInputs
    from auditor.pipeline.list_exports import export as export
    from auditor.pipeline.list_exports import registry_at as registry_at
    from auditor.pipeline.list_exports import with_observed_digests as with_observed_digests
    from auditor.pipeline.report_inputs import read_baseline as read_baseline
    from auditor.pipeline.report_inputs import read_report as read_report
    from auditor.pipeline.report_inputs import report_in as report_in
    from auditor.pki.stores.dump import dump_script as dump_script
    from auditor.pki.stores.root_lists import root_lists as root_lists
    from auditor.plan.schema import json_schema as json_schema
    from auditor.policy.unanswered_hosts import host_remedy as host_remedy
    from auditor.policy.unanswered_hosts import host_words as host_words
    from reports.json_v1 import report_schema as report_schema
else:
    __getattr__ = names_in(
        __name__,
        {
            "auditor.cli.chain_view": (
                "chain_json",
                "chain_text",
            ),
            "auditor.cli.fleet": ("audit_fleet",),
            "auditor.cli.inspect_view": (
                "archives_json",
                "archives_text",
                "image_json",
                "image_text",
            ),
            "auditor.cli.verify_view": (
                "medium_json",
                "medium_text",
                "verified_json",
                "verified_text",
            ),
            "auditor.cli.kept": (
                "keep",
                "state_folder",
            ),
            "auditor.cli.terminal": (
                "columns",
                "use_colour",
            ),
            "auditor.facts": ("basis",),
            "auditor.pipeline.cache": ("cache_folder",),
            "auditor.pipeline.doctor": (
                "can_isolate",
                "programs",
            ),
            "auditor.diff": ("as_json", "as_text", "compare"),
            "auditor.fix.pinning": ("pinned_lists",),
            "auditor.fix.readme": ("README",),
            "auditor.fix.remedies": (
                "remedies",
                "remedies_by_report",
            ),
            "auditor.pipeline.audit": (
                "audit",
                "audited",
            ),
            "auditor.pipeline.bare_plans": (
                "list_input",
                "plan_for_sources",
                "without_repeated",
            ),
            "auditor.pipeline.report_inputs": (
                "read_baseline",
                "read_report",
                "report_in",
            ),
            "auditor.pipeline.ca": (
                "read_ca",
                "refuse_ca",
            ),
            "auditor.pipeline.chart_rendering": ("with_charts",),
            "auditor.pipeline.excerpts": ("excerpts_of",),
            "auditor.pipeline.custody.manifest": ("manifest_of",),
            "auditor.pipeline.custody.medium": (
                "MediumVerified",
                "read_list",
                "signed_list",
                "verify_medium",
            ),
            "auditor.pipeline.custody.sign": (
                "Signed",
                "private_key",
                "sign_report",
            ),
            "auditor.pipeline.custody.verify": (
                "Locations",
                "Verified",
                "read_public_key",
                "verify_envelope",
            ),
            "auditor.pipeline.fixes": ("by_waiver",),
            "auditor.pipeline.gather": ("gather_plan",),
            "auditor.pipeline.image_list": ("image_list",),
            "auditor.pipeline.inspect.archive": ("inspect_archives",),
            "auditor.pipeline.inspect.chain": (
                "ChainQuestion",
                "inspect_chain",
            ),
            "auditor.pipeline.inspect.image": ("inspect_image",),
            "auditor.pipeline.list_exports": ("ExportInputs", "export", "registry_at", "with_observed_digests"),
            "auditor.pipeline.inputs": (
                "is_site",
                "load",
            ),
            "auditor.pki.stores.dump": ("dump_script",),
            "auditor.pki.stores.root_lists": ("root_lists",),
            "auditor.plan.schema": ("json_schema",),
            "auditor.policy.unanswered_hosts": (
                "host_remedy",
                "host_words",
            ),
            "reports.json_v1": ("report_schema",),
            "tabulate": ("tabulate",),
        },
    )
