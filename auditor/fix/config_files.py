"""Configuration of Docker and of the internal registry, as complete files: the plan's file with one change.

Each file is parsed again and checked first. A change that resolves no finding is not written.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from auditor.check import RemedyKind
from auditor.fix.after import confirmed
from auditor.fix.fix_files import Joins, Written, file_name
from auditor.fix.merging.yaml_text import with_values
from auditor.fix.reported import Reported
from auditor.plan.plan_paths import normal, shown_path
from auditor.readers.docker_daemon import ALLOW, Daemon, daemons
from auditor.readers.registry_config import UnreadableConfig, UrlRules, read_rules
from auditor.site import Site

_DOCKER = frozenset({RemedyKind.DOCKER_SEND, RemedyKind.DOCKER_ENTRY, RemedyKind.DOCKER_KEY})
_MAX = 4 * 1024 * 1024
_MAX_INDENT = 8
_ALLOWED = ("validation", "manifests", "urls", "allow")


def setting_files(site: Site, findings: tuple[Reported, ...], urls: tuple[str, ...], day: datetime.date) -> Iterator[Written]:
    """Yield the files. `urls` are the layer URLs that the internal registry must accept."""
    yield from _daemon_files(site, tuple(f for f in findings if f.kind in _DOCKER), day)
    refused = tuple(f for f in findings if f.kind is RemedyKind.REGISTRY_SETTING)
    if refused and urls and (made := _registry_file(site, refused, urls, day)) is not None:
        yield made


def _daemon_files(site: Site, findings: tuple[Reported, ...], day: datetime.date) -> Iterator[Written]:
    """Yield the daemon.json of the copy machine, with the internal registry listed once and without placeholders."""
    copy, registry = site.plan.copy, site.plan.registry
    # Images that lose their `urls` are copied by a script, not by Docker.
    stripped = all(one.placement.image.reference in site.with_outside_urls for one in site.carriages if one.left)
    wanted = tuple(f for f in findings if not (stripped and f.kind is RemedyKind.DOCKER_SEND))
    if copy is None or registry is None or not wanted:
        return
    read = {daemon.location.file for daemon in daemons(site.plan, copy.config) if isinstance(daemon, Daemon)}
    for path, data in site.plan.files.items():
        if shown_path(site.plan.path, path) not in read or (document := _json(data)) is None:
            continue
        if any(f.kind is RemedyKind.DOCKER_KEY for f in wanted):
            document.pop(ALLOW, None)
        else:
            bad = {text for f in wanted if isinstance(text := f.facts.get("entry"), str) and text}
            given = document.get(ALLOW)
            hosts = [host for host in given if isinstance(host, str) and host not in bad] if isinstance(given, list) else []
            document[ALLOW] = list(dict.fromkeys([*hosts, registry.host]))
        text = json.dumps(document, indent=_indent(data), ensure_ascii=False) + "\n"
        what = "daemon.json of the copy machine; restart Docker afterwards"
        file = Written(f"copy/{file_name(path)}", text, what, place=path, joins=Joins.COPY, before=data)
        sure = confirmed(site, [file], wanted, day)
        if sure:
            yield replace(file, resolves=tuple(f for f in wanted if f.fingerprint in sure))


def _indent(data: bytes) -> int:
    """The indentation of the first key, in spaces."""
    line = next((line for line in data.split(b"\n") if line.startswith(b" ")), b"")
    return min(len(line) - len(line.lstrip(b" ")), _MAX_INDENT) or 2


def _json(data: bytes) -> dict[str, Any] | None:
    """Return the JSON object in a file, or None if the file is not an object or has a duplicate key."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError("duplicate key")
        return dict(pairs)

    try:
        document = json.loads(data[:_MAX], object_pairs_hook=once) if data.strip() else {}
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _registry_file(site: Site, findings: tuple[Reported, ...], urls: tuple[str, ...], day: datetime.date) -> Written | None:
    """Return a config.yml of distribution that accepts the URLs: the plan's file with them added, or only the part to add."""
    registry = site.plan.registry
    assert registry is not None  # noqa: S101 - the finding is about one
    patterns = _patterns(urls)
    place = normal(registry.config) if registry.config else ""
    data = site.plan.files.get(place)
    if data is None:
        why = site.plan.left_out.get(place, "the plan does not name its file")
        what = f"a part to add to config.yml of the internal registry ({why}); keep the rest of that file"
        return Written("registry/config-part.yml", _allowing(b"", patterns) or "", what)
    text = _allowing(data, patterns)
    if text is None:
        return None
    what = "config.yml of the internal registry that accepts the layer URLs; restart the registry afterwards"
    file = Written("registry/config.yml", text, what, place=place, joins=Joins.REGISTRY, before=data)
    sure = confirmed(site, [file], findings, day)
    return replace(file, resolves=tuple(f for f in findings if f.fingerprint in sure)) if sure else None


def _patterns(urls: tuple[str, ...]) -> list[str]:
    """Return one Go regular expression for each URL prefix up to the host."""
    begins = dict.fromkeys("/".join(url.split("/", 3)[:3]) + "/" for url in urls)
    return [f"^{_go_quoted(begin)}" for begin in begins]


def _go_quoted(text: str) -> str:
    return "".join(f"\\{char}" if char in r"\.+*?()|[]{}^$" else char for char in text)


def _allowing(data: bytes, patterns: list[str]) -> str | None:
    """Return the configuration with the patterns allowed, or None if it cannot be changed."""
    try:
        given = read_rules("config.yml", data).allow if data.strip() else ()
    except UnreadableConfig:
        return None
    text = with_values(data, [(_ALLOWED, list(dict.fromkeys([*given, *patterns])))])
    return text if text is not None and _allows(text, patterns) else None


def _allows(text: str, patterns: list[str]) -> bool:
    try:
        rules: UrlRules = read_rules("config.yml", text.encode())
    except UnreadableConfig:
        return False
    return set(patterns) <= set(rules.allow)
