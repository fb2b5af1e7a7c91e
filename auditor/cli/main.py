"""Run the command line and exit. Imports stay inside the functions, so that `auditor --version` starts quickly."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import traceback

from auditor import __version__
from auditor.cli import signals

EXIT_INTERNAL = 4


def main() -> None:
    """Run the command line and exit."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        with contextlib.suppress(OSError, AttributeError):  # the slow path below reports a stdout that cannot be written
            sys.stdout.write(f"auditor {__version__}\n")
            sys.stdout.flush()
            return
    try:
        sys.exit(_run())
    finally:
        gc.freeze()  # otherwise Python searches all values for cycles when it ends: 46 ms after an audit of 200 images


def _run() -> int:
    from auditor.errors import AuditorError  # noqa: PLC0415 - `--version` does not need it

    signals.listen()
    gc.disable()  # one short run over values that live to its end: the cycle collector would find nothing
    try:
        from auditor.cli.app import run  # noqa: PLC0415 - here, so that a broken installation is an internal error too

        run()
    except AuditorError as error:
        from auditor.cli.saying import say_error  # noqa: PLC0415 - as above

        say_error(error)
        return error.exit_code
    except KeyboardInterrupt:  # outside a command, such as during imports
        if signals.is_terminated():
            with contextlib.suppress(OSError, ValueError, AttributeError):
                sys.stderr.write(f"auditor: {signals.ended_by()}\n")
        return signals.exit_code()
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug is exit code 4, never a verdict
        if os.environ.get("AUDITOR_DEBUG"):
            _trace(error)
        _report_bug(error)
        return EXIT_INTERNAL
    return 0


def _report_bug(error: Exception) -> None:
    """Report an internal error with the standard library alone: any module of ours may be broken."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(
            f"auditor: internal error: {type(error).__name__}: {_shown(error)!a}\n"
            "  This is a bug. Set AUDITOR_DEBUG=1 to see where it happened, and please report it.\n"
        )


def _trace(error: Exception) -> None:
    from auditor.redaction import redact  # noqa: PLC0415 - as above

    sys.stderr.write(redact("".join(traceback.format_exception(error))))


def _shown(error: Exception) -> str:
    """Return the text of an error without secrets, or an empty string if that fails."""
    try:
        from auditor.redaction import redact  # noqa: PLC0415 - as above

        return redact(str(error))
    except Exception:  # noqa: BLE001 - the last line of defence
        return ""
