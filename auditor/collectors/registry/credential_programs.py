"""Docker credential helpers: programs named `docker-credential-NAME` that print a login as JSON."""

from __future__ import annotations

import os
import re

import msgspec

from auditor.collectors.program_runs import ProgramError, TimedOut, find, run, safe_path
from auditor.collectors.registry.failures import plain
from auditor.collectors.registry.secret import Login, Secret

TIME_LIMIT = 15.0
_MOST = 1024 * 1024  # bytes of an answer
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_IDENTITY = "<token>"
_NOT_FOUND = "credentials not found"


class CredentialProgramError(Exception):
    """A credential helper is missing, hangs or prints invalid output. `str(error)` holds no secret."""


class _Answer(msgspec.Struct, frozen=True, rename="pascal"):
    username: str = ""
    secret: str = ""


def ask_program(name: str, server: str, path: str | None = None) -> Login | None:
    """Return the login that `docker-credential-NAME get` prints for `server`; None if it has none.

    `path` is a PATH to search. The program gets the user's environment, because it reads the user's key store, and a network.
    Raises CredentialProgramError.
    """
    program = find(f"docker-credential-{name}", path) if _NAME.fullmatch(name) else None
    if program is None:
        raise CredentialProgramError(f"docker-credential-{plain(name)} is not on PATH")
    try:
        environment = {**os.environ, "PATH": os.pathsep.join(safe_path(path))}
        done = run(program, ["get"], environment=environment, seconds=TIME_LIMIT, most=_MOST, given=server.encode())
    except TimedOut:
        raise CredentialProgramError(f"docker-credential-{name} did not answer within {TIME_LIMIT:g} s") from None
    except ProgramError as error:
        raise CredentialProgramError(f"docker-credential-{name} {error}") from error
    if done.status:
        if _NOT_FOUND in done.output.decode(errors="replace"):
            return None
        raise CredentialProgramError(f"docker-credential-{name} ended with status {done.status}")
    return _login(name, done.output)


def _login(name: str, output: bytes) -> Login | None:
    try:
        answer = msgspec.json.decode(output, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise CredentialProgramError(f"docker-credential-{name} did not print a login as JSON") from None
    if not answer.secret:
        return None
    return Login(answer.username, Secret(answer.secret), answer.username == _IDENTITY)
