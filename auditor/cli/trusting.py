"""The option `--ca`: a CA for the registries of image lists, which have no plan to name one."""

from __future__ import annotations

from pathlib import Path

from auditor.errors import UsageError, strerror
from auditor.pki.loading import load_certificates
from auditor.plan.model import PLAN_OF_LISTS, Plan

MAX_BYTES = 16 * 1024 * 1024


def ca_for(plan: Plan, path: Path | None, *, asks: bool) -> bytes:
    """The certificates of `--ca` for a plan of lists, DER; empty without the option. `asks`: whether any host is asked.

    Raises UsageError for a plan of the user, which names CAs itself, and where no host is asked.
    """
    if path is None:
        return b""
    if not asks:
        raise UsageError("--ca: no host is asked, so there is nothing to trust", "Leave `--ca` out.")
    if plan.path != PLAN_OF_LISTS:
        hint = f"Write `sources: {{HOST: {{ca: {path}}}}}` into the plan, or `ca` under `registry`."
        raise UsageError("--ca is for image lists: a plan names the CA of each registry", hint)
    return read_ca(path)


def read_ca(path: Path) -> bytes:
    """The certificates in a file (PEM, DER or PKCS#7), DER one behind the other. Raises UsageError if there are none."""
    hint = "Name a file with the CA's certificate in PEM or DER."
    try:
        if path.exists() and not path.is_file():  # opening a named pipe would wait for a writer
            raise UsageError(f"--ca {path}: it is no regular file", hint)
        with path.open("rb") as file:
            body = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"--ca {path}: {strerror(error)}", hint) from error
    found = load_certificates(body).certificates if len(body) <= MAX_BYTES else ()
    if not found:
        raise UsageError(f"--ca {path}: it holds no certificate that can be read", hint)
    return b"".join(certificate.der for certificate in found)
