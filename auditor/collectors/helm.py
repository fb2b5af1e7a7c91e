"""Render charts with the real `helm template`. The rendering is stored with the plan's files, so an offline audit needs no
helm.

Helm gets a private copy of the files that the plan names, its own folders for cache, configuration, data and plug-ins, a few
environment variables, no network if the system allows that, and a time limit. It does not validate values against
`values.schema.json`, because a `$ref` there makes it connect. Secrets and config maps that name no image are blanked line by
line, so that positions stay. If they hold credentials, only the image names are kept.
"""

from __future__ import annotations

import contextlib
import functools
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from auditor.collectors.chart_files import ChartCopy, NotCopied, private_copy, without_strays
from auditor.collectors.program_runs import ProgramError, find, run, without_network
from auditor.errors import Location, strerror
from auditor.located import Marked, NotStructured, load_marked
from auditor.plan.files import downloads_name, earlier_downloads_name
from auditor.plan.model import Plan, Workload
from auditor.plan.plan_paths import is_inside, normal
from auditor.plan.secrets import secret_in
from auditor.readers.workloads.chart_dependencies import ChartByteLimit, UnreadableChart, unpacked
from auditor.readers.workloads.plan_releases import plan_releases
from auditor.readers.workloads.rendered import (
    charts_of,
    failure_name,
    inputs_key,
    is_final,
    is_made_from,
    marked_with,
    release_of,
    rendered_name,
)
from auditor.redaction import SHORTEST, redact, remember_found
from auditor.secret_forms import REDACTED

_SECONDS = 120
_MAX_OUTPUT = 16 * 1024 * 1024
_MAX_REASON = 2000
_ADVICE = "Use --debug flag to render out invalid YAML"
_NO_SCHEMAS = "--skip-schema-validation"  # since Helm 3.16
_SYSTEM = ("SYSTEMROOT", "TEMP", "TMP")  # required by programs on Windows
_NOT_ISOLATED = (
    "helm was not run, because this system cannot start a program without a network, and this command makes no connections. "
    "Add `--render-charts` to run helm anyway"
)
_TOO_OLD = f"helm was not run, because it does not support {_NO_SCHEMAS}: install Helm 3.16 or later"


def with_rendered_charts(plan: Plan, carried: Mapping[str, bytes] | None = None, *, cut_off: bool = False) -> Plan:
    """Return the plan with the rendering of each chart among its files, or the reason why it is missing.

    A chart that already has one of them is skipped. `carried` are the files of evidence: a rendering from the same inputs there
    is used. `cut_off`: helm runs only if the system can start it without a network.
    """
    if not charts_of(plan):
        return plan
    charts = [(number, workload) for number, workload in charts_of(plan) if not is_final(plan, number, workload)]
    plan = without_strays(plan) if charts else plan
    files = dict(plan.files)
    _take_record(plan, files, carried or {})
    for number, workload in charts:
        name, key = rendered_name(number, workload), inputs_key(plan, workload)
        kept = (carried or {}).get(name, b"")
        rendering, reason = (kept, "") if is_made_from(kept, key) else _render(plan, workload, key, cut_off=cut_off)
        if rendering:
            files[name] = rendering
        else:
            files[failure_name(number, workload)] = reason.encode()
    plan = replace(plan, files=files) if charts else plan
    return _with_rendered_releases(plan, carried or {}, cut_off=cut_off)


def _take_record(plan: Plan, files: dict[str, bytes], carried: Mapping[str, bytes]) -> None:
    """Add what evidence lists about the downloads of pods: its renderings have no commands."""
    if (record := carried.get(downloads_name(plan.file))) is not None:
        files[earlier_downloads_name(plan.file)] = record


def _with_rendered_releases(plan: Plan, carried: Mapping[str, bytes], *, cut_off: bool) -> Plan:
    """Return the plan with the rendering of each release whose chart it has. The values of releases are not kept."""
    files = dict(plan.files)
    for one in plan_releases(plan):
        if one.copy is None or one.rendered_name in files or one.failure_name in files:
            continue
        with_values, workload = replace(plan, files={**plan.files, **one.values_files}), one.workload()
        key = inputs_key(with_values, workload)
        kept = carried.get(one.rendered_name, b"")
        rendering, reason = (kept, "") if is_made_from(kept, key) else _render(with_values, workload, key, cut_off=cut_off)
        files[one.rendered_name if rendering else one.failure_name] = rendering or reason.encode()
    return replace(plan, files=files) if len(files) > len(plan.files) else plan


