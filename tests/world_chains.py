"""Certificates of the YAML form of tests/world.py: small authorities by name, made when the form is read.

`certificates` maps a name to

    subject: CN=…               default: the name itself
    issuer: NAME                one of the certificates above; default: it signs itself
    names: [host, …]            the names that a server's certificate covers; without them it is a CA
    starts: DATE, ends: DATE    default: 2026-01-01 to 2040-01-01
    aia: [URL, …]               where the issuer's certificate could be fetched

A file of the form whose content is a list of those names is a PEM file; `endpoints` maps `host:port` to
`serves: [NAME, …]`, leaf first, or to `failed: {kind: …, detail: …}`.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from auditor.evidence.model import ChainSeen, Failed, Kind, Observation
from tests.memory import AT, SOURCE, seen
from tests.pki.make_chains import CA, SERVER, Made, make

Form = Mapping[str, Any]
STARTS, ENDS = datetime.date(2026, 1, 1), datetime.date(2040, 1, 1)


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), datetime.UTC)


def certificates_of(forms: Mapping[str, Form]) -> dict[str, Made]:
    """The certificates by name, each signed by its issuer."""
    made: dict[str, Made] = {}
    for name, form in forms.items():
        shape = replace(SERVER, dns=tuple(form["names"])) if "names" in form else CA
        shape = replace(
            shape,
            start=_midnight(form.get("starts", STARTS)),
            end=_midnight(form.get("ends", ENDS)),
            aia=tuple(form.get("aia", ())),
        )
        issuer = made[form["issuer"]] if "issuer" in form else None
        made[name] = make(form.get("subject", name), issuer, shape)
    return made


def files_of(files: Mapping[str, str | list[str]], made: Mapping[str, Made]) -> dict[str, bytes]:
    """The files of a form: text, or the PEM of named certificates."""
    return {
        path: content.encode() if isinstance(content, str) else b"".join(made[name].pem for name in content)
        for path, content in files.items()
    }


def served_by(form: Form, made: Mapping[str, Made]) -> Observation[ChainSeen]:
    """What was observed of one endpoint."""
    match dict(form):
        case {"serves": names}:
            return seen(ChainSeen(tuple(made[name].certificate.der for name in names), "TLSv1.3"))
        case {"failed": {"kind": kind, "detail": detail}}:
            return Failed(Kind(kind), detail, AT, SOURCE)
    raise AssertionError(f"{sorted(form)} is no observation of an endpoint")
