"""Real copies of real images, audited: exactly the content that was lost is reported."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.runner import auditor
from tests.peers.images import build_index, real_image
from tests.peers.programs import require
from tests.peers.registry import RunningRegistry, allow_urls, serve

pytestmark = pytest.mark.peer
LOOKED_AT = frozenset(
    {
        "image-missing-in-target",
        "platform-dropped",
        "digest-drift",
        "index-incomplete",
        "archive-corrupt",
        "archive-name-mismatch",
        "foreign-layer-unavailable",
    }
)
WEB, OLD = "shop/web:1", "shop/old:1"
Lost = set[tuple[str, str]]


@dataclass(frozen=True)
class Registries:
    """The source, with an ordinary image for both systems and one on a foreign layer; and an empty one inside."""

    source: RunningRegistry
    inside: RunningRegistry
    foreign_layer: str

    def named(self, image: str) -> str:
        """An image as its source names it."""
        return f"{self.source.host}/{image}"


def run(program: str, *words: object, fails: bool = False) -> None:
    done = subprocess.run([require(program), *map(str, words)], capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode != 0) is fails, done.stdout + done.stderr


def crane(*words: object) -> None:
    run("crane", "--insecure", *words)


def skopeo(*words: object) -> None:
    run("skopeo", "--insecure-policy", "copy", "--src-tls-verify=false", "--dest-tls-verify=false", *words)


@pytest.fixture(scope="module")
def registries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registries]:
    folder = tmp_path_factory.mktemp("registries")
    with serve(folder / "source", more=allow_urls(".+")) as source, serve(folder / "inside", more=allow_urls(".+")) as inside:
        linux, windows = real_image("linux/amd64"), real_image("windows/amd64:10.0.20348.2")
        old = real_image("windows/amd64:10.0.20348.587", docker=True, foreign=f"{source.url}/v2/shop/old/blobs/")
        with source.uploader() as push:
            push.index("shop/web", build_index(linux, windows), "1")
            push.index("shop/old", build_index(real_image("linux/amd64", docker=True, label="old"), old), "1")
        yield Registries(source, inside, old.layers[0].digest)


def audited(folder: Path, plan: str, *options: str) -> tuple[Lost, dict[str, Any]]:
    """Which of the checks that look at copies found what, and the whole report. None of them may be undetermined."""
    (folder / "plan.yaml").write_text(plan)
    done = auditor("audit", "plan.yaml", "--at", "2026-11-23", "--format", "json", *options, cwd=folder)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert not [item for item in report["undetermined"] if item["check"] in LOOKED_AT]
    found = [finding for finding in report["findings"] if finding["check"] in LOOKED_AT]
    subjects = {(finding["check"], finding["subject"]["pool"] or finding["subject"]["id"]) for finding in found}
    assert len(subjects) == len(found)
    return subjects, report


def plan_of(made: Registries, *images: str, archives: str = "", inside: bool = False) -> str:
    lines = [
        "version: 1",
        "pools:",
        "  linux: {platform: linux/amd64}",
        "  windows: {platform: 'windows/amd64:ltsc2022'}",
        "images:",
        *(f"  - {{ref: '{made.named(image)}'}}" for image in images),
    ]
    if archives:
        lines.append(f"copy: {{archives: ['{archives}']}}")
    if inside:
        # The source has the same images under the same paths, so that only the host differs.
        lines.append(f"registry: {{host: '{made.inside.host}', rewrites: {{'{made.source.host}': '{made.inside.host}'}}}}")
    return "\n".join(lines) + "\n"


def names_lost(made: Registries, *images: str) -> Lost:
    return {("archive-name-mismatch", made.named(image)) for image in images}


def crane_tarball(made: Registries, folder: Path) -> str:
    crane("pull", made.named(WEB), folder / "web.tar")
    return "web.tar"


def crane_tarball_for_windows(made: Registries, folder: Path) -> str:
    crane("pull", "--platform", "windows/amd64", made.named(WEB), folder / "web.tar")
    return "web.tar"


def crane_layout(made: Registries, folder: Path) -> str:
    crane("pull", "--format", "oci", made.named(WEB), folder / "web")
    return "web"


def crane_layout_with_names(made: Registries, folder: Path) -> str:
    crane("pull", "--format", "oci", "--annotate-ref", made.named(WEB), folder / "web")
    return "web"


def skopeo_docker_archive(made: Registries, folder: Path) -> str:
    skopeo(f"docker://{made.named(WEB)}", f"docker-archive:{folder}/web.tar:{made.named(WEB)}")
    return "web.tar"


def skopeo_two_docker_archives(made: Registries, folder: Path) -> str:
    (folder / "media").mkdir()
    skopeo(f"docker://{made.named(WEB)}", f"docker-archive:{folder}/media/linux.tar:{made.named(WEB)}")
    skopeo(
        "--override-os", "windows", f"docker://{made.named(WEB)}", f"docker-archive:{folder}/media/win.tar:{made.named(WEB)}"
    )
    return "media"


def skopeo_layout_of_one(made: Registries, folder: Path) -> str:
    skopeo(f"docker://{made.named(WEB)}", f"oci:{folder}/web:1")
    return "web"


def skopeo_layout_of_all(made: Registries, folder: Path) -> str:
    skopeo("--all", f"docker://{made.named(WEB)}", f"oci:{folder}/web:{made.named(WEB)}")
    return "web"


def skopeo_dir(made: Registries, folder: Path) -> str:
    skopeo("--all", f"docker://{made.named(WEB)}", f"dir:{folder}/web")
    return "web"


def wrongly_named(made: Registries, folder: Path) -> str:
    skopeo(f"docker://{made.named(WEB)}", f"docker-archive:{folder}/web.tar:shop/web:i-was-a-digest")
    return "web.tar"


NO_WINDOWS = {("platform-dropped", "windows")}
COPIES: list[tuple[Callable[[Registries, Path], str], Callable[[Registries], Lost]]] = [
    (crane_tarball, lambda _: NO_WINDOWS),
    (crane_tarball_for_windows, lambda _: {("platform-dropped", "linux")}),
    (crane_layout, lambda made: names_lost(made, WEB)),
    (crane_layout_with_names, lambda _: set()),
    (skopeo_docker_archive, lambda _: NO_WINDOWS),
    (skopeo_two_docker_archives, lambda _: set()),
    (skopeo_layout_of_one, lambda made: NO_WINDOWS | names_lost(made, WEB)),
    (skopeo_layout_of_all, lambda _: set()),
    (skopeo_dir, lambda made: names_lost(made, WEB)),
    (wrongly_named, lambda made: NO_WINDOWS | names_lost(made, WEB)),
]


@pytest.mark.parametrize(("copy", "lost"), COPIES, ids=[copy.__name__ for copy, _ in COPIES])
def test_only_the_content_missing_from_an_archive_is_reported(
    registries: Registries,
    tmp_path: Path,
    copy: Callable[[Registries, Path], str],
    lost: Callable[[Registries], Lost],
) -> None:
    found, _ = audited(tmp_path, plan_of(registries, WEB, archives=copy(registries, tmp_path)))
    assert found == lost(registries)


def test_image_that_no_archive_has_is_missing(registries: Registries, tmp_path: Path) -> None:
    found, _ = audited(tmp_path, plan_of(registries, WEB, OLD, archives=crane_layout_with_names(registries, tmp_path)))
    assert found == {("image-missing-in-target", registries.named(OLD))}


def test_foreign_layers_that_were_not_copied_are_reported(registries: Registries, tmp_path: Path) -> None:
    """skopeo leaves them out of a layout, and takes them along into a docker-archive or a dir."""
    source = f"docker://{registries.named(OLD)}"
    skopeo("--all", source, f"oci:{tmp_path}/layout:{registries.named(OLD)}")
    found, _ = audited(tmp_path, plan_of(registries, OLD, archives="layout"))
    assert found == {("foreign-layer-unavailable", registries.foreign_layer)}
    skopeo("--all", source, f"dir:{tmp_path}/dir")
    found, _ = audited(tmp_path, plan_of(registries, OLD, archives="dir"))
    assert found == names_lost(registries, OLD)
    skopeo("--override-os", "windows", source, f"docker-archive:{tmp_path}/windows.tar:{registries.named(OLD)}")
    found, _ = audited(tmp_path, plan_of(registries, OLD, archives="windows.tar"))
    assert found == {("platform-dropped", "linux")}


def apply_remedy(folder: Path, remedy: dict[str, Any], registries: Registries) -> None:
    """Run the commands of a remedy as they are, but for what the tools have to know of registries without TLS."""
    plain = " ".join(f"--host reg={one.host},tls=disabled" for one in (registries.source, registries.inside))
    for command in remedy["commands"]:
        line = command.replace("crane ", f"{require('crane')} --insecure ")
        line = line.replace("regctl ", f"{require('regctl')} {plain} ", 1)
        subprocess.run(["bash", "-eu", "-o", "pipefail", "-c", line], check=True, capture_output=True, timeout=60, cwd=folder)


BOTH = ("--via", "source", "--via", "target")


def test_complete_copy_to_the_internal_registry_passes(registries: Registries, tmp_path: Path) -> None:
    crane("copy", registries.named(WEB), f"{registries.inside.host}/{WEB}")
    found, report = audited(tmp_path, plan_of(registries, WEB, inside=True), *BOTH)
    assert found == set()
    assert {row["id"] for row in report["checks"] if row["status"] == "passed"} >= {
        "image-missing-in-target",
        "platform-dropped",
        "digest-drift",
        "index-incomplete",
    }


def test_image_that_was_not_pushed_is_reported(registries: Registries, tmp_path: Path) -> None:
    with registries.source.uploader() as push:
        push.index("shop/new", build_index(real_image("linux/amd64"), real_image("windows/amd64:10.0.20348.2")), "1")
    found, _ = audited(tmp_path, plan_of(registries, "shop/new:1", inside=True), *BOTH)
    assert found == {("image-missing-in-target", registries.named("shop/new:1"))}


def test_crane_skips_foreign_layers_without_its_option(registries: Registries, tmp_path: Path) -> None:
    target = f"{registries.inside.host}/{OLD}"
    crane("copy", registries.named(OLD), target)
    found, _ = audited(tmp_path, plan_of(registries, OLD, inside=True), *BOTH)
    assert found == {("foreign-layer-unavailable", registries.foreign_layer)}
    crane("copy", "--allow-nondistributable-artifacts", registries.named(OLD), target)
    found, _ = audited(tmp_path, plan_of(registries, OLD, inside=True), *BOTH)
    assert found, "crane sees that the manifest is there, and uploads nothing: the flag does not fix an earlier copy without it"


def test_remedy_for_foreign_layers_fixes_a_copy_without_them(registries: Registries, tmp_path: Path) -> None:
    crane("copy", registries.named(OLD), f"{registries.inside.host}/{OLD}")
    found, report = audited(tmp_path, plan_of(registries, OLD, inside=True), *BOTH)
    assert found == {("foreign-layer-unavailable", registries.foreign_layer)}
    (finding,) = [finding for finding in report["findings"] if finding["check"] == "foreign-layer-unavailable"]
    (remedy,) = finding["remedies"]
    apply_remedy(tmp_path, remedy, registries)
    found, _ = audited(tmp_path, plan_of(registries, OLD, inside=True), *BOTH)
    assert found == set(), "asked again, since it was absent before"


def test_push_of_one_platform_is_reported(registries: Registries, tmp_path: Path) -> None:
    for image, copy in (("shop/one:1", ("--platform", "linux/amd64")), ("shop/two:1", ())):
        with registries.source.uploader() as push:
            name = image.partition(":")[0]
            push.index(name, build_index(real_image("linux/amd64"), real_image("windows/amd64:10.0.20348.2")), "1")
        if copy:
            crane("copy", *copy, registries.named(image), f"{registries.inside.host}/{image}")
        else:
            skopeo(f"docker://{registries.named(image)}", f"docker://{registries.inside.host}/{image}")
        found, _ = audited(tmp_path, plan_of(registries, image, inside=True), *BOTH)
        assert found == NO_WINDOWS, image


def test_push_from_an_archive_is_reported(registries: Registries, tmp_path: Path) -> None:
    """What a layout has is pushed whole; a tarball converts nothing, and its single platform is what is there."""
    with registries.source.uploader() as push:
        push.index("shop/boxed", build_index(real_image("linux/amd64"), real_image("windows/amd64:10.0.20348.2")), "1")
    target = f"{registries.inside.host}/shop/boxed:1"
    crane("pull", "--format", "oci", "--annotate-ref", registries.named("shop/boxed:1"), tmp_path / "boxed")
    crane("push", "--index", tmp_path / "boxed", f"{registries.inside.host}/shop/wrapped:1")
    skopeo("--all", f"oci:{tmp_path}/boxed:{registries.named('shop/boxed:1')}", f"docker://{target}")
    plan = plan_of(registries, "shop/boxed:1", archives="boxed", inside=True)
    found, _ = audited(tmp_path, plan, *BOTH, "--via", "archives")
    assert found == set()
    skopeo(
        f"docker://{registries.named('shop/boxed:1')}",
        f"docker-archive:{tmp_path}/linux.tar:{registries.named('shop/boxed:1')}",
    )
    skopeo(f"docker-archive:{tmp_path}/linux.tar", f"docker://{target}")
    found, _ = audited(tmp_path, plan, *BOTH, "--via", "archives")
    assert found == NO_WINDOWS, "pushed over the whole one"


@pytest.mark.parametrize("check", ["index-incomplete", "platform-dropped"])
def test_remedy_fixes_an_index_with_a_missing_manifest(registries: Registries, tmp_path: Path, check: str) -> None:
    """As after a clean-up that deleted what only an index points at."""
    index = build_index(real_image("linux/amd64"), real_image("windows/amd64:10.0.20348.2"))
    gone = index.children[1].manifest.digest
    with registries.source.uploader() as push, serve(tmp_path / "pruned") as inside:
        push.index("shop/pruned", index, "1")
        crane("copy", registries.named("shop/pruned:1"), f"{inside.host}/shop/pruned:1")
        (revision,) = (path for path in (tmp_path / "pruned").rglob(gone.removeprefix("sha256:")) if "revisions" in path.parts)
        shutil.rmtree(revision)
        plan = plan_of(Registries(registries.source, inside, ""), "shop/pruned:1", inside=True)
        found, report = audited(tmp_path, plan, *BOTH)
        assert found == {("index-incomplete", registries.named("shop/pruned:1")), ("platform-dropped", "windows")}
        (finding,) = [finding for finding in report["findings"] if finding["check"] == check]
        apply_remedy(tmp_path, finding["remedies"][0], registries)
        assert audited(tmp_path, plan, *BOTH)[0] == set()


def test_tag_that_moved_after_the_copy_is_reported(registries: Registries, tmp_path: Path) -> None:
    name = "shop/moved"
    first = build_index(real_image("linux/amd64"), real_image("windows/amd64:10.0.20348.2"))
    second = build_index(real_image("linux/amd64", label="newer"), real_image("windows/amd64:10.0.20348.2"))
    with registries.source.uploader() as push:
        push.index(name, first, "1")
        crane("copy", registries.named(f"{name}:1"), f"{registries.inside.host}/{name}:1")
        push.index(name, second, "1")
    found, _ = audited(tmp_path, plan_of(registries, f"{name}:1", inside=True), *BOTH)
    assert found == {("digest-drift", registries.named(f"{name}:1"))}


def test_evidence_file_is_extended_on_both_sides_of_the_air_gap(registries: Registries, tmp_path: Path) -> None:
    """Outside the sources are asked, inside the registry there: together they tell what was lost."""
    skopeo(f"docker://{registries.named(WEB)}", f"docker://{registries.inside.host}/gap/web:1")
    rewritten = f"rewrites: {{'{registries.source.host}/shop': '{registries.inside.host}/gap'}}"
    lines = plan_of(registries, WEB).splitlines()
    (tmp_path / "plan.yaml").write_text("\n".join([*lines, f"registry: {{host: '{registries.inside.host}', {rewritten}}}", ""]))
    for via in ("source", "target"):
        done = auditor("collect", "plan.yaml", "-o", "site.evidence", "--via", via, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    done = auditor("audit", "site.evidence", "--at", "2026-11-23", "--format", "json", cwd=tmp_path)
    report = json.loads(done.stdout)
    assert {finding["check"] for finding in report["findings"] if finding["severity"] == "error"} == {"platform-dropped"}
    again = auditor("audit", "site.evidence", "--at", "2026-11-23", "--via", "source", "--format", "json", cwd=tmp_path)
    assert "platform-dropped" not in {finding["check"] for finding in json.loads(again.stdout)["findings"]}
