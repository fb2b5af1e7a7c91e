"""Command lines that copy: from where to where, and with what."""

from __future__ import annotations

import pytest

from auditor.transfer.commands import read_call


@pytest.mark.parametrize(
    ("line", "way"),
    [
        ("crane copy a/b c/d", ("crane", "registry", "registry")),
        ("crane --insecure cp a/b c/d", ("crane", "registry", "registry")),
        ("crane pull a/b out.tar", ("crane", "registry", "docker-archive")),
        ("crane pull --format=oci a/b out", ("crane", "registry", "oci-layout")),
        ("crane pull --format $FORMAT a/b out", ("crane", "registry", "")),
        ("skopeo --override-os linux copy docker://a/b docker-archive:x", ("skopeo", "registry", "docker-archive")),
        ("skopeo copy $FROM $TO", ("skopeo", "", "")),
        ("skopeo sync --src docker --dest dir a /x", ("skopeo", "registry", "dir")),
        ("ctr -n k8s.io images pull a/b", ("ctr", "registry", "store")),
        ("ctr i export x.tar a/b", ("ctr", "store", "oci-layout")),
        ("sudo -E /usr/bin/docker push a/b", ("docker", "store", "registry")),
        ("xargs -n1 -I{} crane copy {} c/{}", ("crane", "registry", "registry")),
        ("C:\\tools\\regctl.exe image copy a/b c/d", ("regctl", "registry", "registry")),
    ],
)
def test_a_line_that_copies(line: str, way: tuple[str, str, str]) -> None:
    call = read_call(line.split())
    assert call is not None
    assert (call.tool, call.origin, call.to) == way


@pytest.mark.parametrize("line", ["", "crane", "crane ls a/b", "crane digest copy", "echo crane copy a b", "docker run x copy"])
def test_a_line_that_does_not(line: str) -> None:
    assert read_call(line.split()) is None
