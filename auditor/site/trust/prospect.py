"""The outcome of a TLS connection without external access."""

from __future__ import annotations

import enum


class Prospect(enum.StrEnum):
    """The outcome of a connection without external access."""

    VERIFIES = "verifies"
    FAILS = "fails"
    UNDETERMINED = "undetermined"
