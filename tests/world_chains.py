"""Certificates of the YAML form of tests/world.py: small authorities by name, made when the form is read.

`certificates` maps a name to

    subject: CN=…               default: the name itself
    issuer: NAME                one of the certificates above; default: it signs itself
    names: [host, …]            the names that a server's certificate covers; without them it is a CA
    starts: DATE, ends: DATE    default: 2026-01-01 to 2040-01-01
    aia: [URL, …]               where the issuer's certificate could be fetched
    crl: [URL, …]               where its CRL lies
    key: ec | rsa | rsa1024 | ed25519
    public: NAME                instead of all that: the root of that name in Microsoft's or Mozilla's programme

A file of the form whose content is a list of those names is a PEM file; one with `stores: {Root: [NAME, …], …}` is the dump of
a Windows machine, with `updates: {DisableRootAutoUpdate: 1, …}` for its registry. `endpoints` maps `host:port` to
`serves: [NAME, …]`, leaf first, or to `failed: {kind: …, detail: …}`; `offers: [TLSv1.2, …]` are its versions of TLS. `fetched`
maps a URL to `crl: NAME` (of that CA), with `until: DATE` and `revokes: [NAME, …]`, to `der: NAME`, a certificate, or to
`failed` or `absent: DETAIL`.
"""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from auditor.evidence.model import Absent, ChainSeen, Failed, Fetched, Kind, Observation, TlsOffered
from auditor.pki.stores.dump import FORMAT
from auditor.pki.stores.windows_roots import public_by_sha1
from tests.memory import AT, SOURCE, seen
from tests.pki.make_chains import CA, SERVER, Made, key, make, make_crl

Form = Mapping[str, Any]
STARTS, ENDS = datetime.date(2026, 1, 1), datetime.date(2040, 1, 1)


def _midnight(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), datetime.UTC)


def certificates_of(forms: Mapping[str, Form]) -> dict[str, Made]:
    """The certificates by name, each signed by its issuer."""
    made: dict[str, Made] = {}
    for name, form in forms.items():
        if "public" in form:
            made[name] = _public(form["public"])
            continue
        shape = replace(SERVER, dns=tuple(form["names"])) if "names" in form else CA
        shape = replace(
            shape,
            start=_midnight(form.get("starts", STARTS)),
            end=_midnight(form.get("ends", ENDS)),
            aia=tuple(form.get("aia", ())),
            crl=tuple(form.get("crl", ())),
            key_kind=form.get("key", "ec"),
        )
        issuer = made[form["issuer"]] if "issuer" in form else None
        made[name] = make(form.get("subject", name), issuer, shape)
    return made


def _public(name: str) -> Made:
    """A root of a public programme, whose key nobody has here."""
    found = next(anchor for anchor in public_by_sha1().values() if anchor.name == name)
    return Made(found, key("nobody"), name)


def files_of(files: Mapping[str, str | list[str] | Form], made: Mapping[str, Made]) -> dict[str, bytes]:
    """The files of a form: text, the PEM of named certificates, or the dump of a machine that has them."""
    return {path: _file(content, made) for path, content in files.items()}


def _file(content: str | list[str] | Form, made: Mapping[str, Made]) -> bytes:
    if isinstance(content, str):
        return content.encode()
    if isinstance(content, list):
        return b"".join(made[name].pem for name in content)
    return dump_of(
        {store: [made[name] for name in names] for store, names in content["stores"].items()}, content.get("updates")
    )


def dump_of(stores: Mapping[str, Iterable[Made]], updates: Form | None = None) -> bytes:
    """What windows-trust.ps1 writes on a machine with these stores."""
    written = {name: [base64.b64encode(one.certificate.der).decode() for one in each] for name, each in stores.items()}
    document = {"format": FORMAT, "computer": "WIN-1", "stores": written, "root_updates": updates}
    return json.dumps(document).encode()


def fetched_from(form: Form, made: Mapping[str, Made]) -> Observation[Fetched]:
    """What lay at a URL that a certificate names."""
    match dict(form):
        case {"crl": name, **rest}:
            until = _midnight(rest.get("until", ENDS))
            revoked = tuple(made[one].certificate for one in rest.get("revokes", ()))
            return seen(Fetched(make_crl(made[name], until, revoked)))
        case {"der": name}:
            return seen(Fetched(made[name].certificate.der))
        case {"failed": {"kind": kind, "detail": detail}}:
            return Failed(Kind(kind), detail, AT, SOURCE)
        case {"absent": detail}:
            return Absent(detail, AT, SOURCE)
    raise AssertionError(f"{sorted(form)} is nothing that lies at a URL")


def offered_by(form: Form) -> Observation[TlsOffered]:
    """The versions of TLS that an endpoint offers, oldest first."""
    return seen(TlsOffered(tuple(form["offers"]), ()))


def served_by(form: Form, made: Mapping[str, Made]) -> Observation[ChainSeen]:
    """What was observed of one endpoint."""
    match dict(form):
        case {"serves": names}:
            return seen(ChainSeen(tuple(made[name].certificate.der for name in names), (form.get("offers") or ["TLSv1.3"])[-1]))
        case {"failed": {"kind": kind, "detail": detail}}:
            return Failed(Kind(kind), detail, AT, SOURCE)
    raise AssertionError(f"{sorted(form)} is no observation of an endpoint")
