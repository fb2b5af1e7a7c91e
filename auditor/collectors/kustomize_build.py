"""Build kustomizations with the real `kustomize` or `kubectl kustomize` on a private copy of the files that they name.

No network, no plug-ins, no helm, nothing of the caller's environment. Remote bases fail, so the workload is undetermined.
"""

from __future__ import annotations

import posixpath
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from auditor.collectors.program_runs import ProgramError, find, run, without_network
from auditor.errors import Location, strerror
from auditor.plan.files import DiskFiles, FileProblem
from auditor.plan.model import Plan, Workload
from auditor.plan.plan_paths import is_inside, normal
from auditor.readers.workloads.built import built_name, kustomizations_of, not_built_name
from auditor.readers.workloads.kustomize import NAMES, is_kustomization, named_paths, unbuilt
from auditor.redaction import redact

_SECONDS = 120
_MAX_OUTPUT = 64 * 1024 * 1024
_MAX_REASON = 1000
_MOST_ABOVE = 16  # levels above the plan's folder at which bases may be
_MAX_FILES = 5_000
_NOT_ISOLATED = (
    "kustomize was not run, because this system cannot start a program without a network, and this command makes no "
    "connections. Add `--render-charts` to run it anyway"
)
_NOT_INSTALLED = "neither kustomize nor kubectl is installed on this machine"


class _NotCopied(Exception):
    """The files of a kustomization cannot be copied; the message gives the reason."""


def with_built_kustomizations(plan: Plan, *, cut_off: bool = False) -> Plan:
    """Return the plan with the build of each kustomization among its files, or the reason why it is missing.

    A workload that has one of them is skipped, and so is a kustomization that only lists files. `cut_off`: kustomize runs only
    if the system can start it without a network.
    """
    files = dict(plan.files)
    for number, workload in kustomizations_of(plan):
        names = built_name(number, workload), not_built_name(number, workload)
        if not files.keys().isdisjoint(names) or not _needs_a_build(plan, workload):
            continue
        built, reason = _build(plan, workload, cut_off=cut_off)
        files[names[0] if built else names[1]] = built or reason.encode()
    return replace(plan, files=files) if files != plan.files else plan


def _needs_a_build(plan: Plan, workload: Workload) -> bool:
    folder = normal(workload.manifests)
    inside = {posixpath.normpath(path): data for path, data in plan.files.items() if is_inside(path, folder)}
    return bool(unbuilt(inside, inside)[0])


def _build(plan: Plan, workload: Workload, *, cut_off: bool) -> tuple[bytes, str]:
    """Return the output of kustomize, or the reason why it failed."""
    apart = [Path(plan.path).parent]
    program, options = find("kustomize", apart_from=apart), ["build"]
    if program is None:
        program, options = find("kubectl", apart_from=apart), ["kustomize"]
    if program is None:
        return b"", _NOT_INSTALLED
    before = without_network()
    if before is None and cut_off:
        return b"", _NOT_ISOLATED
    try:
        files = _closure(plan, normal(workload.manifests))
        with tempfile.TemporaryDirectory(prefix="auditor-kustomize-") as own:
            folder = _copied(files, normal(workload.manifests), Path(own) / "inputs")
            fixed = {"HOME": own, "TMPDIR": own, "PATH": "", "LC_ALL": "C", "KUBECONFIG": f"{own}/none"}
            done = run(
                program,
                options,
                operands=[str(folder)],
                environment=fixed,
                seconds=_SECONDS,
                most=_MAX_OUTPUT,
                folder=own,
                before=before or (),
            )
            said = done.errors.decode("utf-8", "replace").replace(f"{own}/inputs/{'d/' * _MOST_ABOVE}", "")
    except (_NotCopied, ProgramError) as error:
        return b"", f"kustomize: {error}"
    except OSError as error:
        return b"", f"the files could not be copied for kustomize: {strerror(error)}"
    if done.status != 0:
        said = " ".join(said.replace(own, "").split()).removeprefix("Error: ")
        return b"", f"kustomize reports: {redact(said)[:_MAX_REASON]}" if said else f"kustomize ended with {done.status}"
    return done.output, ""


def _closure(plan: Plan, folder: str) -> Mapping[str, bytes]:
    """Return the files of a folder, and the outside files that its kustomizations name, recursively. Raises _NotCopied."""
    disk = DiskFiles(Path(plan.path).parent)
    found = {posixpath.normpath(path): data for path, data in plan.files.items() if is_inside(path, folder)}
    waiting = [path for path in found if is_kustomization(path)]
    asked: set[str] = set()
    while waiting:
        kustomization = waiting.pop()
        for path in named_paths(kustomization, found[kustomization]):
            if path in asked or path in found or any(is_inside(known, path) for known in found):
                continue
            asked.add(path)
            # Outside the folder, kustomize reads only files that the kustomization of their own folder names.
            if not any((disk.folder / path / name).is_file() for name in NAMES):
                continue
            try:
                more = disk.read(path, Location(kustomization))
            except FileProblem:
                continue  # kustomize reports missing files
            new = {posixpath.normpath(name): data for name, data in more.items()}
            waiting += [name for name in new if is_kustomization(name) and name not in found]
            found.update(new)
            if len(found) > _MAX_FILES:
                raise _NotCopied(f"the kustomization names more than {_MAX_FILES:,} files")
    return found


def _copied(files: Mapping[str, bytes], folder: str, root: Path) -> Path:
    """Write the files below `root`, deep enough for bases above the plan's folder. Return the folder to build."""
    home = root.joinpath(*["d"] * _MOST_ABOVE)
    for path, data in files.items():
        if path.startswith("/") or path.split("/").count("..") > _MOST_ABOVE:
            raise _NotCopied(f"{path}: the path is absolute, or too many levels above the plan")
        target = Path(posixpath.normpath(posixpath.join(str(home), path)))
        if not target.is_relative_to(root):
            raise _NotCopied(f"{path}: the path is too many levels above the plan")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return Path(posixpath.normpath(posixpath.join(str(home), folder)))
