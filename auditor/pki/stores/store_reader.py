"""Read a trust store from bytes of unknown format: certificates, a serialized store, or a Windows dump."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.pki.certificate import Certificate, UnreadableCertificate, parse_certificate
from auditor.pki.loading import MAX_CERTIFICATES, load_certificates, without_utf16
from auditor.pki.stores.dump import Dump, looks_like_json, read_dump
from auditor.pki.stores.serialized import CERTIFICATE, is_serialized_store, records
from auditor.pki.stores.trust_list import NotATrustList, TrustList, is_trust_list, read_trust_list
from auditor.pki.stores.windows_roots import public_by_sha1

MAX_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class StoreRead:
    """The content of a trust store file: certificates to trust, the `dump` of a whole machine, or a list; and the problems.

    `trust_list` is authroot.stl or disallowedcert.stl. It names roots but does not contain them.
    """

    certificates: tuple[Certificate, ...] = ()
    dump: Dump | None = None
    problems: tuple[str, ...] = ()
    trust_list: TrustList | None = None


def read_store(data: bytes) -> StoreRead:
    """Read PEM, DER, PKCS#7, `.sst` or a Windows JSON dump. Never raises; one bad certificate does not affect others."""
    data = without_utf16(data)
    if is_serialized_store(data):
        return _serialized(data)
    if looks_like_json(data):
        dump = read_dump(data, public_by_sha1())
        return StoreRead(dump=dump, problems=dump.problems)
    if is_trust_list(data):
        try:
            found = read_trust_list(data)
        except NotATrustList as error:
            return StoreRead(problems=(str(error),))
        return StoreRead(problems=found.problems, trust_list=found)
    loaded = load_certificates(data)
    return StoreRead(loaded.certificates, problems=loaded.problems)


def _serialized(data: bytes) -> StoreRead:
    certificates: dict[Certificate, None] = {}
    problems: list[str] = []
    for number, record in enumerate(records(data), start=1):
        if len(certificates) >= MAX_CERTIFICATES or len(problems) >= MAX_PROBLEMS:
            problems.append("it holds more elements than the limit; the rest was not read")
            break
        if isinstance(record, str):
            problems.append(record)
        elif record.kind == CERTIFICATE:
            try:
                certificates[parse_certificate(record.data)] = None
            except UnreadableCertificate as error:
                problems.append(f"element {number}: {error}")
    if not certificates and not problems:
        problems.append("it contains no certificate")
    return StoreRead(tuple(certificates), problems=tuple(problems))
