"""Read logins from Docker, Podman and Skopeo files: config.json (auths, credHelpers, credsStore) and auth.json.

The files are read in the order of containers-auth.json(5); within a file, the longest prefix of host/repository wins. An
unusable file or helper never stops a collection. It is reported as a problem if the registry refuses.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from auditor.collectors.registry.credential_programs import CredentialProgramError, ask_program
from auditor.collectors.registry.secret import Login, Secret
from auditor.oci.reference import DEFAULT_DOMAIN
from auditor.redaction import remember

MAX_FILE = 4 * 1024 * 1024
_DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_DOCKER_HUB = frozenset({"index.docker.io", "registry-1.docker.io"})


class _Auth(msgspec.Struct, frozen=True):
    auth: str = ""
    username: str = ""
    password: str = ""
    identitytoken: str = ""

    def login(self) -> Login | None:
        if self.identitytoken:
            return Login(self.username, Secret(self.identitytoken), is_identity_token=True)
        if self.auth:
            name, _, password = base64.b64decode(self.auth, validate=True).decode().partition(":")
            return Login(name, Secret(password.strip("\0")))
        return Login(self.username, Secret(self.password)) if self.username else None


class _File(msgspec.Struct, frozen=True):
    auths: dict[str, _Auth] = {}
    cred_helpers: dict[str, str] = msgspec.field(name="credHelpers", default_factory=dict)
    creds_store: str = msgspec.field(name="credsStore", default="")


def places(environment: Mapping[str, str], home: Path) -> tuple[Path, ...]:
    """Return the possible locations of logins, in search order."""
    if named := environment.get("REGISTRY_AUTH_FILE"):
        return (Path(named),)
    runtime = environment.get("XDG_RUNTIME_DIR")
    found = [Path(runtime, "containers", "auth.json")] if runtime else []
    found.append(Path(environment.get("XDG_CONFIG_HOME") or home / ".config", "containers", "auth.json"))
    found.append(Path(environment.get("DOCKER_CONFIG") or home / ".docker", "config.json"))
    return tuple(found)


def _normalised(key: str) -> str:
    """Return the key of an `auths` entry as host/path: Docker writes URLs, Podman prefixes."""
    bare = key.removeprefix("https://").removeprefix("http://").rstrip("/")
    bare = bare.removesuffix("/v1").removesuffix("/v2")
    host, slash, path = bare.partition("/")
    return (DEFAULT_DOMAIN if host in _DOCKER_HUB else host) + slash + path


def _prefixes(repository: str) -> Iterator[str]:
    parts = repository.split("/")
    for length in range(len(parts), 0, -1):
        yield "/".join(parts[:length])


def _remember(file: _File | None) -> None:
    """Remember all logins of a file as secrets, also those that this run does not use."""
    for entry in file.auths.values() if file is not None else ():
        remember(entry.auth, entry.password, entry.identitytoken)
        with contextlib.suppress(ValueError):  # the login is reported as a problem when it is used
            entry.login()


class Credentials:
    """The logins of the user who runs the auditor. `problems` names unusable sources, without secrets."""

    def __init__(self, environment: Mapping[str, str], home: Path) -> None:
        self.problems: list[str] = []
        self._path = environment.get("PATH")
        self._files = [file for place in places(environment, home) if (file := self._read(place)) is not None]
        self._asked: dict[tuple[str, str], Login | None] = {}

    def find(self, repository: str, scheme: str = "https") -> Login | None:
        """Return the login for `host/path`, to be sent over `scheme`. May run a credential helper, which blocks."""
        for file in self._files:
            login = self._from_programs(file, repository.partition("/")[0]) or self._from_auths(file, repository, scheme)
            if login is not None:
                return login
        return None

    def _read(self, place: Path) -> _File | None:
        try:
            with place.open("rb") as opened:
                data = opened.read(MAX_FILE + 1)
            file = msgspec.json.decode(data, type=_File) if len(data) <= MAX_FILE else None
        except FileNotFoundError:
            return None
        except OSError as error:
            self.problems.append(f"{place}: {error.strerror}")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            # The decoder's own error may quote the file, and the file holds passwords.
            self.problems.append(f"{place} is not a valid registry login file")
        else:
            _remember(file)
            return file
        return None

    def _from_programs(self, file: _File, host: str) -> Login | None:
        server = _DOCKER_HUB_KEY if host == DEFAULT_DOMAIN else host
        for name in (file.cred_helpers.get(server) or file.cred_helpers.get(host), file.creds_store):
            if name:
                return self._ask(name, server)
        return None

    def _ask(self, name: str, server: str) -> Login | None:
        if (name, server) not in self._asked:
            try:
                self._asked[name, server] = ask_program(name, server, self._path)
            except CredentialProgramError as error:
                self._asked[name, server] = None
                self.problems.append(str(error))
        return self._asked[name, server]

    def _from_auths(self, file: _File, repository: str, scheme: str) -> Login | None:
        # A login that was stored for TLS is never sent without TLS.
        usable = ((key, entry) for key, entry in file.auths.items() if scheme == "https" or not key.startswith("https://"))
        entries = {_normalised(key): entry for key, entry in usable}
        for prefix in _prefixes(repository):
            if (entry := entries.get(prefix)) is not None:
                try:
                    return entry.login()
                except (binascii.Error, ValueError):
                    self.problems.append(f"the login for {prefix} is not base64")
        return None
