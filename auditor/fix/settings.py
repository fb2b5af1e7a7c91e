"""Configuration of Docker and of the registry inside, as whole files: what the plan has, with the one thing changed.

Each is read back before it is written out: a change that does not come to what was meant is not offered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

from auditor.fix.reported import Reported
from auditor.fix.written import Written, file_name, mended
from auditor.plan.docker_daemon import ALLOW, Daemon, daemons
from auditor.plan.paths import normal
from auditor.plan.registry_config import UnreadableConfig, UrlRules, read_rules
from auditor.site import Site

_DAEMON = "docker-nondistributable"
_REFUSES = "registry-refuses-urls"
_MAX = 4 * 1024 * 1024


def setting_files(site: Site, findings: tuple[Reported, ...], urls: tuple[str, ...]) -> Iterator[Written]:
    """The files. `urls` are those of layers that the registry inside has to take."""
    yield from _daemon_files(site, tuple(f for f in findings if f.check == _DAEMON))
    refused = tuple(f for f in findings if f.check == _REFUSES and f.case == "refuses")
    if refused and urls and (made := _registry_file(site, refused, urls)) is not None:
        yield made


def _daemon_files(site: Site, findings: tuple[Reported, ...]) -> Iterator[Written]:
    """The daemon.json of the machine that copies, with the registry inside named once and no entry that nobody filled in."""
    copy, registry = site.plan.copy, site.plan.registry
    wanted = tuple(f for f in findings if f.subject.id == "copy" and f.case != "flag")
    if copy is None or registry is None or not wanted:
        return
    read = [daemon for daemon in daemons(site.plan, copy.config) if isinstance(daemon, Daemon)]
    keys = [f for f in wanted if f.case == "key"]
    files = {path: data for path, data in site.plan.files.items() if any(path.endswith(normal(d.location.file)) for d in read)}
    for path, data in files.items() or {"daemon.json": b"{}"}.items():
        document = _json(data)
        if document is None:
            continue
        if keys:
            document.pop(ALLOW, None)
        else:
            bad = {f.case.partition(" ")[2] for f in wanted if f.case.startswith(("scheme ", "placeholder "))}
            given = document.get(ALLOW)
            hosts = [host for host in given if isinstance(host, str) and host not in bad] if isinstance(given, list) else []
            document[ALLOW] = list(dict.fromkeys([*hosts, registry.host]))
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        yield Written(f"copy/{file_name(path)}", text, "daemon.json of the machine that copies; start Docker anew", wanted)


def _json(data: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(data[:_MAX]) if data.strip() else {}
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _registry_file(site: Site, findings: tuple[Reported, ...], urls: tuple[str, ...]) -> Written | None:
    """config.yml of distribution that takes the URLs: added to what is there, or that part alone where the plan names none."""
    registry = site.plan.registry
    assert registry is not None  # noqa: S101 - the finding is about one
    patterns = _patterns(urls)
    data = site.plan.files.get(normal(registry.config), b"") if registry.config else b""
    text = _allowing(data.decode("utf-8", "replace"), patterns)
    if text is None:
        return None
    head = "\n".join([*mended(findings), "# The part below `validation` is new; let the registry read the file anew."])
    what = (
        "config.yml of the registry inside, which takes those URLs"
        if data
        else "what config.yml of the registry inside needs besides"
    )
    return Written("registry/config.yml", f"{head}\n{text}", what, findings)


def _patterns(urls: tuple[str, ...]) -> list[str]:
    """One pattern of Go for each beginning of a URL, up to its host."""
    begins = dict.fromkeys("/".join(url.split("/", 3)[:3]) + "/" for url in urls)
    return [f"^{_go_quoted(begin)}" for begin in begins]


def _go_quoted(text: str) -> str:
    return "".join(f"\\{char}" if char in r"\.+*?()|[]{}^$" else char for char in text)


def _allowing(text: str, patterns: list[str]) -> str | None:
    """The configuration with the patterns allowed; None where it cannot be changed so that it comes to that."""
    added = yaml.safe_dump({"validation": {"manifests": {"urls": {"allow": patterns}}}}, sort_keys=False)
    if "validation" not in text:
        whole = f"{text.rstrip()}\n{added}" if text.strip() else added
        if _allows(whole, patterns):
            return whole
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    if not isinstance(document, dict):
        return None
    place: dict[str, Any] = document
    for key in ("validation", "manifests", "urls"):
        inner = place.get(key)
        place[key] = inner if isinstance(inner, dict) else {}
        place = place[key]
    given = place.get("allow")
    place["allow"] = list(dict.fromkeys([*(given if isinstance(given, list) else []), *patterns]))
    whole = yaml.safe_dump(document, sort_keys=False)
    return whole if _allows(whole, patterns) else None


def _allows(text: str, patterns: list[str]) -> bool:
    try:
        rules: UrlRules = read_rules("config.yml", text.encode())
    except UnreadableConfig:
        return False
    return set(patterns) <= set(rules.allow)
