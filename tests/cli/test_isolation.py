"""An unexpected exception affects one input, one check or one section. The report is still written."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.readers import scripts, workloads
from auditor.readers.lists import docker_images, plain, read_list
from auditor.readers.lists.source import ListSource
from auditor.readers.node_config import registries_yaml
from auditor.readers.workloads import manifests
from tests.cli.runner import auditor, environment

LINUX = ("--platform", "linux/amd64")
DEEP = "[" * 100_000


def boom(*_arguments: object, **_named: object) -> object:
    raise TypeError("an odd input")


def odd_items(*_arguments: object) -> Iterator[object]:
    yield from ()
    raise TypeError("an odd input")


def audited(folder: Path, *arguments: str) -> tuple[int, dict[str, object]]:
    """Run an audit in this process, where a reader was made to fail; the exit code and the JSON report."""
    from auditor.cli.app import app

    path = folder / "report.json"
    code = app(["audit", *arguments, "--offline", "--format", f"json={path}"], prog_name="auditor", standalone_mode=False)
    return int(code or 0), json.loads(path.read_text())


def plan(folder: Path, more: str) -> str:
    path = folder / "plan.yaml"
    path.write_text(f"version: 1\npools: {{one: {{platform: linux/amd64}}}}\n{more}")
    return str(path)


def test_deeply_nested_docker_row_is_an_error_of_its_line(tmp_path: Path) -> None:
    row = '{"Repository":"busybox","Tag":"1","Digest":"<none>","ID":"x"}'
    (tmp_path / "images.txt").write_text(f'{row}\n{{"Repository":"a","Tag":{DEEP}\n')
    done = auditor("audit", "images.txt", *LINUX, "--offline", "--format", "json", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    said = [finding["message"] for finding in json.loads(done.stdout)["findings"]]
    assert any("not a row of `docker image ls`" in message for message in said)


def test_unexpected_error_of_a_reader_is_an_error_of_that_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_images, "recognises", boom)
    (line,) = read_list(ListSource("images.txt", ("one",)), b"busybox:1 alpine:3\n")  # not for the plain reader alone
    assert (line.location.file, line.reference) == ("images.txt", None)
    assert "TypeError: an odd input" in line.error


def test_images_read_before_an_unexpected_error_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(source: ListSource, _data: bytes) -> object:
        yield source.entry("busybox:1", 1, 1)
        raise RecursionError

    monkeypatch.setattr(plain, "read", read)
    first, second = read_list(ListSource("images.txt", ("one",)), b"busybox:1\n")
    assert first.reference is not None
    assert "RecursionError" in second.error


@pytest.mark.parametrize(
    ("module", "reader", "more", "file"),
    [
        (scripts, "read_script", "copy: {scripts: [copy.sh]}\n", "copy.sh"),
        (manifests, "iter_marked", "workloads: [{manifests: app.yaml}]\n", "app.yaml"),
        (workloads, "demands_in", "workloads: [{manifests: app.yaml}]\n", "app.yaml"),
        (registries_yaml, "load", "pools: {one: {platform: linux/amd64, config: [registries.yaml]}}\n", "registries.yaml"),
    ],
)
def test_file_that_fails_is_named_in_the_report(
    module: object,
    reader: str,
    more: str,
    file: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "copy.sh").write_text("#!/bin/sh\ncrane copy a b\n")
    (tmp_path / "app.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{image: a:1}]}\n")
    (tmp_path / "registries.yaml").write_text("mirrors: {docker.io: {endpoint: ['https://r.example']}}\n")
    monkeypatch.setattr(module, reader, odd_items if reader == "demands_in" else boom)
    path = plan(tmp_path, "")
    if more.startswith("pools"):
        Path(path).write_text(f"version: 1\n{more}images: [{{ref: 'busybox:1', pools: [one]}}]\n")
    else:
        path = plan(tmp_path, more)
    code, report = audited(tmp_path, path)
    assert code in {1, 3}
    assert "TypeError: an odd input" in json.dumps(report)
    assert file in json.dumps(report)


@pytest.mark.parametrize("section", ["egress_rows", "storage_stages", "trust_rows", "image_rows", "evidence_rows", "host_rows"])
def test_section_that_fails_makes_the_report_undetermined(
    section: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["auditor.policy.judging"], section, boom)
    code, report = audited(tmp_path, plan(tmp_path, "images: [{ref: 'busybox:1', pools: [one]}]\n"))
    assert code in {1, 3}
    assert "of the report failed with TypeError: an odd input" in json.dumps(report["undetermined"])


@pytest.mark.parametrize("words", ["--help", "", "audit --help", "--version", "checks", "--show-completion bash"])
@pytest.mark.parametrize(("redirection", "code"), [(">/dev/full", {2}), (">&-", {0, 2}), ("| true", {0, 2})])
def test_unwritable_stdout_is_one_error_line_without_traceback(
    words: str, redirection: str, code: set[int], tmp_path: Path
) -> None:
    command = f"set -o pipefail; {sys.executable} -m auditor {words} {redirection}"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in code, done.stderr
    assert "Traceback" not in done.stderr
    assert "internal error" not in done.stderr
    assert "Exception ignored" not in done.stderr
