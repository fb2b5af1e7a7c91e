"""Make the internal registry the server of a hosts.toml and keep the rest of the file.

Tables of hosts that nodes cannot reach become comments. TLS settings for the internal registry are repeated for `server`,
because containerd applies the settings of a `[host]` table only to that host.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from auditor.readers.node_config.marked_toml import Toml, load_toml
from auditor.readers.node_config.model import Unreadable

_TLS = ("ca", "client", "skip_verify")
_OURS = ("server", "override_path", "capabilities")
_KEY = re.compile(r"\s*(?:\"([^\"\\]*)\"|'([^']*)'|([A-Za-z0-9_-]+))\s*=")


def with_server(data: bytes, lines: Sequence[str], outside: Iterable[int], tls_from: Sequence[str]) -> str | None:
    """Return the file with `lines` (`server = …`, `override_path = …`) at its top level, or None if that is not possible.

    An empty table among the lines (`[host]`) is added at the end, unless the file has it.

    `outside` are the lines of the `[host]` tables to remove, `tls_from` the URLs of the tables whose TLS settings the server
    needs.
    """
    try:
        toml = load_toml(data)
        text = data.decode("utf-8")
        gone = _hosts_at(toml, frozenset(outside))
        tables = [line for line in lines if line.startswith("[")]
        added = [*(line for line in lines if line not in tables), *_tls_lines(toml, tls_from)]
        changed = "\n".join([*added, *_commented(text.split("\n"), toml, gone)])
        made = load_toml(changed.encode())
        if missing := [table for table in tables if table.strip("[]") not in made.data]:
            changed = "\n".join([changed.rstrip("\n"), *missing, ""])
            made = load_toml(changed.encode())
    except (Unreadable, ValueError):
        return None
    return changed if _is_kept(toml.data, made.data, gone) else None


def _hosts_at(toml: Toml, lines: frozenset[int]) -> frozenset[str]:
    return frozenset(path[1] for path in toml.headers if path[:1] == ("host",) and len(path) == 2 and toml.line(*path) in lines)


def _tls_lines(toml: Toml, urls: Sequence[str]) -> list[str]:
    """Return the TLS settings of the first of these tables that the top level does not set."""
    table = next((found for url in urls if isinstance(found := toml.get("host", url), dict)), {})
    return [
        f"{key} = {json.dumps(table[key])}" for key in _TLS if key in table and key not in toml.data and _is_plain(table[key])
    ]


def _is_plain(value: object) -> bool:
    """Whether a value has the same syntax in JSON and TOML."""
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return isinstance(value, bool) or (isinstance(value, str) and value.isascii())


def _commented(lines: list[str], toml: Toml, gone: frozenset[str]) -> list[str]:
    """Return the lines, with those of our own keys and of the removed tables as comments."""
    starts = {toml.lines[path]: path for path in toml.headers if path in toml.lines}
    table: tuple[str, ...] = ()
    made: list[str] = []
    for number, line in enumerate(lines, 1):
        table = starts.get(number, table)
        is_gone = table[:1] == ("host",) and len(table) > 1 and table[1] in gone
        key = _KEY.match(line) if not table else None
        is_ours = key is not None and (key[1] or key[2] or key[3]) in _OURS
        made.append(f"# {line}" if (is_gone or is_ours) and line.strip() and not line.lstrip().startswith("#") else line)
    return made


def _is_kept(before: dict[str, Any], after: dict[str, Any], gone: frozenset[str]) -> bool:
    """Whether the result has all content of the file, except our own keys and the removed tables."""
    hosts = {url: table for url, table in (before.get("host") or {}).items() if url not in gone}
    rest = {key: value for key, value in before.items() if key not in {*_OURS, "host"}}
    return (after.get("host") or {}) == hosts and all(after.get(key) == value for key, value in rest.items())
