"""The functions that build the views of a site. Modules are imported on first use, because few plans need all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.lazy import names_in

if TYPE_CHECKING:
    from auditor.needs.endpoints import tls_endpoints as tls_endpoints
    from auditor.plan.reach import reach_of as reach_of
    from auditor.readers.docker_daemon import copy_slips as copy_slips
    from auditor.readers.node_config import node_configs as node_configs
    from auditor.readers.node_logins import node_logins as node_logins
    from auditor.readers.scripts import copy_scripts as copy_scripts
    from auditor.readers.workloads.deployed_certificates import carried_certificates as carried_certificates
    from auditor.readers.workloads.pulling import pull_objects as pull_objects
    from auditor.readers.workloads.registry_clients import registry_uses as registry_uses
    from auditor.readers.workloads.served_hosts import served_hosts as served_hosts
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
    from auditor.site.faults import faults_by_image as faults_by_image
    from auditor.site.fetches import chart_fetches as chart_fetches
    from auditor.site.images import Images as Images
    from auditor.site.inside import AtSource as AtSource
    from auditor.site.inside import InternalEvidence as InternalEvidence
    from auditor.site.layers import foreign_layers as foreign_layers
    from auditor.site.layers import layer_egress as layer_egress
    from auditor.site.layers import with_outside_urls as with_outside_urls
    from auditor.site.list_platforms import list_platforms as list_platforms
    from auditor.site.mirrors import mirroring as mirroring
    from auditor.site.pods.record import pod_downloads as pod_downloads
    from auditor.site.pods.record import with_record as with_record
    from auditor.site.preloads import Preloads as Preloads
    from auditor.site.present import is_present as is_present
    from auditor.site.pull_access import PullAccesses as PullAccesses
    from auditor.site.pulls import pulls as pulls
    from auditor.site.registry_cases import RegistryCases as RegistryCases
    from auditor.site.registry_login import login_sign as login_sign
    from auditor.site.registry_settings import registry_remote as registry_remote
    from auditor.site.registry_settings import registry_slips as registry_slips
    from auditor.site.script_lines import UnreadScript as UnreadScript
    from auditor.site.script_lines import read_scripts as read_scripts
    from auditor.site.signature_cases import signatures_of as signatures_of
    from auditor.site.storage.view import Storage as Storage
    from auditor.site.survey import Survey as Survey
    from auditor.site.transfers import transfer_of as transfer_of
    from auditor.site.trust.callers import Callers as Callers
    from auditor.site.trust.cases import trust_cases as trust_cases
    from auditor.site.trust.picture import confidence_of as confidence_of
    from auditor.site.trust.picture import steps_of as steps_of
    from auditor.site.trust.pools import Trusts as Trusts
    from auditor.site.trust.reasons import reason_of as reason_of
    from auditor.site.trust.served import endpoint_chains as endpoint_chains
    from auditor.site.trust.unused_files import unused_files as unused_files
else:
    __getattr__ = names_in(
        __name__,
        {
            "auditor.needs.endpoints": ("tls_endpoints",),
            "auditor.plan.reach": ("reach_of",),
            "auditor.readers.docker_daemon": ("copy_slips",),
            "auditor.readers.node_config": ("node_configs",),
            "auditor.readers.node_logins": ("node_logins",),
            "auditor.readers.scripts": ("copy_scripts",),
            "auditor.readers.workloads.deployed_certificates": ("carried_certificates",),
            "auditor.readers.workloads.pulling": ("pull_objects",),
            "auditor.readers.workloads.registry_clients": ("registry_uses",),
            "auditor.readers.workloads.served_hosts": ("served_hosts",),
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
            "auditor.site.faults": ("faults_by_image",),
            "auditor.site.fetches": ("chart_fetches",),
            "auditor.site.images": ("Images",),
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
            "auditor.site.preloads": ("Preloads",),
            "auditor.site.pods.record": ("pod_downloads", "with_record"),
            "auditor.site.present": ("is_present",),
            "auditor.site.pull_access": ("PullAccesses",),
            "auditor.site.pulls": ("pulls",),
            "auditor.site.registry_login": ("login_sign",),
            "auditor.site.registry_cases": ("RegistryCases",),
            "auditor.site.registry_settings": (
                "registry_remote",
                "registry_slips",
            ),
            "auditor.site.script_lines": ("UnreadScript", "read_scripts"),
            "auditor.site.signature_cases": ("signatures_of",),
            "auditor.site.storage.view": ("Storage",),
            "auditor.site.survey": ("Survey",),
            "auditor.site.transfers": ("transfer_of",),
            "auditor.site.trust.callers": ("Callers",),
            "auditor.site.trust.cases": ("trust_cases",),
            "auditor.site.trust.picture": ("confidence_of", "steps_of"),
            "auditor.site.trust.pools": ("Trusts",),
            "auditor.site.trust.reasons": ("reason_of",),
            "auditor.site.trust.served": ("endpoint_chains",),
            "auditor.site.trust.unused_files": ("unused_files",),
        },
    )
