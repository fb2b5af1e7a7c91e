"""Build a site from an example: the text of a plan, the files that it names, and what was observed.

An example is a mapping with these keys. Only `plan` is required.

    plan: TEXT                  the plan, as in plan.yaml
    files: {PATH: CONTENT}      the files that the plan names: text, or certificates (see `auditor.testing.chain_forms`)
    observed: {REFERENCE: …}    images at their source (see `auditor.testing.image_forms`)
    target: {REFERENCE: …}      images on the internal registry (see `auditor.testing.copy_forms`)
    signatures: {REFERENCE: …}  signatures of these images (see `auditor.testing.signature_forms`)
    archives: {PATH: …}         archives and their content (see `auditor.testing.copy_forms`)
    certificates: {NAME: …}     certificates to create (see `auditor.testing.chain_forms`)
    endpoints: {HOST:PORT: …}   what TLS endpoints serve (see `auditor.testing.chain_forms`)
    fetched: {URL: …}           downloaded CRLs and issuer certificates (see `auditor.testing.chain_forms`)

`target` and `archives` say that these places were examined, even if they are empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from auditor.evidence.model import Place
from auditor.needs.resolve import resolve_needs
from auditor.plan.load import load_plan_files
from auditor.plan.model import Plan
from auditor.site import Site
from auditor.testing.chain_forms import certificates_of, fetched_from, files_of, offered_by, served_by
from auditor.testing.copy_forms import put_archives, put_target
from auditor.testing.example_values import ExampleError, form_of
from auditor.testing.image_forms import evidence_of
from auditor.testing.signature_forms import put_signatures

PLAN = "plan.yaml"
SITE_KEYS = frozenset({"plan", "files", "observed", "target", "signatures", "archives", "certificates", "endpoints", "fetched"})
# Keys that `auditor.testing.examples` reads.
OUTCOME_KEYS = frozenset({"name", "outcome", "today", "expect", "count", "severity", "kind"})


def plan_of(text: str, files: Mapping[str, bytes] | None = None) -> Plan:
    """Return the plan with this text. `files` holds the files that it names, by path relative to the plan.

    Raises PlanError if the plan or a file is invalid.
    """
    return load_plan_files(PLAN, {PLAN: text.encode(), **(files or {})})


def site_of(example: Mapping[str, Any]) -> Site:
    """Return the site of an example. The keys of the expected outcome may be present.

    Raises PlanError if the plan is invalid, and ExampleError if a key is unknown or an observation is invalid.
    """
    form_of("the example", example, SITE_KEYS | OUTCOME_KEYS, ["plan"])
    made = certificates_of(example.get("certificates", {}))
    plan = plan_of(example["plan"], files_of(example.get("files", {}), made))
    evidence = evidence_of(example.get("observed", {}))
    for endpoint, observed in example.get("endpoints", {}).items():
        evidence.chains[endpoint] = served_by(observed, made)
        if "offers" in observed:
            evidence.offers[endpoint] = offered_by(observed)
    for url, found in example.get("fetched", {}).items():
        evidence.fetches[url] = fetched_from(found, made)
    put_target(evidence, example.get("target", {}))
    put_signatures(evidence, example.get("signatures", {}))
    put_archives(evidence, example.get("archives", {}))
    return Site(plan, resolve_needs(plan), evidence, places_of(example))


def places_of(example: Mapping[str, Any]) -> frozenset[Place]:
    """Return the places that were examined: the sources if `observed` is given or no other place is."""
    copies = {Place.TARGET} if "target" in example else set()
    copies |= {Place.ARCHIVES} if "archives" in example else set()
    return frozenset(copies | {Place.SOURCE} if "observed" in example or not copies else copies)


def site_from(text: str) -> Site:
    """Return the site of an example in YAML. Raises as `site_of`, and ExampleError if the text is not a YAML mapping."""
    try:
        example = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ExampleError(f"the example is not YAML: {' '.join(str(error).split())}", "Fix the syntax.") from error
    if not isinstance(example, dict):
        raise ExampleError("the example is not a mapping", "Write `plan: |` and what was observed.")
    return site_of(example)
