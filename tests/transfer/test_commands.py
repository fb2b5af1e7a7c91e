"""Copy commands: source, target and options."""

from __future__ import annotations

import pytest

from auditor.transfer.copy_commands import read_call


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
        ("regctl --host reg=x,tls=disabled image copy a/b ocidir://out:1", ("regctl", "registry", "oci-layout")),
        ("regctl image cp --include-external ocidir://out:1 c/d", ("regctl", "oci-layout", "registry")),
        ("regctl image copy ocidir://out:1 c/d --platform linux/amd64", ("regctl", "oci-layout", "registry")),
        ("regctl image copy a/b --platform linux/amd64 ocidir://out:1", ("regctl", "registry", "oci-layout")),
        ("regctl image copy ocidir://out:1 --include-external c/d", ("regctl", "oci-layout", "registry")),
        ("regctl image copy ocidir://a:1 ocidir://b:1", ("regctl", "oci-layout", "oci-layout")),
        ("oras cp a/b c/d", ("oras", "registry", "registry")),
        ("oras cp a/b --to-oci-layout out:1", ("oras", "registry", "oci-layout")),
        ("oras copy --to-oci-layout-path out a/b c/d:1", ("oras", "registry", "oci-layout")),
        ("oras cp --platform windows/amd64 --from-oci-layout out:1 c/d", ("oras", "oci-layout", "registry")),
        ("imgpkg copy -i a/b --to-tar x.tar", ("imgpkg", "registry", "oci-layout")),
        ("imgpkg copy --tar x.tar --to-repo c/d", ("imgpkg", "oci-layout", "registry")),
        ("zarf tools registry copy a/b c/d", ("crane", "registry", "registry")),
        ("zarf package create .", ("zarf", "registry", "oci-layout")),
        ("hauler store add image a/b", ("hauler", "registry", "oci-layout")),
        ("hauler store copy registry://c", ("hauler", "oci-layout", "registry")),
        ("regsync -c sync.yml once", ("regsync", "registry", "registry")),
        ("oc-mirror --config set.yaml file://out --v2", ("oc-mirror", "registry", "registry")),
        ("oc image mirror a/b c/d", ("oc", "registry", "registry")),
        ("docker buildx imagetools create -t c/d a/b", ("buildx-imagetools", "registry", "registry")),
        ("nerdctl -n k8s.io save -o x.tar a/b", ("nerdctl", "store", "oci-layout")),
        ("podman manifest push --all a docker://c/d", ("podman", "store", "registry")),
        ("k3s ctr images import x.tar", ("ctr", "archive", "store")),
        ("sudo k0s ctr -n k8s.io images pull a/b", ("ctr", "registry", "store")),
        ("k0s airgap bundle-artifacts -o x.tar", ("k0s", "registry", "oci-layout")),
        ("C:\\tools\\regctl.exe image copy a/b c/d", ("regctl", "registry", "registry")),
    ],
)
def test_copy_command_is_parsed(line: str, way: tuple[str, str, str]) -> None:
    call = read_call(line.split())
    assert call is not None
    assert (call.tool, call.origin, call.to) == way


NOT = ["", "crane", "crane ls a/b", "crane digest copy", "echo crane copy a b", "docker run x copy", "k0s status"]
NOT += ["oc get pods", "zarf version", "oc-mirror list operators", "oc-mirror version"]


@pytest.mark.parametrize("line", NOT)
def test_other_command_is_not_a_copy(line: str) -> None:
    assert read_call(line.split()) is None
