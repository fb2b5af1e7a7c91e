"""`revocation-missing` names every certificate without a CRL, in its message and in its remedy."""

from __future__ import annotations

import yaml

from auditor.check import Finding
from auditor.testing import TODAY, site_of
from checks.trust import revocation_missing


def test_two_certificates_without_a_crl_are_both_named() -> None:
    pool = {"platform": "windows/amd64:ltsc2022", "trust": ["root.pem"], "clients": ["curl"]}
    endpoint = {"host": "web.plant7.local:443", "clients": ["curl"]}
    site = site_of(
        {
            "plan": yaml.safe_dump({"version": 1, "pools": {"win": pool}, "endpoints": [endpoint]}),
            "certificates": {"Root": {}, "Sub": {"issuer": "Root"}, "web": {"issuer": "Sub", "names": ["web.plant7.local"]}},
            "files": {"root.pem": ["Root"]},
            "endpoints": {"web.plant7.local:443": {"serves": ["web", "Sub"]}},
        }
    )
    (finding,) = [one for one in revocation_missing.run(site, TODAY) if isinstance(one, Finding)]
    assert finding.message.startswith("web and Sub of web.plant7.local:443 name no CRL and no OCSP responder.")
    assert finding.remedies[0].text.startswith("Reissue web and Sub with ")