def _render(plan: Plan, workload: Workload, key: str, *, cut_off: bool) -> tuple[bytes, str]:
    """Return the output of helm, or the reason why it failed."""
    for values in _values_files(plan, workload):
        remember_found(values)  # those in packed charts were not read as text before
    helm = find("helm", apart_from=[Path(plan.path).parent])
    if helm is None:
        return b"", "helm is not installed here"
    before = without_network()
    if before is None and cut_off:
        return b"", _NOT_ISOLATED
    try:
        with tempfile.TemporaryDirectory(prefix="auditor-helm-") as own:
            (Path(own) / "inputs").mkdir()
            copy = private_copy(plan, workload, Path(own) / "inputs")
            skips = _knows(helm, _NO_SCHEMAS)
            if before is None and not skips:
                return b"", _TOO_OLD
            options = [*_options(plan, workload, copy), *([_NO_SCHEMAS] if skips else [])]
            done = run(
                helm,
                ["template", *options],
                operands=[release_of(workload), copy.chart],
                environment=_environment(own),
                seconds=_SECONDS,
                most=_MAX_OUTPUT,
                folder=own,
                before=before or (),
            )
    except NotCopied as error:
        return b"", str(error)
    except ProgramError as error:
        return b"", f"helm {error}"
    except OSError as error:
        return b"", f"the chart could not be copied for helm: {strerror(error)}"
    if done.status != 0:
        return b"", _said(plan, workload, copy, done.errors) or f"helm ended with {done.status}"
    return marked_with(key, done.output), ""


def _options(plan: Plan, workload: Workload, copy: ChartCopy) -> list[str]:
    """Return fixed options, each in one word with its value."""
    options = ["--include-crds", "--skip-tests"]
    if workload.namespace:
        options.append(f"--namespace={workload.namespace}")
    if plan.cluster is not None:
        options.append(f"--kube-version={plan.cluster.version}")
    # Helm reads the value as one row of CSV.
    return [*options, *('--values="{}"'.format(path.replace('"', '""')) for path in copy.values)]


def _environment(own: str) -> dict[str, str]:
    """Return a few variables. Nothing else from the caller's environment reaches helm, such as plug-ins, proxies, logins or a
    cluster."""
    homes = {f"HELM_{name}_HOME": f"{own}/{name.lower()}" for name in ("CACHE", "CONFIG", "DATA")}
    system = {name: value for name in _SYSTEM if (value := os.environ.get(name))} if os.name == "nt" else {}
    fixed = {"HOME": own, "TMPDIR": own, "PATH": "", "LC_ALL": "C", "KUBECONFIG": f"{own}/none"}
    return {**system, **fixed, **homes, "HELM_PLUGINS": f"{own}/plugins"}


@functools.cache
def _knows(helm: str, option: str) -> bool:
    """Return whether `helm template` has an option. Raises ProgramError."""
    with tempfile.TemporaryDirectory(prefix="auditor-helm-") as own:
        words = ["template", "--help"]
        done = run(helm, words, environment=_environment(own), seconds=_SECONDS, most=_MAX_OUTPUT, folder=own)
    return option.encode() in done.output


def _said(plan: Plan, workload: Workload, copy: ChartCopy, stderr: bytes) -> str:
    """Return helm's error on one line, with the plan's file names, without secrets and without usage advice."""
    text = " ".join(stderr.decode("utf-8", "replace").split()).removeprefix("Error: ").replace(_ADVICE, "").strip()
    names = zip(copy.values, workload.values, strict=True)
    for path, name in ((copy.chart, workload.chart), *names):
        text = text.replace(path, normal(name))
    for secret in sorted(set(_secrets(plan, workload)), key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    return f"helm reports: {redact(text)[:_MAX_REASON]}" if text else ""


def _secrets(plan: Plan, workload: Workload) -> Iterator[str]:
    """Yield secret values, by the names of their keys, that templates may quote in an error."""
    for data in _values_files(plan, workload):
        try:
            documents = load_marked(data)
        except NotStructured:
            continue
        for document in documents:
            yield from _secret_values(document)


def _values_files(plan: Plan, workload: Workload) -> Iterator[bytes]:
    """Yield the values files of the plan, and those in a chart and in its packed charts."""
    chart, allowance = normal(workload.chart), ChartByteLimit()
    yield from (plan.files.get(path, b"") for path in map(normal, workload.values))
    waiting = [(path, data) for path, data in plan.files.items() if is_inside(path, chart)]
    while waiting:
        path, data = waiting.pop()
        if path.endswith("values.yaml"):
            yield data
        elif data.startswith(b"\x1f\x8b"):
            with contextlib.suppress(UnreadableChart):
                waiting.extend(unpacked(data, Location(path), allowance).items())


def _secret_values(item: Marked) -> Iterator[str]:
    for key, value in item.items():
        if len(value.text) >= SHORTEST and (
            REDACTED in redact(f"{key}: {value.text}") or secret_in(f"{key}: {value.text}".encode())
        ):
            yield value.text
        yield from _secret_values(value)
    for one in item.list:
        yield from _secret_values(one)
