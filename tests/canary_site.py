"""A site with a secret in every place that can hold one. Each secret is a canary: a text that occurs only once."""

from __future__ import annotations

import base64
import gzip
import html
import io
import json
import stat
import tarfile
import urllib.parse
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.canary_texts import (
    BASH,
    BROKEN,
    CONTAINERD,
    DAEMON,
    DISTRIBUTION,
    HAULER,
    HOSTS,
    IMGPKG,
    LIST,
    PLAN,
    POWERSHELL,
    REGISTRIES,
    REGSYNC,
    SKOPEO_SYNC,
    TEMPLATE,
    VALUES,
    WORKLOAD,
    ZARF,
)


@dataclass
class Canaries:
    """The canaries that were planted, by the place of each."""

    planted: dict[str, str] = field(default_factory=dict)

    def at(self, place: str, ending: str = "") -> str:
        """A new canary for a place."""
        value = f"Kx{len(self.planted):03d}qW7vZp{ending}"
        assert place not in self.planted
        self.planted[place] = value
        return value

    def found_in(self, data: bytes) -> list[str]:
        """The places whose canary is in the bytes, in any encoding."""
        return [place for place, value in self.planted.items() if any(form in data for form in encodings(value))]


def encodings(value: str) -> set[bytes]:
    """A value as it is, in base64 at each alignment, percent-encoded, escaped for HTML and for JSON, in hex and in UTF-16."""
    raw = value.encode()
    found = {
        raw,
        raw.hex().encode(),
        raw.hex().upper().encode(),
        value.encode("utf-16-le"),
        base64.b64encode(raw).rstrip(b"=")[:-1],
    }
    for shift in (1, 2):
        inner = raw[3 - shift :]
        found.add(base64.b64encode(inner[: len(inner) // 3 * 3]))
    found |= {urllib.parse.quote(value, safe="").encode(), "".join(f"%{byte:02X}" for byte in raw).encode()}
    found |= {
        html.escape(value).encode(),
        json.dumps(value)[1:-1].encode(),
        json.dumps(value, ensure_ascii=False)[1:-1].encode(),
    }
    return found


def filled(canaries: Canaries, place: str, text: str) -> str:
    """The text with a canary in each `%s`."""
    count = text.replace("%%", "").count("%s")
    return text % tuple(canaries.at(f"{place} {number}") for number in range(count))


def encoded_secret(canaries: Canaries, text: str) -> str:
    """The manifest whose first value of a Secret is base64."""
    made = filled(canaries, "workload", text)
    word = next(line.split()[1] for line in made.splitlines() if line.startswith("  word: "))
    return made.replace(f"  word: {word}\n", f"  word: {base64.b64encode(word.encode()).decode()}\n", 1)


def make_site(folder: Path, canaries: Canaries, host: str) -> Path:
    """Write the site and the home of its user; the plan's path. `host` is the registry that repeats what it is sent."""
    local = host.replace("127.0.0.1", "localhost")
    bash = [filled(canaries, f"bash {name}", line) for name, line in BASH.items()]
    powershell = [filled(canaries, f"PowerShell {name}", line) for name, line in POWERSHELL.items()]
    plain = [filled(canaries, f"list {name}", line) for name, line in LIST.items()]
    files = {
        "mirror.sh": "#!/bin/bash\n" + "\n".join(bash) + "\n",
        "mirror.ps1": "\n".join(powershell) + "\n",
        "lists/plain.txt": "\n".join([*plain, "ghcr.io/acme/\ufffeodd\uffff:1", "ghcr.io/acme/last:1", ""]),
        "lists/regsync.yaml": filled(canaries, "regsync", REGSYNC),
        "lists/skopeo.yaml": filled(canaries, "skopeo sync", SKOPEO_SYNC),
        "lists/hauler.yaml": filled(canaries, "hauler", HAULER),
        "lists/zarf.yaml": filled(canaries, "zarf", ZARF),
        "lists/imgpkg.yaml": filled(canaries, "imgpkg", IMGPKG),
        "nodes/registries.yaml": filled(canaries, "registries.yaml", REGISTRIES),
        "nodes/hosts.toml": filled(canaries, "hosts.toml", HOSTS),
        "nodes/daemon.json": filled(canaries, "daemon.json", DAEMON),
        "nodes/config.toml": filled(canaries, "config.toml", CONTAINERD),
        "staging.json": filled(canaries, "staging daemon.json", DAEMON),
        "registry.yml": filled(canaries, "distribution", DISTRIBUTION),
        "deploy/web.yaml": encoded_secret(canaries, WORKLOAD),
        "chart/Chart.yaml": "{apiVersion: v2, name: chart, version: 1.0.0}\n",
        "chart/values.yaml": filled(canaries, "chart values", VALUES),
        "chart/templates/web.yaml": filled(canaries, "chart template", TEMPLATE),
        "values.yaml": filled(canaries, "plan values", VALUES),
        "plan.yaml": filled(canaries, "plan", PLAN).replace("HOST", host).replace("LOCAL", local),
    }
    files |= {
        f"broken-{number}.yaml": filled(canaries, f"broken plan {name}", text)
        for number, (name, text) in enumerate(BROKEN.items())
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (folder / "packed.tgz").write_bytes(_packed_chart(canaries))
    (folder / "deploy" / "notes.zip").write_bytes(_zipped(canaries))
    _make_home(folder, canaries, host, local)
    return folder / "plan.yaml"


def _packed_chart(canaries: Canaries) -> bytes:
    """A chart as `helm package` writes it, with a packed chart in it: both have passwords in their values."""
    chart = "apiVersion: v2\nname: %s\nversion: 1.0.0\n"
    needs = "dependencies:\n  - {name: db, version: 1.0.0, repository: 'https://me:%s@charts.example'}\n"
    inner = {
        "db/Chart.yaml": chart % "db",
        "db/values.yaml": filled(canaries, "values of a chart in a packed chart", VALUES),
        "db/files/id": f"-----BEGIN PRIVATE KEY-----\n{canaries.at('key in a packed chart')}\n-----END PRIVATE KEY-----\n",
    }
    outer = {
        "packed/Chart.yaml": chart % "packed" + needs % canaries.at("repository of a packed chart"),
        "packed/values.yaml": filled(canaries, "values of a packed chart", VALUES),
        "packed/templates/web.yaml": filled(canaries, "template of a packed chart", TEMPLATE),
        "packed/README.md": f"The password is {canaries.at('README of a packed chart')}.\n",
    }
    return _tgz({name: text.encode() for name, text in outer.items()} | {"packed/charts/db-1.0.0.tgz": _tgz(inner)})


def _tgz(files: Mapping[str, str | bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        for name, text in files.items():
            data = text.encode() if isinstance(text, str) else text
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return made.getvalue()


def _zipped(canaries: Canaries) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notes.txt", f"{'The password is here. ' * 20}{canaries.at('zip among manifests')}")
    return made.getvalue()


def opened(data: bytes) -> Iterator[bytes]:
    """A file, and what is packed in it."""
    yield data
    if data[:2] == b"\x1f\x8b":
        yield from opened(gzip.decompress(data))
    elif data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive:
                if (file := archive.extractfile(member)) is not None:
                    yield from opened(file.read())
    elif data[:4] == b"PK\x03\x04" and zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as folder:
            yield from map(folder.read, folder.namelist())


def _make_home(folder: Path, canaries: Canaries, host: str, local: str) -> None:
    """Logins: one that is used, some that are not, and helpers that answer and that fail."""
    login = canaries.at("docker login", "+/&<'\"é")
    auths = {
        host: {"auth": base64.b64encode(f"robot:{login}".encode()).decode()},
        "unused.example": {"auth": base64.b64encode(f"robot:{canaries.at('unused login')}".encode()).decode()},
        "token.example": {"auth": "", "identitytoken": canaries.at("identity token")},
        "plain.example": {"username": "robot", "password": canaries.at("plain login")},
    }
    config = {"auths": auths, "credHelpers": {local: "canary", "ghcr.io": "failing"}}
    (folder / ".docker").mkdir()
    (folder / ".docker" / "config.json").write_text(json.dumps(config))
    helpers = {
        "canary": f'echo \'{{"Username": "helped", "Secret": "{canaries.at("helper login")}"}}\'',
        "failing": (
            f"echo 'password: {canaries.at('helper error')}' >&2; echo 'no token={canaries.at('helper output')}'; exit 1"
        ),
    }
    (folder / "bin").mkdir()
    for name, text in helpers.items():
        path = folder / "bin" / f"docker-credential-{name}"
        path.write_text(f"#!/bin/sh\ncat >/dev/null\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
