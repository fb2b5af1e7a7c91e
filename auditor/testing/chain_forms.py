"""Certificates and TLS endpoints of an example. The certificates are created when the example is read.

`certificates` maps a name to

    subject: TEXT               common name; default: the name itself
    issuer: NAME                one of the certificates above; default: self-signed
    names: [HOST, …]            DNS names of a server certificate; without them it is a CA
    starts: DATE, ends: DATE    default: 2026-01-01 to 2040-01-01
    aia: [URL, …]               where clients can download the issuer's certificate
    crl: [URL, …]               where clients can download its CRL
    key: ec | rsa | rsa1024 | ed25519
    ekus: [OID, …]              its extended key usages; default: those of a server, none for a CA
    public: NAME                instead of all keys above: the root of this name in Microsoft's or Mozilla's program

A file of the example whose content is a list of these names is a PEM file. One with `stores: {Root: [NAME, …], …}` is the dump
of a Windows machine, with `updates: {DisableRootAutoUpdate: 1, …}` for its registry. `der: NAME` is one certificate as DER.

`endpoints` maps `host:port` to one of

    serves: [NAME, …]                     the chain, leaf first
    failed: {kind: KIND, detail: TEXT}    no TLS connection

and, as a second key, `offers: [TLSv1.2, …]`: the TLS versions of the endpoint, oldest first. With `offers`, a third key
`handshakes` states what it accepts and asks for: `old_suites`, `new_suites`, `old_groups` and `new_groups` (IANA's names),
`client_auth: none|optional|asked|required`, `authorities: [NAME, …]`, and `refusal: TEXT`.

`fetched` maps a URL to one of

    crl: NAME                             a CRL of this CA, with `until: DATE` and `revokes: [NAME, …]`
    der: NAME                             a certificate
    failed: {kind: KIND, detail: TEXT}
    absent: TEXT
"""

from __future__ import annotations

import base64
import datetime
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace

import msgspec
from cryptography import x509

from auditor.evidence.model import Absent, ChainSeen, Failed, Fetched, Handshakes, Observation, TlsOffered
from auditor.pki.stores.dump import FORMAT
from auditor.pki.stores.windows_roots import public_by_sha1
from auditor.testing.certificates import CA, SERVER, Made, key, make, make_crl
from auditor.testing.example_values import ExampleError, Form, day, form_of, invalid, kind_of
from auditor.testing.memory import AT, SOURCE, seen

_CERTIFICATE_KEYS = ("subject", "issuer", "names", "starts", "ends", "aia", "crl", "key", "public", "ekus")
_KEY_KINDS = ("ec", "rsa", "rsa1024", "ed25519")
STARTS, ENDS = datetime.date(2026, 1, 1), datetime.date(2040, 1, 1)


def _midnight(date: str | datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day(date), datetime.time(), datetime.UTC)


def certificates_of(forms: Mapping[str, Form]) -> dict[str, Made]:
    """Return the certificates by name, each signed by its issuer.

    Raises ExampleError if an issuer does not stand above, a public root is unknown or the kind of key is.
    """
    made: dict[str, Made] = {}
    for name, form in forms.items():
        form_of(f"the certificate {name}", form, _CERTIFICATE_KEYS)
        if "public" in form:
            made[name] = _public(form["public"])
            continue
        if (kind := form.get("key", "ec")) not in _KEY_KINDS:
            raise invalid(f"`key` of the certificate {name}", kind, _KEY_KINDS)
        shape = replace(SERVER, dns=tuple(form["names"])) if "names" in form else CA
        shape = replace(
            shape,
            start=_midnight(form.get("starts", STARTS)),
            end=_midnight(form.get("ends", ENDS)),
            aia=tuple(form.get("aia", ())),
            crl=tuple(form.get("crl", ())),
            key_kind=kind,
            ekus=tuple(map(x509.ObjectIdentifier, form["ekus"])) if "ekus" in form else shape.ekus,
        )
        issuer = _named(form["issuer"], made) if "issuer" in form else None
        made[name] = make(form.get("subject", name), issuer, shape)
    return made


