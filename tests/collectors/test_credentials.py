"""The locations of logins, and their precedence."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path

import pytest

from auditor.collectors.registry import credential_programs
from auditor.collectors.registry.credentials import Credentials, places
from auditor.collectors.registry.secret import Login, Secret


def encoded(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def written(folder: Path, content: object) -> dict[str, str]:
    """An environment whose Docker config holds `content`."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return {"DOCKER_CONFIG": str(folder)}


def program(folder: Path, name: str, script: str) -> str:
    """Write a credential helper in Bourne shell; the caller puts the folder on PATH."""
    path = folder / f"docker-credential-{name}"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def who(credentials: Credentials, repository: str) -> str:
    login = credentials.find(repository)
    return "" if login is None else f"{login.username}:{login.password.reveal()}"


def test_the_longest_prefix_wins(tmp_path: Path) -> None:
    auths = {
        "quay.io": encoded("host", "1"),
        "quay.io/team": encoded("team", "2"),
        "quay.io/team/web": encoded("web", "3"),
        "https://registry.example/v2/": {"username": "plain", "password": "4"},
    }
    credentials = Credentials(written(tmp_path, {"auths": auths}), tmp_path)
    assert who(credentials, "quay.io/other/x") == "host:1"
    assert who(credentials, "quay.io/team/db") == "team:2"
    assert who(credentials, "quay.io/team/web") == "web:3"
    assert who(credentials, "quay.io/teamwork/web") == "host:1"
    assert who(credentials, "registry.example/a") == "plain:4"
    assert who(credentials, "ghcr.io/a") == ""
    assert credentials.problems == []


@pytest.mark.parametrize("key", ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"])
def test_docker_hub_has_many_names(key: str, tmp_path: Path) -> None:
    credentials = Credentials(written(tmp_path, {"auths": {key: encoded("hub", "x")}}), tmp_path)
    assert who(credentials, "docker.io/library/busybox") == "hub:x"


def test_places_in_order(tmp_path: Path) -> None:
    environment = {"XDG_RUNTIME_DIR": "/run/user/7", "DOCKER_CONFIG": "/d"}
    home = Path("/home/me")
    assert places(environment, home) == (
        Path("/run/user/7/containers/auth.json"),
        Path("/home/me/.config/containers/auth.json"),
        Path("/d/config.json"),
    )
    assert places({}, home)[-1] == Path("/home/me/.docker/config.json")
    assert places({**environment, "REGISTRY_AUTH_FILE": "/a"}, home) == (Path("/a"),)
    runtime = tmp_path / "containers"
    runtime.mkdir()
    (runtime / "auth.json").write_text(json.dumps({"auths": {"quay.io": encoded("podman", "p")}}))
    docker = written(tmp_path / "docker", {"auths": {"quay.io": encoded("docker", "d"), "ghcr.io": encoded("docker", "d")}})
    credentials = Credentials({"XDG_RUNTIME_DIR": str(tmp_path), **docker}, tmp_path)
    assert (who(credentials, "quay.io/x"), who(credentials, "ghcr.io/x")) == ("podman:p", "docker:d")


def test_credential_helpers_come_before_the_file(tmp_path: Path) -> None:
    script = 'read server; echo "$server" >> "$0.log"; echo "{\\"Username\\": \\"me\\", \\"Secret\\": \\"for $server\\"}"'
    path = program(tmp_path, "mine", script)
    config = {"credHelpers": {"quay.io": "mine"}, "credsStore": "mine", "auths": {"quay.io": encoded("file", "f")}}
    credentials = Credentials({**written(tmp_path, config), "PATH": path}, tmp_path)
    assert who(credentials, "quay.io/a") == "me:for quay.io"
    assert who(credentials, "quay.io/b") == "me:for quay.io"
    assert who(credentials, "docker.io/library/x") == "me:for https://index.docker.io/v1/"
    log = tmp_path / "docker-credential-mine.log"
    assert log.read_text().split() == ["quay.io", "https://index.docker.io/v1/"], "asked once for each server"


def test_an_identity_token(tmp_path: Path) -> None:
    path = program(tmp_path, "azure", 'echo \'{"Username": "<token>", "Secret": "refresh"}\'')
    credentials = Credentials({**written(tmp_path, {"credsStore": "azure"}), "PATH": path}, tmp_path)
    assert credentials.find("a.example/x") == Login("<token>", Secret("refresh"), is_identity_token=True)


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("echo credentials not found in native keychain; exit 1", ""),
        ('echo \'{"Username": "", "Secret": ""}\'', ""),
        ("echo s3cret-on-stdout; exit 3", "status 3"),
        ("echo s3cret-on-stdout", "did not print a login"),
        ("exec sleep 20", "did not answer within"),
    ],
)
def test_failing_credential_helpers_are_problems(
    script: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credential_programs, "TIME_LIMIT", 0.3)
    path = program(tmp_path, "bad", script)
    config = {"credsStore": "bad", "auths": {"quay.io": encoded("file", "f")}}
    credentials = Credentials({**written(tmp_path, config), "PATH": path}, tmp_path)
    assert who(credentials, "quay.io/a") == "file:f", "the file still counts"
    assert len(credentials.problems) == bool(problem)
    assert problem in "".join(credentials.problems)
    assert "s3cret" not in "".join(credentials.problems)


