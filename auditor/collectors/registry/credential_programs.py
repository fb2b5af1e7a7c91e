"""Docker credential helpers: programs named `docker-credential-NAME` that print a login as JSON."""

from __future__ import annotations

import re
import shutil
import subprocess

import msgspec

from auditor.collectors.registry.failures import plain
from auditor.collectors.registry.secret import Login, Secret

TIME_LIMIT = 15.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_IDENTITY = "<token>"
_NOT_FOUND = "credentials not found"


class CredentialProgramError(Exception):
    """A credential helper is missing, hangs or answers nonsense. `str(error)` holds no secret."""


class _Answer(msgspec.Struct, frozen=True, rename="pascal"):
    username: str = ""
    secret: str = ""


def ask_program(name: str, server: str, path: str | None = None) -> Login | None:
    """What `docker-credential-NAME get` says for `server`; None when it knows no login.

    `path` is a PATH to search. Raises CredentialProgramError.
    """
    program = shutil.which(f"docker-credential-{name}", path=path) if _NAME.fullmatch(name) else None
    if program is None:
        raise CredentialProgramError(f"docker-credential-{plain(name)} is not on PATH")
    try:
        done = subprocess.run([program, "get"], input=server.encode(), capture_output=True, timeout=TIME_LIMIT, check=False)
    except subprocess.TimeoutExpired:
        raise CredentialProgramError(f"docker-credential-{name} did not answer within {TIME_LIMIT:g} s") from None
    except OSError as error:
        raise CredentialProgramError(f"docker-credential-{name}: {error.strerror}") from error
    if done.returncode:
        if _NOT_FOUND in done.stdout.decode(errors="replace"):
            return None
        raise CredentialProgramError(f"docker-credential-{name} ended with status {done.returncode}")
    return _login(name, done.stdout)


def _login(name: str, output: bytes) -> Login | None:
    try:
        answer = msgspec.json.decode(output, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise CredentialProgramError(f"docker-credential-{name} did not print a login as JSON") from None
    if not answer.secret:
        return None
    return Login(answer.username, Secret(answer.secret), answer.username == _IDENTITY)
