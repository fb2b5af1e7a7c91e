"""The extensions of a certificate that affect verification, as plain values.

`cryptography` parses all extensions or none. If it fails, names and dates remain usable, and `Extensions.defect` gives the
reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID

from auditor.text import printable

MAX_URLS = 20
MAX_URL = 2048
# What may be critical. RFC 5280 forbids it for key identifiers and AIA; Go and OpenSSL reject certificates with such ones.
UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.NAME_CONSTRAINTS,
        ExtensionOID.CERTIFICATE_POLICIES,
        ExtensionOID.POLICY_CONSTRAINTS,
        ExtensionOID.INHIBIT_ANY_POLICY,
        ExtensionOID.POLICY_MAPPINGS,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
    }
)
_KNOWN_TO_GO = (x509.DNSName, x509.IPAddress, x509.RFC822Name, x509.UniformResourceIdentifier)
_COMPARED = (*_KNOWN_TO_GO, x509.DirectoryName)


@dataclass(frozen=True, slots=True)
class Extensions:
    """What a certificate states besides names, dates and key. None means that the extension is absent.

    `ekus` and `unknown_critical` are dotted OIDs, `ski` and `aki` lower-case hex. `permitted` and `excluded` are the name
    constraints as (`dns` or `ip`, value); an address range is a CIDR. `permitted_names` and `excluded_names` constrain
    directory names. `serves_tls` is whether the key usage allows a TLS server: digital signature, key encipherment or key
    agreement; `signs_data` is whether it allows digital signatures. `other_names` are the types of alternative names that no
    client compares. `odd_constraints` are the name types in critical name constraints that Go does not support. `must_staple`:
    the server must staple an OCSP response (RFC 7633).
    """

    dns_names: tuple[str, ...] = ()
    ip_addresses: tuple[str, ...] = ()
    is_ca: bool | None = None
    path_length: int | None = None
    critical_constraints: bool = False
    critical_san: bool = False
    name_count: int = 0
    constraint_count: int = 0
    signs_certificates: bool | None = None
    signs_crls: bool | None = None
    serves_tls: bool | None = None
    signs_data: bool | None = None
    other_names: tuple[str, ...] = ()
    ekus: tuple[str, ...] | None = None
    ski: str = ""
    aki: str = ""
    aia_issuers: tuple[str, ...] = ()
    ocsp: tuple[str, ...] = ()
    crl_urls: tuple[str, ...] = ()
    permitted: tuple[tuple[str, str], ...] = ()
    excluded: tuple[tuple[str, str], ...] = ()
    permitted_names: tuple[x509.Name, ...] = ()
    excluded_names: tuple[x509.Name, ...] = ()
    odd_constraints: tuple[str, ...] = ()
    unknown_critical: tuple[str, ...] = ()
    must_staple: bool = False
    defect: str = ""


class _Reader:
    def __init__(self, extensions: x509.Extensions) -> None:
        self._by_oid = {extension.oid: extension for extension in extensions}

    def value(self, oid: x509.ObjectIdentifier) -> x509.ExtensionType | None:
        extension = self._by_oid.get(oid)
        return extension.value if extension is not None else None

    def read(self) -> Extensions:
        san = self.value(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
        constraints = self.value(ExtensionOID.BASIC_CONSTRAINTS)
        usage = self.value(ExtensionOID.KEY_USAGE)
        eku = self.value(ExtensionOID.EXTENDED_KEY_USAGE)
        ski = self.value(ExtensionOID.SUBJECT_KEY_IDENTIFIER)
        aki = self.value(ExtensionOID.AUTHORITY_KEY_IDENTIFIER)
        names = self.value(ExtensionOID.NAME_CONSTRAINTS)
        alternatives = san if isinstance(san, x509.SubjectAlternativeName) else x509.SubjectAlternativeName([])
        limits = names if isinstance(names, x509.NameConstraints) else None
        return Extensions(
            dns_names=tuple(printable(name) for name in alternatives.get_values_for_type(x509.DNSName)),
            ip_addresses=tuple(str(address) for address in alternatives.get_values_for_type(x509.IPAddress)),
            is_ca=constraints.ca if isinstance(constraints, x509.BasicConstraints) else None,
            critical_san=self._is_critical(ExtensionOID.SUBJECT_ALTERNATIVE_NAME),
            name_count=sum(1 for _ in alternatives),
            constraint_count=len(limits.permitted_subtrees or ()) + len(limits.excluded_subtrees or ()) if limits else 0,
            critical_constraints=self._is_critical(ExtensionOID.BASIC_CONSTRAINTS),
            path_length=constraints.path_length if isinstance(constraints, x509.BasicConstraints) else None,
            signs_certificates=usage.key_cert_sign if isinstance(usage, x509.KeyUsage) else None,
            signs_crls=usage.crl_sign if isinstance(usage, x509.KeyUsage) else None,
            serves_tls=(usage.digital_signature or usage.key_encipherment or usage.key_agreement)
            if isinstance(usage, x509.KeyUsage)
            else None,
            signs_data=usage.digital_signature if isinstance(usage, x509.KeyUsage) else None,
            other_names=tuple(dict.fromkeys(type(name).__name__ for name in alternatives if not isinstance(name, _COMPARED))),
            ekus=tuple(oid.dotted_string for oid in eku) if isinstance(eku, x509.ExtendedKeyUsage) else None,
            ski=ski.digest.hex() if isinstance(ski, x509.SubjectKeyIdentifier) else "",
            aki=(aki.key_identifier or b"").hex() if isinstance(aki, x509.AuthorityKeyIdentifier) else "",
            aia_issuers=self._access(AuthorityInformationAccessOID.CA_ISSUERS),
            ocsp=self._access(AuthorityInformationAccessOID.OCSP),
            crl_urls=self._crl_urls(),
            permitted=tuple(_subtrees(limits.permitted_subtrees)) if limits else (),
            excluded=tuple(_subtrees(limits.excluded_subtrees)) if limits else (),
            permitted_names=tuple(_directories(limits.permitted_subtrees)) if limits else (),
            excluded_names=tuple(_directories(limits.excluded_subtrees)) if limits else (),
            odd_constraints=self._odd_constraints(),
            unknown_critical=tuple(
                oid.dotted_string for oid, extension in self._by_oid.items() if extension.critical and oid not in UNDERSTOOD
            ),
            must_staple=self._must_staple(),
        )

    def _must_staple(self) -> bool:
        feature = self.value(ExtensionOID.TLS_FEATURE)
        return isinstance(feature, x509.TLSFeature) and x509.TLSFeatureType.status_request in feature

    def _is_critical(self, oid: x509.ObjectIdentifier) -> bool:
        extension = self._by_oid.get(oid)
        return extension is not None and extension.critical

    def _odd_constraints(self) -> tuple[str, ...]:
        extension = self._by_oid.get(ExtensionOID.NAME_CONSTRAINTS)
        if extension is None or not extension.critical or not isinstance(extension.value, x509.NameConstraints):
            return ()
        names = (*(extension.value.permitted_subtrees or ()), *(extension.value.excluded_subtrees or ()))
        return tuple(dict.fromkeys(type(name).__name__ for name in names if not isinstance(name, _KNOWN_TO_GO)))

    def _access(self, method: x509.ObjectIdentifier) -> tuple[str, ...]:
        access = self.value(ExtensionOID.AUTHORITY_INFORMATION_ACCESS)
        if not isinstance(access, x509.AuthorityInformationAccess):
            return ()
        return _urls(entry.access_location for entry in access if entry.access_method == method)

    def _crl_urls(self) -> tuple[str, ...]:
        points = self.value(ExtensionOID.CRL_DISTRIBUTION_POINTS)
        if not isinstance(points, x509.CRLDistributionPoints):
            return ()
        return _urls(name for point in points for name in point.full_name or ())


def _urls(names: Iterator[x509.GeneralName]) -> tuple[str, ...]:
    found = (printable(name.value) for name in names if isinstance(name, x509.UniformResourceIdentifier))
    return tuple(dict.fromkeys(url[:MAX_URL] for url in found))[:MAX_URLS]


def _subtrees(names: list[x509.GeneralName] | None) -> Iterator[tuple[str, str]]:
    for name in names or ():
        if isinstance(name, x509.DNSName):
            yield "dns", printable(name.value).lower()
        elif isinstance(name, x509.IPAddress):
            yield "ip", str(name.value)


def _directories(names: list[x509.GeneralName] | None) -> Iterator[x509.Name]:
    return (name.value for name in names or () if isinstance(name, x509.DirectoryName))


def read_extensions(parsed: x509.Certificate) -> Extensions:
    """Return the extensions of a parsed certificate; only `defect` is set if they cannot be parsed."""
    try:
        return _Reader(parsed.extensions).read()
    except Exception as error:  # noqa: BLE001 - the library raises TypeError and others for odd name constraints
        return Extensions(defect=_plain(error))


def _plain(error: Exception) -> str:
    """Return the library's reason without the internals of its parser."""
    said = printable(str(error), 200)
    if "ParseError" in said:
        return "an extension is not encoded as RFC 5280 requires"
    return said or "an extension has an invalid value"
