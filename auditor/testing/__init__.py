"""Test kit for check authors: build a site from a few lines of YAML, run one check on it, and assert the outcome.

    from auditor.testing import run_check, site_from
    from plant_rules.image_from_house import CHECK

    def test_image_of_unknown_registry() -> None:
        site = site_from('''
            plan: |
              version: 1
              pools: {linux: {platform: linux/amd64}}
              images: [{list: images.txt}]
            files: {images.txt: "ghcr.io/plant/line:2"}
        ''')
        (finding,) = run_check(CHECK, site).findings
        assert finding.subject.id == "ghcr.io/plant/line:2"

`read_examples` and `assert_example` do the same for a file of examples. The modules describe the form:

    sites.py            the keys of an example
    examples.py         the keys that declare the expected outcome
    image_forms.py      observed images: indexes, manifests, layers
    copy_forms.py       images on the internal registry and in archives
    signature_forms.py  signatures of these images
    chain_forms.py      certificates, TLS endpoints, downloads
    certificates.py     create certificates and CRLs in Python
    memory.py           evidence in memory, for tests that observe step by step

The kit needs only the dependencies of the auditor. It opens no connection and reads no file, except in `read_examples`.
"""

from auditor.testing.example_values import ExampleError
from auditor.testing.examples import TODAY, assert_example, read_examples, reported, run_check
from auditor.testing.image_forms import evidence_of
from auditor.testing.memory import MemoryEvidence
from auditor.testing.sites import plan_of, site_from, site_of

__all__ = [
    "TODAY",
    "ExampleError",
    "MemoryEvidence",
    "assert_example",
    "evidence_of",
    "plan_of",
    "read_examples",
    "reported",
    "run_check",
    "site_from",
    "site_of",
]
