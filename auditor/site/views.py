"""The functions that build the views of a site. Modules are imported on first use, because few plans need all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.lazy import names_in

if TYPE_CHECKING:
    from auditor.needs.endpoints import tls_endpoints as tls_endpoints
    from auditor.plan.reach import reach_of as reach_of
    from auditor.readers.docker_daemon import copy_slips as copy_slips
    from auditor.readers.node_config import node_configs as node_configs
    from auditor.readers.scripts import copy_scripts as copy_scripts
    from auditor.readers.workloads.deployed_certificates import carried_certificates as carried_certificates
    from auditor.site.archives.view import archives_of as archives_of
    from auditor.site.calendar.view import calendar_of as calendar_of
    from auditor.site.charts import charts_of as charts_of
    from auditor.site.connections import connections_of as connections_of
    from auditor.site.contents import contents_of as contents_of
    from auditor.site.copies import copies_in_archives as copies_in_archives
    from auditor.site.copies import copies_inside as copies_inside
    from auditor.site.delivered_form import converted_layers as converted_layers
    from auditor.site.delivered_form import unknown_deliveries as unknown_deliveries
    from auditor.site.delivered_form import without_predictions as without_predictions
    from auditor.site.downloads import script_downloads as script_downloads
    from auditor.site.fetches import chart_fetches as chart_fetches
    from auditor.site.images import Images as Images
    from auditor.site.images import faults_by_image as faults_by_image
    from auditor.site.inside import AtSource as AtSource
    from auditor.site.inside import InternalEvidence as InternalEvidence
    from auditor.site.layers import foreign_layers as foreign_layers
    from auditor.site.layers import layer_egress as layer_egress
    from auditor.site.layers import with_outside_urls as with_outside_urls
    from auditor.site.list_platforms import list_platforms as list_platforms
    from auditor.site.mirrors import mirroring as mirroring
    from auditor.site.pods.view import pod_downloads as pod_downloads
    from auditor.site.present import is_present as is_present
    from auditor.site.pulls import pulls as pulls
    from auditor.site.registry_settings import registry_remote as registry_remote
    from auditor.site.registry_settings import registry_slips as registry_slips
    from auditor.site.script_lines import UnreadScript as UnreadScript
    from auditor.site.script_lines import read_scripts as read_scripts
    from auditor.site.storage.view import Storage as Storage
    from auditor.site.survey import Survey as Survey
    from auditor.site.transfers import transfer_of as transfer_of
    from auditor.site.trust.callers import Callers as Callers
    from auditor.site.trust.cases import trust_cases as trust_cases
    from auditor.site.trust.picture import steps_of as steps_of
    from auditor.site.trust.pools import Trusts as Trusts
    from auditor.site.trust.served import endpoint_chains as endpoint_chains
else:
    __getattr__ = names_in(
        __name__,
        {
            "auditor.needs.endpoints": ("tls_endpoints",),
            "auditor.plan.reach": ("reach_of",),
            "auditor.readers.docker_daemon": ("copy_slips",),
            "auditor.readers.node_config": ("node_configs",),
            "auditor.readers.scripts": ("copy_scripts",),
            "auditor.readers.workloads.deployed_certificates": ("carried_certificates",),
            "auditor.site.calendar.view": ("calendar_of",),
            "auditor.site.archives.view": ("archives_of",),
            "auditor.site.connections": ("connections_of",),
            "auditor.site.charts": ("charts_of",),
            "auditor.site.contents": ("contents_of",),
            "auditor.site.copies": (
                "copies_in_archives",
                "copies_inside",
            ),
            "auditor.site.delivered_form": (
                "converted_layers",
                "unknown_deliveries",
                "without_predictions",
            ),
            "auditor.site.downloads": ("script_downloads",),
            "auditor.site.fetches": ("chart_fetches",),
            "auditor.site.images": ("Images", "faults_by_image"),
            "auditor.site.inside": (
                "AtSource",
                "InternalEvidence",
            ),
            "auditor.site.layers": (
                "foreign_layers",
                "layer_egress",
                "with_outside_urls",
            ),
            "auditor.site.list_platforms": ("list_platforms",),
            "auditor.site.mirrors": ("mirroring",),
            "auditor.site.pods.view": ("pod_downloads",),
            "auditor.site.present": ("is_present",),
            "auditor.site.pulls": ("pulls",),
            "auditor.site.registry_settings": (
                "registry_remote",
                "registry_slips",
            ),
            "auditor.site.script_lines": ("UnreadScript", "read_scripts"),
            "auditor.site.storage.view": ("Storage",),
            "auditor.site.survey": ("Survey",),
            "auditor.site.transfers": ("transfer_of",),
            "auditor.site.trust.callers": ("Callers",),
            "auditor.site.trust.cases": ("trust_cases",),
            "auditor.site.trust.picture": ("steps_of",),
            "auditor.site.trust.pools": ("Trusts",),
            "auditor.site.trust.served": ("endpoint_chains",),
        },
    )
