"""Hostile charts and plans against the real helm: no program of theirs runs, nothing connects, no other file is read."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from tests.cli.runner import auditor
from tests.peers.attacked_helm import IMAGE, OPTION, TEMPLATE, attacked_site, chart, images, plan, ran

pytestmark = pytest.mark.peer


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return attacked_site(tmp_path)


@pytest.mark.parametrize("key", ["release", "namespace"])
@pytest.mark.parametrize(
    "value",
    [OPTION, "--post-renderer", "-g", "--", "a b", "UPPER", "-", ".", "../x", "a/b", "x" * 64, "$(./evil.sh)", "a\u2028b"],
)
def test_name_in_a_plan_is_never_an_option(site: Path, key: str, value: str) -> None:
    done = auditor("audit", plan(site, {"chart": "hc", key: value}), "--offline", cwd=site)
    assert done.returncode == 2, done.stdout
    assert "plan.yaml:1:" in done.stderr
    assert "and begin and end with a letter or digit" in done.stderr or "control characters" in done.stderr
    assert not ran(site)


@pytest.mark.parametrize(
    "name", [OPTION[:16] + "=.", "--post-renderer=evil.sh", "-f", "--set=a=b", "http:", "$(touch ran)", "-", "--"]
)
@pytest.mark.parametrize("as_argument", [False, True])
def test_chart_folder_is_never_an_option(site: Path, name: str, as_argument: bool) -> None:
    chart(site / name)
    source = ["--", name] if as_argument else [plan(site, {"chart": f"./{name}"})]
    done = auditor("images", "--format", "list", *source, cwd=site)
    assert (done.returncode, done.stdout.split()) == (0, [IMAGE]), done.stderr
    assert not ran(site)


@pytest.mark.parametrize(
    "name", [OPTION.replace("/", ""), "-", "--set-file=x=plan.yaml", "a,b.yaml", 'a"b.yaml', "http:/x.yaml", "evil:/x.yaml"]
)
def test_values_file_is_read_as_a_file(site: Path, name: str) -> None:
    (site / name).parent.mkdir(exist_ok=True)
    (site / name).write_text("tag: '7'\n")
    (site / "hc" / "templates" / "pod.yaml").write_text(TEMPLATE.replace("web:1", "web:{{ .Values.tag }}"))
    status, found, said = images(site, plan(site, {"chart": "hc", "values": [f"./{name}"]}))
    assert (status, found) == (0, ["example.com/web:7"]), said
    assert not ran(site)


def test_suggested_command_holds_no_option_of_the_plan(site: Path) -> None:
    chart(site / OPTION.replace("/", ""))
    workload = {"chart": f"./{OPTION.replace('/', '')}"}
    status, _, said = images(site, plan(site, workload), extra={"PATH": "/nonexistent"})
    assert status == 3
    assert "helm template post-renderer--evil-sh ./--post-renderer=.evil.sh --include-crds" in said


def test_program_in_the_folder_of_the_plan_is_not_started(site: Path) -> None:
    """Neither through `.` on PATH, nor through the folder itself, nor through a link on PATH that leads there."""
    fake = site / "helm"
    fake.write_text((site / "evil.sh").read_text())
    fake.chmod(0o755)
    links = site.parent / "links"
    links.mkdir()
    (links / "helm").symlink_to(fake)
    (site / "deep").mkdir()
    (site / "deep" / "helm").symlink_to(fake)
    name = plan(site, {"chart": "hc"})
    for path in (".", "", "deep", str(site), str(site / "deep"), str(links), f"{site}/../site"):
        for cwd in (site, site.parent):
            argument = name if cwd == site else f"site/{name}"
            done = auditor("images", argument, cwd=cwd, extra={"PATH": path})
            assert "helm is not installed here" in done.stderr, path
            assert not ran(site), path


def test_plug_ins_and_settings_of_the_caller_do_not_reach_helm(site: Path) -> None:
    plugin = site / "plugins" / "evil"
    plugin.mkdir(parents=True)
    command = f"command: {site}/evil.sh\n"
    downloader = "downloaders: [{command: ../../evil.sh, protocols: [evil]}]\n"
    (plugin / "plugin.yaml").write_text(f"name: template\nversion: 1.0.0\n{command}{downloader}")
    (site / "evil:").mkdir()
    (site / "evil:" / "x.yaml").write_text("a: b\n")
    extra = {
        "HELM_PLUGINS": str(site / "plugins"),
        "HELM_DATA_HOME": str(site),
        "HELM_NAMESPACE": "other",
        "HELM_DEBUG": "true",
    }
    (site / "hc" / "templates" / "pod.yaml").write_text(TEMPLATE.replace("web:1", "{{ .Release.Namespace }}:1"))
    status, found, said = images(site, plan(site, {"chart": "hc", "values": ["evil:/x.yaml"]}), extra=extra)
    assert (status, found) == (0, ["example.com/default:1"]), said
    assert not ran(site)


def test_rendered_charts_of_evidence_are_used_without_helm(site: Path) -> None:
    plan(site, {"chart": "hc"})
    auditor("collect", "plan.yaml", "-o", "site.evidence", cwd=site)
    done = auditor(
        "audit", "plan.yaml", "--evidence", "site.evidence", "--format", "json", cwd=site, extra={"PATH": "/nonexistent"}
    )
    report = json.loads(done.stdout)
    assert [image["reference"] for image in report["images"]] == [IMAGE]
    assert "helm is not installed" not in done.stdout


@pytest.mark.parametrize("kind", ["file", "folder", "absolute", "template"])
def test_link_out_of_the_folder_of_the_plan_is_not_followed(site: Path, kind: str) -> None:
    secret = site.parent / "outside" / "login.yaml"
    secret.parent.mkdir()
    secret.write_text("key: canary-7731\n")
    chart_files = site / "hc" / "files"
    chart_files.mkdir()
    if kind == "folder":
        (chart_files / "linked").symlink_to(secret.parent)
    elif kind == "template":
        (site / "hc" / "templates" / "x.yaml").symlink_to(secret)
    else:
        (chart_files / "linked.yaml").symlink_to(secret if kind == "absolute" else "../../../outside/login.yaml")
    (site / "hc" / "templates" / "pod.yaml").write_text(
        TEMPLATE.replace("web:1", 'web:{{ .Files.Glob "files/**" | toJson | b64enc | trunc 90 | replace "=" "" }}')
    )
    plan(site, {"chart": "hc"})
    done = auditor("audit", "plan.yaml", "--offline", "--format", "json", cwd=site)
    report = json.loads(done.stdout)
    assert "it is a link to a file outside the chart and the plan's folder" in json.dumps(report["undetermined"])
    assert report["images"] == []
    auditor("collect", "plan.yaml", "-o", "site.evidence", cwd=site)
    assert b"canary-7731" not in (site / "site.evidence").read_bytes()


def test_link_inside_the_folder_of_the_plan_is_followed(site: Path) -> None:
    """A library chart that several charts share."""
    chart(site / "shared" / "lib")
    (site / "hc" / "charts").mkdir()
    (site / "hc" / "charts" / "lib").symlink_to("../../shared/lib")
    assert images(site, plan(site, {"chart": "hc"}))[:2] == (0, [IMAGE])


def test_archive_with_escaping_paths_writes_nothing(site: Path, tmp_path: Path) -> None:
    with tarfile.open(site / "bad.tgz", "w:gz") as archive:
        for name, text in {
            "hc/Chart.yaml": "apiVersion: v2\nname: hc\nversion: 1.0.0\n",
            "hc/../../../escaped": "x",
            "/tmp/escaped-airgap": "x",
            "hc/templates/pod.yaml": TEMPLATE,
        }.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    status, found, said = images(site, plan(site, {"chart": "bad.tgz"}))
    assert (status, found) == (3, []), said
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize(
    "body", ['{{ repeat 40000000 "x" }}', '{{ range $i := until 100000 }}{{ repeat 1000 "y" }}{{ "\\n" }}{{ end }}']
)
def test_chart_with_endless_output_is_stopped(site: Path, body: str) -> None:
    (site / "hc" / "templates" / "pod.yaml").write_text(TEMPLATE + f"# {body}\n")
    status, _, said = images(site, plan(site, {"chart": "hc"}))
    assert status == 3
    assert "helm" in said


def test_helm_error_holds_no_secret_and_no_temporary_path(site: Path) -> None:
    (site / "values.yaml").write_text("db: {password: correct-horse-9, user: shop}\ntoken: 'tok en-4711'\n")
    (site / "hc" / "templates" / "pod.yaml").write_text(
        '{{ fail (printf "got %s and %s at https://u:pw-canary-5@h/" .Values.db.password .Values.token) }}\n'
    )
    plan(site, {"chart": "hc", "values": ["values.yaml"]})
    for arguments in (["images"], ["audit", "--offline", "--format", "json"]):
        done = auditor(arguments[0], "plan.yaml", *arguments[1:], cwd=site)
        said = done.stdout + done.stderr
        assert "helm reports" in said
        for canary in ("correct-horse-9", "tok en-4711", "pw-canary-5", "auditor-helm-"):
            assert canary not in said
    (site / "values.yaml").write_text("a: [\n")
    assert "failed to parse values.yaml" in images(site, "plan.yaml")[2]
