"""The entry point: `auditor`, and `python -m auditor`.

Nothing heavy is imported before it is known that it is needed: `auditor --version` answers at once.
"""

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
        with contextlib.suppress(OSError, AttributeError):  # what cannot be written is said on the long way
            sys.stdout.write(f"auditor {__version__}\n")
            sys.stdout.flush()
            return
    sys.exit(_run())


def _run() -> int:
    from auditor.errors import AuditorError  # noqa: PLC0415 - late, so that --version stays quick

    signals.listen()
    gc.disable()  # one short run over values that live to its end: there is nothing for the cycle collector to find
    try:
        from auditor.cli.app import run  # noqa: PLC0415 - inside, so that a broken installation is no "not ready" either

        run()
    except AuditorError as error:
        from auditor.cli.saying import say_error  # noqa: PLC0415 - as above

        say_error(error)
        return error.exit_code
    except KeyboardInterrupt:
        if signals.is_terminated():
            with contextlib.suppress(OSError, ValueError, AttributeError):
                sys.stderr.write(f"auditor: {signals.ended_by()}\n")
        return signals.exit_code()
    except Exception as error:  # noqa: BLE001 - the last line of defence: a bug is exit code 4, never a verdict
        if os.environ.get("AUDITOR_DEBUG"):
            _trace(error)
        _last_words(error)
        return EXIT_INTERNAL
    return 0


def _last_words(error: Exception) -> None:
    """Say that it was a bug, with nothing but what Python brings: whatever we have may be what is broken."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(
            f"auditor: internal error: {type(error).__name__}: {_shown(error)!a}\n"
            "  This is a bug. Set AUDITOR_DEBUG=1 to see where it happened, and please report it.\n"
        )


def _trace(error: Exception) -> None:
    from auditor.redaction import redact  # noqa: PLC0415 - as above

    sys.stderr.write(redact("".join(traceback.format_exception(error))))


def _shown(error: Exception) -> str:
    """The text of an error without secrets; empty if that fails."""
    try:
        from auditor.redaction import redact  # noqa: PLC0415 - as above

        return redact(str(error))
    except Exception:  # noqa: BLE001 - the last line of defence
        return ""


if __name__ == "__main__":
    main()