def _public(name: str) -> Made:
    """Return a root of a public program. Its key is not its own, so it cannot sign."""
    found = next((anchor for anchor in public_by_sha1().values() if anchor.name == name), None)
    if found is None:
        raise ExampleError(f"no public root is called {name!r}", "Use the common name of a root.")
    return Made(found, key("unknown"), name)


def _named(name: str, made: Mapping[str, Made]) -> Made:
    if name not in made:
        raise ExampleError(f"no certificate above is called {name!r}", "Add it to `certificates`, issuers first.")
    return made[name]


def files_of(files: Mapping[str, str | list[str] | Form], made: Mapping[str, Made]) -> dict[str, bytes]:
    """Return the files of an example as bytes: text, the PEM of named certificates, or the dump of a Windows machine."""
    return {path: _file(content, made) for path, content in files.items()}


def _file(content: str | list[str] | Form, made: Mapping[str, Made]) -> bytes:
    if isinstance(content, str):
        return content.encode()
    if isinstance(content, list):
        return b"".join(_named(name, made).pem for name in content)
    if "der" in content:
        form_of("a file", content, ("der",), ["der"])
        return _named(content["der"], made).certificate.der
    form_of("a file", content, ("stores", "updates"), ["stores"])
    return dump_of(
        {store: [_named(name, made) for name in names] for store, names in content["stores"].items()}, content.get("updates")
    )


def dump_of(stores: Mapping[str, Iterable[Made]], updates: Form | None = None) -> bytes:
    """Return what windows-trust.ps1 writes on a machine with these stores: JSON, UTF-8."""
    written = {name: [base64.b64encode(one.certificate.der).decode() for one in each] for name, each in stores.items()}
    document = {"format": FORMAT, "computer": "WIN-1", "stores": written, "root_updates": updates}
    return json.dumps(document).encode()


def fetched_from(form: Form, made: Mapping[str, Made]) -> Observation[Fetched]:
    """Return the observation of one URL. Raises ExampleError if `form` is not valid."""
    match dict(form):
        case {"crl": name, **rest}:
            until = _midnight(rest.get("until", ENDS))
            revoked = tuple(_named(one, made).certificate for one in rest.get("revokes", ()))
            return seen(Fetched(make_crl(_named(name, made), until, revoked)))
        case {"der": name}:
            return seen(Fetched(_named(name, made).certificate.der))
        case {"failed": {"kind": kind, "detail": detail}}:
            return Failed(kind_of(kind), detail, AT, SOURCE)
        case {"absent": detail}:
            return Absent(detail, AT, SOURCE)
    raise invalid("a download", sorted(form), ("crl", "der", "failed", "absent"))


def offered_by(form: Form) -> Observation[TlsOffered]:
    """Return the TLS versions of an endpoint, oldest first."""
    details = form.get("handshakes")
    return seen(TlsOffered(tuple(form["offers"]), (), _handshakes(details) if details is not None else None))


def _handshakes(form: Form) -> Handshakes:
    """Return what an endpoint accepts in handshakes; every list is complete."""
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in form.items()}
    complete = {f"all_{name}": True for name in ("old_suites", "new_suites", "old_groups", "new_groups")}
    try:
        return msgspec.convert({**complete, "client_auth": "none", "staple_known": True, **given}, Handshakes)
    except msgspec.ValidationError as error:
        raise ExampleError(f"handshakes: {error}", "Use the keys of docs/testing.md.") from error


def served_by(form: Form, made: Mapping[str, Made]) -> Observation[ChainSeen]:
    """Return the observation of one endpoint. Raises ExampleError if `form` is not valid."""
    match dict(form):
        case {"serves": names}:
            chain = tuple(_named(name, made).certificate.der for name in names)
            return seen(ChainSeen(chain, (form.get("offers") or ["TLSv1.3"])[-1]))
        case {"failed": {"kind": kind, "detail": detail}}:
            return Failed(kind_of(kind), detail, AT, SOURCE)
    raise invalid("an observation of an endpoint", sorted(form), ("serves", "failed"))
