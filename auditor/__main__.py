"""The entry point of `auditor` and of `python -m auditor`."""

import os
import sys


def _leave_current_folder() -> None:
    """Remove the current folder from the import path, unless the auditor itself lies there.

    `python -m` puts it in front. A folder `checks` or a file `yaml.py` in it would be imported instead of the real package.
    Modules that Python needs to start, such as `contextlib`, are imported before: `python -P -m auditor` covers them too.
    """
    if sys.flags.safe_path or not sys.path:
        return
    try:
        first, here = (os.path.realpath(path) for path in (sys.path[0] or os.curdir, os.curdir))
    except OSError:  # the current folder was deleted
        return
    if first == here != os.path.realpath(f"{__file__}/../.."):
        del sys.path[0]


if __name__ == "__main__":
    _leave_current_folder()

from auditor.cli.main import main  # noqa: E402 - only now

if __name__ == "__main__":
    main()