def test_a_helper_in_the_current_directory_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkout may hold a program of that name. The helper itself gets no such folder on its PATH, and starts in another
    folder."""
    work, good = tmp_path / "work", tmp_path / "good"
    work.mkdir()
    good.mkdir()
    program(work, "mine", f"touch {tmp_path}/ran")
    monkeypatch.chdir(work)
    config = written(tmp_path, {"credsStore": "mine"})
    for path in (".", "", str(work)):
        credentials = Credentials({**config, "PATH": path}, tmp_path)
        assert credentials.find("quay.io/a") is None
        assert credentials.problems == ["docker-credential-mine is not on PATH"]
    program(good, "mine", """echo "{\\"Username\\": \\"$PWD\\", \\"Secret\\": \\"$PATH\\"}\"""")
    path = os.pathsep.join([".", str(good), str(work)])
    assert Credentials({**config, "PATH": path}, tmp_path).find("quay.io/a") == Login("/", Secret(str(good)))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["absent", "../../bin/sh", "a b", "broken"])
def test_missing_credential_helpers_are_problems(name: str, tmp_path: Path) -> None:
    path = program(tmp_path, "broken", "")
    (tmp_path / "docker-credential-broken").write_bytes(b"\x7fELF nonsense")
    credentials = Credentials({**written(tmp_path, {"credsStore": name}), "PATH": path}, tmp_path)
    assert credentials.find("quay.io/a") is None
    assert "docker-credential-" in credentials.problems[0]


@pytest.mark.parametrize(
    "content",
    ["not json", "[]", '{"auths": {"quay.io": {"auth": 7}}}', "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")],
)
def test_unreadable_login_file_is_reported_as_a_problem(content: str, tmp_path: Path) -> None:
    credentials = Credentials(written(tmp_path, content), tmp_path)
    assert credentials.find("quay.io/x") is None
    assert credentials.problems == [f"{tmp_path / 'config.json'} is not a valid registry login file"]


def test_folder_huge_file_and_invalid_base64_are_problems(tmp_path: Path) -> None:
    (tmp_path / "config.json").mkdir()
    assert Credentials({"DOCKER_CONFIG": str(tmp_path)}, tmp_path).problems == [f"{tmp_path / 'config.json'}: Is a directory"]
    huge = Credentials(written(tmp_path / "huge", '{"auths": {}}' + " " * (4 << 20)), tmp_path)
    assert huge.find("quay.io/x") is None
    odd = Credentials(written(tmp_path / "odd", {"auths": {"quay.io": {"auth": "***"}, "ghcr.io": {}}}), tmp_path)
    assert (odd.find("quay.io/x"), odd.find("ghcr.io/x")) == (None, None)
    assert odd.problems == ["the login for quay.io is not base64"]
