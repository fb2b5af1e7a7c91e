"""Files that a plan may not name. In CI, a pull request may change the plan, and an error or a report may quote a file.

Absolute paths and `..` are allowed, because plans name lists next to them. Files of the kernel, devices, and the locations of
logins and keys are not allowed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

HINT: Final = "copy the needed file next to the plan"
_SYSTEM = ("/proc", "/sys", "/dev", "/run/secrets", "/etc/shadow", "/etc/gshadow", "/etc/ssh", "/etc/sudoers")
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - a folder for ordinary files, though it is below /dev
_AT_HOME = (
    *(".ssh", ".gnupg", ".aws", ".azure", ".kube", ".netrc", ".git-credentials", ".npmrc", ".pypirc", ".vault-token"),
    *(".docker/config.json", ".config/containers/auth.json", ".config/gcloud", ".config/gh", ".config/helm/registry"),
)
_KERNEL = ("/proc", "/sys")  # also if they are mounted a second time


def why_off_limits(path: Path) -> str:
    """Return why a file or folder must not be read for a plan, after links are resolved; empty if it may be read."""
    real = os.path.realpath(path)
    if _is_below(real, _SYSTEM) and not _is_below(real, (_SHARED_MEMORY,)):
        return "a plan may not name system files"
    if _is_below(real, _logins_at_home()):
        return "a plan may not name files that hold logins or keys"
    return ""


def is_of_the_kernel(device: int) -> bool:
    """Return whether an open file, by its `st_dev`, belongs to the kernel."""
    return any(place.exists() and place.stat().st_dev == device for place in map(Path, _KERNEL))


def _is_below(real: str, places: tuple[str, ...]) -> bool:
    return any(real == place or real.startswith(place + os.sep) for place in places)


def _logins_at_home() -> tuple[str, ...]:
    """Return the login files of the user; none for a user without a home folder, as in a container."""
    try:
        home = Path.home()
    except RuntimeError:
        return ()
    return tuple(os.path.realpath(home / name) for name in _AT_HOME)
