"""Parse sizes, rates, durations and versions.

Sizes take SI (`200GB`, powers of 1000) and IEC (`200GiB`, powers of 1024) units; rates are bits or bytes per second; durations
are hours, minutes and seconds. All parse to whole numbers: bytes, bytes per second, seconds.
"""

from __future__ import annotations

import re
from decimal import Decimal

from auditor.plan.parts import Program
from auditor.text import shown

_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([A-Za-z]*)")
_RATE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)\s*([kKMGT]?)(bit/s|bps|B/s|byte/s)")
_DURATION = re.compile(r"(?:(\d{1,5})d)?\s*+(?:(\d{1,6})h)?\s*+(?:(\d{1,6})m(?:in)?)?\s*+(?:(\d{1,7})s)?")
_NGINX_SIZE = re.compile(r"(\d{1,12})([kKmMgG])")
_NGINX = {"k": 1, "m": 2, "g": 3}
_SI = {"": 0, "k": 1, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
MAX_SIZE = 10**18


def _size_factor(unit: str) -> int:
    if unit in {"", "B"}:
        return 1
    if unit.endswith("iB") and unit[:-2] in {"K", "k", "M", "G", "T", "P"}:
        return int(1024 ** _SI[unit[:-2]])
    if unit.endswith("B") and unit[:-1] in _SI:
        return int(1000 ** _SI[unit[:-1]])
    if unit in {"K", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "Pi"}:
        letter = unit[0].upper()
        raise ValueError(f"{shown(unit)} is ambiguous: write {letter}B (powers of 1000) or {letter}iB (powers of 1024)")
    raise ValueError(f"unknown unit {shown(unit)}: write GB or GiB, MB or MiB, TB or TiB")


def _positive(amount: Decimal, text: str) -> int:
    if amount < 1:
        raise ValueError(f"{shown(text)} is zero: write a size above 0")
    if amount > MAX_SIZE:
        raise ValueError(f"{shown(text)} is larger than any disk or line")
    return int(amount)


def parse_size(value: object) -> int:
    """Return a size in bytes; a plain integer is bytes. Raises ValueError, whose text states what to write."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("expected a size, such as 200GB")  # noqa: TRY004 - pydantic turns ValueError into a problem
    if isinstance(value, int):
        return _positive(Decimal(value), str(value))
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"{shown(value)} is not a size: write 200GB, 1.5TB or 64GiB")
    return _positive(Decimal(match[1]) * _size_factor(match[2]), value)


def parse_body_size(value: object) -> int:
    """Return the limit of a request in bytes, 0 for none. Raises ValueError.

    The units of nginx (`8k`, `512m`, `1g`) are powers of 1024.
    """
    if not isinstance(value, bool) and isinstance(value, int | str) and str(value).strip() == "0":
        return 0
    match = _NGINX_SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is not None:
        return _positive(Decimal(match[1]) * 1024 ** _NGINX[match[2].lower()], match[0])
    return parse_size(value)


def parse_rate(value: str) -> int:
    """Return a rate in bytes per second. Raises ValueError, whose text states what to write."""
    match = _RATE.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"{shown(value)} is not a rate: write 400Mbit/s or 50MB/s")
    amount = Decimal(match[1]) * 1000 ** _SI[match[2]]
    return _positive(amount / 8 if match[3] in {"bit/s", "bps"} else amount, value)


def parse_duration(value: str) -> int:
    """Return a duration in seconds. Raises ValueError, whose text states what to write."""
    match = _DURATION.fullmatch(value.strip())
    parts = [int(part or 0) for part in match.groups()] if match else []
    seconds = sum(count * unit for count, unit in zip(parts, (86400, 3600, 60, 1), strict=True)) if parts else 0
    if not seconds:
        raise ValueError(f"{shown(value)} is not a duration: write 4h, 90m or 1h30m")
    return seconds


def parse_program(value: str) -> Program:
    """Return `containerd 2.1.6` as a program and its version; the version may be missing. Raises ValueError."""
    words = value.replace("://", " ").split()
    if not 1 <= len(words) <= 2:
        raise ValueError(f"{shown(value)} is not a program: write its name and version, such as containerd 2.1.6")
    if len(words) == 2 and not re.search(r"\d", words[1]):
        raise ValueError(
            f"{shown(words[1])} is not a version, because it has no number: write it as {shown(words[0])[1:-1]} 2.1.6"
        )
    return Program(words[0].lower(), words[1] if len(words) == 2 else "")
