"""The option `--ca`: a CA for the registries of image lists. A plan names its CAs itself."""

from __future__ import annotations

from pathlib import Path

from auditor.errors import UsageError, strerror
from auditor.plan.model import PLAN_OF_LISTS, Plan

MAX_BYTES = 16 * 1024 * 1024


def ca_for(plan: Plan, path: Path | None) -> bytes:
    """Return the certificates of `--ca` as concatenated DER, or nothing without the option.

    Raises UsageError for a plan of the user.
    """
    if path is None:
        return b""
    if plan.path != PLAN_OF_LISTS:
        hint = f"Write `sources: {{HOST: {{ca: {path}}}}}` into the plan, or `ca` under `registry`."
        raise UsageError("--ca is for image lists: a plan names the CA of each registry", hint)
    return read_ca(path)


def refuse_ca(path: Path | None) -> None:
    """Raise UsageError if `--ca` is given for a run that connects to no host."""
    if path is not None:
        raise UsageError("--ca: this run connects to no host, so the option has no effect", "Leave `--ca` out.")


def read_ca(path: Path) -> bytes:
    """Return the certificates in a file (PEM, DER or PKCS#7) as concatenated DER. Raises UsageError if it has none."""
    hint = "Name a file with the CA's certificate in PEM or DER."
    try:
        if path.exists() and not path.is_file():  # opening a named pipe would block until something writes to it
            raise UsageError(f"--ca {path}: it is not a regular file", hint)
        with path.open("rb") as file:
            body = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"--ca {path}: {strerror(error)}", hint) from error
    from auditor.pki.loading import load_certificates  # noqa: PLC0415 - it imports the parser of certificates

    found = load_certificates(body).certificates if len(body) <= MAX_BYTES else ()
    if not found:
        raise UsageError(f"--ca {path}: it holds no certificate that can be read", hint)
    return b"".join(certificate.der for certificate in found)
