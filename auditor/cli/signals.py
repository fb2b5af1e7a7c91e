"""Signals that end a run. SIGTERM and SIGHUP work as Ctrl-C: observations are committed, and no journal file stays behind."""

from __future__ import annotations

import signal
from types import FrameType

_received: list[int] = []


def listen() -> None:
    """Handle SIGTERM and SIGHUP, unless the process ignores them (`nohup`) or already handles them."""
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _stop)


def _stop(number: int, frame: FrameType | None) -> None:
    """Interrupt the run once: a second signal must not interrupt the last commit."""
    if _received:
        return
    _received.append(number)
    interrupt = signal.getsignal(signal.SIGINT)  # asyncio has a handler of its own while it runs
    if not callable(interrupt):
        raise KeyboardInterrupt
    interrupt(signal.SIGINT, frame)


def is_terminated() -> bool:
    """Whether a signal other than SIGINT ends the run."""
    return bool(_received)


def exit_code() -> int:
    """Return 128 plus the number of the signal, as shells do: 130 for Ctrl-C, 143 for SIGTERM, 129 for SIGHUP."""
    return 128 + (_received[0] if _received else signal.SIGINT)


def ended_by() -> str:
    """Return how the run ended, as part of a message."""
    return f"terminated by {signal.Signals(_received[0]).name}" if _received else "interrupted"
